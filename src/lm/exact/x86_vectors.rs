//! Vectors of x86-64: one register of 512 bits, two of 256 or four of 128.

use std::arch::x86_64::{__m128, __m128i, __m256, __m256i, __m512, __m512i};

use pulp::x86::{V2, V3};

use super::dispatch::{Avx512Vnni, AvxVnni};
use super::vectors::{LANES, ROUND, Vectors};

/// Bits of [`ROUND`].
const ROUND_BITS: i32 = ROUND.to_bits() as i32;

/// Each lane with its neighbour: 1, 0, 3, 2.
const SWAP: i32 = 0b10_11_00_01;
/// Lanes 2, 3, 2, 3.
const HIGH_HALF: i32 = 0b11_10_11_10;
/// Lane 1 everywhere.
const SECOND: i32 = 0b01_01_01_01;
/// Quarters 0, 2, 1, 3: what packs left per half, in order.
const IN_ORDER: i32 = 0b11_01_10_00;
const LESS: i32 = 1; // _CMP_LT_OS: false where one is NaN

/// Methods that are one instruction for each register.
macro_rules! each {
    ($($name:ident = $($part:ident).+;)*) => { $(
        #[inline(always)]
        fn $name(self, mut a: Self::F, b: Self::F) -> Self::F {
            for i in 0..a.len() {
                a[i] = self.$($part).+(a[i], b[i]);
            }
            a
        }
    )* };
}

/// What is left to do with four lanes.
trait Four: Copy {
    fn sum4(self, x: __m128) -> f32;
    fn highest4(self, x: __m128) -> f32;
    fn largest4(self, x: __m128i) -> i32;
}

impl Four for V2 {
    #[inline(always)]
    fn sum4(self, x: __m128) -> f32 {
        let x = self.sse._mm_add_ps(x, self.sse._mm_movehl_ps(x, x));
        let second = self.sse._mm_shuffle_ps::<SECOND>(x, x);
        self.sse._mm_cvtss_f32(self.sse._mm_add_ss(x, second))
    }

    #[inline(always)]
    fn highest4(self, x: __m128) -> f32 {
        let x = self.sse._mm_max_ps(x, self.sse._mm_movehl_ps(x, x));
        let second = self.sse._mm_shuffle_ps::<SECOND>(x, x);
        self.sse._mm_cvtss_f32(self.sse._mm_max_ss(x, second))
    }

    #[inline(always)]
    fn largest4(self, x: __m128i) -> i32 {
        let x = self.sse4_1._mm_max_epi32(x, self.sse2._mm_shuffle_epi32::<HIGH_HALF>(x));
        let x = self.sse4_1._mm_max_epi32(x, self.sse2._mm_shuffle_epi32::<SECOND>(x));
        self.sse2._mm_cvtsi128_si32(x)
    }
}

