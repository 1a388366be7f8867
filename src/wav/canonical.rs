//! The plainest header (§10.6) that a file of a given container and format can have: the format, then the
//! samples.
//!
//! It is what most files start with, so the byte model is primed with that of WAV; and it stands in
//! for a header that is lost or was never there, when a part of a file becomes a file.

use super::container::Container;
use super::format::{Endian, WavFormat};
use super::grammar::{self, Grammar};
use super::{aiff, caf, fmt};

/// `AIFCVersion1`, the one date that an AIFF-C `FVER` chunk has.
const AIFF_C_VERSION: [u8; 4] = [0xa2, 0x80, 0x51, 0x40];

/// Body of a `ds64` chunk without a table, in bytes.
const DS64_BODY: u64 = 28;

/// Header of a file with `frames` frames of `format`, up to the first sample. The samples follow, and
/// [`padding`] after them.
///
/// A WAV file has 44 bytes of it, or 68 if there is a channel mask, and 36 more in an RF64 file, which
/// it is when the sizes do not fit in 32 bits. Samples with the most significant byte first make it an
/// RIFX file. Where RIFX and AIFF have no form with larger sizes, these are the largest that fit (2^32 - 1).
/// Raw samples have no header.
pub fn canonical_header(format: &WavFormat, frames: u64) -> Vec<u8> {
    header(format, frames, 0)
}

/// Like [`canonical_header`] of a RIFF file whose length is not known when it begins: sizes are left
/// open (2^32 - 1), as programs that write to a pipe leave them.
pub fn open_header(format: &WavFormat) -> Vec<u8> {
    let mut out = canonical_header(format, 0);
    let size_of_data = out.len() - 4;
    out[4..8].fill(0xff);
    out[size_of_data..].fill(0xff);
    out
}

/// A header for a file of `total` bytes, whose samples start at `length`: the canonical one
/// with a chunk to be skipped or a longer format chunk to fill the space. Zeros where no header is so
/// short.
pub fn header_of_length(format: &WavFormat, frames: u64, length: u64, total: u64) -> Vec<u8> {
    let length = length as usize;
    let plain = canonical_header(format, frames).len();
    let (Some(space), Some(grammar)) = (length.checked_sub(plain), Grammar::of_format(format))
    else {
        return vec![0; length];
    };
    let mut out = header(format, frames, space);
    if !out.starts_with(b"RF64") {
        let start = grammar.file_start(total);
        out[..start.len()].copy_from_slice(&start);
    }
    out
}

/// What stands before zeros so that `bytes` lost bytes at `offset` of a file are a chunk that readers
/// skip: padding up to where a chunk can start, and a chunk header. Empty where that does not fit.
pub fn filler(format: Option<&WavFormat>, offset: u64, bytes: u64) -> Vec<u8> {
    let grammar = match format {
        Some(format) => Grammar::of_format(format),
        None => Some(grammar::RIFF),
    };
    let Some(grammar) = grammar else { return Vec::new() };
    let pad = grammar.pad_after(offset);
    match bytes.checked_sub(pad + grammar.header_bytes() as u64) {
        Some(body) => {
            let id = filler_id(grammar.container);
            [vec![0; pad as usize], grammar.chunk_header(id, body)].concat()
        }
        None => Vec::new(),
    }
}

/// Number of zero bytes after the samples of a file that starts with [`canonical_header`].
pub fn padding(format: &WavFormat, frames: u64) -> u64 {
    let data = frames.saturating_mul(format.frame_bytes() as u64);
    Grammar::of_format(format)
        .map_or(0, |grammar| grammar.pad_after(data.saturating_add(before_samples(format).into())))
}

/// The identifier of chunks that readers skip. AIFF has none for that, but they skip all that they do
/// not know.
fn filler_id(container: Container) -> &'static [u8; 4] {
    match container {
        Container::Caf => b"free",
        Container::Wave64 => b"junk",
        _ => b"JUNK",
    }
}

/// Bytes of an audio chunk before the first sample, all zero.
fn before_samples(format: &WavFormat) -> u8 {
    match format.container {
        Container::Aiff | Container::AiffC => 8,
        Container::Caf => 4,
        _ => 0,
    }
}

/// The header with `space` bytes more than it needs.
fn header(format: &WavFormat, frames: u64, space: usize) -> Vec<u8> {
    let Some(grammar) = Grammar::of_format(format) else { return Vec::new() };
    let data = frames.saturating_mul(format.frame_bytes() as u64);
    let before = before_samples(format);
    let audio_body = data.saturating_add(before.into());
    let mut chunks = format_chunks(format, frames);
    fill(&mut chunks, space, &grammar);
    let mut head: Vec<u8> = chunks
        .iter()
        .flat_map(|(id, body)| [grammar.chunk_header(id, body.len() as u64), body.clone()].concat())
        .collect();
    let audio: &[u8; 4] = match format.container {
        Container::Aiff | Container::AiffC => b"SSND",
        _ => b"data",
    };
    let length = (grammar.start + head.len() + grammar.header_bytes()) as u64;
    let length = length.saturating_add(audio_body).saturating_add(padding(format, frames));
    let large = length.saturating_sub(8) >= u64::from(u32::MAX);
    let rf64 = large && format.container == Container::Wav && grammar.endian == Endian::Little;
    let mut start = grammar.file_start(length);
    let mut audio_header = grammar.chunk_header(audio, audio_body);
    if rf64 {
        start = b"RF64\xff\xff\xff\xffWAVE".to_vec();
        audio_header[4..].fill(0xff);
        let riff = (length - 8).saturating_add(8 + DS64_BODY);
        let sizes = [riff, data, frames].map(u64::to_le_bytes).concat();
        head = [grammar.chunk_header(b"ds64", DS64_BODY), sizes, vec![0; 4], head].concat();
    }
    [start, head, audio_header, vec![0; before.into()]].concat()
}

type Chunks = Vec<(&'static [u8; 4], Vec<u8>)>;

/// The chunks before that of the samples, the format last.
fn format_chunks(format: &WavFormat, frames: u64) -> Chunks {
    match format.container {
        Container::Wav => vec![(b"fmt ", fmt::body(format, format.sample.endian()))],
        Container::Wave64 => vec![(b"fmt ", fmt::body(format, Endian::Little))],
        Container::Aiff => vec![(b"COMM", aiff::body(format, frames))],
        Container::AiffC => {
            vec![(b"FVER", AIFF_C_VERSION.to_vec()), (b"COMM", aiff::body(format, frames))]
        }
        Container::Caf => vec![(b"desc", caf::body(format))],
        Container::Raw => Vec::new(),
    }
}

/// Makes the chunks longer by `space` bytes in all.
fn fill(chunks: &mut Chunks, space: usize, grammar: &Grammar) {
    match (space.checked_sub(grammar.header_bytes()), chunks.last_mut()) {
        (Some(body), _) => chunks.push((filler_id(grammar.container), vec![0; body])),
        // No room for a chunk. What follows the plain fields of a format is not read.
        (None, Some((_, body))) => body.resize(body.len() + space, 0),
        (None, None) => {}
    }
}

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
