//! Binary32 in the written order: sums over 16 lanes, exponentials, quantisation.
//!
//! Every function takes slices whose length is a multiple of 16 and is plain arithmetic in loops over
//! 16 lanes, which the compiler turns into the vectors of whatever it compiles for. Nothing here may
//! be fused or reordered, and neither Rust nor LLVM does so unasked.

/// 16 numbers that the same is done with.
pub(super) type Lanes = [f32; 16];

/// 1.5 × 2^23: adding it rounds numbers below 2^22 to the nearest integer, ties to even, which is then
/// in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Largest quantised value of activations, queries, keys and values.
pub(super) const TOP: f32 = 127.0;
/// Largest quantised attention weight.
pub(super) const ATTENTION_TOP: f32 = 16_383.0;

/// 2^40: a vector with a larger element is an error, so that nothing overflows later.
const LARGEST_BITS: u32 = 0x5380_0000;
/// 2^-100: a vector without a larger element is all zeros.
const SMALLEST_BITS: u32 = 0x0D80_0000;

/// Sum of 16 lanes: 8 apart, then 4, 2 and 1.
#[inline(always)]
fn fold(mut lanes: Lanes) -> f32 {
    for i in 0..8 {
        lanes[i] += lanes[i + 8];
    }
    for i in 0..4 {
        lanes[i] += lanes[i + 4];
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}

/// e to the power of each lane; 0 below -87, and as for 87 above.
#[inline(always)]
pub(super) fn exp(x: Lanes) -> Lanes {
    let mut out = [0.0; 16];
    for i in 0..16 {
        let y = if x[i] > -87.0 { x[i] } else { -87.0 };
        let y = if y < 87.0 { y } else { 87.0 };
        let t = y * f32::from_bits(0x3FB8_AA3B) + ROUND; // log2 e
        let n = t - ROUND;
        // ln 2 in two parts, of which the first has few digits.
        let r = y - n * f32::from_bits(0x3F31_8000);
        let r = r - n * f32::from_bits(0xB95E_8083);
        let mut p = f32::from_bits(0x3AB6_0B61); // 1/720
        p = p * r + f32::from_bits(0x3C08_8889); // 1/120
        p = p * r + f32::from_bits(0x3D2A_AAAB); // 1/24
        p = p * r + f32::from_bits(0x3E2A_AAAB); // 1/6
        p = p * r + 0.5;
        p = p * r + 1.0;
        p = p * r + 1.0;
        let e = f32::from_bits(p.to_bits().wrapping_add(t.to_bits() << 23));
        out[i] = if x[i] < -87.0 { 0.0 } else { e };
    }
    out
}

/// Root mean square normalisation: `out` = `x` / rms × `weights`.
#[inline(always)]
pub(super) fn normalise(x: &[f32], weights: &[f32], epsilon: f32, out: &mut [f32]) {
    let mut squares = [0.0; 16];
    for x in x.as_chunks::<16>().0 {
        for i in 0..16 {
            squares[i] += x[i] * x[i];
        }
    }
    let r = 1.0 / (fold(squares) / x.len() as f32 + epsilon).sqrt();
    let inputs = x.as_chunks::<16>().0.iter().zip(weights.as_chunks::<16>().0);
    for (out, (x, w)) in out.as_chunks_mut::<16>().0.iter_mut().zip(inputs) {
        for i in 0..16 {
            out[i] = (x[i] * r) * w[i];
        }
    }
}

/// `z` = SiLU(`gate`) × `up`.
#[inline(always)]
pub(super) fn gated(gate: &[f32], up: &[f32], z: &mut [f32]) {
    let inputs = gate.as_chunks::<16>().0.iter().zip(up.as_chunks::<16>().0);
    for (z, (gate, up)) in z.as_chunks_mut::<16>().0.iter_mut().zip(inputs) {
        let mut negative = [0.0; 16];
        for i in 0..16 {
            negative[i] = 0.0 - gate[i];
        }
        let e = exp(negative);
        for i in 0..16 {
            z[i] = (gate[i] / (1.0 + e[i])) * up[i];
        }
    }
}

/// Bits of the largest magnitude; those of a NaN are larger than those of any number.
#[inline(always)]
fn largest_bits(x: &[f32]) -> u32 {
    let mut most = [0i32; 16];
    for x in x.as_chunks::<16>().0 {
        for i in 0..16 {
            most[i] = most[i].max((x[i].to_bits() & 0x7FFF_FFFF) as i32);
        }
    }
    let mut largest = 0;
    for most in most {
        largest = largest.max(most);
    }
    largest as u32
}

/// What a unit is worth if the largest value becomes `top`, and how many of them make 1.
#[inline(always)]
fn scale(largest: u32, top: f32) -> (f32, f32) {
    let m = f32::from_bits(largest);
    if largest > SMALLEST_BITS { (m / top, top / m) } else { (0.0, 0.0) }
}

/// Integer that a number below 2^22 is nearest to.
#[inline(always)]
fn rounded(x: f32) -> i32 {
    (x + ROUND).to_bits() as i32 - ROUND.to_bits() as i32
}

/// Quantises a vector to ±127; returns what a unit is worth, or `None` if an element is not finite or
/// larger than 2^40.
#[inline(always)]
pub(super) fn quantise(x: &[f32], out: &mut [i8]) -> Option<f32> {
    let largest = largest_bits(x);
    let (unit, inverse) = scale(largest, TOP);
    for (out, x) in out.as_chunks_mut::<16>().0.iter_mut().zip(x.as_chunks::<16>().0) {
        for i in 0..16 {
            // A vector that is refused may hold anything here; truncation is defined for all of it.
            out[i] = ((x[i] * inverse + ROUND).to_bits() & 0xFF) as u8 as i8;
        }
    }
    (largest <= LARGEST_BITS).then_some(unit)
}

/// Softmax of `scores` times `value_units`, quantised to 0..=16383 in two digits of 7 bits; returns what
/// a unit is worth over the sum of the softmax's terms. Scores beyond `count` do not take part.
#[inline(always)]
pub(super) fn attention_weights(
    scores: &mut [f32],
    count: usize,
    value_units: &[f32],
    high: &mut [i8],
    low: &mut [i8],
) -> f32 {
    // Far below every score: e to the power of the difference is 0.
    scores[count..].fill(f32::MIN);
    let mut most = [f32::MIN; 16];
    for s in scores.as_chunks::<16>().0 {
        for i in 0..16 {
            most[i] = if s[i] > most[i] { s[i] } else { most[i] };
        }
    }
    let mut largest = f32::MIN;
    for most in most {
        largest = if most > largest { most } else { largest };
    }
    let mut sum = [0.0; 16];
    let lanes = scores.as_chunks_mut::<16>().0.iter_mut();
    for (s, unit) in lanes.zip(value_units.as_chunks::<16>().0) {
        let mut difference = [0.0; 16];
        for i in 0..16 {
            difference[i] = s[i] - largest;
        }
        let e = exp(difference);
        for i in 0..16 {
            sum[i] += e[i];
            s[i] = e[i] * unit[i];
        }
    }
    let (unit, inverse) = scale(largest_bits(scores), ATTENTION_TOP);
    let digits = high.as_chunks_mut::<16>().0.iter_mut().zip(low.as_chunks_mut::<16>().0);
    for ((high, low), w) in digits.zip(scores.as_chunks::<16>().0) {
        for i in 0..16 {
            let q = rounded(w[i] * inverse);
            high[i] = (q >> 7) as i8;
            low[i] = (q & 127) as i8;
        }
    }
    unit / fold(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exponentials_are_close() {
        for i in -20_000..20_000 {
            let x = i as f32 / 200.0;
            let ours = f64::from(exp([x; 16])[7]);
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
        let unit = quantise(&x, &mut q).unwrap();
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
            assert_eq!(quantise(&x, &mut q), None, "{bad}");
        }
        assert_eq!(quantise(&[2f32.powi(-100); 16], &mut q), Some(0.0));
        assert_eq!(q, [0; 16]);
        assert!(quantise(&[2f32.powi(40); 16], &mut q).is_some());
    }
}
