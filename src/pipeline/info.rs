//! What is in the headers of an lmz file, without decoding it.

use std::io::Read;

use super::Summary;
use crate::container::layout::{DRAFT, VERSION};
use crate::container::{Block, BlockKind, ContentHash, Reader};
use crate::error::{Error, Result};
use crate::lm::exact::ExactIdentity;
use crate::lm::identity::{Fingerprint, hex};
use crate::wav::{SampleFormat, WavFormat};

/// Result of [`inspect`].
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FileInfo {
    /// Version of the format.
    pub format_version: u8,
    /// Number of the version's draft; 0 in released versions.
    pub format_draft: u8,
    /// Level of prediction.
    pub level: &'static str,
    /// The samples; absent if none were found in the original.
    pub audio: Option<AudioInfo>,
    /// Length of the original, in bytes.
    pub original_bytes: u64,
    /// Length of the lmz file, in bytes.
    pub compressed_bytes: u64,
    /// `compressed_bytes` / `original_bytes`; 0 for an empty original.
    pub ratio: f64,
    /// Hash of the original.
    pub blake3: ContentHash,
    /// Whether the file decodes on every machine.
    pub portable: bool,
    /// Number of blocks.
    pub blocks: u32,
    /// Number of blocks with samples.
    pub segments: u32,
    /// Number of those that use long-term prediction.
    pub long_term_segments: u32,
    /// Where the bytes of the lmz file went.
    pub bytes: Bytes,
    /// What the language model did.
    pub lm: LmInfo,
}

/// The samples of a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AudioInfo {
    /// The container: `WAV`, `Wave64`, `AIFF`, `AIFF-C`, `CAF` or `raw`.
    pub container: &'static str,
    /// Number of channels.
    pub channels: u16,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Sample format, in words.
    pub sample_format: String,
    /// Number of frames (samples per channel).
    pub frames: u64,
    /// Duration in seconds; 0 if the original does not declare it.
    pub seconds: f64,
    /// Largest number of frames in a segment.
    pub segment_frames: u32,
    /// Bits of coded stream, LSB block, byte-modelled and stored samples per sample (all
    /// channels counted); absent where a frame holds an unknown number of samples.
    pub bits_per_sample: Option<f64>,
}

/// Bytes of the parts of an lmz file; they add up to its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Bytes {
    /// File header, with the model's fingerprint.
    pub header: u64,
    /// Block headers with their checksums.
    pub block_headers: u64,
    /// Foreign bytes, coded or stored.
    pub foreign: u64,
    /// Coded streams of predicted samples.
    pub streams: u64,
    /// LSB blocks of predicted samples.
    pub lsb: u64,
    /// Samples that are not predicted but go through the byte model.
    pub byte_modelled: u64,
    /// Samples stored as they are.
    pub stored: u64,
    /// Trailer and footer: segment table and hash.
    pub trailer: u64,
}

impl Bytes {
    fn count(&mut self, block: &Block, original_offset: u64) {
        self.block_headers += block.header_length(original_offset);
        let length = block.stream.len() as u64;
        match block.kind {
            BlockKind::ForeignStored | BlockKind::ForeignCoded => self.foreign += length,
            BlockKind::AudioStored => self.stored += length,
            BlockKind::AudioBytes => self.byte_modelled += length,
            BlockKind::AudioCoded | BlockKind::AudioCharacters => {
                self.streams += length;
                self.lsb += block.lsb.len() as u64;
            }
        }
    }

    fn samples(&self) -> u64 {
        self.streams + self.lsb + self.byte_modelled + self.stored
    }
}

/// What the language model did for a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LmInfo {
    /// The model that segments may use; absent when the file was made without one.
    pub model: Option<ModelInfo>,
    /// The fingerprint as the header has it, for [`ModelSource::open`](crate::lm::ModelSource):
    /// whether the model is at hand. Empty when the file was made without one.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub fingerprint: Vec<u8>,
    /// Number of segments that it takes part in. A file with none decodes without it.
    pub segments: u32,
    /// Bytes that it saved in those, against the same codec without it.
    pub saved_bytes: u64,
}

/// The language model of a file, as its fingerprint describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ModelInfo {
    /// Name of the model; says that the fingerprint is not understood, if it is not. Empty, like all
    /// that follows from the model's file, for the exact engine.
    pub name: String,
    /// BLAKE3 of the GGUF file, in hexadecimal.
    pub blake3: String,
    /// Which tokens carry bins and classes.
    pub interface: String,
    /// Tokens that the model sees at least, once a segment is that long.
    pub window: u32,
    /// Segments in one batch.
    pub lanes: u32,
    /// The exact engine's arithmetic, or the version of llama.cpp and its bindings.
    pub engine: String,
    /// What the engine computed with.
    pub backend: String,
    /// Layers on a GPU.
    pub gpu_layers: u32,
    /// Hash of logits on the machine that made the file, in hexadecimal.
    pub canary: String,
}

