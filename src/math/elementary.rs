//! Exponential and logarithm by polynomials, for one number or for a vector of them: a scalar is a vector
//! of [`pulp::Scalar`].

use pulp::Simd;

/// Bits of a mantissa.
const MANTISSA: u32 = 23;

/// `f(x)` for polynomials in pairs of terms, which do not wait for each other:
/// `(c0 + c1 x) + x^2 ((c2 + c3 x) + x^2 (c4 + c5 x))`.
#[inline(always)]
fn polynomial<S: Simd>(simd: S, x: S::f32s, c: [f32; 6]) -> S::f32s {
    let x2 = simd.mul_f32s(x, x);
    let last = simd.mul_f32s(x2, pair(simd, x, c[4], c[5]));
    let upper = simd.mul_f32s(x2, simd.add_f32s(pair(simd, x, c[2], c[3]), last));
    simd.add_f32s(pair(simd, x, c[0], c[1]), upper)
}

/// `a + b x`
#[inline(always)]
fn pair<S: Simd>(simd: S, x: S::f32s, a: f32, b: f32) -> S::f32s {
    simd.add_f32s(simd.splat_f32s(a), simd.mul_f32s(x, simd.splat_f32s(b)))
}

/// See [`super::exp_neg`].
#[inline(always)]
pub fn exp_neg<S: Simd>(simd: S, a: S::f32s) -> S::f32s {
    // 2^23 * 1.5: adding it leaves the integer part of a small number in the low mantissa
    // bits, rounded to nearest, with no conversion instruction.
    let round = simd.splat_f32s(12_582_912.0);
    let t = simd.mul_f32s(a, simd.splat_f32s(-std::f32::consts::LOG2_E));
    let rounded = simd.add_f32s(t, round);
    let fraction = simd.sub_f32s(t, simd.sub_f32s(rounded, round));
    // 2^f, |f| <= 1/2, with the least largest error that is exact for 0.
    #[allow(clippy::approx_constant, reason = "a coefficient of the polynomial, near ln 2")]
    let coefficients =
        [1.0, 0.693_147, 0.240_222_42, 0.055_507_336, 0.009_671_513, 0.001_326_472_7];
    let power = polynomial(simd, fraction, coefficients);
    let shift = simd.splat_u32s(MANTISSA);
    let exponent = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(rounded), shift);
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(power), exponent))
}

/// See [`super::ln`].
#[inline(always)]
pub fn ln<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // x = m * 2^e with 2/3 <= m < 4/3.
    let two_thirds = simd.splat_u32s(0x3F2A_AAAB);
    let offset = simd.sub_u32s(simd.transmute_u32s_f32s(x), two_thirds);
    let mantissa = simd.and_u32s(offset, simd.splat_u32s((1 << MANTISSA) - 1));
    let m = simd.transmute_f32s_u32s(simd.add_u32s(mantissa, two_thirds));
    // e is the signed number above the mantissa. With 128 added it has no sign, and as the low bits of
    // 2^23 it is a float.
    let raised = simd.add_u32s(offset, simd.splat_u32s(128 << MANTISSA));
    let raised = simd.wrapping_dyn_shr_u32s(raised, simd.splat_u32s(MANTISSA));
    let raised = simd.or_u32s(raised, simd.splat_u32s(0x4B00_0000));
    let e = simd.sub_f32s(simd.transmute_f32s_u32s(raised), simd.splat_f32s(8_388_608.0 + 128.0));
    // ln(1 + t) with the least largest error.
    let t = simd.sub_f32s(m, simd.splat_f32s(1.0));
    let coefficients =
        [1.000_022_9, -0.500_064_73, 0.331_607_22, -0.247_217_61, 0.230_738_39, -0.201_713_35];
    let series = simd.mul_f32s(t, polynomial(simd, t, coefficients));
    simd.add_f32s(simd.mul_f32s(e, simd.splat_f32s(std::f32::consts::LN_2)), series)
}
