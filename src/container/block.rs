//! Blocks (§5): each decodes to a run of bytes of the original.

use std::io::Read;

use byteorder::{ByteOrder, LE, ReadBytesExt, WriteBytesExt};

use super::header::{FileHeader, newer};
use super::layout::{
    BLOCK_HEADER_LENGTH, BLOCK_MARKER, CRC_LENGTH, MAX_BLOCK_ORIGINAL, MAX_PREDICTED_CHANNELS,
};
use super::source::{Source, check_crc};
use crate::error::{Error, Result};

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
    /// Whole frames, through prediction: a token stream and an LSB block.
    AudioCoded = 4,
    /// Whole frames of a format that is not predicted, through the byte model.
    AudioBytes = 5,
}

impl BlockKind {
    const ALL: [BlockKind; 5] = [
        BlockKind::ForeignStored,
        BlockKind::ForeignCoded,
        BlockKind::AudioStored,
        BlockKind::AudioCoded,
        BlockKind::AudioBytes,
    ];

    /// Whether the block decodes to whole frames.
    pub fn is_audio(self) -> bool {
        !matches!(self, BlockKind::ForeignStored | BlockKind::ForeignCoded)
    }

    /// Whether the payload is the original itself.
    pub fn is_stored(self) -> bool {
        matches!(self, BlockKind::ForeignStored | BlockKind::AudioStored)
    }
}

/// Flag bit: the token stream was coded with the language model (§5.1).
const FLAG_LM: u8 = 1;

/// One block in coded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the block holds.
    pub kind: BlockKind,
    /// Whether the language model of the file header takes part in decoding.
    pub uses_lm: bool,
    /// Number of original bytes the block decodes to.
    pub original_length: u32,
    /// Number of frames the block decodes to; 0 for foreign bytes.
    pub frames: u32,
    /// How sample bytes map to the codec's integers (§7); 0 where nothing is predicted.
    pub mapping: u8,
    /// Bytes that the token stream and LSB block would need without the language model; 0
    /// unless [`Block::uses_lm`]. Information only.
    pub length_without_lm: u32,
    /// CRC-32 of the original bytes.
    pub original_crc: u32,
    /// Token stream, coded bytes or stored bytes.
    pub tokens: Vec<u8>,
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
            offset: self.offset + block.coded_length(),
            original_offset: self.original_offset + u64::from(block.original_length),
            first_frame: self.first_frame + u64::from(block.frames),
        })
    }
}

impl Block {
    /// Bytes that the block takes in the lmz file, its header included.
    pub fn coded_length(&self) -> u64 {
        (BLOCK_HEADER_LENGTH + self.tokens.len() + self.lsb.len()) as u64
    }

    /// Bytes that the language model saved in this block, against the same codec without it.
    pub fn saved_by_lm(&self) -> u64 {
        let length = self.tokens.len() as u64 + self.lsb.len() as u64;
        if self.uses_lm { u64::from(self.length_without_lm).saturating_sub(length) } else { 0 }
    }

