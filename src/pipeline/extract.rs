//! A part of a file, decoded without the rest.

use std::io::{Read, Seek, Write};
use std::ops::{Bound, Range, RangeBounds};

use super::DecompressOptions;
use super::decoding::{Decoding, Job};
use crate::container::{Entry, FileHeader, Reader, Tail};
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::wav::{self, WavFormat};

/// A point in the audio of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// Number of frames before it.
    Frame(u64),
    /// Time from the start, in nanoseconds: stands for the last frame that starts at this time or before.
    Nanoseconds(u64),
}

impl Position {
    fn frame(self, format: &WavFormat) -> Result<u64> {
        match self {
            Position::Frame(frame) => Ok(frame),
            Position::Nanoseconds(time) => format.frame_at(time).ok_or_else(|| {
                Error::OutOfRange(
                    "the file does not declare a rate: give frames instead of times".to_owned(),
                )
            }),
        }
    }
}

/// First frame of a range and the first behind it; `None` where the range has no such bound.
pub(super) fn ends(range: &impl RangeBounds<u64>) -> (Option<u64>, Option<u64>) {
    let start = match range.start_bound() {
        Bound::Included(&start) => Some(start),
        Bound::Excluded(&start) => Some(start.saturating_add(1)),
        Bound::Unbounded => None,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => Some(end.saturating_add(1)),
        Bound::Excluded(&end) => Some(end),
        Bound::Unbounded => None,
    };
    (start, end)
}

/// Result of [`extract`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Extract {
    /// Number of frames before the part.
    pub first_frame: u64,
    /// Number of frames in it.
    pub frames: u64,
    /// Number of blocks that were decoded for it.
    pub segments: u32,
    /// Bytes written.
    pub written_bytes: u64,
    /// Whether the requested end was past the end of the file.
    pub to_past_end: bool,
}

/// Writes the frames from one position up to, but not including, another as a
/// file of the original's type with a plain header; `None` means the start or the end of the audio. A
/// position past the end means the end.
///
/// Only the segments needed are read and decoded, the last one only as far as needed. This also works with
/// a damaged file header. The checksums of the coded bytes are checked, and those of the samples
/// in segments that are decoded completely; that of the whole file cannot be.
///
/// # Errors
/// [`Error::OutOfRange`] if the file does not have these frames; [`Error::Corrupt`] if the
/// trailer or a segment needed is damaged; those of [`decompress`](super::decompress).
pub fn extract(
    mut input: impl Read + Seek,
    mut output: impl Write,
    part: (Option<Position>, Option<Position>),
    options: &DecompressOptions,
    observer: &mut dyn Observer,
) -> Result<Extract> {
    let (tail, header, format) = open_tail(&mut input)?;
    let (frames, to_past_end) = resolve(part, &format, tail.trailer.frames)?;
    let count = frames.end - frames.start;
    let head = wav::canonical_header(&format, count);
    let padding = wav::padding(&format, count);
    let bytes = count.saturating_mul(format.frame_bytes() as u64);
    let written_bytes = bytes.saturating_add(head.len() as u64 + padding);
    options.check_output(written_bytes)?;

    let needed = blocks_with(&tail, &mut input, &frames)?;
    let segments = needed.len() as u32;
    output.write_all(&head)?;
    // Frames of a block up to the last one needed.
    let until = |entry: &Entry| (frames.end - entry.first_frame).min(u64::from(entry.frames));
    decode(&mut input, &header, needed, until, options, observer, |entry, bytes| {
        let start = frames.start.saturating_sub(entry.first_frame);
        let end = until(entry);
        let frame_bytes = format.frame_bytes();
        Ok(output.write_all(&bytes[start as usize * frame_bytes..end as usize * frame_bytes])?)
    })?;
    output.write_all(&vec![0; padding as usize])?;
    output.flush()?;
    Ok(Extract { first_frame: frames.start, frames: count, segments, written_bytes, to_past_end })
}

/// What an lmz file that has samples says of itself at its end.
///
/// # Errors
/// [`Error::OutOfRange`] if it has none; those of [`open_ends`].
pub(super) fn open_tail(input: &mut (impl Read + Seek)) -> Result<(Tail, FileHeader, WavFormat)> {
    let (tail, header) = open_ends(input)?;
    match header.audio {
        Some(audio) => Ok((tail, header, audio.format)),
        None => Err(Error::OutOfRange("the file has no samples".to_owned())),
    }
}

/// The trailer of an lmz file, and its header.
///
/// # Errors
/// [`Error::NotLmz`], [`Error::Corrupt`], [`Error::Unsupported`], [`Error::Io`].
pub(super) fn open_ends(input: &mut (impl Read + Seek)) -> Result<(Tail, FileHeader)> {
    let tail = Tail::read(input).map_err(|error| foreign(input).unwrap_or(error))?;
    let header = tail.file_header(input)?;
    Ok((tail, header))
}

/// The error for a file without a trailer that does not start as an lmz file either.
fn foreign(input: &mut (impl Read + Seek)) -> Option<Error> {
    input.rewind().ok()?;
    Reader::new(input).err().filter(|error| matches!(error, Error::NotLmz(_)))
}

/// Decodes blocks, each as far as `until` says at least, and hands their bytes to `sink`, in order.
pub(super) fn decode(
    input: &mut (impl Read + Seek),
    header: &FileHeader,
    blocks: Vec<Entry>,
    until: impl Fn(&Entry) -> u64,
    options: &DecompressOptions,
    observer: &mut dyn Observer,
    mut sink: impl FnMut(&Entry, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut decoding = Decoding::start(header, options)?;
    let mut blocks = blocks.into_iter();
    let mut source = || {
        let Some(entry) = blocks.next() else { return Ok(None) };
        let (original_offset, block) = entry.read_block(input, header)?;
        let wanted = Some(until(&entry) as u32);
        let (number, offset) = (u64::from(entry.index), entry.offset);
        let block = Some((original_offset, block));
        Ok(Some(Job { tag: entry, number, offset, block, wanted }))
    };
    while let Some((entry, decoded)) = decoding.next(&mut source, observer)? {
        let bytes = decoded.unwrap_or(Ok(Vec::new()))?;
        sink(&entry, &bytes)?;
    }
    Ok(())
}

/// The frames of a part, if the file has them, and whether `to` is past the end.
fn resolve(
    (from, to): (Option<Position>, Option<Position>),
    format: &WavFormat,
    total: u64,
) -> Result<(Range<u64>, bool)> {
    let start = from.map_or(Ok(0), |from| from.frame(format))?;
    let wanted = to.map_or(Ok(total), |to| to.frame(format))?;
    let end = wanted.min(total);
    let out_of_range = |reason: String| Err(Error::OutOfRange(reason));
    let seconds = format.seconds(total);
    if start > total {
        return out_of_range(format!(
            "frame {start} was requested, but the file has {total} frames ({seconds:.3} s)"
        ));
    }
    if start >= end {
        return out_of_range(format!(
            "there is nothing between frames {start} and {end} of {total} ({seconds:.3} s)"
        ));
    }
    Ok((start..end, wanted > total))
}

/// The entries of the blocks that hold `frames`.
pub(super) fn blocks_with(
    tail: &Tail,
    input: &mut (impl Read + Seek),
    frames: &Range<u64>,
) -> Result<Vec<Entry>> {
    let mut needed = Vec::new();
    tail.entries(input, |entry| {
        let end = entry.first_frame + u64::from(entry.frames);
        if entry.frames > 0 && entry.first_frame < frames.end && end > frames.start {
            needed.push(entry);
        }
        Ok(())
    })?;
    Ok(needed)
}
