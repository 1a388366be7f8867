//! lmz: lossless WAV compression with a language model inside an audio codec.

pub mod codec;
pub mod container;
mod density;
mod entropy;
pub mod error;
pub mod lm;
mod math;
pub mod pcm;
pub mod pipeline;
mod predict;
pub mod wav;

pub use codec::Level;
pub use error::{Error, Result};
