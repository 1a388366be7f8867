//! Logits of a model over a text that is known: many tokens in a batch, which is several times
//! faster than one by one, but rounds otherwise. For measurements; nothing can decode this.

use std::num::NonZeroU32;

use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;

use super::{Fed, Input, Model, backend};
use crate::error::{Error, Result};

/// Tokens in a batch: the logits of all of them over the whole vocabulary are held at a time.
const BATCH: usize = 256;

impl Model {
    /// Reads `tokens` from an empty context that holds all of them, and passes `visit` the logits
    /// of the whole vocabulary after each one, in order. Runs on `threads` threads.
    ///
    /// # Errors
    /// [`Error::Model`] when llama.cpp fails.
    pub fn evaluate<T: Fed>(
        &self,
        tokens: &[Input<T>],
        threads: i32,
        mut visit: impl FnMut(Input<T>, &[f32]),
    ) -> Result<()> {
        let failed = |e: &dyn std::fmt::Display| Error::model(format!("llama.cpp failed: {e}"));
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(tokens.len() as u32))
            .with_n_batch(BATCH as u32)
            .with_n_ubatch(BATCH as u32)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
            .with_no_perf(true);
        let mut context = self.model.new_context(backend()?, params).map_err(|e| failed(&e))?;
        let mut batch = LlamaBatch::new(BATCH, 1);
        let mut position = 0;
        for part in tokens.chunks(BATCH) {
            batch.clear();
            for &token in part {
                let id = self.interface.token(token);
                batch.add(id, position, &[0], true).map_err(|e| failed(&e))?;
                position += 1;
            }
            context.decode(&mut batch).map_err(|e| failed(&e))?;
            for (row, &token) in (0..).zip(part) {
                visit(token, context.get_logits_ith(row));
            }
        }
        Ok(())
    }
}
