//! Inputs of a segment, for training: what a model would read and is to predict.

use std::ops::Range;

use super::{AudioToken, BINS, Input, LanguageModel};
use crate::error::Result;

/// A model that predicts nothing and records its inputs.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    inputs: Vec<Input>,
}

impl Recorder {
    /// One entry per sample but the last, whose bin no model reads: the input, and the bin of the
    /// sample.
    pub fn pairs(&self) -> impl Iterator<Item = (Input, u8)> {
        self.pairs_of(0..self.inputs.len())
    }

    /// [`Recorder::pairs`] of some samples.
    pub(crate) fn pairs_of(&self, samples: Range<usize>) -> impl Iterator<Item = (Input, u8)> {
        // The bin of a sample is in the input after it.
        let end = (samples.end + 1).min(self.inputs.len());
        let inputs = &self.inputs[samples.start.min(end)..end];
        inputs.windows(2).map(|pair| match pair[1] {
            Input::After(AudioToken { bin, .. }) => (pair[0], bin),
            // Only the first input is none.
            Input::Start => (pair[0], 0),
        })
    }

    /// The inputs, in order.
    pub fn into_inputs(self) -> Vec<Input> {
        self.inputs
    }
}

impl LanguageModel for Recorder {
    fn reset(&mut self) -> Result<()> {
        self.inputs.clear();
        Ok(())
    }

    fn step(&mut self, token: Input) -> Result<[f32; BINS]> {
        self.inputs.push(token);
        Ok([0.0; BINS])
    }
}
