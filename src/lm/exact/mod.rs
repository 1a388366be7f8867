//! An engine for small models that computes the same bits on every machine
//! (`format-spec/exact-engine.md`): what it codes decodes anywhere.
//!
//! Matrices are products of signed bytes, exact in 32 bits; everything between them is binary32 in a
//! written order. `gguf.rs` reads the file, `shape.rs` and `weights.rs` check and pack it, `kernel.rs`
//! and the files of the instruction sets multiply, `step.rs` goes through the layers.
//!
//! Nothing depends on how many tokens are computed at a time: neither on lanes (tokens of different
//! sequences) nor on batches (tokens of one sequence that are known beforehand).

mod attention;
mod cache;
mod dispatch;
mod float;
mod identity;
mod kernel;
mod matrix;
mod models;
#[cfg(target_arch = "aarch64")]
mod neon;
mod rope;
mod scaled;
mod shape;
mod step;
mod vectors;
mod weights;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_vectors;

pub use identity::ExactIdentity;
pub use models::ExactModels;

use std::sync::Arc;

use super::interleaved::Sequences;
use super::{BINS, Input, LanguageModel};
use crate::error::{Error, Result};

use dispatch::Path;
use step::{Buffers, MAX_TOKENS, Pass, Sequence};
use weights::Weights;

/// Number of the arithmetic that this engine computes, which is part of the format.
pub const ARITHMETIC: u8 = 1;

/// Name of the kernel that this machine runs.
#[must_use]
pub fn kernel() -> &'static str {
    Path::best().name()
}

/// A model, ready to run. Any number of threads may share it.
#[derive(Debug)]
pub struct ExactModel {
    weights: Weights,
    blake3: [u8; 32],
    path: Path,
}

impl ExactModel {
    /// Reads a GGUF file from memory.
    ///
    /// # Errors
    /// [`Error::Model`] for what is no sound model of a kind that this engine runs.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::on_path(bytes, Path::best())
    }

    /// Like [`ExactModel::from_bytes`], once for each kernel of this machine, the fastest first, with its name:
    /// for tests and measurements.
    ///
    /// # Errors
    /// Those of [`ExactModel::from_bytes`].
    pub fn on_every_kernel(bytes: &[u8]) -> Result<Vec<(&'static str, Self)>> {
        let on = |path: Path| Ok((path.name(), Self::on_path(bytes, path)?));
        Path::all().into_iter().map(on).collect()
    }

    fn on_path(bytes: &[u8], path: Path) -> Result<Self> {
        let weights = Weights::read(bytes)?;
        Ok(ExactModel { weights, blake3: *blake3::hash(bytes).as_bytes(), path })
    }

    /// BLAKE3 of the GGUF file.
    #[must_use]
    pub fn blake3(&self) -> [u8; 32] {
        self.blake3
    }

    /// A sequence that nothing has been read in.
    #[must_use]
    pub fn session(self: &Arc<Self>) -> ExactSession {
        ExactSession { lanes: self.lanes(1) }
    }

    /// `count` sequences that may be advanced together.
    #[must_use]
    pub fn lanes(self: &Arc<Self>, count: usize) -> ExactLanes {
        let shape = &self.weights.shape;
        ExactLanes {
            model: Arc::clone(self),
            sequences: vec![Sequence::new(shape); count],
            buffers: Buffers::new(shape),
            tokens: Vec::with_capacity(MAX_TOKENS),
        }
    }
}

/// Several sequences of one thread.
#[derive(Debug)]
pub struct ExactLanes {
    model: Arc<ExactModel>,
    sequences: Vec<Sequence>,
    buffers: Buffers,
    tokens: Vec<(usize, Input)>,
}

impl Sequences for ExactLanes {
    /// # Panics
    /// If there is no such lane.
    fn reset(&mut self, lane: usize) {
        self.sequences[lane].reset();
    }

    /// Tokens of the same lane follow each other.
    ///
    /// # Errors
    /// [`Error::Model`] when a number is not finite, or too large.
    ///
    /// # Panics
    /// If there is no such lane, or `tokens` and `logits` differ in length.
    fn step(&mut self, tokens: &[(usize, Input)], logits: &mut [[f32; BINS]]) -> Result<()> {
        assert_eq!(tokens.len(), logits.len(), "one row of logits per token");
        let passes = tokens.chunks(MAX_TOKENS).zip(logits.chunks_mut(MAX_TOKENS));
        for (tokens, logits) in passes {
            let pass = Pass {
                weights: &self.model.weights,
                buffers: &mut self.buffers,
                sequences: &mut self.sequences,
                tokens,
                logits,
            };
            if !self.model.path.run(pass) {
                return Err(Error::model("the model yields a number that is not finite"));
            }
        }
        Ok(())
    }
}

/// One sequence.
#[derive(Debug)]
pub struct ExactSession {
    lanes: ExactLanes,
}

impl LanguageModel for ExactSession {
    fn reset(&mut self) -> Result<()> {
        self.lanes.reset(0);
        Ok(())
    }

    fn step(&mut self, token: Input) -> Result<[f32; BINS]> {
        let mut logits = [[0.0; BINS]];
        self.lanes.step(&[(0, token)], &mut logits)?;
        Ok(logits[0])
    }

    fn steps(&mut self, tokens: &[Input], logits: &mut [[f32; BINS]]) -> Result<()> {
        let mut queue = std::mem::take(&mut self.lanes.tokens);
        queue.clear();
        queue.extend(tokens.iter().map(|&token| (0, token)));
        let result = self.lanes.step(&queue, logits);
        self.lanes.tokens = queue;
        result
    }
}

#[cfg(test)]
mod tests;
