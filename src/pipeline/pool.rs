//! Independent jobs on worker threads, results in the order of the jobs.
//!
//! The calling thread reads and writes; workers only compute. Between the two ends are at most as many
//! jobs as the workers do at a time and one more for each, so memory is bounded whatever the speed of input
//! and output.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::float_environment::standard;
use crate::observer::{Observer, Run};

/// Longest wait between two calls of an observer.
const OBSERVED: Duration = Duration::from_millis(20);

/// Wait for the first result before more is read: the header of a file takes next to no time to compute, and
/// whoever plays the file can start with it.
const FIRST: Duration = Duration::from_millis(20);

/// Threads of a run at most: one for each lane that a model may have, and more than pay anywhere.
const MAX_THREADS: usize = 256;

/// Which thread takes a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assignment {
    /// The first that is free.
    FirstFree,
    /// The one that serves the block's lane ([`lane_of`]): a lane takes one block at a time.
    ByLane {
        /// Number of lanes.
        lanes: usize,
    },
}

/// What a [`Pool`] works on.
pub(super) trait Job: Send + 'static {
    /// Number of the block in its file, from 0 on: it decides the lane.
    fn block_number(&self) -> u64;
}

/// Worker threads of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads {
    pub(super) count: usize,
    pub(super) assignment: Assignment,
    /// Jobs that a thread does at a time.
    pub(super) jobs: usize,
}

impl Threads {
    /// For a requested number (0: all processors) and a model with `lanes` lanes. More threads than lanes would
    /// only wait; fewer leave lanes empty, which costs time and nothing else.
    pub(super) fn new(requested: usize, lanes: usize) -> Self {
        let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = match requested {
            0 => processors(),
            requested => requested.min(MAX_THREADS),
        };
        match lanes {
            2.. => {
                let assignment = Assignment::ByLane { lanes };
                Threads { count: count.min(lanes), assignment, jobs: 1 }
            }
            _ => Threads { count, assignment: Assignment::FirstFree, jobs: 1 },
        }
    }

    /// Which queue, of `queues`, block `number` goes to.
    fn queue_of(self, number: u64, queues: usize) -> usize {
        match self.assignment {
            Assignment::FirstFree => 0,
            Assignment::ByLane { lanes } => lane_of(number, lanes) % queues,
        }
    }
}

/// The lane of block `number` (§11) in a model with `lanes` lanes; 0 where it has none.
pub(super) fn lane_of(number: u64, lanes: usize) -> usize {
    (number % lanes.max(1) as u64) as usize
}

/// Jobs, each with its number, for one thread or several.
type Queue<J> = Mutex<Receiver<(u64, J)>>;

/// Worker threads with jobs under way. Dropping it abandons these and waits for the threads to end.
pub(super) struct Pool<J, R> {
    run: Arc<Run>,
    /// Their number is lowered to what the system allows.
    threads: Threads,
    /// Starts the thread with a number.
    spawn: Box<dyn Fn(usize) -> io::Result<JoinHandle<()>> + Send>,
    workers: Vec<JoinHandle<()>>,
    queues: Vec<Sender<(u64, J)>>,
    results: Receiver<(u64, Result<R>)>,
    /// Results that are ahead of their turn.
    waiting: BTreeMap<u64, Result<R>>,
    /// Jobs taken, and results given.
    taken: u64,
    given: u64,
    /// There are no more jobs.
    exhausted: bool,
}

