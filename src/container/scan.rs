//! What can still be found in a damaged file: every structure whose checksums are right.
//!
//! Blocks are found by their markers, so nothing depends on the bytes between them: whatever
//! was overwritten, lost or put in costs the blocks that it hit.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use super::block::{Block, BlockKind};
use super::block_header::BlockHeader;
use super::header::FileHeader;
use super::layout::{BLOCK_MARKER, TRAILER_MARKER};
use super::source::Source;
use super::tail::Tail;
use crate::error::{Error, Result};

/// Payloads that were read for nothing may take this many times the file's length, and
/// [`WASTE_ALLOWED`] bytes: a file made of headers that each cover what follows would take
/// for ever otherwise.
const WASTE_FACTOR: u64 = 4;
const WASTE_ALLOWED: u64 = 256 << 20;

/// A block whose header is sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Offset of its marker in the lmz file, in bytes.
    pub offset: u64,
    /// Bytes that it takes in the lmz file.
    pub coded_length: u64,
    /// Offset of its first byte in the original.
    pub original_offset: u64,
    /// Number of original bytes that it decodes to.
    pub original_length: u32,
    /// Number of frames that it decodes to; 0 for foreign bytes.
    pub frames: u32,
    /// CRC-32 of those bytes.
    pub original_crc: u32,
    /// What it holds.
    pub kind: BlockKind,
    /// Whether its payload is sound too.
    pub intact: bool,
}

impl Found {
    /// Offset in the original of the byte after the block.
    pub fn original_end(&self) -> u64 {
        self.original_offset + u64::from(self.original_length)
    }
}

/// What a scan has found.
#[derive(Debug)]
pub struct Scan<R> {
    input: BufReader<R>,
    /// The file header, or the trailer's copy of it.
    pub header: FileHeader,
    /// What is wrong with the file header itself.
    pub header_damage: Option<Error>,
    /// The trailer.
    pub tail: Option<Tail>,
    /// What is wrong with the end of the file, even if a trailer was found.
    pub tail_damage: Option<Error>,
    /// Blocks in their order in the lmz file. Some may cover the same bytes of the original.
    pub blocks: Vec<Found>,
}

impl<R: Read + Seek> Scan<R> {
    /// Looks for everything that is left of a file.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::NotLmz`] if neither the file header nor the trailer's
    /// copy is sound; [`Error::Unsupported`] if they are and say so; [`Error::Limit`] if the
    /// file is made to waste time.
    pub fn new(mut input: R) -> Result<Self> {
        let length = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        let mut input = BufReader::new(input);
        let (mut tail, mut tail_damage) = match Tail::read(&mut input) {
            Ok(tail) => (Some(tail), None),
            Err(error) => (None, Some(unless_hard(error)?)),
        };
        if tail.is_none() {
            tail = find_tail(&mut input, length)?;
        }
        input.rewind()?;
        let (header, header_damage) = match (FileHeader::read(&mut Source::new(&mut input)), &tail)
        {
            (Ok((header, _)), _) => (header, None),
            // Sound, and of another version: so is the trailer.
            (Err(error @ Error::Unsupported { .. }), _) => return Err(error),
            (Err(error), Some(tail)) => (tail.header.clone(), Some(unless_hard(error)?)),
            (Err(error), None) => return Err(error),
        };
        if let Some(other) = tail.take_if(|tail| tail.header != header) {
            // Two files in one: the blocks of the first are what its header is about.
            let reason = "the trailer belongs to another file";
            tail_damage = Some(Error::corrupt(other.offset, reason));
        }
        let mut scan = Scan { input, header, header_damage, tail, tail_damage, blocks: Vec::new() };
        scan.find_blocks(length)?;
        Ok(scan)
    }

    /// Reads a block again, with its payload.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is not intact.
    pub fn read(&mut self, found: &Found) -> Result<Block> {
        self.input.seek(SeekFrom::Start(found.offset + BLOCK_MARKER.len() as u64))?;
        let mut source = Source::at(&mut self.input, found.offset + BLOCK_MARKER.len() as u64);
        BlockHeader::read(&mut source, found.offset)?.read_payload(&mut source, found.frames)
    }

    /// The input, for reading a trailer.
    pub fn input(&mut self) -> &mut (impl Read + Seek + use<R>) {
        &mut self.input
    }

