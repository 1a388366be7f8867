//! Several segments in one batched context, in lock step (§11).
//!
//! A GPU runs a batch of sequences in about the time of one. Each lane is a
//! [`LanguageModel`] for a thread of its own; a step waits until every live lane has a request,
//! and then all of them advance by one token.
//!
//! The batch has the same shape from the first step to the last: a lane that has finished is
//! fed dummy tokens, because kernels for other shapes may round differently. For the same
//! reason a segment must go to the same lane when it is decoded: the lane is a function of the
//! segment's number, never of which thread was free first.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{AudioToken, Input, LanguageModel, Token};
use crate::error::{Error, Result};

/// Sequences that an engine advances together, one token each.
pub trait Batch<T: Token = AudioToken> {
    /// Number of sequences.
    fn lanes(&self) -> usize;

    /// Forgets everything in one sequence.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine fails.
    fn reset(&mut self, lane: usize) -> Result<()>;

    /// Feeds one token to every sequence, and writes the logits of its symbols.
    ///
    /// `inputs` and `logits` have one entry per sequence.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine fails or yields a value that is not finite.
    fn step(&mut self, inputs: &[Input<T>], logits: &mut [T::Logits]) -> Result<()>;
}

struct Batcher<B, T: Token> {
    engine: B,
    /// Lanes that are taken.
    live: Vec<bool>,
    /// Tokens of the lanes that wait for the step.
    requests: Vec<Option<Input<T>>>,
    /// What the step feeds; a lane that has finished is fed [`Input::Start`].
    inputs: Vec<Input<T>>,
    /// Logits of the last step, per lane.
    logits: Vec<T::Logits>,
    /// Steps made so far: a lane waits for this to change.
    steps: u64,
    /// Set for good when the engine has failed: every lane gets the same message.
    failed: Option<String>,
}

impl<B: Batch<T>, T: Token> Batcher<B, T> {
    /// Makes the step if every live lane has requested it.
    fn advance(&mut self) -> bool {
        let waiting =
            self.live.iter().zip(&self.requests).any(|(&live, request)| live && request.is_none());
        if waiting || !self.live.contains(&true) {
            return false;
        }
        for (input, request) in self.inputs.iter_mut().zip(&mut self.requests) {
            *input = request.take().unwrap_or(Input::Start);
        }
        self.steps += 1;
        if self.failed.is_none() {
            // Stands only if the engine panics: the other lanes then get this, not a wait
            // without end.
            self.failed = Some("its step was cut short".to_owned());
            self.failed = match self.engine.step(&self.inputs, &mut self.logits) {
                Ok(()) => None,
                Err(error) => Some(error.to_string()),
            };
        }
        true
    }

    fn check(&self) -> Result<()> {
        match &self.failed {
            Some(reason) => {
                Err(Error::model(format!("a lane shared with others failed: {reason}")))
            }
            None => Ok(()),
        }
    }
}

struct Shared<B, T: Token> {
    state: Mutex<Batcher<B, T>>,
    stepped: Condvar,
}

impl<B, T: Token> Shared<B, T> {
    /// A lane that panicked has left the state whole: it is only changed between steps.
    fn lock(&self) -> MutexGuard<'_, Batcher<B, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An engine whose lanes are taken and given back any number of times.
pub struct Lanes<B: Batch<T>, T: Token = AudioToken> {
    shared: Arc<Shared<B, T>>,
}

impl<B: Batch<T>, T: Token> Lanes<B, T> {
    /// All lanes of `engine`, none of them taken.
    #[must_use]
    pub fn new(engine: B) -> Self {
        let lanes = engine.lanes();
        let state = Batcher {
            engine,
            live: vec![false; lanes],
            requests: vec![None; lanes],
            inputs: vec![Input::Start; lanes],
            logits: vec![T::ALIKE; lanes],
            steps: 0,
            failed: None,
        };
        Lanes { shared: Arc::new(Shared { state: Mutex::new(state), stepped: Condvar::new() }) }
    }

    /// Takes a lane, which from now on the others wait for. It has forgotten everything.
    ///
    /// # Errors
    /// [`Error::Model`] when there is no such lane, it is taken, or the engine fails.
    pub fn take(&self, index: usize) -> Result<Lane<B, T>> {
        let mut state = self.shared.lock();
        state.check()?;
        match state.live.get(index) {
            Some(false) => {}
            Some(true) => return Err(Error::model(format!("lane {index} is taken"))),
            None => return Err(Error::model(format!("there is no lane {index}"))),
        }
        state.engine.reset(index)?;
        state.live[index] = true;
        Ok(Lane { shared: Arc::clone(&self.shared), index })
    }
}

/// One sequence of a batch, for the thread that owns it. Dropping it gives the lane back, so
/// that the others go on.
///
/// A taken lane must go on stepping or be dropped: one that is kept idle stops all of them.
pub struct Lane<B: Batch<T>, T: Token = AudioToken> {
    shared: Arc<Shared<B, T>>,
    index: usize,
}

/// Splits an engine into its lanes, in order.
///
/// # Errors
/// [`Error::Model`] when the engine fails.
pub fn split<B: Batch<T>, T: Token>(engine: B) -> Result<Vec<Lane<B, T>>> {
    let count = engine.lanes();
    let lanes = Lanes::new(engine);
    (0..count).map(|index| lanes.take(index)).collect()
}

impl<B: Batch<T>, T: Token> Lane<B, T> {
    /// Number of this lane.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }
}

impl<B: Batch<T>, T: Token> std::fmt::Debug for Lane<B, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("index", &self.index).finish_non_exhaustive()
    }
}

