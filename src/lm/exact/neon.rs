//! Kernels for aarch64: any such machine, and those with dot products (ARMv8.2 and later).

use std::arch::aarch64::{int8x8_t, int8x16_t, int32x4_t};

use pulp::NullaryFnOnce;
use pulp::aarch64::Neon;

use super::dispatch::NeonDot;
use super::kernel::{Kernel, Sink, blocked};
use super::matrix::{Quad, ROWS, Tile, View};
use super::vectors::arrays;

arrays!(Neon);
arrays!(NeonDot);

/// The quad as one number.
#[inline(always)]
fn word(quad: Quad) -> i32 {
    i32::from_ne_bytes(quad.map(|q| q as u8))
}

impl Kernel for Neon {
    const FLIP: i8 = 0;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        Neon::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[[i32; 16]; 2]; M]; G] {
        let mut out = [[[[0; 16]; 2]; M]; G];
        for g in 0..G {
            for m in 0..M {
                // Two halves of the sums of two rows each.
                let mut halves: [int32x4_t; 16] = [self.neon.vdupq_n_s32(0); 16];
                for (tile, &quad) in tiles[g].iter().zip(vectors[m]) {
                    let x: int8x8_t = pulp::cast([word(quad); 2]);
                    let weights: [int8x8_t; 16] = pulp::cast(tile.0);
                    for (half, weights) in halves.iter_mut().zip(weights) {
                        *half = self.neon.vpadalq_s16(*half, self.neon.vmull_s8(weights, x));
                    }
                }
                let halves: [i32; 64] = pulp::cast(halves);
                for row in 0..ROWS {
                    out[g][m][row / 16][row % 16] = halves[2 * row] + halves[2 * row + 1];
                }
            }
        }
        out
    }

    #[inline(always)]
    fn multiply<const SIGNED: bool>(
        self,
        matrix: View<'_>,
        vectors: &[Quad],
        stride: usize,
        sink: &mut impl Sink<Self>,
    ) {
        blocked::<_, _, 1, 1, 1, SIGNED>(self, matrix, vectors, stride, sink);
    }
}

impl Kernel for NeonDot {
    const FLIP: i8 = 0;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        NeonDot::vectorize(self, work)
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[[i32; 16]; 2]; M]; G] {
        let zero: int32x4_t = pulp::cast([0i32; 4]);
        let mut sums = [[[zero; 8]; M]; G];
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for g in 0..G {
                let weights: [int8x16_t; 8] = pulp::cast(tiles[g][c].0);
                for m in 0..M {
                    let x: int8x16_t = pulp::cast([word(vectors[m][c]); 4]);
                    for part in 0..8 {
                        sums[g][m][part] = self.dot(sums[g][m][part], weights[part], x);
                    }
                }
            }
        }
        sums.map(|sums| sums.map(|sums| pulp::cast(sums)))
    }

    #[inline(always)]
    fn multiply<const SIGNED: bool>(
        self,
        matrix: View<'_>,
        vectors: &[Quad],
        stride: usize,
        sink: &mut impl Sink<Self>,
    ) {
        blocked::<_, _, 1, 1, 2, SIGNED>(self, matrix, vectors, stride, sink);
    }
}
