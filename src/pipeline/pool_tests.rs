//! Jobs in any order, failures, panics, and the end of a run.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::observer::Progress;

const BOTH: [Assignment; 2] = [Assignment::FirstFree, Assignment::ByLane { lanes: 7 }];

impl Job for u64 {
    fn block_number(&self) -> u64 {
        *self
    }
}

impl Job for () {
    fn block_number(&self) -> u64 {
        0
    }
}

fn all<J: Job, R: Send + 'static>(
    mut pool: Pool<J, R>,
    mut source: impl FnMut() -> Result<Option<J>>,
    observer: &mut dyn Observer,
) -> Result<Vec<R>> {
    let mut results = Vec::new();
    while let Some(result) = pool.next(&mut source, observer)? {
        results.push(result);
    }
    Ok(results)
}

fn squares(count: usize, assignment: Assignment, jobs: u64) -> Result<Vec<u64>> {
    // Lanes that have a block, which no other may have then.
    let busy: Arc<Mutex<Vec<u64>>> = Arc::default();
    let threads = Threads { count, assignment, jobs: 1 };
    let pool = Pool::start(threads, Arc::default(), move || {
        let busy = Arc::clone(&busy);
        move |n: u64| {
            let lane = match assignment {
                Assignment::FirstFree => n,
                Assignment::ByLane { lanes } => n % lanes as u64,
            };
            let mut lanes = busy.lock().unwrap();
            assert!(!lanes.contains(&lane));
            lanes.push(lane);
            drop(lanes);
            // Early jobs last longer than later ones.
            thread::sleep(Duration::from_millis(5 - n % 5));
            busy.lock().unwrap().retain(|&other| other != lane);
            if n == 77 { Err(Error::corrupt(n, "77")) } else { Ok(n * n) }
        }
    })?;
    let mut next = 0..jobs;
    all(pool, || Ok(next.next()), &mut ())
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
        let threads = Threads { count: 2, assignment, jobs: 1 };
        let pool = Pool::start(threads, Arc::default(), || {
            |n: u64| if n == 3 { panic!("on purpose") } else { Ok(n) }
        });
        let mut next = 0..10;
        let outcome = all(pool.unwrap(), || Ok(next.next()), &mut ());
        assert!(matches!(outcome, Err(Error::Io(_))));
    }
}

/// Jobs that only end with the run.
fn endless(run: &Arc<Run>) -> Pool<(), ()> {
    let threads = Threads { count: 2, assignment: Assignment::FirstFree, jobs: 1 };
    let shared = Arc::clone(run);
    Pool::start(threads, Arc::clone(run), move || {
        let run = Arc::clone(&shared);
        move |()| {
            loop {
                run.check()?;
                thread::sleep(Duration::from_millis(1));
            }
        }
    })
    .unwrap()
}

#[test]
fn an_observer_ends_jobs_under_way() {
    let mut calls = 0;
    let mut observer = |_: Progress| {
        calls += 1;
        if calls < 20 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let outcome = all(endless(&Arc::default()), || Ok(Some(())), &mut observer);
    assert!(matches!(outcome, Err(Error::Interrupted)));
    assert_eq!(calls, 20);
}

#[test]
fn dropping_it_ends_jobs_under_way() {
    let mut pool = endless(&Arc::default());
    pool.push(()).unwrap();
    let start = Instant::now();
    drop(pool);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn observers_are_called_while_a_job_lasts() {
    let run = Arc::new(Run::default());
    let threads = Threads { count: 1, assignment: Assignment::FirstFree, jobs: 1 };
    let counted = Arc::clone(&run);
    let pool = Pool::start(threads, Arc::clone(&run), move || {
        let run = Arc::clone(&counted);
        move |()| {
            for _ in 0..50 {
                thread::sleep(Duration::from_millis(10));
                run.advance(1);
            }
            Ok(())
        }
    });
    let calls = AtomicUsize::new(0);
    let mut seen = Vec::new();
    let mut observer = |progress: Progress| {
        calls.fetch_add(1, Ordering::Relaxed);
        seen.push(progress.bytes);
        ControlFlow::Continue(())
    };
    let mut jobs = [()].into_iter();
    all(pool.unwrap(), || Ok(jobs.next()), &mut observer).unwrap();
    // 500 ms at 20 ms each, less what a busy machine takes.
    assert!(calls.load(Ordering::Relaxed) >= 8, "{calls:?}");
    assert!(seen.is_sorted() && seen.iter().any(|&bytes| bytes > 5 && bytes < 45), "{seen:?}");
}

#[test]
fn the_requested_number_of_threads_holds_whatever_the_lanes() {
    for (requested, lanes, count) in
        [(usize::MAX, 1, 256), (1, 256, 1), (3, 256, 3), (5, 2, 2), (4, 1, 4), (4, 0, 4)]
    {
        assert_eq!(Threads::new(requested, lanes).count, count, "{requested}, {lanes}");
    }
    let processors = thread::available_parallelism().unwrap().get();
    assert_eq!(Threads::new(0, 256).count, processors.min(256));
}

/// Threads that there is no work for take memory that the work needs.
#[test]
fn threads_start_as_jobs_come() {
    let threads = Threads { count: 200, assignment: Assignment::FirstFree, jobs: 1 };
    let mut pool = Pool::start(threads, Arc::default(), || |n: u64| Ok(n)).unwrap();
    for n in 0..3 {
        pool.push(n).unwrap();
    }
    assert_eq!(pool.workers.len(), 3);
    // As if the system had no more.
    pool.spawn = Box::new(|_| Err(io::ErrorKind::WouldBlock.into()));
    for n in 3..6 {
        assert!(pool.has_room());
        pool.push(n).unwrap();
    }
    assert_eq!(pool.workers.len(), 3);
    assert!(!pool.has_room());
    for n in 0..6 {
        assert_eq!(pool.take(&mut ()).unwrap(), Some(n));
    }
}

#[test]
fn a_worker_that_cannot_be_set_up_is_an_error() {
    let threads = Threads { count: 1, assignment: Assignment::FirstFree, jobs: 1 };
    let mut pool =
        Pool::start(threads, Arc::default(), || -> fn(u64) -> Result<u64> { panic!("on purpose") })
            .unwrap();
    // The thread may end before or after the job is pushed.
    let outcome = pool.push(1).and_then(|()| pool.take(&mut ()));
    assert!(matches!(outcome, Err(Error::Io(_))));
}
