//! Blocks (§5): each decodes to a run of bytes of the original.

use std::io::Read;

use super::block_header::BlockHeader;
use super::header::FileHeader;
use super::source::Source;
use crate::error::{Error, Result};
use crate::fault::Site;

/// What a block holds and how it is coded (§5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BlockKind {
    /// Bytes that are not samples, as they are.
    ForeignStored = 1,
    /// Bytes that are not samples, through the byte model.
    ForeignCoded = 2,
    /// Whole frames, as they are.
    AudioStored = 3,
    /// Whole frames, through prediction: a coded stream and an LSB block.
    AudioCoded = 4,
    /// Whole frames of a format that is not predicted, through the byte model.
    AudioBytes = 5,
    /// Whole frames, as 7-bit characters: parameters and a coded stream, and an LSB block.
    AudioCharacters = 6,
}

impl BlockKind {
    pub(super) const ALL: [BlockKind; 6] = [
        BlockKind::ForeignStored,
        BlockKind::ForeignCoded,
        BlockKind::AudioStored,
        BlockKind::AudioCoded,
        BlockKind::AudioBytes,
        BlockKind::AudioCharacters,
    ];

    /// Whether the block decodes to whole frames.
    pub fn is_audio(self) -> bool {
        !matches!(self, BlockKind::ForeignStored | BlockKind::ForeignCoded)
    }

    /// Whether an LSB block and the language model may take part.
    pub(super) fn is_modelled(self) -> bool {
        matches!(self, BlockKind::AudioCoded | BlockKind::AudioCharacters)
    }

    /// Whether the payload is the original itself.
    pub fn is_stored(self) -> bool {
        matches!(self, BlockKind::ForeignStored | BlockKind::AudioStored)
    }
}

/// One block in coded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the block holds.
    pub kind: BlockKind,
    /// Whether the language model of the file header takes part in decoding.
    pub uses_lm: bool,
    /// Whether long-term prediction takes part; only in [`BlockKind::AudioCoded`].
    pub long_term: bool,
    /// Number of original bytes the block decodes to.
    pub original_length: u32,
    /// Number of frames the block decodes to; 0 for foreign bytes. Not stored: it follows from
    /// the original length and the format of the samples.
    pub frames: u32,
    /// How sample bytes map to the codec's integers (§7); 0 where nothing is predicted.
    pub mapping: u8,
    /// Bytes that the coded stream and LSB block would need without the language model; 0
    /// unless [`Block::uses_lm`]. Information only.
    pub length_without_lm: u32,
    /// CRC-32 of the original bytes.
    pub original_crc: u32,
    /// Coded stream, coded bytes or stored bytes.
    pub stream: Vec<u8>,
    /// Packed LSB block.
    pub lsb: Vec<u8>,
}

/// Where a block stands in the two files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Number of blocks before this one.
    pub index: u32,
    /// Offset of the block's marker in the lmz file, in bytes.
    pub offset: u64,
    /// Offset of its first byte in the original, in bytes.
    pub original_offset: u64,
    /// Number of frames before the block.
    pub first_frame: u64,
}

impl Place {
    /// Place of the block that follows `block`.
    ///
    /// # Errors
    /// [`Error::Limit`] after 2^32 - 1 blocks.
    pub(super) fn after(self, block: &Block) -> Result<Place> {
        let index = self.index.checked_add(1).ok_or_else(|| Error::Limit {
            offset: self.offset,
            reason: format!("more than {} blocks", u32::MAX),
        })?;
        Ok(Place {
            index,
            offset: self.offset + block.coded_length(self.original_offset),
            original_offset: self.original_offset + u64::from(block.original_length),
            first_frame: self.first_frame + u64::from(block.frames),
        })
    }
}

/// Lengths of a block's parts, which say where in the file a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    header: u64,
    stream: u64,
}

impl Parts {
    /// Turns a fault of block `number`, which stands at `offset` of the lmz file, into an error about the
    /// file. Other errors stay as they are.
    pub(crate) fn locate(self, number: u64, offset: u64, error: Error) -> Error {
        let Error::Payload(fault) = error else { return error };
        let (part, at) = match fault.site() {
            Site::Block => ("", 0),
            Site::Stream(at) => (", coded stream", self.header + at as u64),
            Site::EndOfStream => (", coded stream", self.header + self.stream),
            Site::Lsb(at) => (", LSB block", self.header + self.stream + at as u64),
        };
        Error::corrupt(offset + at, format!("block {number}{part}: {fault}"))
    }
}

impl Block {
    /// Lengths of its parts, if its first byte is at `original_offset` of the original.
    pub(crate) fn parts(&self, original_offset: u64) -> Parts {
        Parts { header: self.header_length(original_offset), stream: self.stream.len() as u64 }
    }

    /// Bytes of its header in the lmz file, if its first byte is at `original_offset` of the original.
    pub fn header_length(&self, original_offset: u64) -> u64 {
        BlockHeader::without_crc(self, original_offset).length()
    }

    /// Bytes that the block takes in the lmz file, its header included.
    pub fn coded_length(&self, original_offset: u64) -> u64 {
        BlockHeader::without_crc(self, original_offset).coded_length()
    }

    /// Bytes behind its header.
    pub fn payload_length(&self) -> u64 {
        (self.stream.len() + self.lsb.len()) as u64
    }

    /// Bytes that it takes at the start of a file: what codings of the same bytes are compared by.
    pub fn cost(&self) -> u64 {
        self.coded_length(0)
    }

    /// Bytes that the language model saved in this block, against the same codec without it.
    pub fn saved_by_lm(&self) -> u64 {
        let without = if self.uses_lm { u64::from(self.length_without_lm) } else { 0 };
        without.saturating_sub(self.payload_length())
    }

    pub(super) fn payload_crc(&self) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.stream);
        crc.update(&self.lsb);
        crc.finalize()
    }

    /// Reads the block whose marker has just been read at `place`.
    pub(super) fn read<R: Read>(
        source: &mut Source<R>,
        file: &FileHeader,
        place: Place,
    ) -> Result<Block> {
        let header = BlockHeader::read(source, place.offset)?;
        if header.original_offset != place.original_offset {
            return Err(Error::corrupt(
                place.offset,
                format!(
                    "original offset {}, expected {}",
                    header.original_offset, place.original_offset
                ),
            ));
        }
        let frames = header.check(file, place.offset)?;
        header.read_payload(source, frames)
    }
}
