//! Integers as the samples show them, where that is not what the header declares.
//!
//! Writers exist that leave the sign out: 24 bits in 32 whose upper byte is zero, and offset binary,
//! where half of the range stands for silence. Read as two's complement, such samples jump whenever
//! the signal changes its sign, which nothing predicts.

use super::Mapping;
use crate::error::Result;
use crate::fault::Fault;

/// Share of the estimated bits that another mapping has to save, one in so many. On full-scale noise
/// all mappings are as good.
const LEAST_SAVING: u64 = 1024;

/// The `samples` of integers of `bits` bits, interleaved, in the form that is the cheapest to code.
pub(super) fn chosen(samples: Vec<i32>, bits: u32, channels: usize) -> (Vec<i32>, Mapping) {
    let plain = cost(&samples, channels, |value| value);
    let candidates = [Some(Mapping::Offset), zero_extended(&samples, bits)];
    let costs = candidates.into_iter().flatten().map(|mapping| {
        let cost = cost(&samples, channels, |value| mapped(value, bits, mapping));
        (cost, mapping)
    });
    match costs.min_by_key(|&(cost, _)| cost) {
        Some((cost, mapping)) if cost + plain / LEAST_SAVING < plain => {
            (samples.iter().map(|&value| mapped(value, bits, mapping)).collect(), mapping)
        }
        _ => (samples, Mapping::Integer),
    }
}

/// The mapping for samples of which none has its upper bits set. Single bytes have none: WAV's are
/// less 128 here.
fn zero_extended(samples: &[i32], bits: u32) -> Option<Mapping> {
    let all = samples.iter().fold(0, |all, &value| all | value);
    let used = u32::try_from(all).ok().filter(|&used| used > 1)?.ilog2() + 1;
    (bits > 8 && used < bits).then_some(Mapping::ZeroExtended { bits: used as u8 })
}

/// What `mapping` makes of the declared `value` of `bits` bits.
fn mapped(value: i32, bits: u32, mapping: Mapping) -> i32 {
    match mapping {
        Mapping::Offset => flipped(value, bits),
        Mapping::ZeroExtended { bits } => {
            let spare = 32 - u32::from(bits);
            (value << spare) >> spare
        }
        _ => value,
    }
}

/// The declared values, of `bits` bits, of what [`chosen`] made of them.
///
/// # Errors
/// [`Fault::Samples`] for a value that the mapping cannot yield.
pub(super) fn declared(value: i32, bits: u32, mapping: Mapping) -> Result<i32> {
    let width = match mapping {
        Mapping::ZeroExtended { bits } => u32::from(bits),
        _ => bits,
    };
    let spare = 32 - width;
    if (value << spare) >> spare != value {
        return Err(Fault::Samples(format!("sample {value} in {width} bits")).into());
    }
    Ok(match mapping {
        Mapping::Offset => flipped(value, bits),
        Mapping::ZeroExtended { .. } => value & !(-1 << width),
        _ => value,
    })
}

/// `value` of `bits` bits with its highest bit inverted.
fn flipped(value: i32, bits: u32) -> i32 {
    value ^ (-1 << (bits - 1))
}

/// A bound on the bits that samples cost: those of the differences within each channel.
fn cost(samples: &[i32], channels: usize, map: impl Fn(i32) -> i32) -> u64 {
    let pairs = samples.iter().zip(samples.get(channels..).unwrap_or_default());
    pairs
        .map(|(&before, &value)| u64::from(32 - map(value).abs_diff(map(before)).leading_zeros()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk that goes back to zero time and again, of `bits` bits.
    fn walk(bits: u32, count: usize) -> Vec<i32> {
        let (mut seed, mut n) = (1_u32, 0_i32);
        let step = 1 << (bits - 5);
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            n = n - n / 8 + (seed >> 4) as i32 % (2 * step) - step;
            n
        };
        (0..count).map(|_| next()).collect()
    }

    fn check(samples: &[i32], bits: u32, channels: usize) -> Mapping {
        let (found, mapping) = chosen(samples.to_vec(), bits, channels);
        let back: Vec<i32> =
            found.iter().map(|&value| declared(value, bits, mapping).unwrap()).collect();
        assert_eq!(back, samples);
        mapping
    }

    #[test]
    fn signs_that_were_left_out_are_found() {
        for channels in [1, 2, 5] {
            for bits in [8, 16, 24] {
                let samples = walk(bits, 4000);
                assert_eq!(check(&samples, bits, channels), Mapping::Integer);
                let offset: Vec<i32> = samples.iter().map(|&n| flipped(n, bits)).collect();
                assert_eq!(check(&offset, bits, channels), Mapping::Offset, "{bits} {channels}");
                let extended: Vec<i32> = samples.iter().map(|&n| n & !(-1 << bits)).collect();
                let expected = Mapping::ZeroExtended { bits: bits as u8 };
                assert_eq!(check(&extended, 32, channels), expected);
            }
            let offset: Vec<i32> = walk(30, 4000).iter().map(|&n| flipped(4 * n, 32)).collect();
            assert_eq!(check(&offset, 32, channels), Mapping::Offset);
        }
    }

    #[test]
    fn samples_without_negative_ones_stay_as_they_are() {
        let positive: Vec<i32> = walk(16, 4000).iter().map(|n| n + 32_768).collect();
        assert_eq!(check(&positive, 24, 1), Mapping::Integer);
        for odd in
            [vec![], vec![0; 5], vec![1; 5], vec![-1; 5], vec![i32::MIN, i32::MAX], vec![i32::MAX]]
        {
            check(&odd, 32, 1);
        }
        check(&[-128, 127, 0, -1], 8, 3);
    }

    #[test]
    fn values_that_no_encoder_writes_are_damage() {
        let mapping = Mapping::ZeroExtended { bits: 24 };
        assert!(declared(1 << 23, 32, mapping).is_err());
        assert_eq!(declared(-1, 32, mapping).unwrap(), 0xff_ffff);
        assert!(declared(-32_769, 16, Mapping::Offset).is_err());
        assert!(declared(128, 8, Mapping::Integer).is_err());
    }
}
