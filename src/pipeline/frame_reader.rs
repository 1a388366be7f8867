//! Samples out of an lmz file that can be sought in.

use std::io::{Read, Seek};
use std::ops::{Range, RangeBounds};

use super::DecompressOptions;
use super::decoding::{Decoding, Job};
use super::extract::{blocks_with, ends, open_tail};
use crate::container::{Entry, FileHeader};
use crate::error::{Error, Result};
use crate::float_environment::standard;
use crate::wav::{self, AudioFormat, SampleFormat, WavFormat};

/// Reads samples, starting at any frame.
///
/// Segments are decoded ahead on worker threads, which end when it is dropped or moved to another position.
pub struct FrameReader<R> {
    input: R,
    header: FileHeader,
    format: WavFormat,
    options: DecompressOptions,
    /// Offset of the trailer in the lmz file.
    trailer: u64,
    /// All segments with samples of `range`, in order.
    segments: Vec<Entry>,
    /// The part of the file that is read.
    range: Range<u64>,
    /// Next frame.
    position: u64,
    /// Threads, and the number of segments that they have been given.
    decoding: Option<(Decoding<Entry>, usize)>,
    /// Bytes of the segment at hand, and the frame that it starts with.
    segment: (u64, Vec<u8>),
}

impl<R> std::fmt::Debug for FrameReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameReader")
            .field("format", &self.format)
            .field("range", &self.range)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek> FrameReader<R> {
    pub(super) fn new(
        mut input: R,
        range: impl RangeBounds<u64>,
        options: DecompressOptions,
    ) -> Result<Self> {
        let (tail, header, format) = open_tail(&mut input)?;
        let range = bounds(&range, tail.trailer.frames)?;
        let segments = blocks_with(&tail, &mut input, &range)?;
        Ok(FrameReader {
            input,
            header,
            format,
            options,
            trailer: tail.offset,
            segments,
            position: range.start,
            range,
            decoding: None,
            segment: (0, Vec::new()),
        })
    }

    /// Format of the samples.
    #[must_use]
    pub fn format(&self) -> AudioFormat {
        AudioFormat::from(&self.format)
    }

    /// The frames that can be read, counted from the start of the file.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The frame that is read next.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Continues reading at `frame` of the file, within [`FrameReader::range`].
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a frame outside it.
    pub fn seek(&mut self, frame: u64) -> Result<()> {
        if frame < self.range.start || frame > self.range.end {
            let Range { start, end } = self.range;
            let reason = format!("frame {frame}; frames {start} to {end} can be read");
            return Err(Error::OutOfRange(reason));
        }
        let (first, bytes) = &self.segment;
        let held = *first..first + (bytes.len() / self.format.frame_bytes()) as u64;
        if !held.contains(&frame) {
            self.decoding = None;
            self.segment = (0, Vec::new());
        }
        self.position = frame;
        Ok(())
    }

    /// Fills `samples` with whole frames of integers, channel by channel; returns the number of
    /// frames, which is 0 only at the end.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for floats, and where `samples` has no room for a frame;
    /// [`Error::Corrupt`] about a segment; [`Error::ModelMismatch`] and [`Error::Model`] about the
    /// model that it needs; [`Error::Io`].
    pub fn read_frames(&mut self, samples: &mut [i32]) -> Result<usize> {
        self.read(samples, wav::to_integers)
    }

    /// Like [`FrameReader::read_frames`], but as floats with a full scale of 1, whatever the format.
    ///
    /// # Errors
    /// Those of [`FrameReader::read_frames`].
    pub fn read_float_frames(&mut self, samples: &mut [f32]) -> Result<usize> {
        self.read(samples, wav::to_floats)
    }

    fn read<T>(
        &mut self,
        samples: &mut [T],
        convert: impl Fn(&[u8], SampleFormat, &mut [T]) -> Result<()>,
    ) -> Result<usize> {
        let channels = usize::from(self.format.channels);
        let room = samples.len() / channels;
        if room == 0 {
            let reason = format!("no room for a frame of {channels} channels");
            return Err(Error::OutOfRange(reason));
        }
        let mut done = 0;
        while done < room && self.position < self.range.end {
            let frame_bytes = self.format.frame_bytes();
            let held = (self.segment.1.len() / frame_bytes) as u64;
            let Some(skip) = self.position.checked_sub(self.segment.0).filter(|&n| n < held) else {
                self.next_segment()?;
                continue;
            };
            let left = (held - skip).min(self.range.end - self.position);
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(room - done);
            let bytes = &self.segment.1[skip as usize * frame_bytes..][..count * frame_bytes];
            let out = &mut samples[done * channels..][..count * channels];
            standard(|| convert(bytes, self.format.sample, out))?;
            done += count;
            self.position += count as u64;
        }
        Ok(done)
    }

    /// Decodes the segment that `position` is in.
    fn next_segment(&mut self) -> Result<()> {
        let position = self.position;
        let (decoding, next) = match &mut self.decoding {
            Some(decoding) => decoding,
            None => {
                let end = |entry: &Entry| entry.first_frame + u64::from(entry.frames);
                let first = self.segments.partition_point(|entry| end(entry) <= position);
                let decoding = Decoding::start(&self.header, &self.options)?;
                self.decoding.insert((decoding, first))
            }
        };
        let (input, header, segments) = (&mut self.input, &self.header, &self.segments);
        let source = || {
            let Some(&entry) = segments.get(*next) else { return Ok(None) };
            *next += 1;
            let (original_offset, block) = entry.read_block(input, header)?;
            let (number, offset) = (u64::from(entry.index), entry.offset);
            let block = Some((original_offset, block));
            Ok(Some(Job { tag: entry, number, offset, block, wanted: None }))
        };
        let trailer = self.trailer;
        let missing = || Error::corrupt(trailer, format!("no segment has frame {position}"));
        let (entry, decoded) = decoding.next(source, &mut ())?.ok_or_else(missing)?;
        let bytes = decoded.ok_or_else(missing)??;
        let end = entry.first_frame + u64::from(entry.frames);
        if !(entry.first_frame..end).contains(&position) {
            return Err(missing());
        }
        self.segment = (entry.first_frame, bytes);
        Ok(())
    }
}

/// The frames of a range, if a file of `total` frames has them.
fn bounds(range: &impl RangeBounds<u64>, total: u64) -> Result<Range<u64>> {
    let (start, end) = ends(range);
    let (start, end) = (start.unwrap_or(0), end.unwrap_or(total));
    if start > end || end > total {
        let reason = format!("frames {start} to {end}; the file has {total}");
        return Err(Error::OutOfRange(reason));
    }
    Ok(start..end)
}