impl<B: Batch<T>, T: Token> LanguageModel<T> for Lane<B, T> {
    fn reset(&mut self) -> Result<()> {
        let mut state = self.shared.lock();
        state.check()?;
        state.engine.reset(self.index)
    }

    fn step(&mut self, token: Input<T>) -> Result<T::Logits> {
        let mut state = self.shared.lock();
        state.check()?;
        let before = state.steps;
        state.requests[self.index] = Some(token);
        if state.advance() {
            self.shared.stepped.notify_all();
        }
        while state.steps == before {
            state = self.shared.stepped.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.check()?;
        // The next step needs this lane, so its row is still that of this one.
        Ok(state.logits[self.index])
    }
}

impl<B: Batch<T>, T: Token> Drop for Lane<B, T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.live[self.index] = false;
        state.requests[self.index] = None;
        state.advance();
        // Also when no step was made: a step that panicked has notified no lane.
        self.shared.stepped.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::BINS;
    use super::*;

    /// Returns the number of tokens a lane has been fed since its reset; fails or panics at
    /// the given step.
    struct Counter {
        fed: Vec<f32>,
        batches: usize,
        fail_at: usize,
        panic_at: usize,
    }

    impl Counter {
        fn new(lanes: usize) -> Self {
            Counter { fed: vec![0.0; lanes], batches: 0, fail_at: usize::MAX, panic_at: usize::MAX }
        }
    }

    impl Batch for Counter {
        fn lanes(&self) -> usize {
            self.fed.len()
        }

        fn reset(&mut self, lane: usize) -> Result<()> {
            self.fed[lane] = 0.0;
            Ok(())
        }

        fn step(&mut self, inputs: &[Input], logits: &mut [[f32; BINS]]) -> Result<()> {
            assert_eq!(inputs.len(), self.fed.len(), "the shape is constant");
            self.batches += 1;
            if self.batches == self.fail_at {
                return Err(Error::model("broken"));
            }
            assert_ne!(self.batches, self.panic_at, "a panic on purpose");
            for (lane, fed) in self.fed.iter_mut().enumerate() {
                *fed += 1.0;
                logits[lane] = [*fed + 1000.0 * lane as f32; BINS];
            }
            Ok(())
        }
    }

    /// Steps lane i for `steps[i]` tokens, each in its thread; the last result of each, or
    /// `None` for a thread that panicked.
    fn run(engine: Counter, steps: &[usize]) -> Vec<Option<Result<f32>>> {
        let lanes = split(engine).unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> = lanes
                .into_iter()
                .zip(steps)
                .map(|(mut lane, &steps)| {
                    scope.spawn(move || {
                        lane.reset()?;
                        let mut last = 0.0;
                        for _ in 0..steps {
                            last = lane.step(Input::Start)?[0];
                        }
                        Ok(last)
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().ok()).collect()
        })
    }

    #[test]
    fn lanes_of_different_lengths_finish() {
        let last = run(Counter::new(4), &[100, 0, 3, 57]);
        let last: Vec<f32> = last.into_iter().map(|r| r.unwrap().unwrap()).collect();
        assert_eq!(last[1], 0.0);
        // Lanes may be fed dummies before their first step only if they were finished.
        assert_eq!([last[0], last[2], last[3]], [100.0, 2003.0, 3057.0]);
    }

    #[test]
    fn an_error_reaches_every_lane() {
        let engine = Counter { fail_at: 10, ..Counter::new(3) };
        for result in run(engine, &[50, 50, 50]) {
            assert!(result.unwrap().unwrap_err().to_string().contains("broken"));
        }
    }

    #[test]
    fn a_panic_stops_no_other_lane_for_ever() {
        let engine = Counter { panic_at: 10, ..Counter::new(3) };
        let results = run(engine, &[50, 50, 50]);
        assert_eq!(results.iter().filter(|r| r.is_none()).count(), 1);
        assert_eq!(results.iter().flatten().filter(|r| r.is_err()).count(), 2);
    }

    #[test]
    fn a_lane_can_be_taken_again_and_starts_anew() {
        let lanes = Lanes::new(Counter::new(2));
        let mut busy = lanes.take(0).unwrap();
        for expected in [1.0, 2.0] {
            assert_eq!(busy.step(Input::Start).unwrap()[0], expected);
        }
        let other = lanes.take(1).unwrap();
        assert!(lanes.take(1).is_err() && lanes.take(2).is_err());
        drop(other);
        assert_eq!(busy.step(Input::Start).unwrap()[0], 3.0);
        drop(busy);
        let mut other = lanes.take(1).unwrap();
        assert_eq!(other.step(Input::Start).unwrap()[0], 1001.0);
    }

    #[test]
    fn a_dropped_lane_lets_the_waiting_ones_go() {
        let mut lanes = split(Counter::new(2)).unwrap();
        let idle = lanes.pop();
        let mut busy = lanes.pop().unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || busy.step(Input::Start).map(|l| l[0]));
            drop(idle);
            assert_eq!(thread.join().unwrap().unwrap(), 1.0);
        });
    }
}
