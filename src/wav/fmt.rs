//! The `fmt ` chunk: `WAVEFORMAT`, `PCMWAVEFORMAT`, `WAVEFORMATEX`, `WAVEFORMATEXTENSIBLE`.
//!
//! The four structures are prefixes of each other, so the length says which one it is. Files
//! exist whose fields contradict each other; what is accepted here affects compression only.

use super::container::Container;
use super::format::{Endian, SampleFormat, WavFormat};

/// Length of the plain body, and of a `WAVEFORMATEXTENSIBLE`, in bytes.
const PLAIN_BODY: usize = 16;
const EXTENSIBLE_BODY: usize = 40;

/// Bytes that follow the tag in a sub-format GUID, after two fields of 16 bits: 0 and 16.
const GUID_TAIL: [u8; 8] = [0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// Some writers leave the tag at this: `WAVE_FORMAT_UNKNOWN`.
const UNKNOWN: u16 = 0;
const PCM: u16 = 1;
const IEEE_FLOAT: u16 = 3;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;

/// Reads the body of a `fmt ` chunk; `None` if no frame size follows from it.
pub(super) fn parse(body: &[u8], endian: Endian, container: Container) -> Option<WavFormat> {
    let u16_at = |at: usize| {
        let bytes = body.get(at..)?.first_chunk()?;
        Some(match endian {
            Endian::Little => u16::from_le_bytes(*bytes),
            Endian::Big => u16::from_be_bytes(*bytes),
        })
    };
    let u32_at = |at: usize| {
        let bytes = body.get(at..)?.first_chunk()?;
        Some(match endian {
            Endian::Little => u32::from_le_bytes(*bytes),
            Endian::Big => u32::from_be_bytes(*bytes),
        })
    };

    let mut tag = u16_at(0)?; // wFormatTag
    let channels = u16_at(2)?; // nChannels
    let sample_rate = u32_at(4)?; // nSamplesPerSec
    let byte_rate = u32_at(8)?; // nAvgBytesPerSec
    let block = u16_at(12)?; // nBlockAlign
    let bits = u16_at(14).unwrap_or(0); // wBitsPerSample, from PCMWAVEFORMAT on
    let (mut valid_bits, mut channel_mask) = (bits, 0);
    if tag == EXTENSIBLE {
        // cbSize at 16 adds nothing to the length of the chunk.
        valid_bits = u16_at(18).filter(|&valid| valid != 0).unwrap_or(bits);
        channel_mask = u32_at(20).unwrap_or(0);
        // The first field of the sub-format GUID is the tag, in the common GUID as well as
        // in that of ambisonics. A structure cut short before it is taken for integers.
        tag = u32_at(24).map_or(PCM, |data1| u16::try_from(data1).unwrap_or(EXTENSIBLE));
    }
    if channels == 0 {
        return None;
    }
    let width = sample_width(channels, block, bits);
    let sample = match (tag, width) {
        (PCM, Some(width @ 1..=4)) => SampleFormat::Integer { width, endian },
        // Without a tag, all other fields have to agree on integers.
        (UNKNOWN, Some(width @ 1..=4))
            if usize::from(block) == usize::from(width) * usize::from(channels)
                && (1..=8 * u16::from(width)).contains(&bits)
                && sample_rate > 0 =>
        {
            SampleFormat::Integer { width, endian }
        }
        (ALAW, Some(1)) => SampleFormat::ALaw,
        (MULAW, Some(1)) => SampleFormat::MuLaw,
        (IEEE_FLOAT, Some(4)) => SampleFormat::Float32 { endian },
        (IEEE_FLOAT, Some(8)) => SampleFormat::Float64 { endian },
        _ if block > 0 => SampleFormat::Opaque { stride: block },
        _ => return None,
    };
    Some(WavFormat {
        tag,
        channels,
        sample_rate,
        byte_rate,
        valid_bits,
        channel_mask,
        container,
        sample,
    })
}

/// The body of a `fmt ` chunk for `format`, extensible if there is a channel mask.
pub(super) fn body(format: &WavFormat, endian: Endian) -> Vec<u8> {
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

/// Bytes per sample: what the frame size leaves to each channel if the bits fit in there,
/// else the bits rounded up.
fn sample_width(channels: u16, block: u16, bits: u16) -> Option<u8> {
    let share = block / channels;
    let width = if block > 0 && block.is_multiple_of(channels) && bits.div_ceil(8) <= share {
        share
    } else {
        bits.div_ceil(8)
    };
    u8::try_from(width).ok().filter(|&width| width > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav::testing::fmt_body;

    fn sample(tag: u16, channels: u16, block: u16, bits: u16) -> Option<SampleFormat> {
        let body = fmt_body(tag, channels, 8000, block, bits);
        parse(&body, Endian::Little, Container::Wav).map(|f| f.sample)
    }

    fn int(width: u8) -> Option<SampleFormat> {
        Some(SampleFormat::Integer { width, endian: Endian::Little })
    }

    #[test]
    fn sample_formats() {
        let endian = Endian::Little;
        for (tag, channels, block, bits, expected) in [
            (PCM, 2, 4, 16, int(2)),
            (PCM, 1, 2, 12, int(2)),
            (PCM, 2, 8, 24, int(4)), // 24 bits in 4 bytes
            (PCM, 5, 5, 5, int(1)),
            (PCM, 1, 6, 48, Some(SampleFormat::Opaque { stride: 6 })),
            (UNKNOWN, 2, 4, 16, int(2)),
            (UNKNOWN, 1, 4, 24, int(4)),
            (UNKNOWN, 2, 36, 4, Some(SampleFormat::Opaque { stride: 36 })),
            (UNKNOWN, 2, 4, 0, Some(SampleFormat::Opaque { stride: 4 })),
            (IEEE_FLOAT, 2, 8, 32, Some(SampleFormat::Float32 { endian })),
            (IEEE_FLOAT, 1, 8, 64, Some(SampleFormat::Float64 { endian })),
            (IEEE_FLOAT, 1, 2, 16, Some(SampleFormat::Opaque { stride: 2 })),
            (ALAW, 2, 2, 8, Some(SampleFormat::ALaw)),
            (MULAW, 1, 1, 8, Some(SampleFormat::MuLaw)),
            (0x11, 1, 256, 4, Some(SampleFormat::Opaque { stride: 256 })),
            // Contradictions: the frame size is too small for the bits, missing, or no
            // multiple of the channels.
            (PCM, 2, 1, 16, int(2)),
            (PCM, 1, 0, 24, int(3)),
            (PCM, 3, 7, 16, int(2)),
            (PCM, 1, 2, 0, int(2)),
            // Nothing to go by.
            (PCM, 0, 4, 16, None),
            (PCM, 1, 0, 0, None),
            (0x55, 2, 0, 0, None),
        ] {
            assert_eq!(sample(tag, channels, block, bits), expected, "{tag} {channels} {bits}");
        }
    }

    #[test]
    fn extensible_names_valid_bits_mask_and_sub_format() {
        let mut body = fmt_body(EXTENSIBLE, 2, 48_000, 8, 32);
        body.extend([22, 0, 24, 0, 3, 0, 0, 0]); // cbSize, valid bits, mask
        body.extend([PCM as u8, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
        let format = parse(&body, Endian::Little, Container::Wav).unwrap();
        assert_eq!((format.tag, format.valid_bits, format.channel_mask), (PCM, 24, 3));
        assert_eq!(Some(format.sample), int(4));
        assert_eq!(body.len(), EXTENSIBLE_BODY);
        // Any prefix is read without a panic, and from 14 bytes on with the same frame size.
        for length in 0..body.len() {
            let format = parse(&body[..length], Endian::Little, Container::Wav);
            assert_eq!(format.map(|f| f.frame_bytes()), (length >= 14).then_some(8));
        }
    }
}