impl<J: Job, R: Send + 'static> Pool<J, R> {
    /// Starts the first thread; others follow as there is work for them, and the system allows them.
    /// Each calls `worker` once, so that what it returns may own what cannot be shared.
    ///
    /// # Errors
    /// [`Error::Io`] when the system has not even one thread left.
    pub(super) fn start<W: FnMut(J) -> Result<R>>(
        threads: Threads,
        run: Arc<Run>,
        worker: impl Fn() -> W + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::start_at_desks(threads, run, move |desk| {
            let mut work = worker();
            while let Some((job, reply)) = desk.wait() {
                reply.send(desk.check().and_then(|()| work(job)));
            }
        })
    }

    /// Like [`Pool::start`], with a `worker` that takes jobs from a desk until there are no more, several at
    /// a time if it likes.
    ///
    /// # Errors
    /// Those of [`Pool::start`].
    pub(super) fn start_at_desks(
        threads: Threads,
        run: Arc<Run>,
        worker: impl Fn(&Desk<J, R>) + Send + Sync + 'static,
    ) -> Result<Self> {
        let shared = threads.assignment == Assignment::FirstFree;
        let (queues, jobs): (Vec<_>, Vec<_>) = (0..if shared { 1 } else { threads.count })
            .map(|_| {
                let (sender, receiver) = mpsc::channel();
                (sender, Arc::new(Mutex::new(receiver)))
            })
            .unzip();
        let (sender, results) = mpsc::channel();
        let (worker, of_run) = (Arc::new(worker), Arc::clone(&run));
        let busy = Arc::new(AtomicUsize::new(0));
        let spawn = move |number: usize| {
            let desk = Desk {
                jobs: Arc::clone(&jobs[number % jobs.len()]),
                results: sender.clone(),
                run: Arc::clone(&of_run),
                workers: threads.count,
                busy: Arc::clone(&busy),
            };
            let worker = Arc::clone(&worker);
            thread::Builder::new()
                .name(format!("lmz-{number}"))
                .spawn(move || standard(|| worker(&desk)))
        };
        let mut pool = Pool {
            run,
            threads,
            spawn: Box::new(spawn),
            workers: Vec::new(),
            queues,
            results,
            waiting: BTreeMap::new(),
            taken: 0,
            given: 0,
            exhausted: false,
        };
        pool.start_another().map_err(|error| {
            io::Error::new(error.kind(), format!("cannot start a thread: {error}"))
        })?;
        if !shared {
            // Which thread serves a lane must not change any more.
            while pool.workers.len() < threads.count && pool.start_another().is_ok() {}
            pool.queues.truncate(pool.workers.len());
        }
        Ok(pool)
    }

    fn start_another(&mut self) -> io::Result<()> {
        self.workers.push((self.spawn)(self.workers.len())?);
        Ok(())
    }

    /// Whether another job may be pushed before a result is taken.
    pub(super) fn has_room(&self) -> bool {
        self.taken - self.given < ((1 + self.threads.jobs) * self.threads.count) as u64
    }

    /// Hands a job to the threads.
    ///
    /// # Errors
    /// [`Error::Io`] when they are gone.
    pub(super) fn push(&mut self, job: J) -> Result<()> {
        let busy = self.taken - self.given >= self.workers.len() as u64;
        if busy && self.workers.len() < self.threads.count && self.start_another().is_err() {
            self.threads.count = self.workers.len();
        }
        let queue = self.threads.queue_of(job.block_number(), self.queues.len());
        self.queues[queue].send((self.taken, job)).map_err(|_| worker_lost())?;
        self.taken += 1;
        Ok(())
    }

    /// Waits for the next result, in the order of the jobs; `None` if no job is under way.
    ///
    /// # Errors
    /// That of the job; [`Error::Interrupted`].
    pub(super) fn take(&mut self, observer: &mut dyn Observer) -> Result<Option<R>> {
        while self.given < self.taken {
            self.run.observed_by(observer)?;
            if let Some(result) = self.in_turn() {
                return result.map(Some);
            }
            match self.results.recv_timeout(OBSERVED) {
                Ok((number, result)) => {
                    self.waiting.insert(number, result);
                }
                // They end before the queue does only by a panic outside of a job.
                Err(_) if self.workers.iter().all(JoinHandle::is_finished) => {
                    return Err(worker_lost());
                }
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// The next result, if it is among those that are waiting.
    fn in_turn(&mut self) -> Option<Result<R>> {
        let result = self.waiting.remove(&self.given)?;
        self.given += 1;
        Some(result)
    }

    /// The next result if it is there; the first one if it comes within [`FIRST`].
    fn ready(&mut self) -> Option<Result<R>> {
        let end = Instant::now() + if self.given == 0 { FIRST } else { Duration::ZERO };
        while self.given < self.taken {
            if let Some(result) = self.in_turn() {
                return Some(result);
            }
            let left = end.saturating_duration_since(Instant::now());
            let (number, result) = self.results.recv_timeout(left).ok()?;
            self.waiting.insert(number, result);
        }
        None
    }

    /// The next result, with jobs taken from `source` until it returns `None`; `None` after the
    /// result of the last one. A result that is there does not wait for `source`, which may be slow.
    ///
    /// # Errors
    /// Those of `source` and of the job; [`Error::Interrupted`].
    pub(super) fn next(
        &mut self,
        mut source: impl FnMut() -> Result<Option<J>>,
        observer: &mut dyn Observer,
    ) -> Result<Option<R>> {
        while !self.exhausted && self.has_room() {
            self.run.observed_by(observer)?;
            match source()? {
                Some(job) => self.push(job)?,
                None => self.exhausted = true,
            }
            if let Some(result) = self.ready() {
                return result.map(Some);
            }
        }
        self.take(observer)
    }
}

impl<J, R> Drop for Pool<J, R> {
    fn drop(&mut self) {
        self.run.end();
        self.queues.clear();
        for worker in self.workers.drain(..) {
            // One that panicked has reported it through `Reply`.
            let _ = worker.join();
        }
    }
}

/// Where a worker gets its jobs.
pub(super) struct Desk<J, R> {
    jobs: Arc<Queue<J>>,
    results: Sender<(u64, Result<R>)>,
    run: Arc<Run>,
    workers: usize,
    /// Jobs that workers have taken and not answered, all workers together.
    busy: Arc<AtomicUsize>,
}

impl<J, R> Desk<J, R> {
    /// The next job, and where its result goes; `None` when there are no more.
    pub(super) fn wait(&self) -> Option<(J, Reply<'_, J, R>)> {
        let next = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        next.ok().map(|job| self.taken(job))
    }

    /// A further job for a worker that has `own` already, if one is there that no worker waits for and this
    /// worker has no more than its share.
    pub(super) fn spare(&self, own: usize) -> Option<(J, Reply<'_, J, R>)> {
        if own * self.workers > self.busy.load(Ordering::Relaxed) {
            return None;
        }
        // Whoever waits for a job holds the lock.
        let next = self.jobs.try_lock().ok()?.try_recv();
        next.ok().map(|job| self.taken(job))
    }

    fn taken(&self, (number, job): (u64, J)) -> (J, Reply<'_, J, R>) {
        self.busy.fetch_add(1, Ordering::Relaxed);
        (job, Reply { number, desk: self, result: None })
    }

    /// Whether the run goes on.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when it does not.
    pub(super) fn check(&self) -> Result<()> {
        self.run.check()
    }
}

/// Owes a result for one job, and pays with an error when the worker panics: the calling
/// thread would wait for ever otherwise.
pub(super) struct Reply<'a, J, R> {
    number: u64,
    desk: &'a Desk<J, R>,
    result: Option<Result<R>>,
}

impl<J, R> Reply<'_, J, R> {
    pub(super) fn send(mut self, result: Result<R>) {
        self.result = Some(result);
    }
}

impl<J, R> Drop for Reply<'_, J, R> {
    fn drop(&mut self) {
        self.desk.busy.fetch_sub(1, Ordering::Relaxed);
        let result = self.result.take().unwrap_or_else(|| Err(worker_lost()));
        // The receiver is gone when the run has failed elsewhere: no one is left to report to.
        let _ = self.desk.results.send((self.number, result));
    }
}

fn worker_lost() -> Error {
    Error::Io(io::Error::other("a worker thread ended unexpectedly"))
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
