//! The trailer and the footer (§6): what is known only when all blocks have been written.

use std::io::Read;

use super::block::Place;
use super::content_hash::ContentHash;
use super::fields::{Fields, put_number};
use super::layout::{CRC_LENGTH, END_MARKER, FOOTER_LENGTH, TRAILER_MARKER, TRAILER_PREFIX_LENGTH};
use super::source::{Source, check_crc};
use super::table::TableSum;
use crate::error::{Error, Result};

/// Bytes of the segment table that are in memory at a time.
const CHUNK: u64 = 1 << 15;

/// Totals over all blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Number of blocks.
    pub blocks: u32,
    /// Length of the original, in bytes.
    pub original_length: u64,
    /// Number of frames in the audio blocks.
    pub frames: u64,
    /// Hash of the original.
    pub hash: ContentHash,
}

/// The trailer up to the segment table, as it is in the file.
pub(super) struct TrailerStart {
    /// Totals; the frames are those of the table, and 0 until it is read.
    pub(super) trailer: Trailer,
    /// The copy of the file header's body, and its offset in the lmz file.
    pub(super) header_body: Vec<u8>,
    pub(super) body_offset: u64,
    /// CRC-32 of all bytes so far.
    pub(super) crc: crc32fast::Hasher,
}

impl TrailerStart {
    /// Reads what follows the marker of the trailer at `offset` of the lmz file.
    pub(super) fn read<R: Read>(source: &mut Source<R>, offset: u64) -> Result<Self> {
        let mut length = [0; 2];
        source.fill(&mut length, "trailer")?;
        let bytes = source.take(usize::from(u16::from_le_bytes(length)), "trailer")?;
        let mut crc = crc32fast::Hasher::new();
        for part in [&TRAILER_MARKER[..], &length, &bytes] {
            crc.update(part);
        }
        let mut fields = Fields::new(&bytes, offset + TRAILER_PREFIX_LENGTH as u64, "trailer");
        let (blocks, original_length) = (fields.number()?, fields.number()?);
        let hash = ContentHash::from_bytes(fields.array()?);
        let trailer = Trailer { blocks, original_length, frames: 0, hash };
        let body_offset = fields.offset();
        let header_body = fields.rest().to_vec();
        Ok(TrailerStart { trailer, header_body, body_offset, crc })
    }
}

impl Trailer {
    /// Bytes of trailer and footer; `header_body` is the body of the file header, `table` the
    /// concatenation of the blocks' entries.
    pub(super) fn to_bytes(&self, header_body: &[u8], table: &[u8]) -> Result<Vec<u8>> {
        let mut fields = Vec::new();
        put_number(&mut fields, self.blocks);
        put_number(&mut fields, self.original_length);
        fields.extend_from_slice(self.hash.as_bytes());
        fields.extend_from_slice(header_body);
        let mut out = TRAILER_MARKER.to_vec();
        out.extend_from_slice(&(fields.len() as u16).to_le_bytes());
        out.extend_from_slice(&fields);
        out.extend_from_slice(table);
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        let length = out.len() as u64;
        out.extend_from_slice(&footer(length)?);
        Ok(out)
    }

    /// Reads the trailer whose marker has just been read, the footer, and the end of file.
    ///
    /// `end` is the place a next block would have, `header_body` the body of the file header,
    /// `table` the segment table that the blocks call for.
    pub(super) fn read<R: Read>(
        source: &mut Source<R>,
        end: Place,
        header_body: &[u8],
        table: &TableSum,
    ) -> Result<Trailer> {
        let TrailerStart { trailer, header_body: copy, mut crc, .. } =
            TrailerStart::read(source, end.offset)?;
        let trailer = Trailer { frames: end.first_frame, ..trailer };
        let mut stored_table = TableSum::default();
        // As many bytes as the blocks call for, whatever the trailer says.
        while stored_table.length < table.length {
            let chunk = CHUNK.min(table.length - stored_table.length);
            let chunk = source.take(chunk as usize, "segment table")?;
            crc.update(&chunk);
            stored_table.update(&chunk);
        }
        let mut stored = [0; CRC_LENGTH];
        source.fill(&mut stored, "trailer")?;
        check_crc(end.offset, "trailer", u32::from_le_bytes(stored), crc.finalize())?;

        trailer.check(end)?;
        if copy != header_body {
            return Err(Error::corrupt(end.offset, "the trailer's copy of the header differs"));
        }
        check_crc(end.offset, "segment table", stored_table.crc(), table.crc())?;
        read_footer(source, end.offset)?;
        Ok(trailer)
    }

    /// The totals must be those of the blocks read.
    fn check(&self, end: Place) -> Result<()> {
        let same = [
            ("blocks", u64::from(self.blocks), u64::from(end.index)),
            ("original bytes", self.original_length, end.original_offset),
        ];
        for (what, stored, counted) in same {
            if stored != counted {
                return Err(Error::corrupt(
                    end.offset,
                    format!("the trailer counts {stored} {what}, the blocks have {counted}"),
                ));
            }
        }
        Ok(())
    }
}

/// The footer (§6.3) of a trailer of `length` bytes.
fn footer(length: u64) -> Result<Vec<u8>> {
    let length = u32::try_from(length).map_err(|_| Error::Limit {
        offset: 0,
        reason: format!("trailer of {length} bytes, at most {} allowed", u32::MAX),
    })?;
    Ok([length.to_le_bytes(), END_MARKER].concat())
}

/// Reads the footer of the trailer that started at `offset`, and makes sure that the file
/// ends there.
fn read_footer<R: Read>(source: &mut Source<R>, offset: u64) -> Result<()> {
    let at = source.position;
    let mut found = [0; FOOTER_LENGTH];
    source.fill(&mut found, "footer")?;
    // Every byte of the footer is known by now.
    if found[..] != footer(at - offset)?[..] {
        return Err(Error::corrupt(at, "the footer does not point to the trailer"));
    }
    if source.fill_up_to(&mut [0])? != 0 {
        return Err(Error::corrupt(at + FOOTER_LENGTH as u64, "bytes after the end"));
    }
    Ok(())
}
