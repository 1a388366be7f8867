//! Several segments that one thread decodes side by side, so that an engine may step their sequences
//! together.
//!
//! What decodes a segment is a future that waits at each step of the model. Their caller polls
//! each until it waits or is done, and then makes the step that all of them wait for. No other
//! thread takes part, and logits do not depend on what else waits.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::{BINS, Input, LanguageModel};
use crate::error::{Error, Result};

/// Sequences that do not touch each other, some of which an engine advances at a time.
pub trait Sequences {
    /// Forgets everything in one sequence.
    fn reset(&mut self, lane: usize);

    /// Reads tokens, each in the sequence numbered with it and no two in one, and writes the logits after
    /// each: those of [`LanguageModel::step`] on this sequence alone.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine fails.
    fn step(&mut self, tokens: &[(usize, Input)], logits: &mut [[f32; BINS]]) -> Result<()>;
}

/// Lanes of one thread.
pub struct Interleaved(Rc<RefCell<Queue>>);

struct Queue {
    engine: Box<dyn Sequences>,
    /// What lanes wait for.
    requests: Vec<(usize, Input)>,
    logits: Vec<[f32; BINS]>,
    /// Answers that lanes have not taken yet.
    answers: Vec<Option<Result<[f32; BINS]>>>,
}

impl Interleaved {
    /// The first `lanes` sequences of `engine`.
    #[must_use]
    pub fn new(engine: Box<dyn Sequences>, lanes: usize) -> Self {
        Interleaved(Rc::new(RefCell::new(Queue {
            engine,
            requests: Vec::with_capacity(lanes),
            logits: vec![[0.0; BINS]; lanes],
            answers: (0..lanes).map(|_| None).collect(),
        })))
    }

    /// A lane that has read nothing.
    ///
    /// # Errors
    /// [`Error::Model`] if there is no such lane.
    pub fn lane(&self, number: usize) -> Result<Lane> {
        let mut state = self.0.borrow_mut();
        state.forget(number);
        match state.answers.len() > number {
            true => Ok(Lane { state: Rc::clone(&self.0), number }),
            false => Err(Error::model(format!("there is no lane {number}"))),
        }
    }

    /// Makes the steps that lanes wait for.
    pub fn advance(&self) {
        let Queue { engine, requests, logits, answers } = &mut *self.0.borrow_mut();
        let logits = &mut logits[..requests.len()];
        let outcome = engine.step(requests, logits).map_err(|error| error.to_string());
        for ((lane, _), logits) in requests.drain(..).zip(logits) {
            answers[lane] = Some(match &outcome {
                Ok(()) => Ok(*logits),
                Err(reason) => Err(Error::model(reason.clone())),
            });
        }
    }
}

impl Queue {
    /// Forgets what a lane has read, and what it waits for.
    fn forget(&mut self, lane: usize) {
        if let Some(answer) = self.answers.get_mut(lane) {
            *answer = None;
            self.requests.retain(|&(other, _)| other != lane);
            self.engine.reset(lane);
        }
    }
}

/// One lane of an [`Interleaved`].
pub struct Lane {
    state: Rc<RefCell<Queue>>,
    number: usize,
}

impl LanguageModel for Lane {
    fn reset(&mut self) -> Result<()> {
        self.state.borrow_mut().forget(self.number);
        Ok(())
    }

    fn step(&mut self, token: Input) -> Result<[f32; BINS]> {
        let mut logits = [[0.0; BINS]];
        self.state.borrow_mut().engine.step(&[(self.number, token)], &mut logits)?;
        Ok(logits[0])
    }

    fn poll_step(&mut self, token: Input) -> Poll<Result<[f32; BINS]>> {
        let mut state = self.state.borrow_mut();
        match state.answers[self.number].take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.requests.push((self.number, token));
                Poll::Pending
            }
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.state.borrow_mut().forget(self.number);
    }
}

/// The result of a future that has no lane to wait for.
///
/// # Errors
/// Those of the future; [`Error::Model`] if it waits.
pub fn at_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::model("a lane waits, and nothing steps it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits are how many tokens the lane has read; fails at the given step.
    struct Counter(Vec<f32>, usize);

    impl Sequences for Counter {
        fn reset(&mut self, lane: usize) {
            self.0[lane] = 0.0;
        }

        fn step(&mut self, tokens: &[(usize, Input)], logits: &mut [[f32; BINS]]) -> Result<()> {
            self.1 -= 1;
            if self.1 == 0 {
                return Err(Error::model("broken"));
            }
            for ((lane, _), logits) in tokens.iter().zip(logits) {
                self.0[*lane] += 1.0;
                *logits = [self.0[*lane]; BINS];
            }
            Ok(())
        }
    }

    fn poll(lane: &mut Lane) -> Option<Result<f32>> {
        match lane.poll_step(Input::Start) {
            Poll::Ready(answer) => Some(answer.map(|logits| logits[0])),
            Poll::Pending => None,
        }
    }

    #[test]
    fn lanes_that_wait_advance_and_the_others_do_not() {
        let lanes = Interleaved::new(Box::new(Counter(vec![0.0; 3], 5)), 3);
        let (mut first, mut second) = (lanes.lane(0).unwrap(), lanes.lane(2).unwrap());
        assert!(lanes.lane(3).is_err());
        assert!(poll(&mut first).is_none() && poll(&mut second).is_none());
        lanes.advance();
        assert_eq!(poll(&mut first).unwrap().unwrap(), 1.0);
        assert!(poll(&mut first).is_none());
        lanes.advance();
        assert_eq!(poll(&mut first).unwrap().unwrap(), 2.0);
        assert_eq!(poll(&mut second).unwrap().unwrap(), 1.0);
        assert_eq!(second.step(Input::Start).unwrap()[0], 2.0);
        // A lane that is given up waits for nothing, and starts anew.
        assert!(poll(&mut second).is_none());
        drop(second);
        let mut second = lanes.lane(2).unwrap();
        assert!(poll(&mut second).is_none() && poll(&mut first).is_none());
        lanes.advance();
        assert_eq!(poll(&mut second).unwrap().unwrap(), 1.0);
        assert_eq!(poll(&mut first).unwrap().unwrap(), 3.0);
        assert!(poll(&mut first).is_none());
        lanes.advance();
        assert!(poll(&mut first).unwrap().unwrap_err().to_string().contains("broken"));
    }

    #[test]
    fn what_waits_for_nobody_is_an_error() {
        let lanes = Interleaved::new(Box::new(Counter(vec![0.0], 9)), 1);
        let mut lane = lanes.lane(0).unwrap();
        let step = std::future::poll_fn(|_| lane.poll_step(Input::Start));
        assert!(at_once(step).is_err());
    }
}
