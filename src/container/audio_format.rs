//! The audio format as the file header holds it (§4.3).

use super::fields::{Fields, put_number};
use super::header::by_number;
use crate::error::Result;
use crate::wav::{Container, Endian, SampleFormat, WavFormat};

/// Bits of the first byte that say how samples are stored; those above are the container.
const SAMPLE_BITS: u32 = 4;
/// Sample formats 0 to 3 are integers of 1 to 4 bytes, 4 to 7 the same with the most significant byte first.
const WIDTHS: u8 = 4;
const A_LAW: u8 = 8;
const MU_LAW: u8 = 9;
/// The next one has the most significant byte first; so it is of binary64.
const BINARY32: u8 = 10;
const BINARY64: u8 = 12;
const SIGNED_BYTE: u8 = 14;
const OPAQUE: u8 = 15;

/// Appends the fields of `format`.
pub(super) fn put(out: &mut Vec<u8>, format: &WavFormat) {
    out.push((format.container as u8) << SAMPLE_BITS | sample_number(format.sample));
    if let SampleFormat::Opaque { stride } = format.sample {
        put_number(out, stride);
    }
    put_number(out, format.tag);
    put_number(out, format.channels);
    put_number(out, format.sample_rate);
    put_number(out, format.byte_rate.wrapping_sub(usual_byte_rate(format)));
    put_number(out, format.valid_bits);
    put_number(out, format.channel_mask);
}

/// Inverse of [`put`].
///
/// # Errors
/// [`Error::Corrupt`](crate::Error::Corrupt) for fields out of range,
/// [`Error::Unsupported`](crate::Error::Unsupported) for a container that is not defined.
pub(super) fn take(fields: &mut Fields<'_>) -> Result<WavFormat> {
    let first = fields.u8()?;
    let number = first >> SAMPLE_BITS;
    let container = by_number(Container::ALL, number, |container| container as u8, "container")?;
    let sample = match first & ((1 << SAMPLE_BITS) - 1) {
        OPAQUE => match fields.number()? {
            0 => return Err(fields.corrupt("blocks of no bytes")),
            stride => SampleFormat::Opaque { stride },
        },
        number => sample_of(number),
    };
    let mut format = WavFormat {
        tag: fields.number()?,
        channels: fields.number()?,
        sample_rate: fields.number()?,
        byte_rate: fields.number()?,
        valid_bits: fields.number()?,
        channel_mask: fields.number()?,
        container,
        sample,
    };
    if format.channels == 0 {
        return Err(fields.corrupt("audio without channels"));
    }
    format.byte_rate = format.byte_rate.wrapping_add(usual_byte_rate(&format));
    Ok(format)
}

fn usual_byte_rate(format: &WavFormat) -> u32 {
    format.sample_rate.wrapping_mul(format.frame_bytes() as u32)
}

fn sample_number(sample: SampleFormat) -> u8 {
    match sample {
        SampleFormat::Integer { width, endian } => width - 1 + WIDTHS * endian as u8,
        SampleFormat::ALaw => A_LAW,
        SampleFormat::MuLaw => MU_LAW,
        SampleFormat::Float32 { endian } => BINARY32 + endian as u8,
        SampleFormat::Float64 { endian } => BINARY64 + endian as u8,
        SampleFormat::SignedByte => SIGNED_BYTE,
        SampleFormat::Opaque { .. } => OPAQUE,
    }
}

/// The sample format of a number below [`OPAQUE`].
fn sample_of(number: u8) -> SampleFormat {
    let order = |big| if big { Endian::Big } else { Endian::Little };
    match number {
        A_LAW => SampleFormat::ALaw,
        MU_LAW => SampleFormat::MuLaw,
        BINARY32..BINARY64 => SampleFormat::Float32 { endian: order(number > BINARY32) },
        BINARY64..SIGNED_BYTE => SampleFormat::Float64 { endian: order(number > BINARY64) },
        SIGNED_BYTE.. => SampleFormat::SignedByte,
        _ => SampleFormat::Integer { width: number % WIDTHS + 1, endian: order(number >= WIDTHS) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn bytes(format: &WavFormat) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, format);
        out
    }

    fn read(bytes: &[u8]) -> Result<WavFormat> {
        let mut fields = Fields::new(bytes, 0, "audio format");
        let format = take(&mut fields)?;
        assert!(fields.rest().is_empty());
        Ok(format)
    }

    /// Every first byte: whatever is accepted is written back as it was.
    #[test]
    fn formats_are_canonical() {
        let mut accepted = 0;
        for first in 0..=255 {
            let opaque = first & 15 == OPAQUE;
            let stride: &[u8] = if opaque { &[7] } else { &[] };
            let fields = [&[first], stride, &[1, 2, 0x80, 0x7D, 0, 16, 3]].concat();
            match read(&fields) {
                Ok(format) => {
                    assert_eq!(bytes(&format), fields);
                    assert_eq!(format.byte_rate as usize, 16_000 * format.frame_bytes());
                    accepted += 1;
                }
                Err(error) => assert!(matches!(error, Error::Unsupported { .. }), "{error}"),
            }
        }
        assert_eq!(accepted, 16 * Container::ALL.len());
    }

    #[test]
    fn contradictions_come_back_and_nonsense_is_refused() {
        let format = WavFormat {
            tag: 1,
            channels: 65_535,
            sample_rate: u32::MAX,
            byte_rate: 1,
            valid_bits: 20,
            channel_mask: u32::MAX,
            container: Container::Wav,
            sample: SampleFormat::Integer { width: 3, endian: Endian::Big },
        };
        assert_eq!(read(&bytes(&format)).unwrap(), format);
        let sample = SampleFormat::Opaque { stride: 0 };
        for wrong in [WavFormat { channels: 0, ..format }, WavFormat { sample, ..format }] {
            assert!(matches!(read(&bytes(&wrong)), Err(Error::Corrupt { .. })));
        }
        let too_large = [bytes(&format)[0], 0xFF, 0xFF, 4];
        assert!(matches!(read(&too_large), Err(Error::Corrupt { .. })), "a tag beyond 16 bits");
    }
}
