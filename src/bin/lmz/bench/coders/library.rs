//! Coders that are built in, so that a bench needs nothing installed.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use byteorder::{ByteOrder, LE};
use flac_codec::decode::{FlacSampleReader, Metadata};
use flac_codec::encode::{FlacSampleWriter, Options};
use flate2::Compression;
use lmz::pcm::Pcm;
use lmz::wav::{self, Endian, Mapping, SampleFormat, WavFormat};
use serde::{Deserialize, Serialize};

use super::coder::{Clock, Coder, Input, Scope, in_memory};
use crate::bench::audio::{Wav, with_header};

/// Highest level of zstd without `--ultra`.
const ZSTD_LEVEL: i32 = 19;
/// Preset 9 with `LZMA_PRESET_EXTREME`.
const XZ_PRESET: u32 = 9 | 1 << 31;

/// A coder from a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Library {
    Gzip,
    Xz,
    Zstd,
    FlacRs,
}

impl Library {
    pub const ALL: [Library; 4] = [Library::Gzip, Library::Xz, Library::Zstd, Library::FlacRs];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Library::Gzip => "gzip",
            Library::Xz => "xz",
            Library::Zstd => "zstd",
            Library::FlacRs => "flac-rs",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Library::Gzip => "gzip -9",
            Library::Xz => "xz -9e",
            Library::Zstd => "zstd -19",
            Library::FlacRs => "flac-rs best",
        }
    }

    pub fn about(self) -> String {
        match self {
            Library::Gzip => format!("flate2 {FLATE2} with miniz_oxide, built in"),
            Library::Xz => format!("liblzma crate {LIBLZMA}, built in"),
            Library::Zstd => format!("zstd {}, built in", zstd::zstd_safe::version_string()),
            Library::FlacRs => {
                format!("flac-codec {FLAC_CODEC} (pure Rust), order 12, built in")
            }
        }
    }

    pub fn input(self) -> Input {
        match self {
            Library::Gzip | Library::Xz | Library::Zstd => Input::Bytes,
            Library::FlacRs => Input::Wav,
        }
    }

    pub fn build(self, scope: Scope) -> Box<dyn Coder> {
        Box::new(match self {
            Library::Gzip => InMemory { encode: Box::new(gzip), decode: Box::new(gunzip) },
            Library::Xz => InMemory { encode: Box::new(xz), decode: Box::new(unxz) },
            Library::Zstd => InMemory {
                encode: Box::new(|bytes| Ok(zstd::encode_all(bytes, ZSTD_LEVEL)?)),
                decode: Box::new(|bytes| Ok(zstd::decode_all(bytes)?)),
            },
            Library::FlacRs => InMemory {
                encode: Box::new(move |wav| flac(wav, scope)),
                decode: Box::new(move |coded| unflac(coded, scope)),
            },
        })
    }
}

/// Versions that the crates do not export; a test compares them with `Cargo.lock`.
const FLATE2: &str = "1.1.11";
const FLAC_CODEC: &str = "1.3.3";
const LIBLZMA: &str = "0.4.9";

/// One direction of a coder.
type Work = Box<dyn Fn(&[u8]) -> Result<Vec<u8>>>;

struct InMemory {
    encode: Work,
    decode: Work,
}

impl Coder for InMemory {
    fn encode(&mut self, original: &Path, coded: &Path, clock: &mut Clock) -> Result<()> {
        in_memory(original, coded, clock, &self.encode)
    }

    fn decode(&mut self, coded: &Path, restored: &Path, clock: &mut Clock) -> Result<()> {
        in_memory(coded, restored, clock, &self.decode)
    }
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>> {
    read_all(flate2::read::GzDecoder::new(bytes))
}

fn xz(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), XZ_PRESET);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn unxz(bytes: &[u8]) -> Result<Vec<u8>> {
    read_all(liblzma::read::XzDecoder::new(bytes))
}

fn read_all(mut reader: impl Read) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    reader.read_to_end(&mut out)?;
    Ok(out)
}

/// A FLAC stream. For whole files, what is around the samples stands before it, as
/// `flac --keep-foreign-metadata` keeps it within: two lengths, 4 bytes each, then the bytes.
fn flac(file: &[u8], scope: Scope) -> Result<Vec<u8>> {
    let file = Wav::read(file)?;
    let format = file.format.context("no samples")?;
    let bits = match format.sample {
        SampleFormat::Integer { width, endian: Endian::Little } => u32::from(width) * 8,
        _ => bail!("FLAC holds little-endian integers only"),
    };
    ensure!(format.channels <= 8, "FLAC holds at most 8 channels");
    let (pcm, _) = wav::to_pcm(&file.data, &format).context("no samples")?;
    ensure!(!pcm.samples.is_empty(), "no samples");
    let mut stream = Cursor::new(Vec::new());
    let options = Options::best().no_padding().no_seektable();
    let channels = format.channels as u8;
    let count = Some(pcm.samples.len() as u64);
    FlacSampleWriter::new(&mut stream, options, format.sample_rate, bits, channels, count)
        .and_then(|mut writer| {
            writer.write(&pcm.samples)?;
            writer.finalize()
        })
        .map_err(flac_error)?;
    let mut out = Vec::new();
    if scope == Scope::WholeFiles {
        for part in [&file.before, &file.after] {
            out.extend_from_slice(&u32::try_from(part.len())?.to_le_bytes());
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(stream.get_ref());
    Ok(out)
}

fn unflac(mut coded: &[u8], scope: Scope) -> Result<Vec<u8>> {
    let mut part = || -> Result<&[u8]> {
        let (length, rest) = coded.split_at_checked(4).context("cut short")?;
        let (part, rest) = rest.split_at_checked(LE::read_u32(length) as usize).context("cut")?;
        coded = rest;
        Ok(part)
    };
    let (before, after) = match scope {
        Scope::WholeFiles => (part()?, part()?),
        Scope::Chunks => (&[][..], &[][..]),
    };
    let mut reader = FlacSampleReader::new(coded).map_err(flac_error)?;
    let (channels, bits) = (reader.channel_count(), reader.bits_per_sample());
    let format = WavFormat {
        tag: 1,
        channels: u16::from(channels),
        sample_rate: reader.sample_rate(),
        byte_rate: 0,
        valid_bits: bits as u16,
        channel_mask: 0,
        container: lmz::wav::Container::Wav,
        sample: SampleFormat::Integer { width: (bits / 8) as u8, endian: Endian::Little },
    };
    let mut samples = Vec::new();
    reader.read_to_end(&mut samples).map_err(flac_error)?;
    let pcm = Pcm { channels: usize::from(channels), samples };
    let data = wav::from_pcm(&pcm, format.sample, Mapping::Integer)?;
    match scope {
        Scope::WholeFiles => Ok([before, &data, after].concat()),
        Scope::Chunks => with_header(&format, &data),
    }
}

fn flac_error(error: flac_codec::Error) -> anyhow::Error {
    anyhow!("flac-codec: {error:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let lock = include_str!("../../../../../Cargo.lock");
        for (name, version) in
            [("flate2", FLATE2), ("flac-codec", FLAC_CODEC), ("liblzma", LIBLZMA)]
        {
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            assert!(lock.contains(&entry), "{name} is not {version}");
        }
    }
}