impl ModelInfo {
    /// `None` for the empty fingerprint of a file without a model.
    fn new(fingerprint: &[u8]) -> Option<Self> {
        if fingerprint.is_empty() {
            return None;
        }
        if let Some(ExactIdentity { arithmetic, model }) = ExactIdentity::from_bytes(fingerprint) {
            return Some(ModelInfo {
                blake3: hex(&model),
                engine: format!("exact, arithmetic {arithmetic}"),
                backend: "any machine".to_owned(),
                ..Self::default()
            });
        }
        Some(match Fingerprint::from_bytes(fingerprint) {
            Ok(f) => ModelInfo {
                name: f.model_name,
                blake3: hex(&f.model_blake3),
                interface: f.interface,
                window: f.window,
                lanes: f.lanes,
                engine: f.engine,
                backend: f.backend,
                gpu_layers: f.gpu_layers,
                canary: hex(&f.canary),
            },
            Err(error) => ModelInfo { name: format!("unknown ({error})"), ..Self::default() },
        })
    }
}

/// Reads the lmz file `input` and checks its structure and the checksums of its coded
/// parts, but decodes nothing: samples may still be undecodable for want of the model.
///
/// # Errors
/// [`Error::NotLmz`], [`Error::Unsupported`], [`Error::Corrupt`], [`Error::Limit`] and
/// [`Error::Io`] as for [`decompress`](super::decompress).
pub fn inspect(input: impl Read) -> Result<FileInfo> {
    let mut reader = Reader::new(input)?;
    let header = reader.header().clone();
    let mut info = FileInfo {
        format_version: VERSION,
        format_draft: DRAFT,
        level: header.level.name(),
        lm: LmInfo {
            model: ModelInfo::new(&header.fingerprint),
            fingerprint: header.fingerprint.clone(),
            ..LmInfo::default()
        },
        ..FileInfo::default()
    };
    info.bytes.header = reader.header_length();
    let (mut summary, mut end) = (Summary::default(), reader.header_length());
    while let Some((place, block)) = reader.next_block()? {
        info.bytes.count(&block, place.original_offset);
        info.long_term_segments += u32::from(block.long_term);
        summary.count(&block);
        end = reader.position();
    }
    let trailer = reader.trailer().ok_or_else(|| Error::corrupt(end, "no trailer"))?;
    summary.close(trailer, reader.position(), &header.fingerprint);
    info.segments = summary.segments;
    info.lm.segments = summary.segments_with_lm;
    info.lm.saved_bytes = summary.lm_saved_bytes;
    info.portable = summary.portable;
    info.compressed_bytes = summary.compressed_bytes;
    info.bytes.trailer = info.compressed_bytes - end;
    info.original_bytes = summary.original_bytes;
    info.blake3 = summary.blake3;
    info.blocks = trailer.blocks;
    info.ratio = ratio(info.compressed_bytes, info.original_bytes);
    info.audio = header.audio.map(|audio| {
        let format = audio.format;
        AudioInfo {
            container: format.container.name(),
            channels: format.channels,
            sample_rate: format.sample_rate,
            sample_format: describe(&format),
            frames: trailer.frames,
            seconds: format.seconds(trailer.frames),
            segment_frames: audio.segment_frames,
            bits_per_sample: (format.sample.width() > 0).then(|| {
                let samples = trailer.frames.saturating_mul(u64::from(format.channels));
                ratio(8 * info.bytes.samples(), samples)
            }),
        }
    });
    Ok(info)
}

/// The sample format in words.
fn describe(format: &WavFormat) -> String {
    let WavFormat { valid_bits, tag, .. } = format;
    match format.sample {
        SampleFormat::Integer { width, .. } if u16::from(width) * 8 == *valid_bits => {
            format!("{valid_bits}-bit integer")
        }
        SampleFormat::Integer { width, .. } => {
            format!("{valid_bits}-bit integer in {width} bytes")
        }
        SampleFormat::SignedByte => format!("{valid_bits}-bit integer"),
        SampleFormat::ALaw => "A-law".to_owned(),
        SampleFormat::MuLaw => "µ-law".to_owned(),
        SampleFormat::Float32 { .. } => "32-bit float".to_owned(),
        SampleFormat::Float64 { .. } => "64-bit float".to_owned(),
        SampleFormat::Opaque { stride } => format!("format {tag:#06x}, blocks of {stride} bytes"),
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
