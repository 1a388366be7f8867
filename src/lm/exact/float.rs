//! Binary32 in the written order: sums over 16 lanes, exponentials, quantisation.
//!
//! Every function takes slices whose length is a multiple of 16. Magnitudes are bits of binary32 without
//! the sign, which compare as the numbers do; those of a NaN are larger than those of any number.

use super::vectors::{LANES, ROUND, Vectors};

/// Largest quantised value of activations, queries, keys and values.
pub(super) const TOP: f32 = 127.0;
/// Largest quantised attention weight.
const ATTENTION_TOP: f32 = 16_383.0;

/// 2^40: a vector with a larger element is an error, so that nothing overflows later.
const LARGEST_BITS: i32 = 0x5380_0000;
/// 2^-100: a vector without a larger element is all zeros.
const SMALLEST_BITS: i32 = 0x0D80_0000;

/// e to the power of each lane; 0 below -87, and as for 87 above.
#[inline(always)]
pub(super) fn exp<V: Vectors>(v: V, x: V::F) -> V::F {
    let constant = |bits| v.splat(f32::from_bits(bits));
    let lowest = v.splat(-87.0);
    let y = v.min(v.max(x, lowest), v.splat(87.0));
    let t = v.add(v.mul(y, constant(0x3FB8_AA3B)), v.splat(ROUND)); // log2 e
    let n = v.sub(t, v.splat(ROUND));
    // ln 2 in two parts, of which the first has few digits.
    let r = v.sub(y, v.mul(n, constant(0x3F31_8000)));
    let r = v.sub(r, v.mul(n, constant(0xB95E_8083)));
    let mut p = constant(0x3AB6_0B61); // 1/720
    p = v.add(v.mul(p, r), constant(0x3C08_8889)); // 1/120
    p = v.add(v.mul(p, r), constant(0x3D2A_AAAB)); // 1/24
    p = v.add(v.mul(p, r), constant(0x3E2A_AAAB)); // 1/6
    p = v.add(v.mul(p, r), v.splat(0.5));
    p = v.add(v.mul(p, r), v.splat(1.0));
    p = v.add(v.mul(p, r), v.splat(1.0));
    v.zero_below(x, lowest, v.scale(p, t))
}

/// Root mean square normalisation: `out` = `x` / rms × `weights`. Returns magnitudes of `out`.
#[inline(always)]
pub(super) fn normalise<V: Vectors>(
    v: V,
    x: &[f32],
    weights: &[f32],
    epsilon: f32,
    out: &mut [f32],
) -> V::I {
    let mut squares = v.splat(0.0);
    for x in x.as_chunks().0 {
        let x = v.load(x);
        squares = v.add(squares, v.mul(x, x));
    }
    let r = v.splat(1.0 / (v.sum(squares) / x.len() as f32 + epsilon).sqrt());
    let mut most = no_magnitude(v);
    let inputs = x.as_chunks().0.iter().zip(weights.as_chunks().0);
    for (out, (x, weight)) in out.as_chunks_mut().0.iter_mut().zip(inputs) {
        let y = v.mul(v.mul(v.load(x), r), v.load(weight));
        most = v.magnitude(most, y);
        v.store(y, out);
    }
    most
}

/// SiLU(`gate`) × `up`.
#[inline(always)]
pub(super) fn gated<V: Vectors>(v: V, gate: V::F, up: V::F) -> V::F {
    let e = exp(v, v.sub(v.splat(0.0), gate));
    v.mul(v.div(gate, v.add(v.splat(1.0), e)), up)
}

/// Magnitudes of nothing.
#[inline(always)]
pub(super) fn no_magnitude<V: Vectors>(_: V) -> V::I {
    pulp::cast([0i32; LANES])
}

/// Magnitudes of a vector.
#[inline(always)]
pub(super) fn magnitude<V: Vectors>(v: V, x: &[f32]) -> V::I {
    let mut most = no_magnitude(v);
    for x in x.as_chunks().0 {
        most = v.magnitude(most, v.load(x));
    }
    most
}

/// What a unit is worth if the largest value becomes `top`, and how many of them make 1.
#[inline(always)]
fn scale(largest: i32, top: f32) -> (f32, f32) {
    let m = f32::from_bits(largest as u32);
    if largest > SMALLEST_BITS { (m / top, top / m) } else { (0.0, 0.0) }
}

