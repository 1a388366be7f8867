//! The factor of a segment of floats: which integers stand for them.
//!
//! Candidates are powers of two, for floats that were integers once and for those that never were, and
//! common divisors, for integers times a gain. An estimate of what each costs decides.

use crate::pcm::{Floats, Precision};

/// Shares of the samples, in thousandths, that may be finer than a power of two that is tried.
const FINER: [usize; 7] = [0, 1, 10, 30, 100, 300, 500];
/// Bits of the largest integer below what a power of two may be for it: as many as a binary32 has, and
/// as many as there may be.
const DEPTHS: [i32; 2] = [23, 30];
/// Excerpts in which divisors are looked for, and their samples.
const DIVISOR_EXCERPTS: usize = 4;
const DIVISOR_SAMPLES: usize = 1 << 14;
/// The smallest magnitudes of an excerpt that all have to be near a multiple, but for a few.
const SMALLEST: usize = 48;
const OUTLIERS: usize = 4;
/// Largest multiple of the divisor that the smallest magnitude may be.
const MOST: u32 = 4096;
/// Distance from a multiple, in divisors, that still counts as near.
const NEAR: f64 = 0.03;
/// Excerpts on which costs are estimated, and their frames.
const EXCERPTS: usize = 8;
const FRAMES: usize = 1 << 12;

/// The integers that stand for floats with `bits`, interleaved, and these with their factor.
pub fn integers(bits: Vec<u64>, precision: Precision, channels: usize) -> (Vec<i32>, Floats) {
    let mut floats = Floats { precision, factor: 1.0, bits };
    let mut candidates = powers(&floats);
    candidates.extend(divisors(&floats));
    let excerpts = excerpts(&floats.bits, EXCERPTS, FRAMES * channels, channels);
    let mut least = u64::MAX;
    for factor in candidates {
        let cost = excerpts.iter().map(|bits| cost(bits, precision, factor, channels)).sum();
        if cost < least {
            (least, floats.factor) = (cost, factor);
        }
    }
    (multiples(&floats.bits, precision, floats.factor, channels), floats)
}

/// At most `count` runs of at most `length` samples, whole frames, spread over all.
fn excerpts(bits: &[u64], count: usize, length: usize, channels: usize) -> Vec<&[u64]> {
    if bits.len() <= count * length {
        return vec![bits];
    }
    let spare = (bits.len() - length) / channels;
    let start = |i: usize| spare * i / (count - 1).max(1) * channels;
    (0..count).map(|i| &bits[start(i)..start(i) + length]).collect()
}

/// The multiple of `factor` that is nearest to each float; that of the sample before in its channel
/// where there is none in 32 bits.
fn multiples(bits: &[u64], precision: Precision, factor: f64, channels: usize) -> Vec<i32> {
    let mut integers: Vec<i32> = Vec::with_capacity(bits.len());
    for (i, &bits) in bits.iter().enumerate() {
        let multiple = (precision.value(bits) / factor).round();
        let fits = multiple.abs() <= f64::from(i32::MAX);
        let before = i.checked_sub(channels).map_or(0, |before| integers[before]);
        integers.push(if fits { multiple as i32 } else { before });
    }
    integers
}

/// A bound on the bits that samples cost, from the differences of their integers of the best order, and
/// from what integers leave of them.
fn cost(bits: &[u64], precision: Precision, factor: f64, channels: usize) -> u64 {
    let integers = multiples(bits, precision, factor, channels);
    let mut by_order = [0; 4];
    let mut rest = 0;
    for (i, (&n, &bits)) in integers.iter().zip(bits).enumerate() {
        let past = |frames: usize| {
            i.checked_sub(frames * channels).map_or(0, |before| i64::from(integers[before]))
        };
        let (n0, a, b, c) = (i64::from(n), past(1), past(2), past(3));
        let errors = [n0, n0 - a, n0 - 2 * a + b, n0 - 3 * (a - b) - c];
        for (sum, error) in by_order.iter_mut().zip(errors) {
            *sum += bits_of(error.unsigned_abs());
        }
        rest += rest_of(precision, factor, n, bits);
    }
    by_order.into_iter().min().unwrap_or(0) + rest
}

