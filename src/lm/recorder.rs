//! Tokens of a segment, for training: what a model would have read and should have said.

use super::{BINS, CLASSES, InputToken, LanguageModel};
use crate::error::Result;

/// A model that knows nothing and takes notes.
#[derive(Debug, Default)]
pub struct Recorder {
    inputs: Vec<InputToken>,
}

impl Recorder {
    /// One pair per sample but the last: the id of the input token, as the metadata of an
    /// audio model with [`CLASSES`] classes lays them out from 0, and the bin of the sample.
    pub fn pairs(&self) -> Vec<(u16, u16)> {
        let id = |token: InputToken| match token {
            // The quantile mapping has no characters.
            InputToken::Start | InputToken::Character(_) => (CLASSES * BINS + BINS) as u16,
            InputToken::Bin { bin, class } => u16::from(class) * BINS as u16 + u16::from(bin),
        };
        let targets = self.inputs.iter().skip(1).map(|token| match token {
            InputToken::Start | InputToken::Character(_) => 0,
            InputToken::Bin { bin, .. } => u16::from(*bin),
        });
        self.inputs.iter().map(|&token| id(token)).zip(targets).collect()
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
