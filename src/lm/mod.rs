//! Language models over quantile tokens (§9.7, §11): their interface to the codec.
//!
//! The codec uses a model through [`LanguageModel`] only. `llama.rs` with its folder
//! alone names llama.cpp; `lanes.rs` lets several segments share one batched context. `exact/` runs small
//! models with the same bits on every machine; `interleaved.rs` has one thread step several of its segments.

pub mod exact;
pub mod gguf;
pub mod identity;
pub mod interleaved;
pub mod lanes;
#[cfg(feature = "llama")]
pub mod llama;
#[cfg(any(feature = "llama", test))]
mod llama_check;
#[cfg(feature = "llama")]
mod llama_models;
mod models;
mod recorder;
mod rehearsed;
mod source;
mod vector;
pub mod vocabulary;

#[cfg(feature = "llama")]
pub use llama_models::LlamaModels;
pub use models::Models;
pub use recorder::Recorder;
pub use rehearsed::Rehearsed;
pub use source::{ModelProvider, ModelSource, NoModels};

use std::task::Poll;

use crate::error::Result;

/// The embedded model, a GGUF file; see `models/README.md`.
pub const EMBEDDED: &[u8] = include_bytes!("../../models/lmz.gguf");

/// Number of quantile bins, the alphabet of the tokens a model predicts.
pub const BINS: usize = 32;

/// Number of context classes that an input token can carry beside the last bin.
pub const CLASSES: usize = 32;

/// Numbers that an input carries beside the last bin.
pub const FEATURES: usize = 43;

/// What is known of a sample before it is coded, in units of 1/127; see
/// `format-spec/lm-metadata.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(pub [i8; FEATURES]);

impl Default for Features {
    fn default() -> Self {
        Features([0; FEATURES])
    }
}

/// Number of 7-bit characters, the alphabet of a model that reads audio as text.
pub const CHARACTERS: usize = 128;

/// What a model reads before it predicts the next token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<T = AudioToken> {
    /// Nothing has been coded yet in this segment.
    Start,
    /// The last token, with what is known before the next one.
    After(T),
}

/// A sample of audio, and what is known before the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioToken {
    /// Quantile bin of the last sample coded, `0..BINS`.
    pub bin: u8,
    /// Context class, `0..CLASSES`; a model without classes ignores it.
    pub class: u8,
    /// For models that read numbers in place of the class.
    pub features: Features,
}

/// A 7-bit character, `0..CHARACTERS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Character(pub u8);

/// A kind of tokens that models read, and the alphabet that they predict.
pub trait Token: Copy + std::fmt::Debug + Send + 'static {
    /// Size of the alphabet.
    const SYMBOLS: usize;
    /// A logit for each symbol.
    type Logits: AsRef<[f32]> + AsMut<[f32]> + Copy + Send;
    /// Logits that say nothing.
    const ALIKE: Self::Logits;
}

impl Token for AudioToken {
    const SYMBOLS: usize = BINS;
    type Logits = [f32; BINS];
    const ALIKE: [f32; BINS] = [0.0; BINS];
}

impl Token for Character {
    const SYMBOLS: usize = CHARACTERS;
    type Logits = [f32; CHARACTERS];
    const ALIKE: [f32; CHARACTERS] = [0.0; CHARACTERS];
}

/// One sequence of tokens through a model.
///
/// Encoder and decoder make the same calls with the same arguments, so an implementation
/// must return the same bits for the same history, on the machine its fingerprint names.
pub trait LanguageModel<T: Token = AudioToken> {
    /// Forgets everything: the next `step` starts a segment.
    ///
    /// # Errors
    /// [`crate::Error::Model`] when the engine fails.
    fn reset(&mut self) -> Result<()>;

    /// Reads one token and returns the logits (natural log scale, any offset) of the bins or characters
    /// that can come next.
    ///
    /// # Errors
    /// [`crate::Error::Model`] when the engine fails or yields a value that is not finite.
    fn step(&mut self, token: Input<T>) -> Result<T::Logits>;

    /// As `step`, for what decodes several segments side by side: if the answer takes until others have
    /// requested a step as well, this is [`Poll::Pending`], and the same call is to be made again.
    ///
    /// # Errors
    /// As `step`.
    fn poll_step(&mut self, token: Input<T>) -> Poll<Result<T::Logits>> {
        Poll::Ready(self.step(token))
    }

    /// Reads tokens that follow each other, and writes the logits after each: the same as by as many
    /// calls of `step`, which an engine may do faster. `tokens` and `logits` are equally many.
    ///
    /// # Errors
    /// As `step`; what has been written to `logits` then has no meaning.
    fn steps(&mut self, tokens: &[Input<T>], logits: &mut [T::Logits]) -> Result<()> {
        for (&token, logits) in tokens.iter().zip(logits) {
            *logits = self.step(token)?;
        }
        Ok(())
    }
}
