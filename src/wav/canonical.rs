//! The plainest header that a WAV file of a given format can have: `RIFF`, `fmt `, `data`.
//!
//! It is what most files start with, so the byte model is primed with it; and it stands in
//! for a header that is lost or was never there, when a part of a file becomes a file.

use super::format::{Endian, WavFormat};

const EXTENSIBLE: u16 = 0xfffe;

/// Length of the plain `fmt ` body, and of a `WAVE_FORMAT_EXTENSIBLE`.
const PLAIN_BODY: usize = 16;
const EXTENSIBLE_BODY: usize = 40;

/// Bytes that follow the tag in a sub-format GUID, after two fields of 16 bits: 0 and 16.
const GUID_TAIL: [u8; 8] = [0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// Header of a WAV file with `frames` frames of `format`, up to and with the size of `data`:
/// 44 bytes, or 68 if there is a channel mask, and 36 more in an RF64 file, which it is when
/// the sizes do not fit in 32 bits. The samples follow, and [`padding`] after them.
///
/// Samples with the most significant byte first make it an RIFX file; there is no form of
/// that with larger sizes, so they are left open (2^32 - 1).
pub fn canonical_header(format: &WavFormat, frames: u64) -> Vec<u8> {
    let endian = format.sample.endian();
    let data = frames.saturating_mul(format.frame_bytes() as u64);
    let body = fmt_body(format, endian);
    // "WAVE", the headers of two chunks, the format, the samples.
    let riff = data.saturating_add(4 + 16 + body.len() as u64 + padding(format, frames));
    let large = riff >= u64::from(u32::MAX);
    let size = |size: u64| if large { u32::MAX } else { size as u32 };
    let u32_bytes = |value: u32| match endian {
        Endian::Little => value.to_le_bytes(),
        Endian::Big => value.to_be_bytes(),
    };

    let mut out = Vec::new();
    out.extend_from_slice(match (endian, large) {
        (Endian::Big, _) => b"RIFX",
        (Endian::Little, true) => b"RF64",
        (Endian::Little, false) => b"RIFF",
    });
    out.extend_from_slice(&u32_bytes(size(riff)));
    out.extend_from_slice(b"WAVE");
    if large && endian == Endian::Little {
        out.extend_from_slice(b"ds64");
        out.extend_from_slice(&28_u32.to_le_bytes());
        for value in [riff.saturating_add(36), data, frames] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out.extend_from_slice(&[0; 4]); // no table
    }
    out.extend_from_slice(b"fmt ");
    out.extend_from_slice(&u32_bytes(body.len() as u32));
    out.extend_from_slice(&body);
    out.extend_from_slice(b"data");
    out.extend_from_slice(&u32_bytes(size(data)));
    out
}

/// As [`canonical_header`] of a RIFF file whose length is not known when it begins: sizes are left
/// open (2^32 - 1), as programs that write to a pipe leave them.
pub fn open_header(format: &WavFormat) -> Vec<u8> {
    let mut out = canonical_header(format, 0);
    let size_of_data = out.len() - 4;
    out[4..8].fill(0xff);
    out[size_of_data..].fill(0xff);
    out
}

/// A header for a file of `total` bytes, whose samples start at `length`: the canonical one
/// with a `JUNK` chunk or a longer `fmt ` chunk to fill the space. Zeros where no header is so
/// short.
pub fn header_of_length(format: &WavFormat, frames: u64, length: u64, total: u64) -> Vec<u8> {
    let mut out = canonical_header(format, frames);
    let length = length as usize;
    let Some(space) = length.checked_sub(out.len()) else { return vec![0; length] };
    let endian = format.sample.endian();
    let u32_bytes = |value: u32| match endian {
        Endian::Little => value.to_le_bytes(),
        Endian::Big => value.to_be_bytes(),
    };
    let data_at = out.len() - 8;
    let junk: Vec<u8> = match space {
        0 => Vec::new(),
        8.. => [&b"JUNK"[..], &u32_bytes((space - 8) as u32), &vec![0; space - 8]].concat(),
        _ => {
            // No room for a chunk. What follows the plain fields of `fmt ` is not read.
            let size_at = data_at - fmt_body(format, endian).len() - 4;
            let size = (data_at - size_at - 4 + space) as u32;
            out[size_at..size_at + 4].copy_from_slice(&u32_bytes(size));
            vec![0; space]
        }
    };
    out.splice(data_at..data_at, junk);
    if !out.starts_with(b"RF64") {
        let riff = u32::try_from(total.saturating_sub(8)).unwrap_or(u32::MAX);
        out[4..8].copy_from_slice(&u32_bytes(riff));
    }
    out
}

/// Header of a `JUNK` chunk of `size` bytes, in the byte order of a file with samples of `format`.
pub fn junk_header(format: Option<&WavFormat>, size: u64) -> Vec<u8> {
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    let size = match format.map(|format| format.sample.endian()) {
        Some(Endian::Big) => size.to_be_bytes(),
        Some(Endian::Little) | None => size.to_le_bytes(),
    };
    [*b"JUNK", size].concat()
}

/// Number of zero bytes after the samples of a file that starts with [`canonical_header`].
pub fn padding(format: &WavFormat, frames: u64) -> u64 {
    frames.saturating_mul(format.frame_bytes() as u64) % 2
}

fn fmt_body(format: &WavFormat, endian: Endian) -> Vec<u8> {
    let mut out = Vec::with_capacity(EXTENSIBLE_BODY);
    let mut field = |value: u32, width: usize| match endian {
        Endian::Little => out.extend_from_slice(&value.to_le_bytes()[..width]),
        Endian::Big => out.extend_from_slice(&value.to_be_bytes()[4 - width..]),
    };
    let extensible = format.channel_mask != 0;
    let container_bits = u16::from(format.sample.width()) * 8;
    field(u32::from(if extensible { EXTENSIBLE } else { format.tag }), 2);
    field(u32::from(format.channels), 2);
    field(format.sample_rate, 4);
    field(format.byte_rate, 4);
    // Does not fit for more channels than any program writes.
    field(format.frame_bytes() as u32 & 0xffff, 2);
    field(u32::from(if extensible { container_bits } else { format.valid_bits }), 2);
    if extensible {
        field((EXTENSIBLE_BODY - PLAIN_BODY - 2) as u32, 2);
        field(u32::from(format.valid_bits), 2);
        field(format.channel_mask, 4);
        field(u32::from(format.tag), 4);
        field(0, 2);
        field(16, 2);
        out.extend_from_slice(&GUID_TAIL);
    }
    out
}

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