/// Bits of a sample that its integer does not hold.
fn rest_of(precision: Precision, factor: f64, n: i32, bits: u64) -> u64 {
    let nearest = precision.nearest(n, factor);
    if bits == nearest {
        return 0;
    }
    if n == 0 {
        let mantissa = bits & ((1 << precision.mantissa()) - 1);
        return 8 + u64::from(
            precision.mantissa() - mantissa.trailing_zeros().min(precision.mantissa()),
        );
    }
    let distance = precision.distance(nearest, bits).unsigned_abs();
    3 + u64::from(64 - distance.leading_zeros() - distance.trailing_zeros())
}

fn bits_of(magnitude: u64) -> u64 {
    u64::from(64 - magnitude.leading_zeros())
}

/// Powers of two whose multiples all samples are, or all but a share; and some that only leave the
/// integers a useful number of bits. The coarsest come first.
fn powers(floats: &Floats) -> Vec<f64> {
    let mut lowest = Vec::new();
    let mut largest = Vec::new();
    for &bits in &floats.bits {
        let value = floats.precision.value(bits);
        if value == 0.0 || !value.is_finite() {
            continue;
        }
        let (significand, exponent) = parts(value);
        lowest.push(exponent + significand.trailing_zeros() as i32);
        largest.push(exponent + significand.ilog2() as i32);
    }
    if lowest.is_empty() {
        return vec![1.0];
    }
    lowest.sort_unstable();
    largest.sort_unstable();
    // A few samples may be as large as they like: they are exceptions in any case.
    let tops = [largest[largest.len() - 1], largest[(largest.len() - 1) * 999 / 1000]];
    let mut exponents: Vec<i32> = Vec::new();
    for top in tops {
        let floor = top - 29;
        exponents.extend(FINER.map(|share| lowest[(lowest.len() - 1) * share / 1000].max(floor)));
        exponents.extend(DEPTHS.map(|depth| top - depth));
    }
    exponents.sort_unstable_by(|a, b| b.cmp(a));
    exponents.dedup();
    exponents.into_iter().map(|exponent| power(exponent.clamp(-1022, 1023))).collect()
}

/// A finite number other than zero as an integer times a power of two.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let (field, mantissa) = ((bits >> 52 & 0x7FF) as i32, bits & ((1 << 52) - 1));
    if field == 0 { (mantissa, -1074) } else { (mantissa | 1 << 52, field - 1075) }
}

fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// Numbers whose multiples, rounded to floats, the samples of some excerpt are.
fn divisors(floats: &Floats) -> Vec<f64> {
    let excerpts = excerpts(&floats.bits, DIVISOR_EXCERPTS, DIVISOR_SAMPLES, 1);
    let mut found = Vec::new();
    for bits in excerpts {
        let mut sizes: Vec<f64> = bits
            .iter()
            .map(|&bits| floats.precision.value(bits).abs())
            .filter(|size| *size > f64::from(f32::MIN_POSITIVE) && size.is_finite())
            .collect();
        sizes.sort_unstable_by(f64::total_cmp);
        sizes.dedup();
        let Some(multiple) = first_multiple(&sizes) else { continue };
        let (low, high) = narrowed(&sizes, multiple, floats.precision);
        let middle = 0.5 * (low + high);
        let inverse = 1.0 / (1.0 / middle).round();
        let single = f64::from(middle as f32);
        let within = [inverse, single].into_iter().filter(|g| (low..=high).contains(g));
        found.extend(within.chain([middle]).filter(|g| g.is_normal()));
    }
    found
}

/// What multiple of a common divisor the smallest of the ascending `sizes` is, if there is one.
fn first_multiple(sizes: &[f64]) -> Option<u32> {
    let smallest = sizes.get(..SMALLEST)?;
    (1..=MOST).find(|&multiple| {
        let divisor = smallest[0] / f64::from(multiple);
        let mut far = 0;
        smallest.iter().all(|size| {
            let n = size / divisor;
            far += usize::from((n - n.round()).abs() > NEAR);
            far <= OUTLIERS
        })
    })
}

