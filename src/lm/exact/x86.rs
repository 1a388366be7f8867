//! Kernels for x86-64: SSSE3 (as part of SSE4.2), AVX2, AVX-VNNI and AVX-512 VNNI.
//!
//! Without VNNI, bytes are multiplied by `maddubs`, whose first factor has no sign: so it takes the
//! magnitude of the vector's elements, and the weights take their sign. Two products of 127 × 127 fit
//! its 16 bits. With VNNI, the vector's elements have had 128 added, and 128 times the sum of the row's
//! weights is taken off.

use std::arch::x86_64::{__m128i, __m256i, __m512i};

use pulp::NullaryFnOnce;
use pulp::x86::{V2, V3};

use super::dispatch::{Avx512Vnni, AvxVnni};
use super::kernel::{Kernel, Sink, blocked};
use super::matrix::{Quad, ROWS, Tile, View};

/// The quad as one number.
#[inline(always)]
fn word(quad: Quad) -> i32 {
    i32::from_ne_bytes(quad.map(|q| q as u8))
}

macro_rules! multiply {
    ($single:literal, $groups:literal x $vectors:literal) => {
        #[inline(always)]
        fn multiply<const SIGNED: bool>(
            self,
            matrix: View<'_>,
            vectors: &[Quad],
            stride: usize,
            sink: &mut impl Sink<Self>,
        ) {
            blocked::<_, _, $single, $groups, $vectors, SIGNED>(
                self, matrix, vectors, stride, sink,
            );
        }
    };
}

impl Kernel for V2 {
    const FLIP: i8 = 0;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        V2::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[Self::I; 2]; M]; G] {
        let ones = self.sse2._mm_set1_epi16(1);
        let mut sums = [[[[self.sse2._mm_setzero_si128(); 4]; 2]; M]; G];
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.sse2._mm_set1_epi32(word(vectors[m][c]));
                let magnitude = if SIGNED { self.ssse3._mm_abs_epi8(x) } else { x };
                for g in 0..G {
                    let weights: [__m128i; 8] = pulp::cast(tiles[g][c].0);
                    for part in 0..8 {
                        let w = match SIGNED {
                            true => self.ssse3._mm_sign_epi8(weights[part], x),
                            false => weights[part],
                        };
                        let pairs = self.ssse3._mm_maddubs_epi16(magnitude, w);
                        let products = self.sse2._mm_madd_epi16(pairs, ones);
                        let sum = &mut sums[g][m][part / 4][part % 4];
                        *sum = self.sse2._mm_add_epi32(*sum, products);
                    }
                }
            }
        }
        sums
    }

    multiply!(1, 1 x 1);
}

impl Kernel for V3 {
    const FLIP: i8 = 0;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        V3::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[Self::I; 2]; M]; G] {
        let ones = self.avx._mm256_set1_epi16(1);
        let mut sums = [[[[self.avx._mm256_setzero_si256(); 2]; 2]; M]; G];
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.avx._mm256_set1_epi32(word(vectors[m][c]));
                let magnitude = if SIGNED { self.avx2._mm256_abs_epi8(x) } else { x };
                for g in 0..G {
                    let weights: [__m256i; 4] = pulp::cast(tiles[g][c].0);
                    for part in 0..4 {
                        let w = match SIGNED {
                            true => self.avx2._mm256_sign_epi8(weights[part], x),
                            false => weights[part],
                        };
                        let pairs = self.avx2._mm256_maddubs_epi16(magnitude, w);
                        let products = self.avx2._mm256_madd_epi16(pairs, ones);
                        let sum = &mut sums[g][m][part / 2][part % 2];
                        *sum = self.avx2._mm256_add_epi32(*sum, products);
                    }
                }
            }
        }
        sums
    }

    multiply!(2, 1 x 2);
}

impl Kernel for AvxVnni {
    const FLIP: i8 = -128;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        AvxVnni::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[Self::I; 2]; M]; G] {
        let mut sums = [[[[self.v3.avx._mm256_setzero_si256(); 2]; 2]; M]; G];
        if SIGNED {
            for g in 0..G {
                sums[g] = [pulp::cast(*offsets[g]); M];
            }
        }
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.v3.avx._mm256_set1_epi32(word(vectors[m][c]));
                for g in 0..G {
                    let weights: [__m256i; 4] = pulp::cast(tiles[g][c].0);
                    for part in 0..4 {
                        let sum = &mut sums[g][m][part / 2][part % 2];
                        *sum = self.dot(*sum, x, weights[part]);
                    }
                }
            }
        }
        sums
    }

    multiply!(2, 1 x 2);
}

impl Kernel for Avx512Vnni {
    const FLIP: i8 = -128;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        Avx512Vnni::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[Self::I; 2]; M]; G] {
        let mut sums = [[[[self.v4.avx512f._mm512_setzero_si512()]; 2]; M]; G];
        if SIGNED {
            for g in 0..G {
                sums[g] = [pulp::cast(*offsets[g]); M];
            }
        }
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.v4.avx512f._mm512_set1_epi32(word(vectors[m][c]));
                for g in 0..G {
                    let weights: [__m512i; 2] = pulp::cast(tiles[g][c].0);
                    for half in 0..2 {
                        let [sum] = &mut sums[g][m][half];
                        *sum = self.dot(*sum, x, weights[half]);
                    }
                }
            }
        }
        sums
    }

    multiply!(1, 1 x 8);
}
