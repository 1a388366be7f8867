//! The lmz container: a file header, blocks, a trailer (`format-spec/lmz-format.md`).
//!
//! Both directions stream: nothing is read or written out of order, so pipes work, and a
//! block can be found and decoded without the rest of the file. What was given up for that:
//! the header cannot say how long the file is, and a block header repeats its own position.

mod audio_format;
mod block;
mod block_header;
mod content_hash;
mod fields;
pub(crate) mod fingerprint;
mod header;
pub mod layout;
mod scan;
mod source;
mod table;
mod tail;
mod trailer;
#[cfg(any(test, fuzzing))]
pub(crate) mod unsealed;

use std::io::{Read, Write};

pub use block::{Block, BlockKind, Place};
pub use content_hash::ContentHash;
pub use header::{Audio, FileHeader};
pub use scan::{Found, Scan};
pub use tail::{Entry, Tail};
pub use trailer::Trailer;

use crate::error::{Error, Result};
use block_header::BlockHeader;
use source::Source;
#[cfg(any(test, fuzzing))]
pub(crate) use source::without_codes;
use table::{TableEntry, TableSum};

/// Writes a container.
pub struct Writer<W> {
    inner: W,
    /// Body of the file header, for the trailer's copy.
    header_body: Vec<u8>,
    place: Place,
    /// Segment table so far: one entry per block.
    table: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Starts a container with its header.
    ///
    /// # Errors
    /// [`Error::Limit`] for an oversized fingerprint, [`Error::Io`] from `inner`.
    pub fn new(mut inner: W, header: &FileHeader) -> Result<Self> {
        let bytes = header.to_bytes()?;
        inner.write_all(&bytes)?;
        let place = Place { offset: bytes.len() as u64, ..Place::default() };
        let header_body = header::body_of(&bytes).to_vec();
        Ok(Writer { inner, header_body, place, table: Vec::new() })
    }

    /// Appends a block.
    ///
    /// # Errors
    /// [`Error::Limit`] for too many blocks, [`Error::Io`] from the output.
    pub fn write_block(&mut self, block: &Block) -> Result<()> {
        let header = BlockHeader::of(block, self.place.original_offset);
        self.inner.write_all(&header.to_bytes())?;
        self.inner.write_all(&block.stream)?;
        self.inner.write_all(&block.lsb)?;
        TableEntry::of(block, self.place.original_offset).put(&mut self.table);
        self.place = self.place.after(block)?;
        Ok(())
    }

    /// Ends the container and flushes the output; returns the trailer and the length of the
    /// lmz file in bytes. `hash` is that of the original.
    ///
    /// # Errors
    /// [`Error::Io`] from the output.
    pub fn finish(mut self, hash: ContentHash) -> Result<(Trailer, u64)> {
        let trailer = Trailer {
            blocks: self.place.index,
            original_length: self.place.original_offset,
            frames: self.place.first_frame,
            hash,
        };
        let bytes = trailer.to_bytes(&self.header_body, &self.table)?;
        self.inner.write_all(&bytes)?;
        self.inner.flush()?;
        Ok((trailer, self.place.offset + bytes.len() as u64))
    }
}

/// Reads a container and checks everything that can be checked without decoding.
pub struct Reader<R> {
    source: Source<R>,
    header: FileHeader,
    /// Its body, as the trailer has to repeat it.
    header_body: Vec<u8>,
    header_length: u64,
    place: Place,
    /// Of the segment table that the blocks read so far call for.
    table: TableSum,
    trailer: Option<Trailer>,
}

impl<R: Read> Reader<R> {
    /// Reads the file header.
    ///
    /// # Errors
    /// [`Error::NotLmz`] for anything else than an lmz file, [`Error::Unsupported`] for one
    /// from the future, [`Error::Corrupt`] and [`Error::Limit`] for a damaged one.
    pub fn new(inner: R) -> Result<Self> {
        let mut source = Source::new(inner);
        let (header, header_body) = FileHeader::read(&mut source)?;
        let header_length = source.position;
        let place = Place { offset: header_length, ..Place::default() };
        let table = TableSum::default();
        Ok(Reader { source, header, header_body, header_length, place, table, trailer: None })
    }

    /// What it reads from, wherever that stands.
    pub fn into_inner(self) -> R {
        self.source.into_inner()
    }

    /// The file header.
    pub fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Length of the file header in bytes.
    pub fn header_length(&self) -> u64 {
        self.header_length
    }

    /// Number of bytes of the lmz file that have been read.
    pub fn position(&self) -> u64 {
        self.source.position
    }

    /// The trailer, once [`Reader::next_block`] has returned `None`.
    pub fn trailer(&self) -> Option<&Trailer> {
        self.trailer.as_ref()
    }

    /// The next block and its place, or `None` after a complete and consistent trailer.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Limit`] or [`Error::Unsupported`] as for the header. The
    /// reader is not usable after an error.
    pub fn next_block(&mut self) -> Result<Option<(Place, Block)>> {
        if self.trailer.is_some() {
            return Ok(None);
        }
        let mut marker = [0; 4];
        self.source.fill(&mut marker, "file: no trailer")?;
        match marker {
            layout::BLOCK_MARKER => {
                let place = self.place;
                let block = Block::read(&mut self.source, &self.header, place)?;
                let mut entry = Vec::new();
                TableEntry::of(&block, place.original_offset).put(&mut entry);
                self.table.update(&entry);
                self.place = place.after(&block)?;
                Ok(Some((place, block)))
            }
            layout::TRAILER_MARKER => {
                let (source, body) = (&mut self.source, &self.header_body);
                self.trailer = Some(Trailer::read(source, self.place, body, &self.table)?);
                Ok(None)
            }
            other => Err(Error::corrupt(
                self.place.offset,
                format!("neither a block nor the trailer starts with {other:02x?}"),
            )),
        }
    }
}
