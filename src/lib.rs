//! Lossless compression of WAV, AIFF, Wave64 and CAF files: adaptive prediction, context mixing and a
//! language model in one codec.
//!
//! What is decompressed is the original file, byte for byte: samples, headers and whatever else is
//! in it. All of it runs on plain processors, and the same bytes come of every machine and number of
//! threads.
//!
//! # A file to a file
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let (song, packed, restored) =
//! #     (folder.path().join("song.wav"), folder.path().join("song.lmz"), folder.path().join("back.wav"));
//! # std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wav/mulaw_fact.wav"), &song)?;
//! use std::fs::File;
//! use std::io;
//!
//! let summary = lmz::Encoder::new().encode_wav(File::open(&song)?, File::create(&packed)?)?;
//! println!("{} of {} bytes", summary.compressed_bytes, summary.original_bytes);
//!
//! let mut decoder = lmz::Decoder::new(File::open(&packed)?)?;
//! io::copy(&mut decoder, &mut File::create(&restored)?)?;
//! # assert_eq!(std::fs::read(song)?, std::fs::read(restored)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Samples in
//!
//! ```
//! use lmz::{AudioFormat, Encoder};
//!
//! let stereo: Vec<i32> = (0..2 * 4_410).map(|i| (i * 7 % 2_001) - 1_000).collect();
//! let mut packed = Vec::new();
//! let format = AudioFormat::integer(2, 44_100, 16);
//! let mut writer = Encoder::new().for_samples(format, None, &mut packed)?;
//! writer.write_frames(&stereo)?;
//! writer.finish()?;
//! assert!(packed.len() < 2 * stereo.len());
//! # Ok::<(), lmz::Error>(())
//! ```
//!
//! # A part out
//!
//! ```
//! # let stereo: Vec<i32> = (0..2 * 4_410).map(|i| (i * 7 % 2_001) - 1_000).collect();
//! # let mut packed = Vec::new();
//! # let format = lmz::AudioFormat::integer(2, 44_100, 16);
//! # let mut writer = lmz::Encoder::new().for_samples(format, None, &mut packed)?;
//! # writer.write_frames(&stereo)?;
//! # writer.finish()?;
//! use std::io::Cursor;
//!
//! let mut reader = lmz::Decoder::new(Cursor::new(&packed))?.frames(1_000..3_000)?;
//! let mut frames = vec![0; 2 * 100];
//! assert_eq!(reader.read_frames(&mut frames)?, 100);
//! assert_eq!(frames, stereo[2 * 1_000..2 * 1_100]);
//! # Ok::<(), lmz::Error>(())
//! ```
//!
//! More are in the repository's `examples`: a player, a progress bar, a part as a WAV file.
//!
//! # Features
//!
//! A library wants `default-features = false`: all of the codec, and no dependency but those it
//! computes with.
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `cli` | yes | the program `lmz` |
//! | `bench` | yes | `lmz bench`, with the coders it compares with; implies `cli` |
//! | `llama` | yes | language models of any kind, through llama.cpp; the embedded one ([`Models`]) needs no feature |
//! | `serde` | yes | [`Summary`] and [`SalvageReport`] can be serialised; `cli` implies it |
//! | `cuda`, `metal`, `vulkan` | | GPU back ends of llama.cpp; each implies `llama` |
//! | `unstable` | | the codec's parts, for research, training and tests: any of it may change in any release |
//!
//! # Levels
//!
//! [`Level::Fast`], [`Level::Default`] and [`Level::Best`] run more and more predictors for each
//! sample, in both directions alike: decompression takes as long as compression. `docs/measurements.md`
//! in the repository has speeds and sizes.
//!
//! # Portability
//!
//! Integers, and IEEE 754 arithmetic in a written order without functions of a mathematics library:
//! files are the same from any processor and decode on any other, whatever rounding or flush-to-zero
//! the program around has set (on x86 and AArch64; elsewhere it has to leave these alone). The exception is a language model
//! that llama.cpp runs: such files need the build and the processor features that the file names,
//! and say so; [`Summary::portable`] reports it.
//!
//! # Limits
//!
//! A file is cut into segments of 20 to 60 seconds, by level, which are coded alone: memory is bounded by the
//! number of threads, not by the length of the file, and damage to one costs that one
//! ([`salvage()`]). A hostile file of a kilobyte can restore to hundreds of megabytes:
//! [`DecompressOptions::with_max_output`] bounds that. Nothing in the library panics, prints or exits.
//!
//! `format-spec/lmz-format.md` in the package specifies the format, byte by byte, and `tools/lmzdec`
//! is a second decoder, in Python, written from it.

// Without `unstable`, parts that only research and tests reach into are not used by anyone.
#![cfg_attr(not(feature = "unstable"), allow(dead_code, unused_imports))]

/// Declares modules that are public with the feature `unstable` only.
macro_rules! unstable {
    ($($(#[$attribute:meta])* $module:ident;)*) => {$(
        $(#[$attribute])*
        #[cfg(feature = "unstable")]
        pub mod $module;
        #[cfg(not(feature = "unstable"))]
        mod $module;
    )*};
}

unstable! {
    ascii;
    byte_model;
    codec;
    container;
    lm;
    pcm;
    pipeline;
    wav;
}

mod density;
mod entropy;
mod error;
mod fault;
mod float_environment;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod math;
mod observer;
mod predict;

pub use codec::Level;
pub use container::ContentHash;
pub use error::{Error, Result};
#[doc(hidden)]
pub use fault::Fault;
pub use lm::{ModelProvider, ModelSource, Models};
#[cfg(feature = "unstable")]
pub use observer::Watch;
pub use observer::{Observer, Progress};
pub use pipeline::{
    Damage, Decoder, DecompressOptions, Encoder, FrameReader, FrameWriter, Gap, Info, LmUse,
    SalvageReport, Summary, compress_to_vec, decompress_to_vec, info, salvage,
};
pub use wav::{AudioFormat, SampleKind};

/// Compiles and runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
