//! A long file decoded in parts, each on its own, on another machine perhaps, and put together.
//!
//! [`restore`] walks the whole file as [`decompress`](super::decompress) does, and takes from the parts the samples
//! of each segment whose checksum they have; what is in no part it decodes. Parts save time, and change
//! nothing else.

use std::io::{self, Read, Seek, Write};
use std::ops::Range;

use super::decompress::Restoring;
use super::extract::{decode, open_tail};
use super::{DecompressOptions, Summary};
use crate::container::{Block, Entry};
use crate::error::Result;
use crate::observer::Observer;

/// The samples of the segments that start in `frames`, as in the original.
///
/// # Errors
/// Those of [`extract`](super::extract()).
pub fn decode_part(
    mut input: impl Read + Seek,
    frames: Range<u64>,
    options: &DecompressOptions,
    observer: &mut dyn Observer,
) -> Result<Vec<u8>> {
    let (tail, header, _) = open_tail(&mut input)?;
    let mut segments = Vec::new();
    tail.entries(&mut input, |entry| {
        if entry.frames > 0 && frames.contains(&entry.first_frame) {
            segments.push(entry);
        }
        Ok(())
    })?;
    let mut samples = Vec::new();
    let all = |entry: &Entry| u64::from(entry.frames);
    decode(&mut input, &header, segments, all, options, observer, |_, bytes| {
        samples.extend_from_slice(bytes);
        options.check_output(samples.len() as u64)
    })?;
    Ok(samples)
}

/// Decompresses a file of which parts are decoded: `parts`, in order, from the first frame on.
///
/// # Errors
/// That of `parts`; those of [`decompress`](super::decompress).
pub fn restore(
    input: impl Read,
    mut output: impl Write,
    options: &DecompressOptions,
    parts: impl Iterator<Item = io::Result<Vec<u8>>>,
    observer: &mut dyn Observer,
) -> Result<Summary> {
    let mut restoring = Restoring::start(input, options)?;
    let mut samples = Samples { parts, part: Vec::new(), used: 0 };
    while let Some(bytes) = restoring.next(|block| samples.of(block), observer)? {
        output.write_all(&bytes)?;
        output.flush()?;
    }
    Ok(restoring.summary)
}

/// The samples of parts, in order.
struct Samples<I> {
    parts: I,
    part: Vec<u8>,
    /// Bytes of it that belong to earlier segments.
    used: usize,
}

impl<I: Iterator<Item = io::Result<Vec<u8>>>> Samples<I> {
    /// The bytes of a segment, if they are there; no segment is in two parts.
    fn of(&mut self, block: &Block) -> Result<Option<Vec<u8>>> {
        if !block.kind.is_audio() {
            return Ok(None);
        }
        while self.used == self.part.len() {
            let Some(part) = self.parts.next().transpose()? else { return Ok(None) };
            (self.part, self.used) = (part, 0);
        }
        let end = self.used + block.original_length as usize;
        let bytes = self.part.get(self.used..end).unwrap_or_default();
        self.used = end.min(self.part.len());
        Ok((crc32fast::hash(bytes) == block.original_crc).then(|| bytes.to_vec()))
    }
}