/// Bounds on the divisor of which the smallest size is a multiple, from all sizes that agree with it.
fn narrowed(sizes: &[f64], multiple: u32, precision: Precision) -> (f64, f64) {
    let bounds = |size: f64, n: f64| {
        let (significand, exponent) = parts(size);
        // Half the distance to the next float.
        let half = exponent + significand.ilog2() as i32 - precision.mantissa() as i32 - 1;
        let half = power(half.max(-1022));
        ((size - half) / n, (size + half) / n)
    };
    let (mut low, mut high) = bounds(sizes[0], f64::from(multiple));
    for &size in sizes {
        let n = (size / (0.5 * (low + high))).round();
        if (high - low) / low * n > 0.5 {
            break;
        }
        let (below, above) = bounds(size, n);
        if below.max(low) <= above.min(high) {
            (low, high) = (below.max(low), above.min(high));
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk of integers, some of whose differences are small.
    fn walk(largest: i32, count: usize) -> Vec<i32> {
        let (mut seed, mut n) = (1_u32, 0_i32);
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // 24 bits, above the largest step.
            n += (seed >> 8) as i32 % (largest / 8) - largest / 16;
            n = n.clamp(-largest, largest);
            n
        };
        (0..count).map(|_| next()).collect()
    }

    /// Share of the samples, in thousandths, that are the nearest float.
    fn fitting(integers: &[i32], floats: &Floats) -> usize {
        let fits = |&(n, bits): &(&i32, &u64)| floats.precision.nearest(*n, floats.factor) == *bits;
        integers.iter().zip(&floats.bits).filter(fits).count() * 1000 / integers.len()
    }

    #[test]
    fn gains_are_found() {
        for largest in [100, 30_000, 8_000_000] {
            for gain in
                [1.0 / 32_767.0, 1.0 / 8_388_607.0, 0.7, f64::from(0.123_f32) / 32_768.0, 1e-9]
            {
                let walk = walk(largest, 30_000);
                let of = |&n: &i32| Precision::Single.nearest(n, gain);
                let bits: Vec<u64> = walk.iter().map(of).collect();
                let (found, floats) = integers(bits, Precision::Single, 1);
                assert_eq!(fitting(&found, &floats), 1000, "{gain} up to {largest}");
                let largest_found = found.iter().map(|n| n.abs()).max().unwrap();
                assert!(largest_found <= largest, "{gain}: {largest_found} for {largest}");
            }
        }
    }

    #[test]
    fn a_fade_and_odd_samples_leave_the_factor_of_the_others() {
        let walk = walk(30_000, 40_000);
        let mut bits: Vec<u64> =
            walk.iter().map(|&n| Precision::Single.nearest(n, power(-15))).collect();
        for (i, bits) in bits.iter_mut().take(4_000).enumerate() {
            let faded = f32::from_bits(*bits as u32) * (i as f32 / 4_000.0);
            *bits = u64::from(faded.to_bits());
        }
        for (i, odd) in [f32::NAN, f32::MAX, -0.0, f32::INFINITY, 1e-42].into_iter().enumerate() {
            bits[20_000 + 500 * i] = u64::from(odd.to_bits());
        }
        let (found, floats) = integers(bits, Precision::Single, 1);
        assert_eq!(floats.factor, power(-15));
        assert!(fitting(&found, &floats) >= 899);
    }

    #[test]
    fn genuine_floats_keep_24_bits_or_so() {
        let samples = (0..30_000).map(|i| ((f64::from(i) * 0.01).sin() * 0.3) as f32);
        let bits = samples.map(|x| u64::from(x.to_bits())).collect();
        let (found, _) = integers(bits, Precision::Single, 1);
        let largest = found.iter().map(|n| n.unsigned_abs()).max().unwrap();
        assert!((22..=31).contains(&largest.ilog2()), "{largest}");
    }

    #[test]
    fn nothing_but_odd_samples_has_a_factor_all_the_same() {
        for odd in [0.0, -0.0, f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            let (found, floats) = integers(vec![odd.to_bits(); 3], Precision::Double, 3);
            assert!(found.len() == 3 && floats.factor.is_normal() && floats.factor > 0.0, "{odd}");
        }
        assert!(integers(Vec::new(), Precision::Single, 1).0.is_empty());
    }
}
