//! A long file in parts, each coded on its own, on another machine perhaps, and joined to the bytes that
//! [`compress`](super::compress) writes.
//!
//! Blocks do not depend on each other, but where a file has them, and whether it names its model, can only be
//! told from all of it. So [`join`] walks the whole file as `compress` does, and takes from the parts the block
//! of each segment that has the place and the content of one there; what is in no part it codes. Parts
//! save time, and change nothing else.

use std::io::{self, Cursor, Read, Write};

use super::block_encoder::Encoded;
use super::compress::Encoding;
use super::spans::{PlacedSpan, Spans};
use super::{CompressOptions, Summary};
use crate::container::{Block, ContentHash, FileHeader, Reader, Writer};
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::wav::Span;

/// Bytes before the samples of a file that is cut into parts, at most: every part needs them.
const MAX_HEAD: usize = 1 << 20;

/// Where a file can be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// Everything before the samples.
    pub head: Vec<u8>,
    /// Bytes of a segment: parts are some of these, the last one what is left.
    pub segment_bytes: u64,
}

/// Reads the start of a file; `None` if it does not begin, within a megabyte, with what says how its samples
/// are laid out, and then samples.
///
/// # Errors
/// Those of [`compress`](super::compress).
pub fn cut(input: impl Read, options: &CompressOptions) -> Result<Option<Cut>> {
    let limit = options.segment_limit();
    let mut spans = Spans::new(input, limit, options.raw)?;
    let mut head = Vec::new();
    loop {
        match spans.next()?.map(|placed| placed.span) {
            Some(Span::Foreign(bytes)) if head.len() + bytes.len() <= MAX_HEAD => {
                head.extend(bytes)
            }
            Some(Span::Audio { .. }) => break,
            _ => return Ok(None),
        }
    }
    let format = spans.find_format()?;
    // Where the format follows the samples, no part would know it.
    let of_head = Spans::new(head.as_slice(), limit, options.raw)?.find_format()?;
    Ok(format.filter(|_| format == of_head).map(|format| Cut {
        segment_bytes: (limit.frames(&format) * format.frame_bytes()) as u64,
        head,
    }))
}

/// Codes a part of a file with that `head`, in a form for [`join`].
///
/// It is a container, for its checksums: of each segment the block without the language model, and, where
/// it is shorter, the one with it. Only the whole file tells which of them it takes.
///
/// # Errors
/// [`Error::OutOfRange`] for a model with lanes, because a segment's lane depends on its place in the file;
/// those of [`compress`](super::compress).
pub fn encode_part(
    head: &[u8],
    samples: impl Read,
    options: &CompressOptions,
    observer: &mut dyn Observer,
) -> Result<Vec<u8>> {
    if options.model.as_ref().is_some_and(|model| model.lanes() > 1) {
        return Err(Error::OutOfRange("a model with lanes codes a file as a whole".to_owned()));
    }
    let limit = options.segment_limit();
    let format = Spans::new(head, limit, options.raw)?.find_format()?;
    let Some(format) = format else {
        return Err(Error::OutOfRange("the head does not say what the samples are".to_owned()));
    };
    let mut spans = Spans::new(samples, limit, Some(format))?;
    let mut encoding = Encoding::start(io::sink(), Some(format), options.clone())?;
    let mut part = Vec::new();
    let mut writer = Writer::new(&mut part, encoding.writer.header())?;
    while let Some(Encoded { plain, modelled }) = encoding.pool.next(|| spans.next(), observer)? {
        // A part that goes beyond the samples may end within a frame.
        if plain.kind.is_audio() {
            writer.write_block(&plain)?;
            modelled.map_or(Ok(()), |modelled| writer.write_block(&modelled))?;
        }
    }
    writer.finish(ContentHash::default())?;
    Ok(part)
}

/// Compresses a file of which parts are coded: `parts`, in order, from the first sample on.
///
/// The bytes written are those of [`compress`](super::compress), whatever parts there are.
///
/// # Errors
/// [`Error::OutOfRange`] for a part that was coded with other options; that of `parts`; those of
/// [`compress`](super::compress).
pub fn join(
    input: impl Read,
    output: impl Write,
    options: &CompressOptions,
    parts: impl Iterator<Item = io::Result<Vec<u8>>>,
    observer: &mut dyn Observer,
) -> Result<Summary> {
    let (encoding, spans) = Encoding::of_file(input, output, options)?;
    let header = encoding.writer.header().clone();
    let mut coded = Coded { parts, header, part: None, ahead: None, found: None, next: None };
    encoding.run(spans, |placed| coded.find(placed), observer)
}

/// The blocks of parts, in order.
struct Coded<I> {
    parts: I,
    /// As all parts must have it.
    header: FileHeader,
    part: Option<Reader<Cursor<Vec<u8>>>>,
    /// A block that was read and not used.
    ahead: Option<Block>,
    /// A segment that was read and not used, and its place in the original.
    found: Option<(u64, Encoded)>,
    /// The place of the one after it, once the first is known.
    next: Option<u64>,
}

impl<I: Iterator<Item = io::Result<Vec<u8>>>> Coded<I> {
    /// The coded form of a segment, if it is there.
    fn find(&mut self, placed: &PlacedSpan) -> Result<Option<Encoded>> {
        let Span::Audio { bytes } = &placed.span else { return Ok(None) };
        let mut next = *self.next.get_or_insert(placed.offset);
        loop {
            let found = match self.found.take() {
                Some(found) => Some(found),
                None => self.segment()?.map(|encoded| {
                    let place = next;
                    next += u64::from(encoded.plain.original_length);
                    (place, encoded)
                }),
            };
            self.next = Some(next);
            let Some((place, encoded)) = found else { return Ok(None) };
            let plain = &encoded.plain;
            let same = place == placed.offset
                && u64::from(plain.original_length) == bytes.len() as u64
                && plain.original_crc == crc32fast::hash(bytes);
            if same {
                return Ok(Some(encoded));
            }
            if place >= placed.offset {
                self.found = Some((place, encoded));
                return Ok(None);
            }
        }
    }

    /// The next segment, with and without the model.
    fn segment(&mut self) -> Result<Option<Encoded>> {
        let Some(plain) = self.block()? else { return Ok(None) };
        self.ahead = self.block()?;
        Ok(Some(Encoded { plain, modelled: self.ahead.take_if(|block| block.uses_lm) }))
    }

    fn block(&mut self) -> Result<Option<Block>> {
        if let Some(block) = self.ahead.take() {
            return Ok(Some(block));
        }
        loop {
            if let Some((_, block)) = self.part.as_mut().map_or(Ok(None), Reader::next_block)? {
                return Ok(Some(block));
            }
            let Some(part) = self.parts.next().transpose()? else { return Ok(None) };
            let part = Reader::new(Cursor::new(part))?;
            if *part.header() != self.header {
                return Err(Error::OutOfRange("a part was coded with other options".to_owned()));
            }
            self.part = Some(part);
        }
    }
}
