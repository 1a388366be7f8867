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

/// Takes jobs from `source` until it returns `None`, works on them on `threads` threads and
/// hands the results to `sink` in the order of the jobs. Each thread calls `worker` once, so
/// that what it returns may own what cannot be shared.
///
/// # Errors
/// The first error met; jobs in progress are abandoned.
pub(super) fn run<J, R, W>(
    threads: usize,
    stop: &Stop<'_>,
    source: impl FnMut() -> Result<Option<J>>,
    worker: impl Fn() -> W + Sync,
    sink: impl FnMut(R) -> Result<()>,
) -> Result<()>
where
    J: Send,
    R: Send,
    W: FnMut(J) -> Result<R>,
{
    let (job_sender, job_receiver) = mpsc::channel();
    let (result_sender, result_receiver) = mpsc::channel();
    let job_receiver = Mutex::new(job_receiver);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1))
            .map(|_| {
                let results = result_sender.clone();
                scope.spawn(|| work_on(&job_receiver, results, stop, worker()))
            })
            .collect();
        drop(result_sender);

        let window = 2 * workers.len() as u64;
        let outcome = feed(window, stop, source, job_sender, &result_receiver, sink);
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

/// The calling thread's part: keeps `window` jobs under way, and results in order.
fn feed<J, R>(
    window: u64,
    stop: &Stop<'_>,
    mut source: impl FnMut() -> Result<Option<J>>,
    jobs: Sender<(u64, J)>,
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
                    jobs.send((taken, job)).map_err(|_| worker_lost())?;
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
    jobs: &Mutex<Receiver<(u64, J)>>,
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

    fn squares(threads: usize, count: u64) -> Result<Vec<u64>> {
        let asked = AtomicBool::new(false);
        let mut next = 0..count;
        let mut out = Vec::new();
        run(
            threads,
            &Stop::new(&asked),
            || Ok(next.next()),
            || {
                |n: u64| {
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
        for threads in [1, 2, 7] {
            assert_eq!(squares(threads, 40).unwrap(), expected);
        }
        assert!(squares(3, 0).unwrap().is_empty());
    }

    #[test]
    fn a_failing_job_ends_the_run() {
        assert!(matches!(squares(3, 1000), Err(Error::Corrupt { offset: 77, .. })));
    }

    #[test]
    fn a_panicking_worker_is_an_error() {
        let asked = AtomicBool::new(false);
        let mut next = 0..10;
        let outcome = run(
            2,
            &Stop::new(&asked),
            || Ok(next.next()),
            || |n: i32| if n == 3 { panic!("on purpose") } else { Ok(n) },
            |_| Ok(()),
        );
        assert!(matches!(outcome, Err(Error::Io(_))));
    }

    #[test]
    fn an_interrupt_ends_the_run() {
        let asked = AtomicBool::new(true);
        let outcome = run(2, &Stop::new(&asked), || Ok(Some(1)), || Ok, |_: i32| Ok(()));
        assert!(matches!(outcome, Err(Error::Interrupted)));
    }
}
