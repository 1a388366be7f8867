//! The trailer and the footer (§6): what is known only when all blocks have been written.

use std::io::Read;

use byteorder::{ByteOrder, LE, ReadBytesExt, WriteBytesExt};

use super::block::{Block, Place};
use super::layout::{
    CRC_LENGTH, END_MARKER, FOOTER_LENGTH, TABLE_ENTRY_LENGTH, TRAILER_FIXED_LENGTH, TRAILER_MARKER,
};
use super::source::{Source, check_crc};
use crate::error::{Error, Result};

/// Totals over all blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Number of blocks.
    pub blocks: u32,
    /// Length of the original, in bytes.
    pub original_length: u64,
    /// Number of frames in the audio blocks.
    pub frames: u64,
    /// BLAKE3 of the original.
    pub blake3: [u8; 32],
}

/// Entry of a block in the segment table (§6.2).
pub(super) fn table_entry(block: &Block) -> [u8; TABLE_ENTRY_LENGTH] {
    let mut entry = [0; TABLE_ENTRY_LENGTH];
    // Header and payload are far below 2^32 bytes (§13).
    LE::write_u32(&mut entry[..4], block.coded_length() as u32);
    LE::write_u32(&mut entry[4..], block.frames);
    entry
}

impl Trailer {
    /// Bytes of trailer and footer; `header_body` is the body of the file header, `table` the
    /// concatenation of the blocks' entries.
    pub(super) fn to_bytes(&self, header_body: &[u8], table: &[u8]) -> Result<Vec<u8>> {
        let mut out = self.fixed_part()?;
        out.extend_from_slice(header_body);
        out.extend_from_slice(table);
        let crc = crc32fast::hash(&out);
        out.write_u32::<LE>(crc)?;
        let length = out.len() as u64;
        out.extend_from_slice(&footer(length)?);
        Ok(out)
    }

    fn fixed_part(&self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(TRAILER_FIXED_LENGTH);
        out.extend_from_slice(&TRAILER_MARKER);
        out.write_u32::<LE>(self.blocks)?;
        out.write_u64::<LE>(self.original_length)?;
        out.extend_from_slice(&self.blake3);
        Ok(out)
    }

    /// Reads the trailer whose marker has just been read, the footer, and the end of file.
    ///
    /// `end` is the place a next block would have, `header_body` the body of the file header,
    /// `table_crc` the CRC-32 of the segment table that the blocks call for. The table itself
    /// is never held in memory: a hostile file could make it larger than everything else.
    pub(super) fn read<R: Read>(
        source: &mut Source<R>,
        end: Place,
        header_body: &[u8],
        table_crc: u32,
    ) -> Result<Trailer> {
        let mut bytes = [0; TRAILER_FIXED_LENGTH];
        let (marker, rest) = bytes.split_at_mut(TRAILER_MARKER.len());
        marker.copy_from_slice(&TRAILER_MARKER);
        source.fill(rest, "trailer")?;
        let fields = parse_fixed_part(&bytes[TRAILER_MARKER.len()..])?;
        let trailer = Trailer { frames: end.first_frame, ..fields };

        let mut crc = crc32fast::Hasher::new();
        crc.update(&bytes);
        let copy = source.take(header_body.len(), "trailer")?;
        crc.update(&copy);
        let mut stored_table = crc32fast::Hasher::new();
        // The number of entries to read is the one counted, not the one declared.
        for _ in 0..end.index {
            let mut entry = [0; TABLE_ENTRY_LENGTH];
            source.fill(&mut entry, "segment table")?;
            crc.update(&entry);
            stored_table.update(&entry);
        }
        let mut stored = [0; CRC_LENGTH];
        source.fill(&mut stored, "trailer")?;
        check_crc(end.offset, "trailer", LE::read_u32(&stored), crc.finalize())?;

        trailer.check(end)?;
        if copy != header_body {
            return Err(Error::corrupt(end.offset, "the trailer's copy of the header differs"));
        }
        check_crc(end.offset, "segment table", stored_table.finalize(), table_crc)?;
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

/// The fields of the trailer behind its marker; the frames are those of the table.
pub(super) fn parse_fixed_part(mut fields: &[u8]) -> Result<Trailer> {
    // Number of blocks.
    let blocks = fields.read_u32::<LE>()?;
    // Length of the original in bytes.
    let original_length = fields.read_u64::<LE>()?;
    // BLAKE3 of the original.
    let mut blake3 = [0; 32];
    fields.read_exact(&mut blake3)?;
    Ok(Trailer { blocks, original_length, frames: 0, blake3 })
}

/// The footer (§6.3) of a trailer of `length` bytes.
fn footer(length: u64) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(FOOTER_LENGTH);
    out.write_u32::<LE>(u32::try_from(length).map_err(|_| Error::Limit {
        offset: 0,
        reason: format!("trailer of {length} bytes, at most {} allowed", u32::MAX),
    })?)?;
    out.extend_from_slice(&END_MARKER);
    Ok(out)
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
