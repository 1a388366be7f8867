//! The trailer read from the end of a file that can seek: where every block is.

use std::io::{Read, Seek, SeekFrom};

use byteorder::{ByteOrder, LE};

use super::block::{Block, Place};
use super::block_header::BlockHeader;
use super::header::{FileHeader, parse_body};
use super::layout::{
    BLOCK_MARKER, CRC_LENGTH, END_MARKER, FOOTER_LENGTH, HEADER_BODY_LENGTH, MAX_BLOCK_ORIGINAL,
    TABLE_ENTRY_LENGTH, TRAILER_FIXED_LENGTH, TRAILER_MARKER,
};
use super::source::{Source, check_crc};
use super::trailer::{Trailer, parse_fixed_part};
use crate::error::{Error, Result};

/// Bytes of the segment table that are in memory at a time.
const CHUNK: usize = TABLE_ENTRY_LENGTH << 12;

/// A trailer whose checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Totals over all blocks.
    pub trailer: Trailer,
    /// The trailer's copy of the file header.
    pub header: FileHeader,
    /// Offset of the trailer's marker in the lmz file.
    pub offset: u64,
    /// Offset of the first block: where the file header ends. Negative if bytes have been cut
    /// out of the file since.
    first_block: i64,
    /// Offset of the segment table.
    table: u64,
}

/// What the segment table says of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of blocks before this one.
    pub index: u32,
    /// Offset of the block's marker in the lmz file, in bytes, counted back from the trailer;
    /// 0 for blocks that would start before the file, because bytes have been cut out of it.
    pub offset: u64,
    /// Bytes of the blocks before this one in the lmz file.
    pub coded_before: u64,
    /// Length of the block in the lmz file, in bytes.
    pub coded_length: u32,
    /// Number of frames before the block.
    pub first_frame: u64,
    /// Number of frames in the block; 0 in foreign blocks.
    pub frames: u32,
}

impl Entry {
    /// Where the block stands; the table does not know the offset in the original.
    pub fn place(&self, original_offset: u64) -> Place {
        let Entry { index, offset, first_frame, .. } = *self;
        Place { index, offset, original_offset, first_frame }
    }

    /// Reads the block, and the offset in the original of its first byte.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is damaged, or is not what the table says.
    pub fn read_block(
        &self,
        input: &mut (impl Read + Seek),
        file: &FileHeader,
    ) -> Result<(u64, Block)> {
        input.seek(SeekFrom::Start(self.offset))?;
        let mut source = Source::at(input, self.offset);
        let mut marker = [0; BLOCK_MARKER.len()];
        source.fill(&mut marker, "block")?;
        if marker != BLOCK_MARKER {
            return Err(Error::corrupt(self.offset, "no block where the segment table says"));
        }
        let header = BlockHeader::read(&mut source, self.offset)?;
        let frames = header.check(file, self.offset)?;
        if (header.coded_length(), frames) != (self.coded_length, self.frames) {
            return Err(Error::corrupt(self.offset, "block and segment table disagree"));
        }
        Ok((header.original_offset, header.read_payload(&mut source, frames)?))
    }
}

impl Tail {
    /// Finds the trailer through the footer.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the file does not end with a sound trailer and footer.
    pub fn read(input: &mut (impl Read + Seek)) -> Result<Tail> {
        let end = input.seek(SeekFrom::End(0))?;
        let at = end
            .checked_sub(FOOTER_LENGTH as u64)
            .ok_or_else(|| Error::corrupt(end, "too short for a footer"))?;
        input.seek(SeekFrom::Start(at))?;
        let mut footer = [0; FOOTER_LENGTH];
        Source::at(&mut *input, at).fill(&mut footer, "footer")?;
        if footer[4..] != END_MARKER {
            return Err(Error::corrupt(at, "no end marker: the file has been cut short"));
        }
        let length = u64::from(LE::read_u32(&footer));
        let offset = at.checked_sub(length).ok_or_else(|| {
            Error::corrupt(at, format!("a trailer of {length} bytes is longer than the file"))
        })?;
        let tail = Tail::read_at(input, offset)?;
        if tail.end() != at {
            return Err(Error::corrupt(at, "the footer does not point to the trailer"));
        }
        Ok(tail)
    }

