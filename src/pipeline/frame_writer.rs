//! Samples in, lmz out.

use std::io::Write;

use super::compress::{Encoding, segment_limit};
use super::spans::{Placer, pieces, span_bytes};
use super::{CompressOptions, Summary};
use crate::container::ContentHash;
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::wav::{self, AudioFormat, SampleKind, SegmentLimit, Span, WavFormat};

/// Compresses samples as they arrive, as the WAV file that they would make.
///
/// Memory depends on the number of threads. The output is not a valid lmz file until
/// [`FrameWriter::finish`] has returned.
pub struct FrameWriter<W> {
    encoding: Encoding<W>,
    format: WavFormat,
    kind: SampleKind,
    /// Frames that the caller has promised.
    promised: Option<u64>,
    /// Bytes of a whole segment.
    segment: usize,
    /// Samples of the segment at hand.
    pending: Vec<u8>,
    /// Whether the header is under way.
    begun: bool,
    /// Where the next bytes of the WAV file stand.
    placer: Placer,
    /// Hash of those before.
    hasher: blake3::Hasher,
    /// Frames written by the caller.
    frames: u64,
}

impl<W> std::fmt::Debug for FrameWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameWriter")
            .field("format", &self.format)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl<W: Write> FrameWriter<W> {
    pub(super) fn new(
        output: W,
        format: AudioFormat,
        promised: Option<u64>,
        options: CompressOptions,
    ) -> Result<Self> {
        let kind = format.samples;
        let format = format.wav_format()?;
        let limit = options.segment_limit();
        let segment = limit.frames(&format) * format.frame_bytes();
        let encoding = Encoding::start(output, Some(format), options)?;
        Ok(FrameWriter {
            encoding,
            format,
            kind,
            promised,
            segment,
            pending: Vec::new(),
            begun: false,
            placer: Placer::default(),
            hasher: blake3::Hasher::new(),
            frames: 0,
        })
    }

    /// Appends whole frames of integers, channel by channel: left, right, left, right.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for part of a frame, a value that does not fit, and a file of floats:
    /// then none of `samples` are written. [`Error::Io`] from the output.
    pub fn write_frames(&mut self, samples: &[i32]) -> Result<()> {
        let SampleKind::Integer(bits) = self.kind else {
            let reason = "the file holds floats: write them with write_float_frames".to_owned();
            return Err(Error::OutOfRange(reason));
        };
        self.append(samples.len(), |out| wav::append_integers(samples, bits, out))
    }

    /// Appends whole frames of floats.
    ///
    /// # Errors
    /// As for [`FrameWriter::write_frames`].
    pub fn write_float_frames(&mut self, samples: &[f32]) -> Result<()> {
        let SampleKind::Float(_) = self.kind else {
            let reason = "the file holds integers: write them with write_frames".to_owned();
            return Err(Error::OutOfRange(reason));
        };
        self.append(samples.len(), |out| {
            out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
            Ok(())
        })
    }

    /// Ends the file and flushes the output.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a number of frames other than promised, [`Error::Io`] from
    /// the output, [`Error::Model`].
    pub fn finish(mut self) -> Result<Summary> {
        if let Some(promised) = self.promised
            && promised != self.frames
        {
            let reason = format!("{} frames were written, {promised} promised", self.frames);
            return Err(Error::OutOfRange(reason));
        }
        // Nothing is under way: the length is known after all.
        self.begin(Some(self.frames))?;
        if !self.pending.is_empty() {
            let bytes = std::mem::take(&mut self.pending);
            self.push(Span::Audio { bytes })?;
        }
        let padding = wav::padding(&self.format, self.frames) as usize;
        if padding > 0 {
            self.push(Span::Foreign(vec![0; padding]))?;
        }
        while let Some(encoded) = self.encoding.pool.take(&mut ())? {
            self.encoding.writer.write_block(encoded)?;
        }
        self.encoding.writer.finish(ContentHash::finish(&self.hasher))
    }

    fn append(
        &mut self,
        samples: usize,
        put: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let channels = usize::from(self.format.channels);
        if !samples.is_multiple_of(channels) {
            let reason = format!("{samples} samples are no whole frames of {channels} channels");
            return Err(Error::OutOfRange(reason));
        }
        let before = self.pending.len();
        if let Err(error) = put(&mut self.pending) {
            self.pending.truncate(before);
            return Err(error);
        }
        self.frames += (samples / channels) as u64;
        // The last whole segment waits: it may be the only one.
        while self.pending.len() > self.segment {
            self.begin(self.promised)?;
            let rest = self.pending.split_off(self.segment);
            let bytes = std::mem::replace(&mut self.pending, rest);
            self.push(Span::Audio { bytes })?;
        }
        Ok(())
    }

    /// Has the header coded, if it is not yet.
    fn begin(&mut self, frames: Option<u64>) -> Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let header = match frames {
            Some(frames) => wav::canonical_header(&self.format, frames),
            None => wav::open_header(&self.format),
        };
        self.push(Span::Foreign(header))
    }

    fn push(&mut self, span: Span) -> Result<()> {
        let observer: &mut dyn Observer = &mut ();
        self.hasher.update(span_bytes(&span));
        for piece in pieces(span, Some(&self.format)) {
            while !self.encoding.pool.has_room() {
                let Some(encoded) = self.encoding.pool.take(observer)? else { break };
                self.encoding.writer.write_block(encoded)?;
            }
            self.encoding.pool.push(self.placer.place(piece))?;
        }
        Ok(())
    }
}

impl CompressOptions {
    /// Where segments end.
    pub(super) fn segment_limit(&self) -> SegmentLimit {
        let usual = segment_limit(self.level);
        SegmentLimit { seconds: self.segment_seconds.unwrap_or(usual.seconds), ..usual }
    }
}
