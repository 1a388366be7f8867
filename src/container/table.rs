//! The segment table (§6.2): of each block its length, its frames and the checksum of what it decodes to.

use std::io::Read;

use super::block::Block;
use super::fields::{number, put_number};
use super::layout::CRC_LENGTH;
use super::source::Source;
use crate::error::{Error, Result};

/// Entry of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TableEntry {
    /// Bytes of the block in the lmz file.
    pub(super) coded_length: u32,
    /// Number of frames in it; 0 if it is foreign.
    pub(super) frames: u32,
    /// CRC-32 of the original bytes.
    pub(super) original_crc: u32,
}

impl TableEntry {
    /// The entry of `block`, whose first byte is at `original_offset` of the original.
    pub(super) fn of(block: &Block, original_offset: u64) -> Self {
        // Header and payload are far below 2^32 bytes (§13).
        let coded_length = block.coded_length(original_offset) as u32;
        TableEntry { coded_length, frames: block.frames, original_crc: block.original_crc }
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.coded_length);
        put_number(out, self.frames);
        out.extend_from_slice(&self.original_crc.to_le_bytes());
    }

    /// Reads an entry and adds its bytes to `sum`.
    pub(super) fn read<R: Read>(source: &mut Source<R>, sum: &mut TableSum) -> Result<Self> {
        let mut u32_number = || {
            let at = source.position;
            let value = number(|| {
                let mut byte = [0];
                source.fill(&mut byte, "segment table")?;
                sum.update(&byte);
                Ok(byte[0])
            })?;
            value.and_then(|value| u32::try_from(value).ok()).ok_or_else(|| {
                Error::corrupt(at, "segment table: a number that is too large, or too long")
            })
        };
        let (coded_length, frames) = (u32_number()?, u32_number()?);
        let mut crc = [0; CRC_LENGTH];
        source.fill(&mut crc, "segment table")?;
        sum.update(&crc);
        Ok(TableEntry { coded_length, frames, original_crc: u32::from_le_bytes(crc) })
    }
}

/// Length and CRC-32 of a segment table. The table itself need not be held in memory: a hostile file
/// could make it larger than everything else.
#[derive(Clone, Default)]
pub(super) struct TableSum {
    pub(super) length: u64,
    crc: crc32fast::Hasher,
}

impl TableSum {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.crc.update(bytes);
    }

    pub(super) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// For a CRC-32 of what is before the table and the table together.
    pub(super) fn hasher(&self) -> &crc32fast::Hasher {
        &self.crc
    }
}
