//! Samples for programs: whole frames as integers or floats, and back.

use super::companding::Law;
use super::container::Container;
use super::format::{Endian, SampleFormat, WavFormat};
use crate::error::{Error, Result};

/// Format of integers and of floats in `wFormatTag`.
const INTEGER: u16 = 1;
const FLOAT: u16 = 3;

/// The kind of samples in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SampleKind {
    /// Integers of this many bits (8, 16, 24 or 32), not all of which need to be used: from -2^(bits-1) to
    /// 2^(bits-1) - 1, even for 8 bits, although WAV files store these unsigned.
    Integer(u16),
    /// IEEE 754 floats of 32 or 64 bits; full scale is 1.
    Float(u16),
    /// G.711 A-law: as integers, of 13 bits.
    ALaw,
    /// G.711 µ-law: as integers, of 14 bits.
    MuLaw,
    /// Unknown, such as ADPCM: only the bytes of the file can be read, not its samples.
    Opaque,
}

/// Format of the audio of a file.
///
/// ```
/// use lmz::{AudioFormat, SampleKind};
///
/// let cd = AudioFormat::integer(2, 44_100, 16);
/// assert_eq!(cd.samples, SampleKind::Integer(16));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AudioFormat {
    /// Number of channels, at least 1. A frame has one sample of each channel.
    pub channels: u16,
    /// Frames per second; 0 if the file does not declare it.
    pub sample_rate: u32,
    /// What the samples are.
    pub samples: SampleKind,
    /// Speaker positions (`dwChannelMask`); 0 if the file does not declare them.
    pub channel_mask: u32,
}

impl AudioFormat {
    /// Integers of 8, 16, 24 or 32 bits.
    #[must_use]
    pub fn integer(channels: u16, sample_rate: u32, bits: u16) -> Self {
        AudioFormat { channels, sample_rate, samples: SampleKind::Integer(bits), channel_mask: 0 }
    }

    /// Floats of 32 bits.
    #[must_use]
    pub fn float(channels: u16, sample_rate: u32) -> Self {
        let samples = SampleKind::Float(32);
        AudioFormat { channels, sample_rate, samples, channel_mask: 0 }
    }

    /// What a WAV file's header says of such samples.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for formats that [`AudioFormat::integer`] and [`AudioFormat::float`]
    /// do not make, and without channels.
    pub(crate) fn wav_format(&self) -> Result<WavFormat> {
        let endian = Endian::Little;
        let (tag, bits, sample) = match self.samples {
            SampleKind::Integer(bits @ (8 | 16 | 24 | 32)) => {
                (INTEGER, bits, SampleFormat::Integer { width: (bits / 8) as u8, endian })
            }
            SampleKind::Float(32) => (FLOAT, 32, SampleFormat::Float32 { endian }),
            other => {
                let reason = format!(
                    "{other:?} cannot be written: integers of 8, 16, 24 and 32 bits and floats \
                     of 32 bits can"
                );
                return Err(Error::OutOfRange(reason));
            }
        };
        let container = Container::Wav;
        let frame_bytes = u32::from(self.channels) * u32::from(bits / 8);
        // What the header's field for the bytes of a frame can hold.
        if self.channels == 0 || frame_bytes > u32::from(u16::MAX) {
            let reason = format!("{} channels of {bits} bits cannot be written", self.channels);
            return Err(Error::OutOfRange(reason));
        }
        Ok(WavFormat {
            tag,
            channels: self.channels,
            sample_rate: self.sample_rate,
            byte_rate: self.sample_rate.saturating_mul(frame_bytes),
            valid_bits: bits,
            channel_mask: self.channel_mask,
            container,
            sample,
        })
    }
}

