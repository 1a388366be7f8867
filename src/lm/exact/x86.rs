//! Kernels for x86-64: SSSE3 (as part of SSE4.2), AVX2, AVX-VNNI and AVX-512 VNNI.
//!
//! Without VNNI, bytes are multiplied by `maddubs`, whose first factor has no sign: so it takes the
//! magnitude of the vector's elements, and the weights take their sign. Two products of 127 × 127 fit
//! its 16 bits. With VNNI, they have had 128 added.

use std::arch::x86_64::{__m128i, __m256i, __m512i};

use pulp::NullaryFnOnce;
use pulp::x86::{V2, V3};

use super::dispatch::{Avx512Vnni, AvxVnni};
use super::kernel::{Kernel, multiply, word};
use super::matrix::{Quad, Tile};

impl Kernel for V2 {
    const FLIP: i8 = 0;
    /// With its magnitudes.
    type Spread = [__m128i; 2];

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        V2::vectorize(self, work)
    }

    #[inline(always)]
    fn spread<const SIGNED: bool>(self, quad: Quad) -> [__m128i; 2] {
        let x = self.sse2._mm_set1_epi32(word(quad));
        [x, if SIGNED { self.ssse3._mm_abs_epi8(x) } else { x }]
    }

    #[inline(always)]
    fn add_tile<const SIGNED: bool>(
        self,
        sums: &mut [Self::I; 2],
        tile: &Tile,
        [x, magnitude]: [__m128i; 2],
    ) {
        let ones = self.sse2._mm_set1_epi16(1);
        let weights: [__m128i; 8] = pulp::cast(tile.0);
        for (sum, weights) in sums.as_flattened_mut().iter_mut().zip(weights) {
            let w = if SIGNED { self.ssse3._mm_sign_epi8(weights, x) } else { weights };
            let pairs = self.ssse3._mm_maddubs_epi16(magnitude, w);
            *sum = self.sse2._mm_add_epi32(*sum, self.sse2._mm_madd_epi16(pairs, ones));
        }
    }

    multiply!(1, 1 x 1);
}

impl Kernel for V3 {
    const FLIP: i8 = 0;
    /// With its magnitudes.
    type Spread = [__m256i; 2];

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        V3::vectorize(self, work)
    }

    #[inline(always)]
    fn spread<const SIGNED: bool>(self, quad: Quad) -> [__m256i; 2] {
        let x = self.avx._mm256_set1_epi32(word(quad));
        [x, if SIGNED { self.avx2._mm256_abs_epi8(x) } else { x }]
    }

    #[inline(always)]
    fn add_tile<const SIGNED: bool>(
        self,
        sums: &mut [Self::I; 2],
        tile: &Tile,
        [x, magnitude]: [__m256i; 2],
    ) {
        let ones = self.avx._mm256_set1_epi16(1);
        let weights: [__m256i; 4] = pulp::cast(tile.0);
        for (sum, weights) in sums.as_flattened_mut().iter_mut().zip(weights) {
            let w = if SIGNED { self.avx2._mm256_sign_epi8(weights, x) } else { weights };
            let pairs = self.avx2._mm256_maddubs_epi16(magnitude, w);
            *sum = self.avx2._mm256_add_epi32(*sum, self.avx2._mm256_madd_epi16(pairs, ones));
        }
    }

    multiply!(2, 1 x 2);
}

impl Kernel for AvxVnni {
    const FLIP: i8 = -128;
    type Spread = __m256i;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        AvxVnni::vectorize(self, work)
    }

    #[inline(always)]
    fn spread<const SIGNED: bool>(self, quad: Quad) -> __m256i {
        self.v3.avx._mm256_set1_epi32(word(quad))
    }

    #[inline(always)]
    fn add_tile<const SIGNED: bool>(self, sums: &mut [Self::I; 2], tile: &Tile, quad: __m256i) {
        let weights: [__m256i; 4] = pulp::cast(tile.0);
        for (sum, weights) in sums.as_flattened_mut().iter_mut().zip(weights) {
            *sum = self.dot(*sum, quad, weights);
        }
    }

    multiply!(2, 1 x 2);
}

impl Kernel for Avx512Vnni {
    const FLIP: i8 = -128;
    type Spread = __m512i;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        Avx512Vnni::vectorize(self, work)
    }

    #[inline(always)]
    fn spread<const SIGNED: bool>(self, quad: Quad) -> __m512i {
        self.v4.avx512f._mm512_set1_epi32(word(quad))
    }

    #[inline(always)]
    fn add_tile<const SIGNED: bool>(self, sums: &mut [Self::I; 2], tile: &Tile, quad: __m512i) {
        let weights: [__m512i; 2] = pulp::cast(tile.0);
        for (sum, weights) in sums.as_flattened_mut().iter_mut().zip(weights) {
            *sum = self.dot(*sum, quad, weights);
        }
    }

    multiply!(1, 1 x 8);
}
