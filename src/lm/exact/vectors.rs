//! 16 numbers at a time: the arithmetic that the written order allows to be done side by side.
//!
//! Every method does the same to each of 16 lanes, or combines them in the order given, so that all
//! instruction sets compute the same bits. Nothing is fused. Explicit vectors, because loops over arrays
//! become scalar code as soon as they are unrolled.

#![allow(clippy::needless_range_loop, reason = "several arrays are indexed side by side")]

use pulp::bytemuck::Pod;

/// Numbers in a vector.
pub(super) const LANES: usize = 16;

/// 1.5 × 2^23: adding it rounds numbers below 2^22 to the nearest integer, ties to even, which is then
/// in the low bits.
pub(super) const ROUND: f32 = 12_582_912.0;

/// Arithmetic of an instruction set. All methods must be inlined.
pub(super) trait Vectors: Copy {
    /// 16 binary32.
    type F: Pod;
    /// 16 integers of 32 bits.
    type I: Pod;

    fn splat(self, x: f32) -> Self::F;
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a` where it is larger, else `b`.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a` where it is smaller, else `b`.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// 0 where `x` is smaller than `low`, else `y`.
    fn zero_below(self, x: Self::F, low: Self::F, y: Self::F) -> Self::F;
    /// Bits of `p` plus those of `t` shifted left by 23: p × 2^t.
    fn scale(self, p: Self::F, t: Self::F) -> Self::F;
    /// Lanes 2i and 2i + 1 change places.
    fn swap_pairs(self, x: Self::F) -> Self::F;
    /// Sum of the lanes: 8 apart, then 4, 2 and 1.
    fn sum(self, x: Self::F) -> f32;
    /// Largest of the lanes.
    fn highest(self, x: Self::F) -> f32;

    fn to_float(self, x: Self::I) -> Self::F;
    /// 128 × `high` + `low`.
    fn join(self, high: Self::I, low: Self::I) -> Self::I;
    /// The larger of `most` and the bits of |`x`|; those of a NaN are larger than those of any number.
    fn magnitude(self, most: Self::I, x: Self::F) -> Self::I;
    /// Largest of the lanes.
    fn largest(self, x: Self::I) -> i32;
    /// Integers from -127 to 127 of numbers that [`ROUND`] has been added to, each xor `flip`. Any
    /// others where they are larger.
    fn bytes(self, rounded: Self::F, flip: i8) -> [i8; LANES];
    /// Integers from 0 to 16383 of numbers that [`ROUND`] has been added to, as digits to the base 128.
    fn digits(self, rounded: Self::F) -> [[i8; LANES]; 2];

    #[inline(always)]
    fn load(self, x: &[f32; LANES]) -> Self::F {
        pulp::cast(*x)
    }

    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32; LANES]) {
        *to = pulp::cast(x);
    }
}

/// [`Vectors`] as arrays, for any machine.
macro_rules! arrays {
    ($kernel:ty) => {
        impl crate::lm::exact::vectors::Vectors for $kernel {
            type F = [f32; 16];
            type I = [i32; 16];

            #[inline(always)]
            fn splat(self, x: f32) -> [f32; 16] {
                [x; 16]
            }

            arrays!(add(a, b) = a + b);
            arrays!(sub(a, b) = a - b);
            arrays!(mul(a, b) = a * b);
            arrays!(div(a, b) = a / b);
            arrays!(max(a, b) = if a > b { a } else { b });
            arrays!(min(a, b) = if a < b { a } else { b });

            #[inline(always)]
            fn zero_below(self, x: [f32; 16], low: [f32; 16], mut y: [f32; 16]) -> [f32; 16] {
                for i in 0..16 {
                    y[i] = if x[i] < low[i] { 0.0 } else { y[i] };
                }
                y
            }

            #[inline(always)]
            fn scale(self, mut p: [f32; 16], t: [f32; 16]) -> [f32; 16] {
                for i in 0..16 {
                    p[i] = f32::from_bits(p[i].to_bits().wrapping_add(t[i].to_bits() << 23));
                }
                p
            }

            #[inline(always)]
            fn swap_pairs(self, mut x: [f32; 16]) -> [f32; 16] {
                for pair in x.as_chunks_mut::<2>().0 {
                    *pair = [pair[1], pair[0]];
                }
                x
            }

            #[inline(always)]
            fn sum(self, mut x: [f32; 16]) -> f32 {
                for half in [8, 4, 2] {
                    for i in 0..half {
                        x[i] += x[i + half];
                    }
                }
                x[0] + x[1]
            }

            #[inline(always)]
            fn highest(self, x: [f32; 16]) -> f32 {
                let mut highest = x[0];
                for x in x {
                    highest = if x > highest { x } else { highest };
                }
                highest
            }

            #[inline(always)]
            fn to_float(self, x: [i32; 16]) -> [f32; 16] {
                let mut out = [0.0; 16];
                for i in 0..16 {
                    out[i] = x[i] as f32;
                }
                out
            }

            #[inline(always)]
            fn join(self, mut high: [i32; 16], low: [i32; 16]) -> [i32; 16] {
                for i in 0..16 {
                    high[i] = high[i] * 128 + low[i];
                }
                high
            }

            #[inline(always)]
            fn magnitude(self, mut most: [i32; 16], x: [f32; 16]) -> [i32; 16] {
                for i in 0..16 {
                    most[i] = most[i].max((x[i].to_bits() & 0x7FFF_FFFF) as i32);
                }
                most
            }

            #[inline(always)]
            fn largest(self, x: [i32; 16]) -> i32 {
                x.into_iter().fold(x[0], i32::max)
            }

            #[inline(always)]
            fn bytes(self, rounded: [f32; 16], flip: i8) -> [i8; 16] {
                let mut out = [0; 16];
                for i in 0..16 {
                    out[i] = (rounded[i].to_bits() & 0xFF) as u8 as i8 ^ flip;
                }
                out
            }

            #[inline(always)]
            fn digits(self, rounded: [f32; 16]) -> [[i8; 16]; 2] {
                let mut out = [[0; 16]; 2];
                for i in 0..16 {
                    let q = rounded[i].to_bits() & 0x3FFF;
                    out[0][i] = (q >> 7) as i8;
                    out[1][i] = (q & 127) as i8;
                }
                out
            }
        }
    };
    ($name:ident($a:ident, $b:ident) = $value:expr) => {
        #[inline(always)]
        fn $name(self, mut x: [f32; 16], y: [f32; 16]) -> [f32; 16] {
            for i in 0..16 {
                let ($a, $b) = (x[i], y[i]);
                x[i] = $value;
            }
            x
        }
    };
}
pub(super) use arrays;
