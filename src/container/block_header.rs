//! Block headers (§5.1): their fields, and the checks that each has to pass.

use std::io::Read;

use byteorder::{ByteOrder, LE, ReadBytesExt, WriteBytesExt};

use super::block::{Block, BlockKind};
use super::header::{FileHeader, newer};
use super::layout::{
    BLOCK_HEADER_LENGTH, BLOCK_MARKER, CRC_LENGTH, MAX_BLOCK_HEADER_LENGTH, MAX_BLOCK_ORIGINAL,
    MAX_PREDICTED_CHANNELS,
};
use super::source::{Source, check_crc};
use crate::error::{Error, Result};

/// Flag bit: the token stream was coded with the language model (§5.1).
const FLAG_LM: u8 = 1;
/// Flag bit: long-term prediction takes part (§5.1).
const FLAG_LONG_TERM: u8 = 2;
/// Offset of the flags in a block header.
const FLAGS_AT: usize = 5;

/// Length in bytes of a block header, with its marker and its CRC.
pub(super) fn header_length(uses_lm: bool) -> usize {
    if uses_lm { MAX_BLOCK_HEADER_LENGTH } else { BLOCK_HEADER_LENGTH }
}

/// Fields of a block header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHeader {
    pub(super) kind: BlockKind,
    uses_lm: bool,
    long_term: bool,
    mapping: u8,
    pub(super) original_offset: u64,
    pub(super) original_length: u32,
    tokens: u32,
    lsb: u32,
    payload_crc: u32,
    original_crc: u32,
    length_without_lm: u32,
}

impl BlockHeader {
    /// The header of `block`, whose first byte is at `original_offset` of the original.
    pub(super) fn of(block: &Block, original_offset: u64) -> Self {
        BlockHeader {
            kind: block.kind,
            uses_lm: block.uses_lm,
            long_term: block.long_term,
            mapping: block.mapping,
            original_offset,
            original_length: block.original_length,
            tokens: block.tokens.len() as u32,
            lsb: block.lsb.len() as u32,
            payload_crc: block.payload_crc(),
            original_crc: block.original_crc,
            length_without_lm: block.length_without_lm,
        }
    }

    /// Bytes that the block takes in the lmz file, its header included.
    pub(super) fn coded_length(&self) -> u32 {
        // Far below 2^32 once the lengths are checked (§13).
        (header_length(self.uses_lm) as u32).saturating_add(self.tokens).saturating_add(self.lsb)
    }

    /// The header's bytes; the payload follows it in the file.
    pub(super) fn to_bytes(self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(MAX_BLOCK_HEADER_LENGTH);
        out.extend_from_slice(&BLOCK_MARKER);
        out.write_u8(self.kind as u8)?;
        let lm = if self.uses_lm { FLAG_LM } else { 0 };
        out.write_u8(lm | if self.long_term { FLAG_LONG_TERM } else { 0 })?;
        out.write_u8(self.mapping)?;
        out.write_u8(0)?; // reserved
        out.write_u64::<LE>(self.original_offset)?;
        out.write_u32::<LE>(self.original_length)?;
        out.write_u32::<LE>(self.tokens)?;
        out.write_u32::<LE>(self.lsb)?;
        out.write_u32::<LE>(self.payload_crc)?;
        out.write_u32::<LE>(self.original_crc)?;
        if self.uses_lm {
            out.write_u32::<LE>(self.length_without_lm)?;
        }
        let crc = crc32fast::hash(&out);
        out.write_u32::<LE>(crc)?;
        Ok(out)
    }

    /// Reads the header whose marker has just been read at `offset` of the lmz file, and
    /// checks nothing but its checksum.
    pub(super) fn read<R: Read>(source: &mut Source<R>, offset: u64) -> Result<Self> {
        let mut bytes = [0; MAX_BLOCK_HEADER_LENGTH];
        let (marker, rest) = bytes.split_at_mut(BLOCK_MARKER.len());
        marker.copy_from_slice(&BLOCK_MARKER);
        source.fill(&mut rest[..BLOCK_HEADER_LENGTH - BLOCK_MARKER.len()], "block header")?;
        let length = header_length(bytes[FLAGS_AT] & FLAG_LM != 0);
        source.fill(&mut bytes[BLOCK_HEADER_LENGTH..length], "block header")?;
        let crc_at = length - CRC_LENGTH;
        let computed = crc32fast::hash(&bytes[..crc_at]);
        check_crc(offset, "block header", LE::read_u32(&bytes[crc_at..]), computed)?;
        BlockHeader::parse(&bytes[BLOCK_MARKER.len()..crc_at])
    }