/// Quantises a vector of the magnitudes `most` to ±127, each xor `flip`; returns what a unit is worth,
/// or `None` if an element is not finite or larger than 2^40.
#[inline(always)]
pub(super) fn quantise<V: Vectors>(
    v: V,
    x: &[f32],
    most: V::I,
    flip: i8,
    out: &mut [i8],
) -> Option<f32> {
    let largest = v.largest(most);
    let (unit, inverse) = scale(largest, TOP);
    let (inverse, round) = (v.splat(inverse), v.splat(ROUND));
    for (out, x) in out.as_chunks_mut().0.iter_mut().zip(x.as_chunks().0) {
        // A vector that is refused may become anything here.
        *out = v.bytes(v.add(v.mul(v.load(x), inverse), round), flip);
    }
    (largest <= LARGEST_BITS).then_some(unit)
}

/// What a unit of a quantised vector is worth; of one that was refused 0, and then `sound` is false.
#[inline(always)]
pub(super) fn or_unsound(unit: Option<f32>, sound: &mut bool) -> f32 {
    *sound &= unit.is_some();
    unit.unwrap_or(0.0)
}

/// Softmax of `scores` times `value_units`, quantised to 0..=16383 in two digits of 7 bits; returns what
/// a unit is worth over the sum of the softmax's terms. Scores beyond `count` do not take part.
#[inline(always)]
pub(super) fn attention_weights<V: Vectors>(
    v: V,
    scores: &mut [f32],
    count: usize,
    value_units: &[f32],
    high: &mut [i8],
    low: &mut [i8],
) -> f32 {
    // Far below every score: e to the power of the difference is 0.
    scores[count..].fill(f32::MIN);
    let mut highest = v.splat(f32::MIN);
    for s in scores.as_chunks().0 {
        highest = v.max(v.load(s), highest);
    }
    let highest = v.splat(v.highest(highest));
    let (mut sum, mut most) = (v.splat(0.0), no_magnitude(v));
    for (s, unit) in scores.as_chunks_mut().0.iter_mut().zip(value_units.as_chunks().0) {
        let e = exp(v, v.sub(v.load(s), highest));
        sum = v.add(sum, e);
        let weight = v.mul(e, v.load(unit));
        most = v.magnitude(most, weight);
        v.store(weight, s);
    }
    let (unit, inverse) = scale(v.largest(most), ATTENTION_TOP);
    let (inverse, round) = (v.splat(inverse), v.splat(ROUND));
    let digits = high.as_chunks_mut().0.iter_mut().zip(low.as_chunks_mut().0);
    for ((high, low), weight) in digits.zip(scores.as_chunks().0) {
        [*high, *low] = v.digits(v.add(v.mul(v.load(weight), inverse), round));
    }
    unit / v.sum(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::kernel::Scalar;
    use super::*;

    fn quantised(x: &[f32], out: &mut [i8]) -> Option<f32> {
        quantise(Scalar, x, magnitude(Scalar, x), 0, out)
    }

    #[test]
    fn exponentials_are_close() {
        for i in -20_000..20_000 {
            let x = i as f32 / 200.0;
            let ours = f64::from(exp(Scalar, [x; 16])[7]);
            let theirs = f64::from(x.min(87.0)).exp();
            if x < -87.0 {
                assert_eq!(ours, 0.0);
            } else {
                assert!((ours / theirs - 1.0).abs() < 3e-7, "{x}: {ours} {theirs}");
            }
        }
    }

    #[test]
    fn quantised_values_are_the_nearest() {
        let x: Vec<f32> = (0..64).map(|i| (i as f32 - 30.3) * 0.37).collect();
        let mut q = vec![0; 64];
        let unit = quantised(&x, &mut q).unwrap();
        assert!(q.contains(&127));
        for (x, q) in x.iter().zip(q) {
            assert!((x - f32::from(q) * unit).abs() <= unit * 0.50001);
        }
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let mut q = vec![0; 16];
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.2e12] {
            let mut x = vec![1.0; 16];
            x[11] = bad;
            assert_eq!(quantised(&x, &mut q), None, "{bad}");
        }
        assert_eq!(quantised(&[2f32.powi(-100); 16], &mut q), Some(0.0));
        assert_eq!(q, [0; 16]);
        assert!(quantised(&[2f32.powi(40); 16], &mut q).is_some());
    }
}