impl From<&WavFormat> for AudioFormat {
    fn from(format: &WavFormat) -> Self {
        let samples = match format.sample {
            SampleFormat::Integer { width, .. } => SampleKind::Integer(u16::from(width) * 8),
            SampleFormat::SignedByte => SampleKind::Integer(8),
            SampleFormat::Float32 { .. } => SampleKind::Float(32),
            SampleFormat::Float64 { .. } => SampleKind::Float(64),
            SampleFormat::ALaw => SampleKind::ALaw,
            SampleFormat::MuLaw => SampleKind::MuLaw,
            SampleFormat::Opaque { .. } => SampleKind::Opaque,
        };
        AudioFormat {
            channels: format.channels,
            sample_rate: format.sample_rate,
            samples,
            channel_mask: format.channel_mask,
        }
    }
}

/// The samples of whole frames, as integers.
///
/// # Errors
/// [`Error::OutOfRange`] for floats and unknown formats.
pub fn to_integers(bytes: &[u8], format: SampleFormat, out: &mut [i32]) -> Result<()> {
    let samples = out.iter_mut();
    match format {
        SampleFormat::Integer { width, endian } => {
            for (out, sample) in samples.zip(bytes.chunks_exact(width.into())) {
                *out = integer(sample, endian);
            }
        }
        SampleFormat::SignedByte => {
            for (out, &byte) in samples.zip(bytes) {
                *out = i32::from(byte as i8);
            }
        }
        SampleFormat::ALaw | SampleFormat::MuLaw => {
            let law = if format == SampleFormat::ALaw { Law::a() } else { Law::mu() };
            for (out, &code) in samples.zip(bytes) {
                *out = law.decode(code);
            }
        }
        SampleFormat::Float32 { .. } | SampleFormat::Float64 { .. } => {
            let reason = "the samples are floats: read them as such".to_owned();
            return Err(Error::OutOfRange(reason));
        }
        SampleFormat::Opaque { .. } => return Err(unknown()),
    }
    Ok(())
}

/// The samples of whole frames, as floats with a full scale of 1. Exact for all but integers of 32
/// bits and floats of 64 bits, which are rounded to the nearest.
///
/// # Errors
/// [`Error::OutOfRange`] for unknown formats.
pub fn to_floats(bytes: &[u8], format: SampleFormat, out: &mut [f32]) -> Result<()> {
    let bits = match format {
        SampleFormat::Float32 { endian } => {
            for (out, sample) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *out = f32::from_bits(integer(sample, endian) as u32);
            }
            return Ok(());
        }
        SampleFormat::Float64 { endian } => {
            let (samples, _) = bytes.as_chunks();
            for (out, &sample) in out.iter_mut().zip(samples) {
                *out = match endian {
                    Endian::Little => f64::from_le_bytes(sample),
                    Endian::Big => f64::from_be_bytes(sample),
                } as f32;
            }
            return Ok(());
        }
        SampleFormat::Integer { width, .. } => i32::from(width) * 8,
        SampleFormat::SignedByte => 8,
        SampleFormat::ALaw => 13,
        SampleFormat::MuLaw => 14,
        SampleFormat::Opaque { .. } => return Err(unknown()),
    };
    let mut integers = vec![0; out.len()];
    to_integers(bytes, format, &mut integers)?;
    let scale = 1.0 / (1_u32 << (bits - 1)) as f32;
    for (out, value) in out.iter_mut().zip(integers) {
        *out = value as f32 * scale;
    }
    Ok(())
}

/// Appends samples of `bits` bits as bytes of little-endian integers.
///
/// # Errors
/// [`Error::OutOfRange`] for a value that `bits` bits cannot hold.
pub fn append_integers(samples: &[i32], bits: u16, out: &mut Vec<u8>) -> Result<()> {
    let width = usize::from(bits / 8);
    let largest = i32::MAX >> (32 - bits);
    out.reserve(samples.len() * width);
    for &sample in samples {
        if !(-largest - 1..=largest).contains(&sample) {
            let reason = format!("a sample of {sample} does not fit in {bits} bits");
            return Err(Error::OutOfRange(reason));
        }
        // Bytes have no sign.
        let sample = if width == 1 { sample ^ 0x80 } else { sample };
        out.extend_from_slice(&sample.to_le_bytes()[..width]);
    }
    Ok(())
}

