//! Lossless compression of WAV, AIFF, Wave64 and CAF files: adaptive prediction, context mixing and a
//! language model in one codec.
//!
//! Decompression restores the original file, byte for byte: samples, headers and everything else in
//! it. lmz needs no GPU, and it writes the same bytes on every machine and with any number of threads.
//!
//! # From file to file
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
//! # Compressing samples
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
//! # Reading a part
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
//! The repository's `examples` folder has more: a player, a progress bar, a part as a WAV file.
//!
//! # Features
//!
//! Libraries should use `default-features = false`: it has the whole codec, with no dependencies but
//! those for computing.
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
//! From [`Level::Fast`] over [`Level::Default`] to [`Level::Best`], more predictors run on each
//! sample. The decoder runs them too, so decompression takes about as long as compression.
//! `docs/measurements.md` in the repository has speeds and sizes.
//!
//! # Portability
//!
//! The codec uses only integers and IEEE 754 arithmetic in a fixed order, without functions of a math
//! library. Files are the same from any processor and decode on any other, whatever rounding or
//! flush-to-zero mode the host program has set (on x86 and AArch64; elsewhere it must not change these).
//! The exception is a language model run by llama.cpp: such a file needs the build and the processor
//! features that it names; [`Summary::portable`] reports it.
//!
//! # Limits
//!
//! A file is cut into segments of up to 20 to 60 seconds, depending on the level, which are coded
//! independently: memory depends on the number of threads, not on the length of the file, and damage
//! costs only the segments it hits ([`salvage()`]). A malicious file of a kilobyte can expand to
//! hundreds of megabytes: [`DecompressOptions::with_max_output`] sets a limit. The library never panics,
//! prints or exits.
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
