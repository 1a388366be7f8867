//! Inputs of a segment, for training: what a model would read and is to predict.

use super::{AudioToken, BINS, Input, LanguageModel};
use crate::error::Result;

/// A model that predicts nothing and records its inputs.
#[derive(Debug, Default)]
pub struct Recorder {
    inputs: Vec<Input>,
}

impl Recorder {
    /// One entry per sample but the last, whose bin no model reads: the input, and the bin of the
    /// sample.
    pub fn pairs(&self) -> impl Iterator<Item = (Input, u8)> {
        let targets = self.inputs.iter().skip(1).map(|token| match *token {
            Input::After(AudioToken { bin, .. }) => bin,
            // Only the first input is none.
            Input::Start => 0,
        });
        self.inputs.iter().copied().zip(targets)
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
