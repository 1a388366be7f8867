//! Block headers (§5.1): their fields, and the checks that each has to pass.

use std::io::Read;

use super::block::{Block, BlockKind};
use super::fields::{Fields, put_number};
use super::header::{FileHeader, by_number, newer};
use super::layout::{
    BLOCK_MARKER, BLOCK_PREFIX_LENGTH, CRC_LENGTH, MAX_BLOCK_ORIGINAL, MAX_PREDICTED_CHANNELS,
};
use super::source::{Source, check_crc};
use crate::error::{Error, Result};

/// Bits of the byte with kind and flags that hold the kind (§5.1).
const KIND_BITS: u8 = 0x0F;
/// Flag bit: the coded stream was coded with the language model (§5.1).
const FLAG_LM: u8 = 0x10;
/// Flag bit: long-term prediction takes part (§5.1).
const FLAG_LONG_TERM: u8 = 0x20;

/// Fields of a block header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHeader {
    pub(super) kind: BlockKind,
    uses_lm: bool,
    long_term: bool,
    mapping: u8,
    pub(super) original_offset: u64,
    pub(super) original_length: u32,
    stream: u32,
    lsb: u32,
    length_without_lm: u32,
    payload_crc: u32,
    pub(super) original_crc: u32,
}

impl BlockHeader {
    /// The header of `block`, whose first byte is at `original_offset` of the original.
    pub(super) fn of(block: &Block, original_offset: u64) -> Self {
        BlockHeader {
            payload_crc: block.payload_crc(),
            ..Self::without_crc(block, original_offset)
        }
    }

    /// The same without the CRC of the payload, which is not needed to know how long a block is.
    pub(super) fn without_crc(block: &Block, original_offset: u64) -> Self {
        BlockHeader {
            kind: block.kind,
            uses_lm: block.uses_lm,
            long_term: block.long_term,
            mapping: block.mapping,
            original_offset,
            original_length: block.original_length,
            stream: block.stream.len() as u32,
            lsb: block.lsb.len() as u32,
            length_without_lm: block.length_without_lm,
            payload_crc: 0,
            original_crc: block.original_crc,
        }
    }

    /// Bytes of the header in the lmz file, with its marker and its CRC.
    pub(super) fn length(&self) -> u64 {
        (BLOCK_PREFIX_LENGTH + self.fields().len() + CRC_LENGTH) as u64
    }

    /// Bytes that the block takes in the lmz file, its header included.
    pub(super) fn coded_length(&self) -> u64 {
        self.length() + self.payload_length()
    }

    /// Bytes behind the header.
    pub(super) fn payload_length(&self) -> u64 {
        u64::from(self.stream) + u64::from(self.lsb)
    }

    /// The header's bytes; the payload follows it in the file.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let fields = self.fields();
        let mut out = BLOCK_MARKER.to_vec();
        out.push(fields.len() as u8);
        out.extend_from_slice(&fields);
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out
    }

    fn fields(&self) -> Vec<u8> {
        let flag = |set, flag| if set { flag } else { 0 };
        let flags = flag(self.uses_lm, FLAG_LM) | flag(self.long_term, FLAG_LONG_TERM);
        let mut out = vec![self.kind as u8 | flags];
        if self.kind == BlockKind::AudioCoded {
            out.push(self.mapping);
        }
        put_number(&mut out, self.original_offset);
        put_number(&mut out, self.original_length);
        if !self.kind.is_stored() {
            put_number(&mut out, self.stream);
        }
        if self.kind.is_modelled() {
            put_number(&mut out, self.lsb);
        }
        if self.uses_lm {
            put_number(&mut out, self.length_without_lm);
        }
        if !self.kind.is_stored() {
            out.extend_from_slice(&self.payload_crc.to_le_bytes());
        }
        out.extend_from_slice(&self.original_crc.to_le_bytes());
        out
    }

    /// Reads the header whose marker has just been read at `offset` of the lmz file, and
    /// checks nothing but its checksum.
    pub(super) fn read<R: Read>(source: &mut Source<R>, offset: u64) -> Result<Self> {
        let mut length = [0];
        source.fill(&mut length, "block header")?;
        let fields = source.take(usize::from(length[0]), "block header")?;
        let mut stored = [0; CRC_LENGTH];
        source.fill(&mut stored, "block header")?;
        let mut crc = crc32fast::Hasher::new();
        for part in [&BLOCK_MARKER[..], &length, &fields] {
            crc.update(part);
        }
        check_crc(offset, "block header", u32::from_le_bytes(stored), crc.finalize())?;
        BlockHeader::parse(Fields::new(
            &fields,
            offset + BLOCK_PREFIX_LENGTH as u64,
            "block header",
        ))
    }

    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self> {
        let first = fields.u8()?;
        let kind = by_number(BlockKind::ALL, first & KIND_BITS, |kind| kind as u8, "block kind")?;
        let flags = first & !KIND_BITS;
        if flags & !(FLAG_LM | FLAG_LONG_TERM) != 0 {
            return Err(newer(format!("block flags {flags:#04x}")));
        }
        let uses_lm = flags & FLAG_LM != 0;
        // Mapping of samples; its values are those of the WAV layer.
        let mapping = if kind == BlockKind::AudioCoded { fields.u8()? } else { 0 };
        // Offset of the first original byte, and the number of original bytes.
        let (original_offset, original_length) = (fields.number()?, fields.number()?);
        // Length of the coded stream, or of the coded or stored bytes.
        let stream = if kind.is_stored() { original_length } else { fields.number()? };
        // Length of the LSB block.
        let lsb = if kind.is_modelled() { fields.number()? } else { 0 };
        // Length of both without the language model.
        let length_without_lm = if uses_lm { fields.number()? } else { 0 };
        let payload_crc = if kind.is_stored() { None } else { Some(fields.u32()?) };
        let original_crc = fields.u32()?;
        if !fields.rest().is_empty() {
            return Err(newer("a block header with more fields".to_owned()));
        }
        Ok(BlockHeader {
            kind,
            uses_lm,
            long_term: flags & FLAG_LONG_TERM != 0,
            mapping,
            original_offset,
            original_length,
            stream,
            lsb,
            length_without_lm,
            // What is stored is the original itself.
            payload_crc: payload_crc.unwrap_or(original_crc),
            original_crc,
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
        if u64::from(self.stream) + u64::from(self.lsb) > u64::from(original) {
            return corrupt("a block longer than the bytes it decodes to");
        }
        if self.uses_lm && !self.kind.is_modelled()
            || self.long_term && self.kind != BlockKind::AudioCoded
        {
            return corrupt("a flag of predicted blocks is set in a block without prediction");
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
        let stream = source.take(self.stream as usize, "block")?;
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
            stream,
            lsb,
        };
        check_crc(payload_at, "block's payload", self.payload_crc, block.payload_crc())?;
        Ok(block)
    }
}
