//! How far a run has come, and whether it is to go on.
//!
//! Workers count what they do in a [`Run`], each through a [`Watch`] of its own; the thread that
//! started the run passes the sum on to the caller's [`Observer`], and ends the run if that says so.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, Result};

/// Progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the input processed so far, including those of blocks in progress. It never
    /// decreases, and finally reaches the length of the input, except for its last few bytes.
    pub bytes: u64,
}

/// Observes a run, and may stop it.
///
/// Closures are observers, and so is `()`, which never stops a run.
pub trait Observer {
    /// Receives `progress`; [`ControlFlow::Break`] stops the run with
    /// [`Error::Interrupted`].
    ///
    /// It is called on the thread that started the run, at least every 50 ms while the run computes,
    /// but not while it waits for input or output.
    fn observe(&mut self, progress: Progress) -> ControlFlow<()>;
}

impl Observer for () {
    fn observe(&mut self, _progress: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(Progress) -> ControlFlow<()>> Observer for F {
    fn observe(&mut self, progress: Progress) -> ControlFlow<()> {
        self(progress)
    }
}

/// What the threads of a run share.
#[derive(Debug, Default)]
pub(crate) struct Run {
    ended: AtomicBool,
    bytes: AtomicU64,
}

impl Run {
    /// Has all threads stop at their next step.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// [`Error::Interrupted`] when the run is to end.
    pub(crate) fn check(&self) -> Result<()> {
        if self.ended.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Counts bytes of the input as dealt with.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Shows `observer` how far the run has come.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when it ends the run.
    pub(crate) fn observed_by(&self, observer: &mut dyn Observer) -> Result<()> {
        let progress = Progress { bytes: self.bytes.load(Ordering::Relaxed) };
        if observer.observe(progress).is_break() {
            self.end();
        }
        self.check()
    }
}

/// Samples or bytes between two looks at [`Run`]: with a language model about 50 ms.
const STEPS: u64 = 128;

/// One thread's account of the block that it works on.
///
/// A block is worth a number of bytes, coded in one or several passes over its samples. A default
/// one belongs to no run.
#[derive(Debug, Default)]
pub struct Watch {
    run: Arc<Run>,
    account: Cell<Account>,
}

/// Bytes are counted as fractions, since a sample may be worth less than one.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    /// Bytes that the block is worth.
    worth: u64,
    /// Bytes of these that the run has counted.
    counted: u64,
    /// Bytes of these that are done.
    done: f64,
    /// Bytes for a step of the pass at hand.
    per_step: f64,
    /// Steps since the last look at the run.
    steps: u64,
}

impl Watch {
    /// For a thread of `run`.
    pub(crate) fn new(run: Arc<Run>) -> Self {
        Watch { run, account: Cell::default() }
    }

    /// For trials on the same thread: they end with the run, but count for nothing.
    #[must_use]
    pub(crate) fn of_trial(&self) -> Self {
        Watch::new(Arc::clone(&self.run))
    }

    /// Begins a block that is worth `bytes`.
    pub(crate) fn begin(&self, bytes: u64) {
        self.account.set(Account { worth: bytes, ..Account::default() });
    }

    /// Begins a pass of `steps` steps that is `share` of the block's work.
    pub(crate) fn pass(&self, share: f64, steps: usize) {
        let account = self.account.get();
        let per_step = share * account.worth as f64 / steps.max(1) as f64;
        self.account.set(Account { per_step, ..account });
    }

    /// Counts `steps` samples or bytes of the pass.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the run is to end; looked up now and then.
    #[inline(always)]
    pub(crate) fn step(&self, steps: usize) -> Result<()> {
        let mut account = self.account.get();
        account.steps += steps as u64;
        self.account.set(account);
        if account.steps >= STEPS { self.look() } else { Ok(()) }
    }

    /// Like [`Watch::step`], looking at the run in any case: for steps that take long.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the run is to end.
    #[cold]
    pub(crate) fn look(&self) -> Result<()> {
        let mut account = self.account.get();
        account.done += account.steps as f64 * account.per_step;
        account.steps = 0;
        let done = (account.done as u64).min(account.worth);
        self.run.advance(done - account.counted);
        account.counted = done;
        self.account.set(account);
        self.run.check()
    }

    /// Ends a block: counts what is left of its worth.
    pub(crate) fn finish(&self) {
        let account = self.account.take();
        self.run.advance(account.worth - account.counted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(run: &Run) -> u64 {
        let mut seen = 0;
        let mut observer = |progress: Progress| {
            seen = progress.bytes;
            ControlFlow::Continue(())
        };
        run.observed_by(&mut observer).unwrap();
        seen
    }

    #[test]
    fn progress_grows_within_a_block_and_ends_at_its_worth() {
        let run = Arc::new(Run::default());
        let watch = Watch::new(Arc::clone(&run));
        watch.begin(1_000);
        watch.pass(0.25, 10_000);
        watch.of_trial().step(5_000).unwrap();
        assert_eq!(bytes(&run), 0);
        for _ in 0..100 {
            watch.step(100).unwrap();
        }
        let first = bytes(&run);
        assert!((240..=250).contains(&first), "{first}");
        // A second pass that turns out to be longer than it was said to be.
        watch.pass(0.75, 10_000);
        for _ in 0..150 {
            watch.step(100).unwrap();
        }
        assert_eq!(bytes(&run), 1_000);
        watch.finish();
        assert_eq!(bytes(&run), 1_000);
        watch.begin(5);
        watch.finish();
        assert_eq!(bytes(&run), 1_005);
    }

    #[test]
    fn a_break_ends_all_threads() {
        let run = Arc::new(Run::default());
        let watch = Watch::new(Arc::clone(&run));
        watch.step(1_000).unwrap();
        let outcome = run.observed_by(&mut |_: Progress| ControlFlow::Break(()));
        assert!(matches!(outcome, Err(Error::Interrupted)));
        assert!(matches!(watch.step(1_000), Err(Error::Interrupted)));
        assert!(matches!(watch.of_trial().look(), Err(Error::Interrupted)));
        assert!(matches!(run.observed_by(&mut ()), Err(Error::Interrupted)));
    }
}
