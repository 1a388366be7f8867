//! What the header of a file holds about its audio (§4.3), reduced to what coding and reporting need.

use super::container::Container;
use crate::error::{Error, Result};

/// Byte order of multi-byte samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Endian {
    /// Least significant byte first: RIFF, RF64, BW64, Wave64.
    #[default]
    Little = 0,
    /// Most significant byte first: RIFX, and AIFF mostly.
    Big = 1,
}

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleFormat {
    /// Integers; unsigned when one byte wide, two's complement otherwise.
    ///
    /// The whole container counts as the value: files whose low or high bits contradict
    /// their declared valid bits exist and must survive.
    Integer {
        /// Size of the container in bytes, 1 to 4.
        width: u8,
        /// Byte order.
        endian: Endian,
    },
    /// G.711 A-law, one byte.
    ALaw,
    /// G.711 µ-law, one byte.
    MuLaw,
    /// IEEE 754 binary32.
    Float32 {
        /// Byte order.
        endian: Endian,
    },
    /// IEEE 754 binary64.
    Float64 {
        /// Byte order.
        endian: Endian,
    },
    /// Two's complement integers of one byte: AIFF and CAF have these where WAV has unsigned ones.
    SignedByte,
    /// Anything else (ADPCM, 48-bit integers, ...): blocks of bytes without known samples.
    Opaque {
        /// Size of a block in bytes (`nBlockAlign`), at least 1.
        stride: u16,
    },
}

impl SampleFormat {
    /// Size of the serialised form in bytes.
    pub const BYTES: usize = 4;

    /// Bytes of one frame of `channels` channels. An opaque block counts as one frame.
    pub fn frame_bytes(self, channels: u16) -> usize {
        match self {
            SampleFormat::Opaque { stride } => usize::from(stride),
            _ => usize::from(self.width()) * usize::from(channels),
        }
    }

    /// Bytes of one sample; 0 where samples are unknown.
    pub fn width(self) -> u8 {
        match self {
            SampleFormat::Integer { width, .. } => width,
            SampleFormat::ALaw | SampleFormat::MuLaw | SampleFormat::SignedByte => 1,
            SampleFormat::Float32 { .. } => 4,
            SampleFormat::Float64 { .. } => 8,
            SampleFormat::Opaque { .. } => 0,
        }
    }

    /// The `wFormatTag` of such samples in a WAV file; 0 for opaque ones.
    pub(super) fn usual_tag(self) -> u16 {
        match self {
            SampleFormat::Integer { .. } | SampleFormat::SignedByte => 1,
            SampleFormat::Float32 { .. } | SampleFormat::Float64 { .. } => 3,
            SampleFormat::ALaw => 6,
            SampleFormat::MuLaw => 7,
            SampleFormat::Opaque { .. } => 0,
        }
    }

    /// Byte order of the samples, little-endian where they have none.
    pub fn endian(self) -> Endian {
        match self {
            SampleFormat::Integer { endian, .. }
            | SampleFormat::Float32 { endian }
            | SampleFormat::Float64 { endian } => endian,
            _ => Endian::Little,
        }
    }

    /// The byte that silence consists of; for opaque blocks, zero.
    pub fn silence(self) -> u8 {
        match self {
            SampleFormat::Integer { width: 1, .. } => 0x80,
            // The smallest positive values; neither law has all bits 0 for silence.
            SampleFormat::ALaw => 0xd5,
            SampleFormat::MuLaw => 0xff,
            _ => 0,
        }
    }

    /// Serialised form: kind, width in bytes (0 for opaque), then as little-endian 16 bits
    /// the byte order (0 little, 1 big) or, for opaque, the stride.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let (kind, last) = match self {
            SampleFormat::Integer { endian, .. } => (0, endian as u16),
            SampleFormat::ALaw => (1, 0),
            SampleFormat::MuLaw => (2, 0),
            SampleFormat::Float32 { endian } => (3, endian as u16),
            SampleFormat::Float64 { endian } => (4, endian as u16),
            SampleFormat::Opaque { stride } => (5, stride),
            SampleFormat::SignedByte => (6, 0),
        };
        let [low, high] = last.to_le_bytes();
        [kind, self.width(), low, high]
    }

    /// Inverse of [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// [`Error::Unsupported`] for every value that `to_bytes` does not write.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Result<Self> {
        let [kind, width, low, high] = bytes;
        let last = u16::from_le_bytes([low, high]);
        let endian = if last == Endian::Big as u16 { Endian::Big } else { Endian::Little };
        let format = match kind {
            0 if (1..=4).contains(&width) => SampleFormat::Integer { width, endian },
            1 => SampleFormat::ALaw,
            2 => SampleFormat::MuLaw,
            3 => SampleFormat::Float32 { endian },
            4 => SampleFormat::Float64 { endian },
            5 if last > 0 => SampleFormat::Opaque { stride: last },
            6 => SampleFormat::SignedByte,
            _ => return Err(unknown_samples(bytes)),
        };
        if format.to_bytes() != bytes {
            return Err(unknown_samples(bytes));
        }
        Ok(format)
    }
}

/// Sample formats that are not defined yet may be one day.
fn unknown_samples([kind, width, low, high]: [u8; SampleFormat::BYTES]) -> Error {
    let variant = u16::from_le_bytes([low, high]);
    Error::Unsupported {
        reason: format!("made by a newer lmz? sample format {kind} ({width}, {variant})"),
    }
}

