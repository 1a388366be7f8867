//! Independent jobs on worker threads, results in the order of the jobs.
//!
//! The calling thread reads and writes; workers only compute. At most two jobs per worker
//! are between the two ends, so memory is bounded whatever the speed of input and output.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::{Error, Result};

/// Whether a run is to end early: the caller asked, or another part of it failed.
pub(super) struct Stop<'a> {
    asked: &'a AtomicBool,
    failed: AtomicBool,
}

impl<'a> Stop<'a> {
    pub(super) fn new(asked: &'a AtomicBool) -> Self {
        Stop { asked, failed: AtomicBool::new(false) }
    }

    /// [`Error::Interrupted`] when the run is to end.
    pub(super) fn check(&self) -> Result<()> {
        if self.asked.load(Ordering::Relaxed) || self.failed.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }
}

/// Which thread takes a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assignment {
    /// The first that is free.
    FirstFree,
    /// Thread `n % threads` takes job `n`.
    InTurn,
}

/// Worker threads of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads {
    pub(super) count: usize,
    pub(super) assignment: Assignment,
}

/// Takes jobs from `source` until it returns `None`, works on them on worker threads and
/// hands the results to `sink` in the order of the jobs. Each thread calls `worker` once,
/// with its number, so that what it returns may own what cannot be shared.
///
/// # Errors
/// The first error met; jobs in progress are abandoned.
pub(super) fn run<J, R, W>(
    threads: Threads,
    stop: &Stop<'_>,
    source: impl FnMut() -> Result<Option<J>>,
    worker: impl Fn(usize) -> W + Sync,
    sink: impl FnMut(R) -> Result<()>,
) -> Result<()>
where
    J: Send,
    R: Send,
    W: FnMut(J) -> Result<R>,
{
    let count = threads.count.max(1);
    let (senders, receivers): (Vec<_>, Vec<_>) = match threads.assignment {
        Assignment::FirstFree => (0..1).map(|_| queue()).unzip(),
        Assignment::InTurn => (0..count).map(|_| queue()).unzip(),
    };
    let (result_sender, result_receiver) = mpsc::channel();
    let (receivers, worker) = (&receivers, &worker);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .map(|number| {
                let results = result_sender.clone();
                let jobs = &receivers[number % receivers.len()];
                scope.spawn(move || work_on(jobs, results, stop, worker(number)))
            })
            .collect();
        drop(result_sender);

        let window = 2 * count as u64;
        let outcome = feed(window, stop, source, senders, &result_receiver, sink);
        if outcome.is_err() {
            stop.failed.store(true, Ordering::Relaxed);
        }
        // A worker that panicked has reported it through `Reply`; joining by hand keeps the
        // scope from panicking in turn.
        for worker in workers {
            let _ = worker.join();
        }
        outcome
    })
}

/// Jobs, each with its number, for one thread or several.
type Queue<J> = Mutex<Receiver<(u64, J)>>;

fn queue<J>() -> (Sender<(u64, J)>, Queue<J>) {
    let (sender, receiver) = mpsc::channel();
    (sender, Mutex::new(receiver))
}

/// The calling thread's part: keeps `window` jobs under way, and results in order.
fn feed<J, R>(
    window: u64,
    stop: &Stop<'_>,
    mut source: impl FnMut() -> Result<Option<J>>,
    queues: Vec<Sender<(u64, J)>>,
    results: &Receiver<(u64, Result<R>)>,
    mut sink: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let (mut taken, mut given) = (0, 0);
    let mut exhausted = false;
    let mut waiting = BTreeMap::new();
    loop {
        while !exhausted && taken - given < window {
            stop.check()?;
            match source()? {
                Some(job) => {
                    let queue = &queues[(taken % queues.len() as u64) as usize];
                    queue.send((taken, job)).map_err(|_| worker_lost())?;
                    taken += 1;
                }
                None => exhausted = true,
            }
        }
        if given == taken {
            return Ok(());
        }
        let (number, result) = results.recv().map_err(|_| worker_lost())?;
        waiting.insert(number, result);
        while let Some(result) = waiting.remove(&given) {
            sink(result?)?;
            given += 1;
        }
    }
}

/// A worker's part.
fn work_on<J, R>(
    jobs: &Queue<J>,
    results: Sender<(u64, Result<R>)>,
    stop: &Stop<'_>,
    mut work: impl FnMut(J) -> Result<R>,
) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, job)) = next else { return };
        let reply = Reply { number, results: &results, result: None };
        reply.send(stop.check().and_then(|()| work(job)));
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
mod tests {
    use super::*;
    use std::time::Duration;

    const BOTH: [Assignment; 2] = [Assignment::FirstFree, Assignment::InTurn];

    fn squares(count: usize, assignment: Assignment, jobs: u64) -> Result<Vec<u64>> {
        let asked = AtomicBool::new(false);
        let mut next = 0..jobs;
        let mut out = Vec::new();
        run(
            Threads { count, assignment },
            &Stop::new(&asked),
            || Ok(next.next()),
            |thread| {
                move |n: u64| {
                    if assignment == Assignment::InTurn {
                        assert_eq!(n % count as u64, thread as u64);
                    }
                    // Early jobs last longer than later ones.
                    thread::sleep(Duration::from_millis(5 - n % 5));
                    if n == 77 { Err(Error::corrupt(n, "77")) } else { Ok(n * n) }
                }
            },
            |n| {
                out.push(n);
                Ok(())
            },
        )?;
        Ok(out)
    }

    #[test]
    fn results_come_in_order() {
        let expected: Vec<u64> = (0..40).map(|n| n * n).collect();
        for assignment in BOTH {
            for threads in [1, 2, 7] {
                assert_eq!(squares(threads, assignment, 40).unwrap(), expected);
            }
            assert!(squares(3, assignment, 0).unwrap().is_empty());
        }
    }

    #[test]
    fn a_failing_job_ends_the_run() {
        for assignment in BOTH {
            let outcome = squares(3, assignment, 1000);
            assert!(matches!(outcome, Err(Error::Corrupt { offset: 77, .. })));
        }
    }

    #[test]
    fn a_panicking_worker_is_an_error() {
        for assignment in BOTH {
            let asked = AtomicBool::new(false);
            let mut next = 0..10;
            let outcome = run(
                Threads { count: 2, assignment },
                &Stop::new(&asked),
                || Ok(next.next()),
                |_| |n: i32| if n == 3 { panic!("on purpose") } else { Ok(n) },
                |_| Ok(()),
            );
            assert!(matches!(outcome, Err(Error::Io(_))));
        }
    }

    #[test]
    fn an_interrupt_ends_the_run() {
        let asked = AtomicBool::new(true);
        let threads = Threads { count: 2, assignment: Assignment::FirstFree };
        let outcome = run(threads, &Stop::new(&asked), || Ok(Some(1)), |_| Ok, |_: i32| Ok(()));
        assert!(matches!(outcome, Err(Error::Interrupted)));
    }
}
