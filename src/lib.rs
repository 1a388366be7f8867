//! lmz: lossless WAV compression with a language model inside an audio codec.
//!
//! [`pipeline`] is the way in: whole files, from any `Read` to any `Write`.
//!
//! ```
//! use lmz::pipeline::{CompressOptions, DecompressOptions, compress, decompress};
//!
//! // A WAV file of one second: 16 bit, mono, 8 kHz.
//! let mut wav = b"RIFF\xa4\x3e\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
//! wav.extend_from_slice(b"\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x80\x3e\0\0");
//! for t in 0..8_000_i32 {
//!     let triangle = (t * 97 % 4_000 - 2_000).abs() as i16;
//!     wav.extend_from_slice(&triangle.to_le_bytes());
//! }
//!
//! let mut packed = Vec::new();
//! compress(wav.as_slice(), &mut packed, &CompressOptions::default(), &mut ())?;
//! let mut restored = Vec::new();
//! decompress(packed.as_slice(), &mut restored, &DecompressOptions::default(), &mut ())?;
//!
//! assert!(packed.len() < wav.len());
//! assert_eq!(restored, wav);
//! # Ok::<(), lmz::Error>(())
//! ```

pub mod ascii;
pub mod codec;
pub mod container;
mod density;
mod entropy;
pub mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod fuzzing_tests;
pub mod lm;
mod math;
pub mod observer;
pub mod pcm;
pub mod pipeline;
mod predict;
pub mod wav;

pub use codec::Level;
pub use error::{Error, Result};

/// Compiles and runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
