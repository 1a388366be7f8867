//! Jobs in any order, failures, panics, and the end of a run.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::observer::Progress;

const BOTH: [Assignment; 2] = [Assignment::FirstFree, Assignment::InTurn];

fn all<J: Send + 'static, R: Send + 'static>(
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
    let pool = Pool::start(Threads { count, assignment }, Arc::default(), move |thread| {
        move |n: u64| {
            if assignment == Assignment::InTurn {
                assert_eq!(n % count as u64, thread as u64);
            }
            // Early jobs last longer than later ones.
            thread::sleep(Duration::from_millis(5 - n % 5));
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
        let threads = Threads { count: 2, assignment };
        let pool = Pool::start(threads, Arc::default(), |_| {
            |n: i32| if n == 3 { panic!("on purpose") } else { Ok(n) }
        });
        let mut next = 0..10;
        let outcome = all(pool.unwrap(), || Ok(next.next()), &mut ());
        assert!(matches!(outcome, Err(Error::Io(_))));
    }
}

/// Jobs that only end with the run.
fn endless(run: &Arc<Run>) -> Pool<(), ()> {
    let threads = Threads { count: 2, assignment: Assignment::FirstFree };
    let shared = Arc::clone(run);
    Pool::start(threads, Arc::clone(run), move |_| {
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
    let threads = Threads { count: 1, assignment: Assignment::FirstFree };
    let counted = Arc::clone(&run);
    let pool = Pool::start(threads, Arc::clone(&run), move |_| {
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