impl Vectors for V2 {
    type F = [__m128; 4];
    type I = [__m128i; 4];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [self.sse._mm_set1_ps(x); 4]
    }

    each! {
        add = sse._mm_add_ps;
        sub = sse._mm_sub_ps;
        mul = sse._mm_mul_ps;
        div = sse._mm_div_ps;
        max = sse._mm_max_ps;
        min = sse._mm_min_ps;
    }

    #[inline(always)]
    fn zero_below(self, x: Self::F, low: Self::F, mut y: Self::F) -> Self::F {
        for i in 0..4 {
            y[i] = self.sse._mm_andnot_ps(self.sse._mm_cmplt_ps(x[i], low[i]), y[i]);
        }
        y
    }

    #[inline(always)]
    fn scale(self, mut p: Self::F, t: Self::F) -> Self::F {
        for i in 0..4 {
            let t = self.sse2._mm_slli_epi32::<23>(self.sse2._mm_castps_si128(t[i]));
            let p_bits = self.sse2._mm_castps_si128(p[i]);
            p[i] = self.sse2._mm_castsi128_ps(self.sse2._mm_add_epi32(p_bits, t));
        }
        p
    }

    #[inline(always)]
    fn swap_pairs(self, mut x: Self::F) -> Self::F {
        for x in &mut x {
            *x = self.sse._mm_shuffle_ps::<SWAP>(*x, *x);
        }
        x
    }

    #[inline(always)]
    fn sum(self, [a, b, c, d]: Self::F) -> f32 {
        let (a, b) = (self.sse._mm_add_ps(a, c), self.sse._mm_add_ps(b, d));
        self.sum4(self.sse._mm_add_ps(a, b))
    }

    #[inline(always)]
    fn highest(self, [a, b, c, d]: Self::F) -> f32 {
        let (a, b) = (self.sse._mm_max_ps(a, c), self.sse._mm_max_ps(b, d));
        self.highest4(self.sse._mm_max_ps(a, b))
    }

    #[inline(always)]
    fn to_float(self, x: Self::I) -> Self::F {
        let mut out = self.splat(0.0);
        for i in 0..4 {
            out[i] = self.sse2._mm_cvtepi32_ps(x[i]);
        }
        out
    }

    #[inline(always)]
    fn join(self, mut high: Self::I, low: Self::I) -> Self::I {
        for i in 0..4 {
            high[i] = self.sse2._mm_add_epi32(self.sse2._mm_slli_epi32::<7>(high[i]), low[i]);
        }
        high
    }

    #[inline(always)]
    fn magnitude(self, mut most: Self::I, x: Self::F) -> Self::I {
        let mask = self.sse2._mm_set1_epi32(0x7FFF_FFFF);
        for i in 0..4 {
            let bits = self.sse2._mm_and_si128(self.sse2._mm_castps_si128(x[i]), mask);
            most[i] = self.sse4_1._mm_max_epi32(most[i], bits);
        }
        most
    }

    #[inline(always)]
    fn largest(self, [a, b, c, d]: Self::I) -> i32 {
        let (a, b) = (self.sse4_1._mm_max_epi32(a, c), self.sse4_1._mm_max_epi32(b, d));
        self.largest4(self.sse4_1._mm_max_epi32(a, b))
    }

    #[inline(always)]
    fn bytes(self, rounded: Self::F, flip: i8) -> [i8; LANES] {
        let mut q: Self::I = pulp::cast(rounded);
        for q in &mut q {
            *q = self.sse2._mm_sub_epi32(*q, self.sse2._mm_set1_epi32(ROUND_BITS));
        }
        let low = self.sse2._mm_packs_epi32(q[0], q[1]);
        let high = self.sse2._mm_packs_epi32(q[2], q[3]);
        let bytes = self.sse2._mm_packs_epi16(low, high);
        pulp::cast(self.sse2._mm_xor_si128(bytes, self.sse2._mm_set1_epi8(flip)))
    }

    #[inline(always)]
    fn digits(self, rounded: Self::F) -> [[i8; LANES]; 2] {
        let mut q: Self::I = pulp::cast(rounded);
        for q in &mut q {
            *q = self.sse2._mm_sub_epi32(*q, self.sse2._mm_set1_epi32(ROUND_BITS));
        }
        let a = self.sse2._mm_packs_epi32(q[0], q[1]);
        let b = self.sse2._mm_packs_epi32(q[2], q[3]);
        let mask = self.sse2._mm_set1_epi16(127);
        let high = (self.sse2._mm_srli_epi16::<7>(a), self.sse2._mm_srli_epi16::<7>(b));
        let low = (self.sse2._mm_and_si128(a, mask), self.sse2._mm_and_si128(b, mask));
        [high, low].map(|(a, b)| pulp::cast(self.sse2._mm_packs_epi16(a, b)))
    }
}