    fn payload_crc(&self) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.tokens);
        crc.update(&self.lsb);
        crc.finalize()
    }

    /// The block header's bytes (§5.1); the payloads follow it in the file.
    pub(super) fn header_bytes(&self, place: Place) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(BLOCK_HEADER_LENGTH);
        out.extend_from_slice(&BLOCK_MARKER);
        out.write_u8(self.kind as u8)?;
        out.write_u8(if self.uses_lm { FLAG_LM } else { 0 })?;
        out.write_u8(self.mapping)?;
        out.write_u8(0)?; // reserved
        out.write_u32::<LE>(place.index)?;
        out.write_u64::<LE>(place.original_offset)?;
        out.write_u32::<LE>(self.original_length)?;
        out.write_u32::<LE>(self.frames)?;
        out.write_u32::<LE>(self.tokens.len() as u32)?;
        out.write_u32::<LE>(self.lsb.len() as u32)?;
        out.write_u32::<LE>(self.length_without_lm)?;
        out.write_u32::<LE>(self.payload_crc())?;
        out.write_u32::<LE>(self.original_crc)?;
        let crc = crc32fast::hash(&out);
        out.write_u32::<LE>(crc)?;
        Ok(out)
    }

    /// Reads the block whose marker has just been read at `place`.
    pub(super) fn read<R: Read>(
        source: &mut Source<R>,
        file: &FileHeader,
        place: Place,
    ) -> Result<Block> {
        let mut bytes = [0; BLOCK_HEADER_LENGTH];
        let (marker, rest) = bytes.split_at_mut(BLOCK_MARKER.len());
        marker.copy_from_slice(&BLOCK_MARKER);
        source.fill(rest, "block header")?;
        let crc_at = BLOCK_HEADER_LENGTH - CRC_LENGTH;
        let computed = crc32fast::hash(&bytes[..crc_at]);
        check_crc(place.offset, "block header", LE::read_u32(&bytes[crc_at..]), computed)?;

        let (mut block, lengths) = parse_header(&bytes[BLOCK_MARKER.len()..crc_at], place)?;
        block.check(&lengths, file, place)?;

        let payload_at = source.position;
        block.tokens = source.take(lengths.tokens as usize, "block")?;
        block.lsb = source.take(lengths.lsb as usize, "block")?;
        check_crc(payload_at, "block's payload", lengths.payload_crc, block.payload_crc())?;
        Ok(block)
    }

    /// Rules of §5.2 and §13, before any payload is allocated.
    fn check(&self, lengths: &Lengths, file: &FileHeader, place: Place) -> Result<()> {
        let corrupt = |reason: &str| Err(Error::corrupt(place.offset, reason));
        let original = self.original_length;
        if original == 0 || original > MAX_BLOCK_ORIGINAL {
            return Err(Error::Limit {
                offset: place.offset,
                reason: format!(
                    "block of {original} original bytes, 1 to {MAX_BLOCK_ORIGINAL} allowed"
                ),
            });
        }
        let payload = u64::from(lengths.tokens) + u64::from(lengths.lsb);
        if payload > u64::from(original) {
            return corrupt("a block longer than the bytes it decodes to");
        }
        if self.kind.is_stored() && lengths.tokens != original {
            return corrupt("a stored block whose payload is not as long as the original");
        }
        if self.kind != BlockKind::AudioCoded
            && (lengths.lsb != 0 || self.mapping != 0 || self.uses_lm)
        {
            return corrupt("an LSB block, a mapping or a model in a block without prediction");
        }
        if self.uses_lm && file.fingerprint.is_empty() {
            return corrupt("a block uses a language model, but the header names none");
        }
        if self.length_without_lm != 0 && !self.uses_lm {
            return corrupt("a length without the language model in a block that uses none");
        }
        match (&file.audio, self.kind.is_audio()) {
            (_, false) if self.frames != 0 => corrupt("frames in a foreign block"),
            (_, false) => Ok(()),
            (None, true) => corrupt("an audio block in a file without audio"),
            (Some(audio), true) => {
                let bytes = u64::from(self.frames) * audio.format.frame_bytes() as u64;
                let channels = audio.format.channels;
                if self.kind == BlockKind::AudioCoded && channels > MAX_PREDICTED_CHANNELS {
                    return Err(Error::Limit {
                        offset: place.offset,
                        reason: format!(
                            "prediction of {channels} channels, at most {MAX_PREDICTED_CHANNELS} \
                             allowed"
                        ),
                    });
                }
                if self.frames == 0 || self.frames > audio.segment_frames {
                    corrupt("a number of frames beyond the segment length")
                } else if bytes != u64::from(original) {
                    corrupt("frames and original bytes disagree")
                } else {
                    Ok(())
                }
            }
        }
    }
}

/// Fields of a block header that describe the payload behind it.
struct Lengths {
    tokens: u32,
    lsb: u32,
    payload_crc: u32,
}

fn parse_header(mut fields: &[u8], place: Place) -> Result<(Block, Lengths)> {
    // Kind.
    let kind = fields.read_u8()?;
    let kind = BlockKind::ALL
        .into_iter()
        .find(|k| *k as u8 == kind)
        .ok_or_else(|| newer(format!("block kind {kind}")))?;
    // Flags.
    let flags = fields.read_u8()?;
    if flags & !FLAG_LM != 0 {
        return Err(newer(format!("block flags {flags:#04x}")));
    }
    // Mapping of samples; its values are those of the WAV layer.
    let mapping = fields.read_u8()?;
    // Reserved.
    let reserved = fields.read_u8()?;
    if reserved != 0 {
        return Err(newer(format!("reserved block field is {reserved}")));
    }
    // Block index, counted from 0.
    let index = fields.read_u32::<LE>()?;
    if index != place.index {
        return Err(Error::corrupt(
            place.offset,
            format!("block {index} stands where block {} should", place.index),
        ));
    }
    // Offset of the first original byte.
    let original_offset = fields.read_u64::<LE>()?;
    if original_offset != place.original_offset {
        return Err(Error::corrupt(
            place.offset,
            format!("original offset {original_offset}, expected {}", place.original_offset),
        ));
    }
    // Number of original bytes.
    let original_length = fields.read_u32::<LE>()?;
    // Number of frames.
    let frames = fields.read_u32::<LE>()?;
    // Length of the token stream, or of the coded or stored bytes.
    let tokens = fields.read_u32::<LE>()?;
    // Length of the LSB block.
    let lsb = fields.read_u32::<LE>()?;
    // Length of both without the language model.
    let length_without_lm = fields.read_u32::<LE>()?;
    // CRC-32 of the payload.
    let payload_crc = fields.read_u32::<LE>()?;
    // CRC-32 of the original bytes.
    let original_crc = fields.read_u32::<LE>()?;

    let block = Block {
        kind,
        uses_lm: flags & FLAG_LM != 0,
        original_length,
        frames,
        mapping,
        length_without_lm,
        original_crc,
        tokens: Vec::new(),
        lsb: Vec::new(),
    };
    Ok((block, Lengths { tokens, lsb, payload_crc }))
}
