//! lmz: lossless WAV compression with a language model inside an audio codec.

pub mod codec;
pub mod error;
pub mod lm;
pub mod pcm;
pub mod wav;

pub use codec::Level;
pub use error::{Error, Result};