/// [`Vectors`] of AVX2, for kernels that have a [`V3`] at the given place.
macro_rules! avx2 {
    ($kernel:ty $(, $v3:ident)?) => {
        impl Vectors for $kernel {
            type F = [__m256; 2];
            type I = [__m256i; 2];

            #[inline(always)]
            fn splat(self, x: f32) -> Self::F {
                [self$(.$v3)?.avx._mm256_set1_ps(x); 2]
            }

            each! {
                add = $($v3.)?avx._mm256_add_ps;
                sub = $($v3.)?avx._mm256_sub_ps;
                mul = $($v3.)?avx._mm256_mul_ps;
                div = $($v3.)?avx._mm256_div_ps;
                max = $($v3.)?avx._mm256_max_ps;
                min = $($v3.)?avx._mm256_min_ps;
            }

            #[inline(always)]
            fn zero_below(self, x: Self::F, low: Self::F, mut y: Self::F) -> Self::F {
                let avx = self$(.$v3)?.avx;
                for i in 0..2 {
                    y[i] = avx._mm256_andnot_ps(avx._mm256_cmp_ps::<LESS>(x[i], low[i]), y[i]);
                }
                y
            }

            #[inline(always)]
            fn scale(self, mut p: Self::F, t: Self::F) -> Self::F {
                let (avx, avx2) = (self$(.$v3)?.avx, self$(.$v3)?.avx2);
                for i in 0..2 {
                    let t = avx2._mm256_slli_epi32::<23>(avx._mm256_castps_si256(t[i]));
                    let sum = avx2._mm256_add_epi32(avx._mm256_castps_si256(p[i]), t);
                    p[i] = avx._mm256_castsi256_ps(sum);
                }
                p
            }

            #[inline(always)]
            fn swap_pairs(self, mut x: Self::F) -> Self::F {
                for x in &mut x {
                    *x = self$(.$v3)?.avx._mm256_permute_ps::<SWAP>(*x);
                }
                x
            }

            #[inline(always)]
            fn sum(self, [a, b]: Self::F) -> f32 {
                let v3 = self$(.$v3)?;
                let x = v3.avx._mm256_add_ps(a, b);
                let high = v3.avx._mm256_extractf128_ps::<1>(x);
                v3.sum4(v3.sse._mm_add_ps(v3.avx._mm256_castps256_ps128(x), high))
            }

            #[inline(always)]
            fn highest(self, [a, b]: Self::F) -> f32 {
                let v3 = self$(.$v3)?;
                let x = v3.avx._mm256_max_ps(a, b);
                let high = v3.avx._mm256_extractf128_ps::<1>(x);
                v3.highest4(v3.sse._mm_max_ps(v3.avx._mm256_castps256_ps128(x), high))
            }

            #[inline(always)]
            fn to_float(self, x: Self::I) -> Self::F {
                let mut out = self.splat(0.0);
                for i in 0..2 {
                    out[i] = self$(.$v3)?.avx._mm256_cvtepi32_ps(x[i]);
                }
                out
            }

            #[inline(always)]
            fn join(self, mut high: Self::I, low: Self::I) -> Self::I {
                let avx2 = self$(.$v3)?.avx2;
                for i in 0..2 {
                    let shifted = avx2._mm256_slli_epi32::<7>(high[i]);
                    high[i] = avx2._mm256_add_epi32(shifted, low[i]);
                }
                high
            }

            #[inline(always)]
            fn magnitude(self, mut most: Self::I, x: Self::F) -> Self::I {
                let (avx, avx2) = (self$(.$v3)?.avx, self$(.$v3)?.avx2);
                let mask = avx._mm256_set1_epi32(0x7FFF_FFFF);
                for i in 0..2 {
                    let bits = avx2._mm256_and_si256(avx._mm256_castps_si256(x[i]), mask);
                    most[i] = avx2._mm256_max_epi32(most[i], bits);
                }
                most
            }

            #[inline(always)]
            fn largest(self, [a, b]: Self::I) -> i32 {
                let v3 = self$(.$v3)?;
                let x = v3.avx2._mm256_max_epi32(a, b);
                let high = v3.avx2._mm256_extracti128_si256::<1>(x);
                let low = v3.avx._mm256_castsi256_si128(x);
                v3.largest4(v3.sse4_1._mm_max_epi32(low, high))
            }

            #[inline(always)]
            fn bytes(self, rounded: Self::F, flip: i8) -> [i8; LANES] {
                let v3 = self$(.$v3)?;
                let bytes = packed(v3, words(v3, rounded));
                pulp::cast(v3.sse2._mm_xor_si128(bytes, v3.sse2._mm_set1_epi8(flip)))
            }

            #[inline(always)]
            fn digits(self, rounded: Self::F) -> [[i8; LANES]; 2] {
                let v3 = self$(.$v3)?;
                let q = words(v3, rounded);
                let high = v3.avx2._mm256_srli_epi16::<7>(q);
                let low = v3.avx2._mm256_and_si256(q, v3.avx._mm256_set1_epi16(127));
                [pulp::cast(packed(v3, high)), pulp::cast(packed(v3, low))]
            }
        }
    };
}

/// The integers that rounding left, as 16 of 16 bits.
#[inline(always)]
fn words(v3: V3, rounded: [__m256; 2]) -> __m256i {
    let bits: [__m256i; 2] = pulp::cast(rounded);
    let base = v3.avx._mm256_set1_epi32(ROUND_BITS);
    let low = v3.avx2._mm256_sub_epi32(bits[0], base);
    let high = v3.avx2._mm256_sub_epi32(bits[1], base);
    v3.avx2._mm256_permute4x64_epi64::<IN_ORDER>(v3.avx2._mm256_packs_epi32(low, high))
}

/// 16 integers of 16 bits as bytes.
#[inline(always)]
fn packed(v3: V3, words: __m256i) -> __m128i {
    let high = v3.avx2._mm256_extracti128_si256::<1>(words);
    v3.sse2._mm_packs_epi16(v3.avx._mm256_castsi256_si128(words), high)
}

avx2!(V3);
avx2!(AvxVnni, v3);

