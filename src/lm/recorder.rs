//! Inputs of a segment, for training: what a model would read and is to predict.

use super::{BINS, InputToken, LanguageModel};
use crate::error::Result;

/// A model that predicts nothing and records its inputs.
#[derive(Debug, Default)]
pub struct Recorder {
    inputs: Vec<InputToken>,
}

impl Recorder {
    /// One entry per sample but the last, whose bin no model reads: the input, and the bin of the
    /// sample.
    pub fn pairs(&self) -> impl Iterator<Item = (InputToken, u8)> {
        let targets = self.inputs.iter().skip(1).map(|token| match *token {
            InputToken::Bin { bin, .. } => bin,
            // Only the first input is none of a bin.
            InputToken::Start | InputToken::Character(_) => 0,
        });
        self.inputs.iter().copied().zip(targets)
    }

    /// The inputs, in order.
    pub fn into_inputs(self) -> Vec<InputToken> {
        self.inputs
    }
}

impl LanguageModel for Recorder {
    fn reset(&mut self) -> Result<()> {
        self.inputs.clear();
        Ok(())
    }

    fn step(&mut self, token: InputToken) -> Result<[f32; BINS]> {
        self.inputs.push(token);
        Ok([0.0; BINS])
    }
}