/// What the header of a file says of its samples, after repair of contradictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WavFormat {
    /// `wFormatTag`, or the one that `WAVE_FORMAT_EXTENSIBLE` holds as its sub-format; in other
    /// containers the one that WAV has for such samples.
    pub tag: u16,
    /// Number of channels, at least 1.
    pub channels: u16,
    /// Frames per second (Hz) as declared; may be 0.
    pub sample_rate: u32,
    /// Average bytes per second as declared; may be 0 or wrong.
    pub byte_rate: u32,
    /// Bits that carry signal in each sample, as declared; may be wrong.
    pub valid_bits: u16,
    /// Speaker positions (`dwChannelMask`), 0 if the file does not say.
    pub channel_mask: u32,
    /// What surrounds the samples.
    pub container: Container,
    /// How one sample is stored.
    pub sample: SampleFormat,
}

/// Bits of the byte with the kind of the samples that hold it; those above hold the container.
const KIND_BITS: u32 = 4;

impl WavFormat {
    /// Size of the serialised form in bytes.
    pub const BYTES: usize = 22;

    /// Bytes of one frame, 1 to 524,280. In an opaque format, of one block.
    pub fn frame_bytes(&self) -> usize {
        self.sample.frame_bytes(self.channels)
    }

    /// Duration of `frames` frames in seconds; 0 if the file does not say.
    ///
    /// An opaque block holds an unknown number of samples, so there the byte rate decides.
    pub fn seconds(&self, frames: u64) -> f64 {
        let (amount, rate) = match self.sample {
            SampleFormat::Opaque { stride } => (frames as f64 * f64::from(stride), self.byte_rate),
            _ => (frames as f64, self.sample_rate),
        };
        if rate == 0 { 0.0 } else { amount / f64::from(rate) }
    }

    /// The last frame that starts at `nanoseconds` or before; `None` if the file does not say
    /// how long a frame is.
    pub fn frame_at(&self, nanoseconds: u64) -> Option<u64> {
        // Units per second, and units in a frame, as in `seconds`.
        let (rate, unit) = match self.sample {
            SampleFormat::Opaque { stride } => (self.byte_rate, stride),
            _ => (self.sample_rate, 1),
        };
        let per_unit = 1_000_000_000 * u128::from(unit);
        let frame = u128::from(nanoseconds) * u128::from(rate) / per_unit;
        (rate > 0).then(|| u64::try_from(frame).unwrap_or(u64::MAX))
    }

    /// Serialised form: the fields in the order of declaration, little-endian; the container is in the
    /// high bits of the first byte of the sample format.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        out[0..2].copy_from_slice(&self.tag.to_le_bytes());
        out[2..4].copy_from_slice(&self.channels.to_le_bytes());
        out[4..8].copy_from_slice(&self.sample_rate.to_le_bytes());
        out[8..12].copy_from_slice(&self.byte_rate.to_le_bytes());
        out[12..14].copy_from_slice(&self.valid_bits.to_le_bytes());
        out[14..18].copy_from_slice(&self.channel_mask.to_le_bytes());
        out[18..22].copy_from_slice(&self.sample.to_bytes());
        out[18] |= (self.container as u8) << KIND_BITS;
        out
    }

    /// Inverse of [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// [`Error::Corrupt`] (offset relative to `bytes`) if there are no channels,
    /// [`Error::Unsupported`] if the container or the sample format is not defined.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self> {
        let b = |i: usize| bytes[i];
        let u16_at = |i| u16::from_le_bytes([b(i), b(i + 1)]);
        let u32_at = |i| u32::from_le_bytes([b(i), b(i + 1), b(i + 2), b(i + 3)]);
        let format = WavFormat {
            tag: u16_at(0),
            channels: u16_at(2),
            sample_rate: u32_at(4),
            byte_rate: u32_at(8),
            valid_bits: u16_at(12),
            channel_mask: u32_at(14),
            container: Container::from_number(b(18) >> KIND_BITS)?,
            sample: SampleFormat::from_bytes([b(18) & 0x0f, b(19), b(20), b(21)])?,
        };
        if format.channels == 0 {
            return Err(Error::corrupt(2, "audio without channels"));
        }
        Ok(format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every 32-bit pattern with small fields: whatever is accepted is written back as it was.
    #[test]
    fn sample_format_is_canonical() {
        let mut accepted = 0;
        for kind in 0..=8 {
            for width in 0..=16 {
                for last in 0..=300_u16 {
                    let [low, high] = last.to_le_bytes();
                    let bytes = [kind, width, low, high];
                    if let Ok(format) = SampleFormat::from_bytes(bytes) {
                        assert_eq!(format.to_bytes(), bytes);
                        accepted += 1;
                    }
                }
            }
        }
        // 4 widths x 2 orders, two laws, two floats x 2 orders, 300 strides, signed bytes.
        assert_eq!(accepted, 8 + 2 + 4 + 300 + 1);
    }

    #[test]
    fn wav_format_round_trips_and_refuses_no_channels() {
        let mut format = WavFormat {
            tag: 1,
            channels: 6,
            sample_rate: 192_000,
            byte_rate: 1,
            valid_bits: 20,
            channel_mask: 0x3f,
            container: Container::Wav,
            sample: SampleFormat::Integer { width: 3, endian: Endian::Big },
        };
        for container in Container::ALL {
            format.container = container;
            assert_eq!(WavFormat::from_bytes(&format.to_bytes()).unwrap(), format);
        }
        let mut unknown = format.to_bytes();
        unknown[18] = 0x60;
        assert!(matches!(WavFormat::from_bytes(&unknown), Err(Error::Unsupported { .. })));
        assert_eq!(format.frame_bytes(), 18);
        assert_eq!(format.seconds(96_000), 0.5);
        format.channels = 0;
        assert!(WavFormat::from_bytes(&format.to_bytes()).is_err());
    }
}
