//! The `COMM` chunk of AIFF and AIFF-C.
//!
//! The compression types are those that AIFF-C and QuickTime define; Apple's "Audio Interchange File
//! Format AIFF-C" (1991) has the fields.

use super::container::Container;
use super::format::{Endian, SampleFormat, WavFormat};

/// Bytes of a `COMM` body without a compression type.
const PLAIN_BODY: usize = 18;

/// Distance of the exponent of an 80-bit float from that of 1.
const BIAS: u16 = 16_383;

/// Reads the body of a `COMM` chunk; `None` if no frame size follows from it.
pub(super) fn parse(body: &[u8], container: Container) -> Option<WavFormat> {
    let u16_at = |at: usize| Some(u16::from_be_bytes(*body.get(at..)?.first_chunk()?));
    let channels = u16_at(0).filter(|&channels| channels > 0)?; // numChannels
    let bits = u16_at(6)?; // sampleSize, behind numSampleFrames
    let sample_rate = integer_of_extended(body.get(8..)?.first_chunk()?); // sampleRate
    let kind = match container {
        Container::AiffC => body.get(PLAIN_BODY..).and_then(|rest| rest.first_chunk()),
        _ => None,
    };
    let sample = sample_format(kind.unwrap_or(b"NONE"), channels, bits);
    let frame_bytes = sample.frame_bytes(channels) as u32;
    Some(WavFormat {
        tag: sample.usual_tag(),
        channels,
        sample_rate,
        byte_rate: sample_rate.saturating_mul(frame_bytes),
        valid_bits: bits,
        channel_mask: 0,
        container,
        sample,
    })
}

/// The samples of a compression type; those that are compressed are opaque.
fn sample_format(kind: &[u8; 4], channels: u16, bits: u16) -> SampleFormat {
    let width = bits.div_ceil(8).max(1);
    let opaque = |bytes: u16| SampleFormat::Opaque { stride: channels.saturating_mul(bytes) };
    let integers = |width: u16, endian| match width {
        1 => SampleFormat::SignedByte,
        2..=4 => SampleFormat::Integer { width: width as u8, endian },
        _ => opaque(width),
    };
    match kind {
        b"NONE" | b"twos" => integers(width, Endian::Big),
        b"sowt" => integers(width, Endian::Little),
        b"raw " if width == 1 => SampleFormat::Integer { width: 1, endian: Endian::Big },
        // Offset binary, which the samples show (`Mapping::Offset`).
        b"raw " => integers(width, Endian::Big),
        b"in24" => integers(3, Endian::Big),
        b"in32" => integers(4, Endian::Big),
        b"42ni" => integers(3, Endian::Little),
        b"23ni" => integers(4, Endian::Little),
        b"fl32" | b"FL32" => SampleFormat::Float32 { endian: Endian::Big },
        b"fl64" | b"FL64" => SampleFormat::Float64 { endian: Endian::Big },
        b"alaw" | b"ALAW" => SampleFormat::ALaw,
        b"ulaw" | b"ULAW" => SampleFormat::MuLaw,
        // Packets of 64 samples, one for each channel.
        b"ima4" => opaque(34),
        _ => opaque(width),
    }
}

/// The body of a `COMM` chunk for `frames` frames of `format`. An opaque format has no compression
/// type here: it is not kept.
pub(super) fn body(format: &WavFormat, frames: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(PLAIN_BODY + 6);
    out.extend(format.channels.to_be_bytes());
    out.extend(u32::try_from(frames).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(format.valid_bits.to_be_bytes());
    out.extend(extended(format.sample_rate));
    if format.container == Container::AiffC {
        out.extend(match (format.sample, format.sample.endian()) {
            (SampleFormat::Float32 { .. }, _) => b"fl32",
            (SampleFormat::Float64 { .. }, _) => b"fl64",
            (SampleFormat::ALaw, _) => b"alaw",
            (SampleFormat::MuLaw, _) => b"ulaw",
            (SampleFormat::Integer { width: 1, .. }, _) => b"raw ",
            (SampleFormat::Integer { width: 2, .. }, Endian::Little) => b"sowt",
            (SampleFormat::Integer { width: 3, .. }, Endian::Little) => b"42ni",
            (SampleFormat::Integer { width: 4, .. }, Endian::Little) => b"23ni",
            _ => b"NONE",
        });
        out.extend([0, 0]); // compressionName: a Pascal string, empty, with its pad byte
    }
    out
}

/// The 80-bit extended float `bytes`, cut to an integer; 0 for what is no sample rate.
fn integer_of_extended(bytes: &[u8; 10]) -> u32 {
    let [e0, e1, mantissa @ ..] = *bytes;
    let shift = u16::from_be_bytes([e0, e1]).checked_sub(BIAS).filter(|&shift| shift < 32);
    shift.map_or(0, |shift| (u64::from_be_bytes(mantissa) >> (63 - shift)) as u32)
}

/// Inverse of [`integer_of_extended`].
fn extended(value: u32) -> [u8; 10] {
    let mut out = [0; 10];
    let Some(log) = value.checked_ilog2() else { return out };
    out[..2].copy_from_slice(&(BIAS + log as u16).to_be_bytes());
    out[2..].copy_from_slice(&(u64::from(value) << (63 - log)).to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_floats_are_those_of_the_standard() {
        // 44,100 Hz as every AIFF file has it.
        assert_eq!(extended(44_100), [0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]);
        for rate in [0, 1, 2, 3, 8_000, 22_050, 48_000, 192_000, u32::MAX] {
            assert_eq!(integer_of_extended(&extended(rate)), rate);
        }
        // 22,254.54 Hz of old Macintoshes; no panic for numbers that are no rates.
        assert_eq!(integer_of_extended(b"\x40\x0d\xad\xdd\x17\x45\xd1\x74\x5d\x17"), 22_254);
        for odd in
            [[0xff; 10], [0x7f; 10], [0; 10], [0x3f; 10], [0x40, 0x1f, 1, 0, 0, 0, 0, 0, 0, 0]]
        {
            assert!(integer_of_extended(&odd) < u32::MAX);
        }
    }

    #[test]
    fn compression_types() {
        let big = |width| SampleFormat::Integer { width, endian: Endian::Big };
        let little = |width| SampleFormat::Integer { width, endian: Endian::Little };
        for (kind, bits, expected) in [
            (b"NONE", 16, big(2)),
            (b"NONE", 12, big(2)),
            (b"NONE", 8, SampleFormat::SignedByte),
            (b"twos", 24, big(3)),
            (b"sowt", 16, little(2)),
            (b"sowt", 8, SampleFormat::SignedByte),
            (b"raw ", 8, big(1)),
            (b"raw ", 16, big(2)),
            (b"in24", 16, big(3)),
            (b"in32", 16, big(4)),
            (b"42ni", 24, little(3)),
            (b"FL32", 16, SampleFormat::Float32 { endian: Endian::Big }),
            (b"fl64", 64, SampleFormat::Float64 { endian: Endian::Big }),
            (b"ulaw", 16, SampleFormat::MuLaw),
            (b"ALAW", 8, SampleFormat::ALaw),
            (b"ima4", 16, SampleFormat::Opaque { stride: 68 }),
            (b"MAC3", 8, SampleFormat::Opaque { stride: 2 }),
            (b"NONE", 48, SampleFormat::Opaque { stride: 12 }),
        ] {
            assert_eq!(sample_format(kind, 2, bits), expected, "{} {bits}", kind.escape_ascii());
        }
    }
}
