//! Compression, for programs.

use std::io::{Read, Write};
use std::sync::Arc;

use super::frame_writer::FrameWriter;
use super::{CompressOptions, LmUse, Summary, compress};
use crate::codec::Level;
use crate::error::Result;
use crate::lm::ModelProvider;
use crate::observer::Observer;
use crate::wav::AudioFormat;

/// Makes lmz files from WAV, Wave64, AIFF and CAF files, or from samples.
///
/// ```
/// use lmz::{AudioFormat, Encoder, Level};
///
/// let tone: Vec<i32> = (0..8_000_i32).map(|t| (t * 97 % 4_000 - 2_000).abs()).collect();
/// let mut lmz = Vec::new();
/// let encoder = Encoder::new().level(Level::Fast);
/// let mut frames = encoder.for_samples(AudioFormat::integer(1, 8_000, 16), None, &mut lmz)?;
/// frames.write_frames(&tone)?;
/// let summary = frames.finish()?;
/// assert_eq!(summary.compressed_bytes, lmz.len() as u64);
/// # Ok::<(), lmz::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Encoder {
    options: CompressOptions,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("level", &self.options.level).finish_non_exhaustive()
    }
}

impl Encoder {
    /// With the default level, one thread per processor and no language model.
    #[must_use]
    pub fn new() -> Self {
        Encoder::default()
    }

    /// Sets how much prediction to run for each sample.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.options.level = level;
        self
    }

    /// Sets a language model, and when to use it.
    #[must_use]
    pub fn model(mut self, model: Arc<dyn ModelProvider>, lm: LmUse) -> Self {
        self.options.model = Some(model);
        self.options.lm = lm;
        self
    }

    /// Sets the number of worker threads; 0 means one per processor. It does not affect the bytes written.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = threads;
        self
    }

    /// Sets the length of a segment, within 2^17 to 2^23 samples. Shorter segments make it
    /// faster to reach any position in a file; longer ones make the file smaller.
    #[must_use]
    pub fn segment_seconds(mut self, seconds: u32) -> Self {
        self.options.segment_seconds = Some(seconds);
        self
    }

    /// Sets whether to decode and compare every block before it is written, which takes twice the time.
    #[must_use]
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.verify = verify;
        self
    }

    /// These options, for the functions of [`pipeline`](crate::pipeline).
    #[cfg(feature = "unstable")]
    pub fn options(&self) -> &CompressOptions {
        &self.options
    }

    /// Compresses a WAV, Wave64, AIFF or CAF file from front to back. Memory depends on the number of
    /// threads, not on the length of the file.
    ///
    /// The bytes written depend only on the input, the level, the length of segments and the model.
    ///
    /// # Errors
    /// [`Error::NotWav`](crate::Error::NotWav) for other files; [`Error::Io`](crate::Error::Io);
    /// [`Error::Model`](crate::Error::Model). After an error, what was written to `output` is unusable.
    pub fn encode_wav(&self, input: impl Read, output: impl Write) -> Result<Summary> {
        self.encode_wav_observed(input, output, &mut ())
    }

    /// Like [`Encoder::encode_wav`], reporting progress to `observer` in bytes of `input`.
    ///
    /// # Errors
    /// Those of [`Encoder::encode_wav`], and [`Error::Interrupted`](crate::Error::Interrupted) by
    /// `observer`.
    pub fn encode_wav_observed(
        &self,
        input: impl Read,
        output: impl Write,
        observer: &mut dyn Observer,
    ) -> Result<Summary> {
        compress(input, output, &self.options, observer)
    }

    /// Begins a file of samples, which decompresses to a WAV file with these samples.
    ///
    /// The header of that file gives the number of frames: `frames` if it is known, or the number
    /// written if that is at most one segment. Otherwise the number is left open, as programs do that
    /// write to a pipe.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) for a format that cannot be written;
    /// [`Error::Io`](crate::Error::Io) when no thread can be started.
    pub fn for_samples<W: Write>(
        &self,
        format: AudioFormat,
        frames: Option<u64>,
        output: W,
    ) -> Result<FrameWriter<W>> {
        FrameWriter::new(output, format, frames, self.options.clone())
    }
}

/// Compresses a WAV file in memory, at the default level.
///
/// # Errors
/// [`Error::NotWav`](crate::Error::NotWav) for other files.
pub fn compress_to_vec(wav: &[u8]) -> Result<Vec<u8>> {
    let mut lmz = Vec::new();
    Encoder::new().encode_wav(wav, &mut lmz)?;
    Ok(lmz)
}
