//! What every coder can do, and what is known of it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lmz::pipeline::Bytes;
use serde::{Deserialize, Serialize};

use crate::bench::usage::processor_time;

/// Runs only while the coder does.
#[derive(Debug, Default)]
pub struct Clock {
    wall: Duration,
    processor: Option<Duration>,
}

impl Clock {
    /// Times `work`.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (start, used) = (Instant::now(), processor_time());
        let result = work();
        self.wall += start.elapsed();
        if let (Some(before), Some(after)) = (used, processor_time()) {
            *self.processor.get_or_insert_default() += after.saturating_sub(before);
        }
        result
    }

    /// Seconds that have passed.
    pub fn seconds(&self) -> f64 {
        self.wall.as_secs_f64()
    }

    /// Seconds of processor time, over all threads and programs; `None` where that is not known.
    pub fn processor_seconds(&self) -> Option<f64> {
        self.processor.map(|time| time.as_secs_f64())
    }
}

/// A lossless coder of files. Paths in both directions, because programs take nothing else.
pub trait Coder {
    /// Codes the file `original`, a WAV file or, for coders of [`Input::Bytes`], anything.
    ///
    /// # Errors
    /// When the coder does not take the file.
    fn encode(&mut self, original: &Path, coded: &Path, clock: &mut Clock) -> Result<()>;

    /// Inverse of [`Coder::encode`].
    ///
    /// # Errors
    /// When it fails.
    fn decode(&mut self, coded: &Path, restored: &Path, clock: &mut Clock) -> Result<()>;

    /// Tokens that a language model has read since the coder was made, in decoding.
    fn tokens(&self) -> u64 {
        0
    }

    /// Whose memory is the coder's.
    fn runs(&self) -> Runs {
        Runs::Here
    }
}

/// Where a coder's work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// In the process that calls it.
    Here,
    /// In programs that it starts.
    InPrograms,
}

/// What a coder is given in chunked mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The bytes of the chunk.
    Bytes,
    /// A WAV file with nothing but the chunk in it.
    Wav,
}

/// What a coder promises to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restores {
    /// The file, byte for byte.
    File,
    /// The samples at least.
    Samples,
}

/// Whether the files of a run are whole ones, or made of chunks, whose header nobody misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    WholeFiles,
    Chunks,
}

/// What a coder is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Lmz,
    Audio,
    /// Any bytes.
    General,
}

/// What was compared after decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// All bytes are back.
    Bytes,
    /// All samples are back; what is around them is not.
    Samples,
}

/// Where the bytes of an lmz file went, and what of them the language model answers for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// File header, block headers and trailer.
    pub container: u64,
    /// Bytes of the original that are no samples.
    pub foreign: u64,
    /// Coded streams.
    pub streams: u64,
    /// LSB blocks.
    pub lsb: u64,
    /// Samples that are stored or go through the byte model.
    pub plain: u64,
    /// Those of `streams` that are of segments with a language model.
    pub streams_with_lm: u64,
}

impl Parts {
    pub fn new(bytes: &Bytes, streams_with_lm: u64) -> Self {
        Parts {
            container: bytes.header + bytes.block_headers + bytes.trailer,
            foreign: bytes.foreign,
            streams: bytes.streams,
            lsb: bytes.lsb,
            plain: bytes.byte_modelled + bytes.stored,
            streams_with_lm,
        }
    }

    pub fn add(&mut self, other: &Parts) {
        self.container += other.container;
        self.foreign += other.foreign;
        self.streams += other.streams;
        self.lsb += other.lsb;
        self.plain += other.plain;
        self.streams_with_lm += other.streams_with_lm;
    }
}

/// From file to file with a coder that works in memory; only that is timed.
pub fn in_memory(
    input: &Path,
    output: &Path,
    clock: &mut Clock,
    work: impl FnOnce(&[u8]) -> Result<Vec<u8>>,
) -> Result<()> {
    let bytes = fs::read(input).with_context(|| input.display().to_string())?;
    let result = clock.time(|| work(&bytes))?;
    fs::write(output, result).with_context(|| output.display().to_string())
}
