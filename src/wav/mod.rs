//! Files of samples as spans of foreign bytes and of audio, and samples as integers.
//!
//! [`WavReader`] cuts a stream into [`Span`]s whose concatenation is the file, byte for byte,
//! so that there is no writer: whoever restores the spans has restored the file. Nothing in
//! the headers has to be right for that. Headers only decide which bytes are *called* audio,
//! and a wrong guess costs compression, never correctness.
//!
//! What RIFF, Wave64, AIFF and CAF do differently is a *grammar* of chunks, in `grammar`, and the body of one
//! chunk, that of the format: `fmt`, `aiff`, `caf`. The walk, in `reader`, is the same for all.
//!
//! [`map`] and [`unmap`] are exact inverses between the bytes of an audio span and integers, with what
//! floats are besides.

mod aiff;
mod caf;
mod canonical;
mod companding;
mod container;
mod fmt;
mod format;
mod grammar;
mod input;
mod mapping;
mod raw;
mod reader;
mod refusal;
mod resolution;
mod resync;
mod samples;
#[cfg(test)]
mod testing;

pub use canonical::{canonical_header, filler, header_of_length, open_header, padding};
pub use container::Container;
pub use format::{Endian, SampleFormat, WavFormat};
pub use mapping::{Mapped, Mapping, check_mapping, from_pcm, map, to_pcm, unmap};
pub use raw::raw_format;
pub use reader::{MAX_FOREIGN, SegmentLimit, Span, WavReader};
pub(crate) use resolution::{lengths, pieces};
pub use samples::{AudioFormat, SampleKind};
pub(crate) use samples::{append_integers, to_floats, to_integers};