impl Vectors for Avx512Vnni {
    type F = [__m512; 1];
    type I = [__m512i; 1];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [self.v4.avx512f._mm512_set1_ps(x)]
    }

    each! {
        add = v4.avx512f._mm512_add_ps;
        sub = v4.avx512f._mm512_sub_ps;
        mul = v4.avx512f._mm512_mul_ps;
        div = v4.avx512f._mm512_div_ps;
        max = v4.avx512f._mm512_max_ps;
        min = v4.avx512f._mm512_min_ps;
    }

    #[inline(always)]
    fn zero_below(self, [x]: Self::F, [low]: Self::F, [y]: Self::F) -> Self::F {
        let f = self.v4.avx512f;
        let less = f._mm512_cmp_ps_mask::<LESS>(x, low);
        [f._mm512_mask_blend_ps(less, y, f._mm512_setzero_ps())]
    }

    #[inline(always)]
    fn scale(self, [p]: Self::F, [t]: Self::F) -> Self::F {
        let f = self.v4.avx512f;
        let t = f._mm512_slli_epi32::<23>(f._mm512_castps_si512(t));
        [f._mm512_castsi512_ps(f._mm512_add_epi32(f._mm512_castps_si512(p), t))]
    }

    #[inline(always)]
    fn swap_pairs(self, [x]: Self::F) -> Self::F {
        [self.v4.avx512f._mm512_permute_ps::<SWAP>(x)]
    }

    #[inline(always)]
    fn sum(self, [x]: Self::F) -> f32 {
        let (f, v3) = (self.v4.avx512f, *self.v4);
        let high = self.v4.avx512dq._mm512_extractf32x8_ps::<1>(x);
        let x = v3.avx._mm256_add_ps(f._mm512_castps512_ps256(x), high);
        let high = v3.avx._mm256_extractf128_ps::<1>(x);
        v3.sum4(v3.sse._mm_add_ps(v3.avx._mm256_castps256_ps128(x), high))
    }

    #[inline(always)]
    fn highest(self, [x]: Self::F) -> f32 {
        let (f, v3) = (self.v4.avx512f, *self.v4);
        let high = self.v4.avx512dq._mm512_extractf32x8_ps::<1>(x);
        let x = v3.avx._mm256_max_ps(f._mm512_castps512_ps256(x), high);
        let high = v3.avx._mm256_extractf128_ps::<1>(x);
        v3.highest4(v3.sse._mm_max_ps(v3.avx._mm256_castps256_ps128(x), high))
    }

    #[inline(always)]
    fn to_float(self, [x]: Self::I) -> Self::F {
        [self.v4.avx512f._mm512_cvtepi32_ps(x)]
    }

    #[inline(always)]
    fn join(self, [high]: Self::I, [low]: Self::I) -> Self::I {
        let f = self.v4.avx512f;
        [f._mm512_add_epi32(f._mm512_slli_epi32::<7>(high), low)]
    }

    #[inline(always)]
    fn magnitude(self, [most]: Self::I, [x]: Self::F) -> Self::I {
        let f = self.v4.avx512f;
        let mask = f._mm512_set1_epi32(0x7FFF_FFFF);
        let bits = f._mm512_and_si512(f._mm512_castps_si512(x), mask);
        [f._mm512_max_epi32(most, bits)]
    }

    #[inline(always)]
    fn largest(self, [x]: Self::I) -> i32 {
        let (f, v3) = (self.v4.avx512f, *self.v4);
        let high = f._mm512_extracti64x4_epi64::<1>(x);
        let x = v3.avx2._mm256_max_epi32(f._mm512_castsi512_si256(x), high);
        let high = v3.avx2._mm256_extracti128_si256::<1>(x);
        let low = v3.avx._mm256_castsi256_si128(x);
        v3.largest4(v3.sse4_1._mm_max_epi32(low, high))
    }

    #[inline(always)]
    fn bytes(self, [rounded]: Self::F, flip: i8) -> [i8; LANES] {
        let f = self.v4.avx512f;
        let bytes = f._mm512_cvtepi32_epi8(f._mm512_castps_si512(rounded));
        pulp::cast(self.v4.sse2._mm_xor_si128(bytes, self.v4.sse2._mm_set1_epi8(flip)))
    }

    #[inline(always)]
    fn digits(self, [rounded]: Self::F) -> [[i8; LANES]; 2] {
        let f = self.v4.avx512f;
        let q = f._mm512_sub_epi32(f._mm512_castps_si512(rounded), f._mm512_set1_epi32(ROUND_BITS));
        let high = f._mm512_cvtepi32_epi8(f._mm512_srli_epi32::<7>(q));
        let low = f._mm512_cvtepi32_epi8(f._mm512_and_si512(q, f._mm512_set1_epi32(127)));
        [pulp::cast(high), pulp::cast(low)]
    }
}
