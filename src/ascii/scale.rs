//! What the bytes of a sample mean as a number, so that a distribution of numbers gives
//! something about bits.
//!
//! The *key* of a sample is its bytes, the most significant first. In every format, samples
//! whose keys begin alike lie next to each other: their ranks, in the order of the numbers they
//! stand for, form an interval, which each further bit halves.

use crate::wav::{self, SampleFormat, WavFormat};

/// Floats are scaled so that full scale is that of 24-bit integers, and cut off far above it.
const FLOAT_SCALE: f64 = 8_388_608.0;
const FLOAT_BOUND: f64 = 1_099_511_627_776.0;

/// Ranks and numbers of a sample format.
#[derive(Clone, Debug)]
pub enum Scale {
    /// Unsigned integers, less half their range.
    Unsigned {
        /// Bits of a sample.
        bits: u32,
    },
    /// Two's complement integers.
    Signed {
        /// Bits of a sample.
        bits: u32,
    },
    /// IEEE 754 binary32 or binary64.
    Float {
        /// Bits of a sample.
        bits: u32,
    },
    /// A-law or µ-law.
    Table {
        /// Rank of each code.
        ranks: Box<[u8; 256]>,
        /// Linear value of each rank.
        values: Box<[f64; 256]>,
    },
}

impl Scale {
    /// The scale of a sample format; `None` for an opaque one.
    pub fn new(format: &WavFormat) -> Option<Self> {
        match format.sample {
            SampleFormat::Integer { width: 1, .. } => Some(Scale::Unsigned { bits: 8 }),
            SampleFormat::Integer { width, .. } => {
                Some(Scale::Signed { bits: 8 * u32::from(width) })
            }
            SampleFormat::SignedByte => Some(Scale::Signed { bits: 8 }),
            SampleFormat::Float32 { .. } => Some(Scale::Float { bits: 32 }),
            SampleFormat::Float64 { .. } => Some(Scale::Float { bits: 64 }),
            SampleFormat::ALaw | SampleFormat::MuLaw => Self::table(format),
            SampleFormat::Opaque { .. } => None,
        }
    }

    fn table(format: &WavFormat) -> Option<Self> {
        let codes: Vec<u8> = (0..=255).collect();
        let mono = WavFormat { channels: 1, ..*format };
        let (pcm, _) = wav::to_pcm(&codes, &mono)?;
        let mut by_value: Vec<(i32, u8)> = pcm.samples.into_iter().zip(codes).collect();
        by_value.sort_unstable();
        let (mut ranks, mut values) = ([0; 256], [0.0; 256]);
        for (rank, (value, code)) in by_value.into_iter().enumerate() {
            ranks[usize::from(code)] = rank as u8;
            values[rank] = f64::from(value);
        }
        Some(Scale::Table { ranks: Box::new(ranks), values: Box::new(values) })
    }

    /// Rank of a key.
    #[inline(always)]
    pub fn rank(&self, key: u64) -> u64 {
        match self {
            Scale::Unsigned { .. } => key,
            Scale::Signed { bits } => key ^ 1 << (bits - 1),
            Scale::Float { bits } => {
                let sign = 1 << (bits - 1);
                // The magnitudes of negative numbers run backwards.
                if key & sign != 0 { (sign - 1) - (key & (sign - 1)) } else { key | sign }
            }
            Scale::Table { ranks, .. } => u64::from(ranks[key as usize & 0xFF]),
        }
    }

    /// Number of a rank; grows with it.
    #[inline(always)]
    pub fn value(&self, rank: u64) -> f64 {
        match self {
            Scale::Unsigned { bits } | Scale::Signed { bits } => {
                rank as f64 - (1u64 << (bits - 1)) as f64
            }
            Scale::Float { bits } => {
                let sign = 1u64 << (bits - 1);
                let negative = rank & sign == 0;
                let magnitude = if negative { sign - 1 - rank } else { rank - sign };
                let magnitude = match bits {
                    32 => f64::from(f32::from_bits(magnitude as u32)),
                    _ => f64::from_bits(magnitude),
                };
                // `min` also turns what is not a number into the bound.
                let magnitude = (magnitude * FLOAT_SCALE).min(FLOAT_BOUND);
                if negative { -magnitude } else { magnitude }
            }
            Scale::Table { values, .. } => values[rank as usize & 0xFF],
        }
    }

    /// The point halfway between a rank, from 1, and the one before.
    #[inline(always)]
    pub fn edge(&self, rank: u64) -> f64 {
        (self.value(rank - 1) + self.value(rank)) * 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav::Endian;

    fn scale(sample: SampleFormat) -> Scale {
        let format = WavFormat {
            tag: 1,
            channels: 2,
            sample_rate: 8000,
            byte_rate: 0,
            valid_bits: 8,
            channel_mask: 0,
            container: crate::wav::Container::Wav,
            sample,
        };
        Scale::new(&format).unwrap()
    }

    const ENDIAN: Endian = Endian::Little;

    /// What [`super::super::classical`] relies on, for every prefix of some keys.
    #[test]
    fn each_bit_halves_an_interval_of_ranks() {
        let integer = |width| SampleFormat::Integer { width, endian: ENDIAN };
        for (sample, bits) in [
            (integer(1), 8),
            (integer(2), 16),
            (integer(4), 32),
            (SampleFormat::Float32 { endian: ENDIAN }, 32),
            (SampleFormat::Float64 { endian: ENDIAN }, 64),
            (SampleFormat::ALaw, 8),
            (SampleFormat::MuLaw, 8),
        ] {
            let scale = scale(sample);
            for seed in 0..300u64 {
                let key = (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 3) >> (64 - bits);
                let (mut prefix, mut low) = (0, 0);
                for left in (0..bits).rev() {
                    let half = 1u64 << left;
                    let middle = low + half;
                    let one_is_upper = scale.rank(prefix | half) >= middle;
                    let zero_is_upper = scale.rank(prefix) >= middle;
                    assert_ne!(one_is_upper, zero_is_upper, "{sample:?} {key:x} {left}");
                    prefix |= key & half;
                    low = if (key & half != 0) == one_is_upper { middle } else { low };
                }
                assert_eq!(low, scale.rank(key), "{sample:?} {key:x}");
            }
        }
    }

    #[test]
    fn values_grow_with_ranks() {
        for sample in [SampleFormat::ALaw, SampleFormat::MuLaw] {
            let scale = scale(sample);
            assert!((1..256).all(|rank| scale.value(rank - 1) < scale.value(rank)));
        }
        let float = scale(SampleFormat::Float32 { endian: ENDIAN });
        let numbers = [f32::NEG_INFINITY, -3e38, -1.0, -1e-40, -0.0, 0.0, 0.25, 1e30, f32::NAN];
        let ranks = numbers.map(|number| float.rank(u64::from(number.to_bits())));
        assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{ranks:?}");
        let values = ranks.map(|rank| float.value(rank));
        assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "{values:?}");
        assert_eq!(values[6], 0.25 * FLOAT_SCALE);
        assert!(values.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn integers_are_themselves() {
        let signed = scale(SampleFormat::Integer { width: 2, endian: ENDIAN });
        for number in [-32768i16, -1, 0, 1, 32767] {
            let rank = signed.rank(u64::from(number as u16));
            assert_eq!(signed.value(rank), f64::from(number));
        }
        let unsigned = scale(SampleFormat::Integer { width: 1, endian: ENDIAN });
        assert_eq!(unsigned.value(unsigned.rank(128)), 0.0);
    }
}
