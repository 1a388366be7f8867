//! What the header of a file holds about its audio (§4.3), reduced to what coding and reporting need.

use super::container::Container;

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

impl WavFormat {
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
}
