//! The input of `compress`: spans that become blocks, with the file header's part known
//! before the first of them.

use std::collections::VecDeque;
use std::io::Read;

use super::block_encoder::Encoded;
use super::cuts;
use super::pool::Job;
use crate::container::ContentHash;
use crate::error::Result;
use crate::wav::{SegmentLimit, Span, WavFormat, WavReader};

/// How many foreign bytes may precede the format of the samples. The file header cannot be
/// written before the format is known, and memory is bounded: samples behind more than this
/// are kept as foreign bytes.
const LOOKAHEAD: usize = 16 << 20;

/// A span, and where it stands.
pub(super) struct PlacedSpan {
    /// Number of spans, and so of blocks, before it.
    pub(super) number: u64,
    /// Offset of its first byte in the original.
    pub(super) offset: u64,
    pub(super) span: Span,
    /// Its coded form, if that is there already.
    pub(super) known: Option<Encoded>,
}

impl Job for PlacedSpan {
    fn block_number(&self) -> u64 {
        self.number
    }
}

/// Gives spans that follow each other their places.
#[derive(Default)]
pub(super) struct Placer {
    number: u64,
    offset: u64,
}

impl Placer {
    pub(super) fn place(&mut self, span: Span) -> PlacedSpan {
        let placed = PlacedSpan { number: self.number, offset: self.offset, span, known: None };
        self.number += 1;
        self.offset += span_bytes(&placed.span).len() as u64;
        placed
    }
}

/// Spans of a file, hashed on their way.
pub(super) struct Spans<R> {
    reader: WavReader<R>,
    limit: SegmentLimit,
    /// Spans read but not given out yet.
    pending: VecDeque<Span>,
    /// Where the next one stands.
    placer: Placer,
    /// Hash of the original, as far as `reader` has handed it out.
    hasher: blake3::Hasher,
}

impl<R: Read> Spans<R> {
    /// Of a file with headers, or of raw samples of a format.
    ///
    /// # Errors
    /// Those of [`WavReader::new`].
    pub(super) fn new(input: R, limit: SegmentLimit, raw: Option<WavFormat>) -> Result<Self> {
        let reader = match raw {
            Some(format) => WavReader::raw(input, format),
            None => WavReader::new(input)?,
        };
        Ok(Spans {
            reader,
            limit,
            pending: VecDeque::new(),
            placer: Placer::default(),
            hasher: blake3::Hasher::new(),
        })
    }

    /// Reads on until the format of the samples is known; `None` when the file has no
    /// samples, or has them too far from the start.
    pub(super) fn find_format(&mut self) -> Result<Option<WavFormat>> {
        let mut seen = 0;
        while self.reader.format().is_none() && seen < LOOKAHEAD {
            let bytes = self.read()?;
            if bytes == 0 {
                break;
            }
            seen += bytes;
        }
        Ok(self.reader.format().copied())
    }

    /// The next span; of audio, a segment or a piece of one.
    pub(super) fn next(&mut self) -> Result<Option<PlacedSpan>> {
        if self.pending.is_empty() {
            self.read()?;
        }
        let span = self.pending.pop_front();
        Ok(span.map(|span| self.placer.place(span)))
    }

    /// Reads a span; the number of its bytes, 0 at the end.
    fn read(&mut self) -> Result<usize> {
        let Some(span) = self.reader.next_span(self.limit)? else { return Ok(0) };
        let bytes = span_bytes(&span).len();
        self.hasher.update(span_bytes(&span));
        self.pending.extend(pieces(span, self.reader.format()));
        Ok(bytes)
    }

    /// Hash of all bytes handed out so far.
    pub(super) fn hash(&self) -> ContentHash {
        ContentHash::finish(&self.hasher)
    }
}

/// A segment in the pieces that it is best cut into; foreign bytes as they are.
pub(super) fn pieces(span: Span, format: Option<&WavFormat>) -> Vec<Span> {
    let lengths = match (&span, format) {
        (Span::Audio { bytes }, Some(format)) => cuts::pieces(bytes, format),
        _ => Vec::new(),
    };
    if lengths.len() < 2 {
        return vec![span];
    }
    let mut rest = span_bytes(&span);
    let mut pieces = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (piece, after) = rest.split_at(length);
        pieces.push(Span::Audio { bytes: piece.to_vec() });
        rest = after;
    }
    pieces
}

pub(super) fn span_bytes(span: &Span) -> &[u8] {
    match span {
        Span::Foreign(bytes) | Span::Audio { bytes } => bytes,
    }
}
