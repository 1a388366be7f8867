//! Kernels for x86-64: SSSE3 (as part of SSE4.2), AVX2, AVX-VNNI and AVX-512 VNNI.
//!
//! Without VNNI, bytes are multiplied by `maddubs`, whose first factor has no sign: so it takes the
//! magnitude of the vector's elements, and the weights take their sign. Two products of 127 × 127 fit
//! its 16 bits. With VNNI, 128 is added to the vector's elements, and 128 times the sum of the row's
//! weights is taken off.

use std::arch::x86_64::{__m128i, __m256i, __m512i};

use pulp::NullaryFnOnce;
use pulp::x86::{V2, V3};

use super::dispatch::{Avx512Vnni, AvxVnni};
use super::kernel::{Kernel, Sink, Sums, blocked};
use super::matrix::{Quad, ROWS, Tile, View};

/// The quad as one number.
#[inline(always)]
fn word(quad: Quad) -> i32 {
    i32::from_ne_bytes(quad.map(|q| q as u8))
}

/// `sums` × -128, which makes up for 128 added to each element of a vector.
#[inline(always)]
fn start<const SIGNED: bool>(sums: &Sums) -> Sums {
    let mut start = [0; ROWS];
    if SIGNED {
        for row in 0..ROWS {
            start[row] = sums[row] * -128;
        }
    }
    start
}

macro_rules! multiply {
    ($single:literal, $groups:literal x $vectors:literal) => {
        #[inline(always)]
        fn multiply<const SIGNED: bool>(
            self,
            matrix: View<'_>,
            vectors: &[Quad],
            stride: usize,
            sink: &mut impl Sink,
        ) {
            blocked::<_, _, $single, $groups, $vectors, SIGNED>(
                self, matrix, vectors, stride, sink,
            );
        }
    };
}

impl Kernel for V2 {
    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        V2::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _sums: [Sums; G],
        vectors: [&[Quad]; M],
    ) -> [[Sums; M]; G] {
        let ones = self.sse2._mm_set1_epi16(1);
        let mut sums = [[[self.sse2._mm_setzero_si128(); 4]; M]; G];
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.sse2._mm_set1_epi32(word(vectors[m][c]));
                let magnitude = if SIGNED { self.ssse3._mm_abs_epi8(x) } else { x };
                for g in 0..G {
                    let weights: [__m128i; 4] = pulp::cast(tiles[g][c].0);
                    for part in 0..4 {
                        let w = match SIGNED {
                            true => self.ssse3._mm_sign_epi8(weights[part], x),
                            false => weights[part],
                        };
                        let pairs = self.ssse3._mm_maddubs_epi16(magnitude, w);
                        let products = self.sse2._mm_madd_epi16(pairs, ones);
                        sums[g][m][part] = self.sse2._mm_add_epi32(sums[g][m][part], products);
                    }
                }
            }
        }
        sums.map(|sums| sums.map(pulp::cast))
    }

    multiply!(1, 1 x 2);
}

impl Kernel for V3 {
    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        V3::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _sums: [Sums; G],
        vectors: [&[Quad]; M],
    ) -> [[Sums; M]; G] {
        let ones = self.avx._mm256_set1_epi16(1);
        let mut sums = [[[self.avx._mm256_setzero_si256(); 2]; M]; G];
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.avx._mm256_set1_epi32(word(vectors[m][c]));
                let magnitude = if SIGNED { self.avx2._mm256_abs_epi8(x) } else { x };
                for g in 0..G {
                    let weights: [__m256i; 2] = pulp::cast(tiles[g][c].0);
                    for part in 0..2 {
                        let w = match SIGNED {
                            true => self.avx2._mm256_sign_epi8(weights[part], x),
                            false => weights[part],
                        };
                        let pairs = self.avx2._mm256_maddubs_epi16(magnitude, w);
                        let products = self.avx2._mm256_madd_epi16(pairs, ones);
                        sums[g][m][part] = self.avx2._mm256_add_epi32(sums[g][m][part], products);
                    }
                }
            }
        }
        sums.map(|sums| sums.map(pulp::cast))
    }

    multiply!(4, 2 x 2);
}

impl Kernel for AvxVnni {
    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        AvxVnni::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        sums: [Sums; G],
        vectors: [&[Quad]; M],
    ) -> [[Sums; M]; G] {
        let flip = self.v3.avx._mm256_set1_epi8(-128);
        let mut out = [[[self.v3.avx._mm256_setzero_si256(); 2]; M]; G];
        for g in 0..G {
            out[g] = [pulp::cast(start::<SIGNED>(&sums[g])); M];
        }
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.v3.avx._mm256_set1_epi32(word(vectors[m][c]));
                let x = if SIGNED { self.v3.avx2._mm256_xor_si256(x, flip) } else { x };
                for g in 0..G {
                    let weights: [__m256i; 2] = pulp::cast(tiles[g][c].0);
                    for part in 0..2 {
                        out[g][m][part] = self.dot(out[g][m][part], x, weights[part]);
                    }
                }
            }
        }
        out.map(|sums| sums.map(pulp::cast))
    }

    multiply!(6, 2 x 2);
}

impl Kernel for Avx512Vnni {
    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        Avx512Vnni::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        sums: [Sums; G],
        vectors: [&[Quad]; M],
    ) -> [[Sums; M]; G] {
        let flip = self.v4.avx512f._mm512_set1_epi8(-128);
        let mut out = [[self.v4.avx512f._mm512_setzero_si512(); M]; G];
        for g in 0..G {
            out[g] = [pulp::cast(start::<SIGNED>(&sums[g])); M];
        }
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let x = self.v4.avx512f._mm512_set1_epi32(word(vectors[m][c]));
                let x = if SIGNED { self.v4.avx512f._mm512_xor_si512(x, flip) } else { x };
                for g in 0..G {
                    let weights: __m512i = pulp::cast(tiles[g][c].0);
                    out[g][m] = self.dot(out[g][m], x, weights);
                }
            }
        }
        out.map(|sums| sums.map(pulp::cast))
    }

    multiply!(8, 4 x 4);
}
