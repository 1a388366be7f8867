//! The trailer read from the end of a file that can seek: where every block is.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::block::{Block, Place};
use super::block_header::BlockHeader;
use super::fields::Fields;
use super::header::{FileHeader, parse_body};
use super::layout::{
    BLOCK_MARKER, CRC_LENGTH, END_MARKER, FOOTER_LENGTH, MAX_BLOCK_ORIGINAL, TRAILER_MARKER,
};
use super::scan::Found;
use super::source::{Source, check_crc};
use super::table::{TableEntry, TableSum};
use super::trailer::{Trailer, TrailerStart};
use crate::error::{Error, Result};

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
    /// Offset of the segment table, and of the CRC behind it.
    table: u64,
    table_end: u64,
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
    /// CRC-32 of the original bytes that the block decodes to.
    pub original_crc: u32,
}

impl Entry {
    /// Where the block stands; the table does not know the offset in the original.
    pub fn place(&self, original_offset: u64) -> Place {
        let Entry { index, offset, first_frame, .. } = *self;
        Place { index, offset, original_offset, first_frame }
    }

    /// Whether it is the entry of such a block.
    pub fn describes(&self, block: &Found) -> bool {
        let Found { coded_length, frames, original_crc, .. } = *block;
        (u64::from(self.coded_length), self.frames, self.original_crc)
            == (coded_length, frames, original_crc)
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
        let found = (header.coded_length(), frames, header.original_crc);
        if found != (u64::from(self.coded_length), self.frames, self.original_crc) {
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
        let mut input = BufReader::new(input);
        let mut footer = [0; FOOTER_LENGTH];
        Source::at(&mut input, at).fill(&mut footer, "footer")?;
        let mut footer = Fields::new(&footer, at, "footer");
        let (length, end_marker) = (u64::from(footer.u32()?), footer.array()?);
        if end_marker != END_MARKER {
            return Err(Error::corrupt(at, "no end marker: the file has been cut short"));
        }
        let offset = at.checked_sub(length).ok_or_else(|| {
            Error::corrupt(at, format!("a trailer of {length} bytes is longer than the file"))
        })?;
        let tail = Tail::read_at(&mut input, offset)?;
        if tail.end() != at {
            return Err(Error::corrupt(at, "the footer does not point to the trailer"));
        }
        Ok(tail)
    }

    /// Reads the trailer at `offset` of the lmz file and checks it. The table is read byte by byte.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if there is none.
    pub fn read_at(input: &mut BufReader<impl Read + Seek>, offset: u64) -> Result<Tail> {
        input.seek(SeekFrom::Start(offset))?;
        let mut source = Source::at(input, offset);
        let mut marker = [0; TRAILER_MARKER.len()];
        source.fill(&mut marker, "trailer")?;
        if marker != TRAILER_MARKER {
            return Err(Error::corrupt(offset, "no trailer where the footer says"));
        }
        let TrailerStart { mut trailer, header_body, body_offset, mut crc } =
            TrailerStart::read(&mut source, offset)?;
        let most = u64::from(trailer.blocks) * u64::from(MAX_BLOCK_ORIGINAL);
        if trailer.original_length > most {
            return Err(Error::corrupt(
                offset,
                "a trailer with more bytes than its blocks can hold",
            ));
        }
        let table = source.position;
        let (mut sum, mut coded) = (TableSum::default(), 0_u64);
        for _ in 0..trailer.blocks {
            let entry = TableEntry::read(&mut source, &mut sum)?;
            coded += u64::from(entry.coded_length);
            trailer.frames += u64::from(entry.frames);
        }
        let table_end = source.position;
        let mut stored = [0; CRC_LENGTH];
        source.fill(&mut stored, "trailer")?;
        crc.combine(sum.hasher());
        check_crc(offset, "trailer", u32::from_le_bytes(stored), crc.finalize())?;
        let first_block = offset as i64 - coded as i64;
        let header = parse_body(&header_body, body_offset)?;
        Ok(Tail { trailer, header, offset, first_block, table, table_end })
    }

    /// The file header, or the copy of it if the header itself is damaged.
    ///
    /// # Errors
    /// [`Error::Unsupported`] from the file header, [`Error::Corrupt`] if the two differ.
    pub fn file_header(&self, input: &mut (impl Read + Seek)) -> Result<FileHeader> {
        input.rewind()?;
        match FileHeader::read(&mut Source::new(input)) {
            Ok((header, _)) if header != self.header => {
                Err(Error::corrupt(self.offset, "the trailer's copy of the header differs"))
            }
            Ok((header, _)) => Ok(header),
            Err(Error::Corrupt { .. } | Error::NotLmz { .. } | Error::Limit { .. }) => {
                Ok(self.header.clone())
            }
            Err(error) => Err(error),
        }
    }

    /// Offset of the first byte after the trailer, without the footer.
    pub fn end(&self) -> u64 {
        self.table_end + CRC_LENGTH as u64
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
        let mut source = Source::at(BufReader::new(input), self.table);
        let (mut coded_before, mut first_frame) = (0, 0);
        for index in 0..self.trailer.blocks {
            let TableEntry { coded_length, frames, original_crc } =
                TableEntry::read(&mut source, &mut TableSum::default())?;
            let offset = self.first_block.saturating_add_unsigned(coded_before);
            let offset = u64::try_from(offset).unwrap_or_default();
            visit(Entry {
                index,
                offset,
                coded_before,
                coded_length,
                first_frame,
                frames,
                original_crc,
            })?;
            coded_before += u64::from(coded_length);
            first_frame += u64::from(frames);
        }
        Ok(())
    }
}
