//! Independent jobs on worker threads, results in the order of the jobs.
//!
//! The calling thread reads and writes; workers only compute. At most two jobs per worker
//! are between the two ends, so memory is bounded whatever the speed of input and output.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::float_environment::standard;
use crate::observer::{Observer, Run};

/// Longest wait between two calls of an observer.
const OBSERVED: Duration = Duration::from_millis(20);

/// Threads of a run at most: one for each lane that a model may have, and more than pay anywhere.
const MAX_THREADS: usize = 256;

/// Which thread takes a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assignment {
    /// The first that is free.
    FirstFree,
    /// The one that serves the block's lane, which is the block's number modulo `lanes`: a lane takes
    /// one block at a time.
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
}

impl Threads {
    /// For a wish (0: all processors) and a model with `lanes` lanes. More threads than lanes would
    /// only wait; fewer leave lanes empty, which costs time and nothing else.
    pub(super) fn new(wish: usize, lanes: usize) -> Self {
        let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = match wish {
            0 => processors(),
            wish => wish.min(MAX_THREADS),
        };
        match lanes {
            2.. => Threads { count: count.min(lanes), assignment: Assignment::ByLane { lanes } },
            _ => Threads { count, assignment: Assignment::FirstFree },
        }
    }

    /// Which queue, of `queues`, block `number` goes to.
    fn queue_of(self, number: u64, queues: usize) -> usize {
        match self.assignment {
            Assignment::FirstFree => 0,
            Assignment::ByLane { lanes } => (number % lanes as u64) as usize % queues,
        }
    }
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
        let shared = threads.assignment == Assignment::FirstFree;
        let (queues, jobs): (Vec<_>, Vec<_>) = (0..if shared { 1 } else { threads.count })
            .map(|_| {
                let (sender, receiver) = mpsc::channel();
                (sender, Arc::new(Mutex::new(receiver)))
            })
            .unzip();
        let (sender, results) = mpsc::channel();
        let (worker, of_run) = (Arc::new(worker), Arc::clone(&run));
        let spawn = move |number: usize| {
            let (jobs, results) = (Arc::clone(&jobs[number % jobs.len()]), sender.clone());
            let (run, worker) = (Arc::clone(&of_run), Arc::clone(&worker));
            thread::Builder::new()
                .name(format!("lmz-{number}"))
                .spawn(move || standard(|| work_on(&jobs, &results, &run, worker())))
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
        self.taken - self.given < 2 * self.threads.count as u64
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
            if let Some(result) = self.waiting.remove(&self.given) {
                self.given += 1;
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

    /// The next result, with jobs taken from `source` until it returns `None`; `None` after the
    /// result of the last one.
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

/// A worker's part.
fn work_on<J, R>(
    jobs: &Queue<J>,
    results: &Sender<(u64, Result<R>)>,
    run: &Run,
    mut work: impl FnMut(J) -> Result<R>,
) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, job)) = next else { return };
        let reply = Reply { number, results, result: None };
        reply.send(run.check().and_then(|()| work(job)));
    }
}

/// Owes a result for one job, and pays with an error when the worker panics: the calling
/// thread would wait for ever otherwise.
struct Reply<'a, R> {
    number: u64,
    results: &'a Sender<(u64, Result<R>)>,
    result: Option<Result<R>>,
}

impl<R> Reply<'_, R> {
    fn send(mut self, result: Result<R>) {
        self.result = Some(result);
    }
}

impl<R> Drop for Reply<'_, R> {
    fn drop(&mut self) {
        let result = self.result.take().unwrap_or_else(|| Err(worker_lost()));
        // The receiver is gone when the run has failed elsewhere: nobody to tell.
        let _ = self.results.send((self.number, result));
    }
}

fn worker_lost() -> Error {
    Error::Io(io::Error::other("a worker thread ended unexpectedly"))
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
