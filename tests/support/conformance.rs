//! The files of `fixtures/good`, `fixtures/bad` and `fixtures/unsupported`.
//!
//! They are written through `container::Writer` and the codec rather than by the encoder, so that
//! they may have what it never writes. What the writer refuses too, or cannot express, is changed
//! in finished bytes afterwards (`edit.rs`).

#![allow(unused_imports, reason = "as in the parent")]

mod bad;
mod edit;
mod good;

use lmz::Level;
use lmz::byte_model::{BytesContext, encode_bytes};
use lmz::codec;
use lmz::container::{Audio, Block, BlockKind, FileHeader, Writer};
use lmz::wav::{self, Endian, Mapped, SampleFormat, WavFormat};
use lmz::{ContentHash, Watch};

pub use bad::{bad, unsupported};
pub use good::good;

/// One file of a set.
pub struct Case {
    /// Name without `.lmz`.
    pub name: &'static str,
    /// One sentence: what it shows, or the one thing that is wrong.
    pub about: &'static str,
    /// The file.
    pub lmz: Vec<u8>,
    /// What a decoder must write; `None` where it must refuse.
    pub original: Option<Vec<u8>>,
}

/// A format without anything that matters but channels and samples.
pub fn format(channels: u16, sample: SampleFormat) -> WavFormat {
    WavFormat {
        tag: 1,
        channels,
        sample_rate: 8_000,
        byte_rate: 0,
        valid_bits: 0,
        channel_mask: 0,
        container: lmz::wav::Container::Wav,
        sample,
    }
}

/// 16-bit samples, least significant byte first.
pub const PCM16: SampleFormat = SampleFormat::Integer { width: 2, endian: Endian::Little };

/// A file under construction, with the original that its blocks decode to.
pub struct Builder {
    pub header: FileHeader,
    pub blocks: Vec<Block>,
    pub original: Vec<u8>,
    /// What the trailer says, if not the truth.
    pub hash: Option<ContentHash>,
}

impl Builder {
    pub fn new(level: Level, audio: Option<(WavFormat, u32)>) -> Self {
        let audio = audio.map(|(format, segment_frames)| Audio { format, segment_frames });
        let header = FileHeader { level, audio, fingerprint: Vec::new(), fingerprint_coded: false };
        Builder { header, blocks: Vec::new(), original: Vec::new(), hash: None }
    }

    /// A file of 16-bit samples in segments of at most 200 frames.
    pub fn pcm16(channels: u16) -> Self {
        Builder::new(Level::Fast, Some((format(channels, PCM16), 200)))
    }

    fn block(mut self, kind: BlockKind, bytes: &[u8], payload: Vec<u8>) -> Self {
        let frame = match (&self.header.audio, kind.is_audio()) {
            (Some(audio), true) => audio.format.frame_bytes(),
            _ => usize::MAX,
        };
        self.original.extend_from_slice(bytes);
        self.blocks.push(Block {
            kind,
            uses_lm: false,
            long_term: false,
            original_length: bytes.len() as u32,
            frames: (bytes.len() / frame) as u32,
            mapping: 0,
            length_without_lm: 0,
            original_crc: crc32fast::hash(bytes),
            stream: payload,
            lsb: Vec::new(),
        });
        self
    }

    pub fn stored(self, kind: BlockKind, bytes: &[u8]) -> Self {
        self.block(kind, bytes, bytes.to_vec())
    }

    /// One block through the byte model, primed where it must be (§10.5).
    pub fn byte_model(self, kind: BlockKind, bytes: &[u8], stride: usize) -> Self {
        let primer = match self.header.audio {
            Some(audio) if self.original.is_empty() && kind == BlockKind::ForeignCoded => {
                wav::canonical_header(&audio.format, 0)
            }
            _ => Vec::new(),
        };
        let stride = if primer.is_empty() { stride } else { primer.len() };
        let coded =
            encode_bytes(bytes, BytesContext { stride, primer: &primer }, &Watch::default());
        self.block(kind, bytes, coded.unwrap())
    }

    /// One predicted block.
    pub fn predicted(self, bytes: &[u8]) -> Self {
        let (level, audio) = (self.header.level, self.header.audio.unwrap());
        let Mapped { pcm, mapping, floats } = wav::map(bytes, &audio.format).unwrap();
        let coded = codec::encode_pcm(&pcm, level, None, &Watch::default()).unwrap();
        let stream = match floats {
            Some(floats) => {
                let stream = codec::encode_floats(&floats, &pcm.samples, pcm.channels).unwrap();
                codec::join_floats(&stream, &coded.stream)
            }
            None => coded.stream,
        };
        let mut built = self.block(BlockKind::AudioCoded, bytes, stream);
        let block = built.last();
        block.lsb = coded.lsb;
        block.long_term = coded.long_term;
        block.mapping = mapping.to_byte();
        built
    }

    pub fn last(&mut self) -> &mut Block {
        self.blocks.last_mut().unwrap()
    }

    /// Changes the last block.
    pub fn but(mut self, change: impl FnOnce(&mut Block)) -> Self {
        change(self.last());
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut lmz = Vec::new();
        let mut writer = Writer::new(&mut lmz, &self.header).unwrap();
        for block in &self.blocks {
            writer.write_block(block).unwrap();
        }
        let hash = self.hash.unwrap_or_else(|| ContentHash::of(&self.original));
        writer.finish(hash).unwrap();
        lmz
    }

    pub fn good(self, name: &'static str, about: &'static str) -> Case {
        Case { name, about, lmz: self.bytes(), original: Some(self.original) }
    }

    pub fn refused(self, name: &'static str, about: &'static str) -> Case {
        Case { name, about, lmz: self.bytes(), original: None }
    }
}

/// A slow wave of `count` values with a peak of about `size`: parabolas and a little noise.
pub fn wave(count: usize, size: i64) -> Vec<i64> {
    let noise = super::wav::bytes(count);
    (0..count as i64)
        .map(|i| {
            let at = i % 60;
            let height = size * at * (60 - at) / 900;
            let sign = if i / 60 % 2 == 0 { 1 } else { -1 };
            sign * height + (i64::from(noise[i as usize]) - 128) * size / 20_000
        })
        .collect()
}

/// [`wave`] as samples of 16 bits.
pub fn wave16(count: usize) -> Vec<u8> {
    wave(count, 9_000).iter().flat_map(|&s| (s as i16).to_le_bytes()).collect()
}