    fn find_blocks(&mut self, length: u64) -> Result<()> {
        let mut waste = WASTE_ALLOWED.saturating_add(length.saturating_mul(WASTE_FACTOR));
        let mut position = 0;
        while let Some(offset) = find(&mut self.input, position, length, &BLOCK_MARKER)? {
            position = offset + 1;
            let mut source = Source::at(&mut self.input, offset + BLOCK_MARKER.len() as u64);
            let end = self.tail.as_ref().map_or(u64::MAX, |tail| tail.trailer.original_length);
            let found = match probe(&mut source, &self.header, offset, end) {
                Ok(found) => found,
                Err(error) => {
                    unless_hard(error)?;
                    continue;
                }
            };
            if found.intact {
                position = offset + found.coded_length;
            } else {
                waste = waste.checked_sub(found.coded_length).ok_or_else(|| Error::Limit {
                    offset,
                    reason: "too many blocks that claim the same bytes".to_owned(),
                })?;
            }
            self.blocks.push(found);
        }
        Ok(())
    }
}

/// Errors that are not about the contents of the file end a scan.
fn unless_hard(error: Error) -> Result<Error> {
    match error {
        Error::Corrupt { .. }
        | Error::Limit { .. }
        | Error::NotLmz { .. }
        | Error::Unsupported { .. } => Ok(error),
        other => Err(other),
    }
}

/// The block whose marker has just been read at `offset`, if its header is sound
/// and the block belongs to an original of `length` bytes.
fn probe<R: Read>(
    source: &mut Source<R>,
    file: &FileHeader,
    offset: u64,
    length: u64,
) -> Result<Found> {
    let header = BlockHeader::read(source, offset)?;
    let frames = header.check(file, offset)?;
    let original_end = header.original_offset + u64::from(header.original_length);
    if original_end > length {
        // Part of another lmz file inside a lost block.
        return Err(Error::corrupt(offset, "a block that does not belong there"));
    }
    let intact = match header.read_payload(source, frames) {
        Ok(_) => true,
        Err(error) => {
            unless_hard(error)?;
            false
        }
    };
    Ok(Found {
        offset,
        coded_length: header.coded_length(),
        original_offset: header.original_offset,
        original_length: header.original_length,
        frames,
        original_crc: header.original_crc,
        kind: header.kind,
        intact,
    })
}

/// A sound trailer anywhere in a file of `length` bytes: the last one.
fn find_tail<R: Read + Seek>(input: &mut BufReader<R>, length: u64) -> Result<Option<Tail>> {
    let mut waste = WASTE_ALLOWED.saturating_add(length.saturating_mul(WASTE_FACTOR));
    let (mut position, mut last) = (0, None);
    while let Some(offset) = find(input, position, length, &TRAILER_MARKER)? {
        position = offset + 1;
        match Tail::read_at(input, offset) {
            Ok(tail) => last = Some(tail),
            Err(error) => {
                unless_hard(error)?;
                let read = input.stream_position()?.saturating_sub(offset);
                let Some(left) = waste.checked_sub(read) else { break };
                waste = left;
            }
        }
    }
    Ok(last)
}

/// Offset of the first `marker` at or after `position` that starts before `end`; the input stands
/// behind it then. What an input has beyond the end that it named when it was opened is not read: a
/// device that never ends (`/dev/zero`) says 0.
fn find<R: Read + Seek>(
    input: &mut BufReader<R>,
    mut position: u64,
    end: u64,
    marker: &[u8; 4],
) -> Result<Option<u64>> {
    seek_to(input, position)?;
    while position < end {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let Some(at) = buffer.iter().position(|&byte| byte == marker[0]) else {
            let length = buffer.len();
            position += length as u64;
            input.consume(length);
            continue;
        };
        input.consume(at);
        position += at as u64;
        let mut found = [0; 4];
        let got = Source::at(&mut *input, position).fill_up_to(&mut found)?;
        if found == *marker {
            return Ok(Some(position));
        }
        if got < found.len() {
            break;
        }
        position += 1;
        seek_to(input, position)?;
    }
    Ok(None)
}

/// Seeks without giving up the buffer.
fn seek_to<R: Read + Seek>(input: &mut BufReader<R>, position: u64) -> Result<()> {
    let now = input.stream_position()?;
    Ok(input.seek_relative(position as i64 - now as i64)?)
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