    /// Reads the trailer at `offset` of the lmz file and checks it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if there is none.
    pub fn read_at(input: &mut (impl Read + Seek), offset: u64) -> Result<Tail> {
        input.seek(SeekFrom::Start(offset))?;
        let mut source = Source::at(input, offset);
        let mut fixed = [0; TRAILER_FIXED_LENGTH];
        source.fill(&mut fixed, "trailer")?;
        if fixed[..TRAILER_MARKER.len()] != TRAILER_MARKER {
            return Err(Error::corrupt(offset, "no trailer where the footer says"));
        }
        let mut trailer = parse_fixed_part(&fixed[TRAILER_MARKER.len()..])?;
        let most = u64::from(trailer.blocks) * u64::from(MAX_BLOCK_ORIGINAL);
        if trailer.original_length > most {
            return Err(Error::corrupt(
                offset,
                "a trailer with more bytes than its blocks can hold",
            ));
        }
        let mut body = source.take(HEADER_BODY_LENGTH, "trailer")?;
        let fingerprint = usize::from(LE::read_u16(&body[HEADER_BODY_LENGTH - 2..]));
        body.extend_from_slice(&source.take(fingerprint, "trailer")?);

        let mut crc = crc32fast::Hasher::new();
        crc.update(&fixed);
        crc.update(&body);
        let table = source.position;
        let mut coded = 0_u64;
        for_each_entry(&mut source, trailer.blocks, |entry, bytes| {
            crc.update(bytes);
            coded += u64::from(entry.0);
            trailer.frames += u64::from(entry.1);
            Ok(())
        })?;
        let mut stored = [0; CRC_LENGTH];
        source.fill(&mut stored, "trailer")?;
        check_crc(offset, "trailer", LE::read_u32(&stored), crc.finalize())?;
        let first_block = offset as i64 - coded as i64;
        Ok(Tail {
            trailer,
            header: parse_body(&body, offset + TRAILER_FIXED_LENGTH as u64)?,
            offset,
            first_block,
            table,
        })
    }

    /// The file header, or the copy of it if the header itself is damaged.
    ///
    /// # Errors
    /// [`Error::Unsupported`] from the file header, [`Error::Corrupt`] if the two differ.
    pub fn file_header(&self, input: &mut (impl Read + Seek)) -> Result<FileHeader> {
        input.rewind()?;
        match FileHeader::read(&mut Source::new(input)) {
            Ok(header) if header != self.header => {
                Err(Error::corrupt(self.offset, "the trailer's copy of the header differs"))
            }
            Err(Error::Corrupt { .. } | Error::NotLmz { .. } | Error::Limit { .. }) => {
                Ok(self.header.clone())
            }
            result => result,
        }
    }

    /// Offset of the first byte after the trailer, without the footer.
    pub fn end(&self) -> u64 {
        let table = u64::from(self.trailer.blocks) * TABLE_ENTRY_LENGTH as u64;
        self.table + table + CRC_LENGTH as u64
    }

    /// Hands the entries of the segment table to `visit`, in order.
    ///
    /// # Errors
    /// Those of `visit`, and [`Error::Io`].
    pub fn entries(
        &self,
        input: &mut (impl Read + Seek),
        mut visit: impl FnMut(Entry) -> Result<()>,
    ) -> Result<()> {
        input.seek(SeekFrom::Start(self.table))?;
        let mut source = Source::at(input, self.table);
        let (mut index, mut coded_before, mut first_frame) = (0, 0_u64, 0);
        for_each_entry(&mut source, self.trailer.blocks, |(coded_length, frames), _| {
            let offset = self.first_block.saturating_add_unsigned(coded_before);
            let offset = u64::try_from(offset).unwrap_or_default();
            visit(Entry { index, offset, coded_before, coded_length, first_frame, frames })?;
            index += 1;
            coded_before += u64::from(coded_length);
            first_frame += u64::from(frames);
            Ok(())
        })
    }
}

/// Reads `count` entries: the two numbers of each, and its bytes.
fn for_each_entry<R: Read>(
    source: &mut Source<R>,
    count: u32,
    mut visit: impl FnMut((u32, u32), &[u8]) -> Result<()>,
) -> Result<()> {
    let mut left = u64::from(count) * TABLE_ENTRY_LENGTH as u64;
    while left > 0 {
        let chunk = source.take(left.min(CHUNK as u64) as usize, "segment table")?;
        left -= chunk.len() as u64;
        for bytes in chunk.chunks_exact(TABLE_ENTRY_LENGTH) {
            visit((LE::read_u32(bytes), LE::read_u32(&bytes[4..])), bytes)?;
        }
    }
    Ok(())
}