    fn parse(mut fields: &[u8]) -> Result<Self> {
        // Kind.
        let kind = fields.read_u8()?;
        let kind = BlockKind::ALL
            .into_iter()
            .find(|k| *k as u8 == kind)
            .ok_or_else(|| newer(format!("block kind {kind}")))?;
        // Flags.
        let flags = fields.read_u8()?;
        if flags & !(FLAG_LM | FLAG_LONG_TERM) != 0 {
            return Err(newer(format!("block flags {flags:#04x}")));
        }
        let uses_lm = flags & FLAG_LM != 0;
        let long_term = flags & FLAG_LONG_TERM != 0;
        // Mapping of samples; its values are those of the WAV layer.
        let mapping = fields.read_u8()?;
        // Reserved.
        let reserved = fields.read_u8()?;
        if reserved != 0 {
            return Err(newer(format!("reserved block field is {reserved}")));
        }
        Ok(BlockHeader {
            kind,
            uses_lm,
            long_term,
            mapping,
            // Offset of the first original byte.
            original_offset: fields.read_u64::<LE>()?,
            // Number of original bytes.
            original_length: fields.read_u32::<LE>()?,
            // Length of the token stream, or of the coded or stored bytes.
            tokens: fields.read_u32::<LE>()?,
            // Length of the LSB block.
            lsb: fields.read_u32::<LE>()?,
            payload_crc: fields.read_u32::<LE>()?,
            original_crc: fields.read_u32::<LE>()?,
            // Length of both without the language model.
            length_without_lm: if uses_lm { fields.read_u32::<LE>()? } else { 0 },
        })
    }

    /// Rules of §5.2 and §13 for the block at `offset`, before any payload is allocated;
    /// returns the number of frames in it.
    pub(super) fn check(&self, file: &FileHeader, offset: u64) -> Result<u32> {
        let corrupt = |reason: &str| Err(Error::corrupt(offset, reason));
        let original = self.original_length;
        if original == 0 || original > MAX_BLOCK_ORIGINAL {
            return Err(Error::Limit {
                offset,
                reason: format!(
                    "block of {original} original bytes, 1 to {MAX_BLOCK_ORIGINAL} allowed"
                ),
            });
        }
        if self.original_offset.checked_add(u64::from(original)).is_none() {
            return corrupt("a block beyond the largest original offset");
        }
        if u64::from(self.tokens) + u64::from(self.lsb) > u64::from(original) {
            return corrupt("a block longer than the bytes it decodes to");
        }
        if self.kind.is_stored() && self.tokens != original {
            return corrupt("a stored block whose payload is not as long as the original");
        }
        if !self.kind.is_modelled() && (self.lsb != 0 || self.uses_lm)
            || self.kind != BlockKind::AudioCoded && (self.mapping != 0 || self.long_term)
        {
            return corrupt("a field of predicted blocks is set in a block without prediction");
        }
        if self.uses_lm && file.fingerprint.is_empty() {
            return corrupt("a block uses a language model, but the header names none");
        }
        match (&file.audio, self.kind.is_audio()) {
            (_, false) => Ok(0),
            (None, true) => corrupt("an audio block in a file without audio"),
            (Some(audio), true) => {
                let channels = audio.format.channels;
                if self.kind == BlockKind::AudioCoded && channels > MAX_PREDICTED_CHANNELS {
                    return Err(Error::Limit {
                        offset,
                        reason: format!(
                            "prediction of {channels} channels, at most {MAX_PREDICTED_CHANNELS} \
                             allowed"
                        ),
                    });
                }
                let frame_bytes = audio.format.frame_bytes() as u32;
                if !original.is_multiple_of(frame_bytes) {
                    return corrupt("an audio block that does not end with a whole frame");
                }
                if original / frame_bytes > audio.segment_frames {
                    return corrupt("a number of frames beyond the segment length");
                }
                Ok(original / frame_bytes)
            }
        }
    }

    /// Reads the payload and checks it against its CRC; `frames` is what [`Self::check`] said.
    pub(super) fn read_payload<R: Read>(
        &self,
        source: &mut Source<R>,
        frames: u32,
    ) -> Result<Block> {
        let payload_at = source.position;
        let tokens = source.take(self.tokens as usize, "block")?;
        let lsb = source.take(self.lsb as usize, "block")?;
        let block = Block {
            kind: self.kind,
            uses_lm: self.uses_lm,
            long_term: self.long_term,
            original_length: self.original_length,
            frames,
            mapping: self.mapping,
            length_without_lm: self.length_without_lm,
            original_crc: self.original_crc,
            tokens,
            lsb,
        };
        check_crc(payload_at, "block's payload", self.payload_crc, block.payload_crc())?;
        Ok(block)
    }
}