fn unknown() -> Error {
    let reason = "the format of the samples is not known: only the file as a whole can be read";
    Error::OutOfRange(reason.to_owned())
}

/// An integer of 1 to 4 bytes; one byte has no sign in a WAV file.
fn integer(bytes: &[u8], endian: Endian) -> i32 {
    if let [byte] = bytes {
        return i32::from(*byte) - 128;
    }
    let join = |value: u32, &byte: &u8| value << 8 | u32::from(byte);
    let value = match endian {
        Endian::Little => bytes.iter().rev().fold(0, join),
        Endian::Big => bytes.iter().fold(0, join),
    };
    let unused = 32 - 8 * bytes.len() as u32;
    (value << unused) as i32 >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        for bits in [8, 16, 24, 32] {
            let largest = i32::MAX >> (32 - bits);
            let samples = [0, 1, -1, largest, -largest - 1, 100, -100];
            let mut bytes = Vec::new();
            append_integers(&samples, bits, &mut bytes).unwrap();
            let format = AudioFormat::integer(1, 8_000, bits).wav_format().unwrap();
            let mut read = [7; 7];
            to_integers(&bytes, format.sample, &mut read).unwrap();
            assert_eq!(read, samples);
            let mut floats = [7.0; 7];
            to_floats(&bytes, format.sample, &mut floats).unwrap();
            assert_eq!(floats[0], 0.0);
            assert_eq!(floats[4], -1.0);
            assert!(floats[3] > 0.99 && floats[3] <= 1.0);
            if bits < 32 {
                let refused = append_integers(&[0, largest + 1], bits, &mut bytes);
                assert!(matches!(refused, Err(Error::OutOfRange(_))));
            }
        }
    }

    #[test]
    fn big_endian_and_companded_samples_are_read() {
        let mut read = [0; 2];
        let format = SampleFormat::Integer { width: 2, endian: Endian::Big };
        to_integers(&[0x12, 0x34, 0xff, 0xfe], format, &mut read).unwrap();
        assert_eq!(read, [0x1234, -2]);
        let mut floats = [0.0; 2];
        let format = SampleFormat::Float64 { endian: Endian::Big };
        let bytes = [0.25_f64.to_be_bytes(), (-3.0_f64).to_be_bytes()].concat();
        to_floats(&bytes, format, &mut floats).unwrap();
        assert_eq!(floats, [0.25, -3.0]);
        // The loudest codes.
        to_floats(&[0xaa, 0x2a], SampleFormat::ALaw, &mut floats).unwrap();
        assert_eq!(floats, [4032.0 / 4096.0, -4032.0 / 4096.0]);
        to_floats(&[0x80, 0x00], SampleFormat::MuLaw, &mut floats).unwrap();
        assert!(floats[0] > 0.97 && floats[0] < 1.0 && floats[1] == -floats[0], "{floats:?}");
        assert!(
            to_integers(&bytes, SampleFormat::Float64 { endian: Endian::Big }, &mut read).is_err()
        );
        assert!(to_floats(&bytes, SampleFormat::Opaque { stride: 4 }, &mut floats).is_err());
    }

    #[test]
    fn formats_that_cannot_be_written_are_refused() {
        for format in [
            AudioFormat::integer(0, 8_000, 16),
            AudioFormat::integer(1, 8_000, 12),
            AudioFormat::integer(40_000, 8_000, 16),
            AudioFormat { samples: SampleKind::ALaw, ..AudioFormat::float(1, 8_000) },
        ] {
            assert!(matches!(format.wav_format(), Err(Error::OutOfRange(_))), "{format:?}");
        }
        let format = AudioFormat { channel_mask: 3, ..AudioFormat::float(2, 48_000) };
        assert_eq!(AudioFormat::from(&format.wav_format().unwrap()), format);
    }
}
