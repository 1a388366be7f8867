//! lmz: lossless WAV compression with a language model inside an audio codec.

pub mod codec;
mod density;
mod entropy;
pub mod error;
pub mod lm;
mod math;
pub mod pcm;
mod tune;
mod predict;

pub use codec::Level;
pub use error::{Error, Result};
