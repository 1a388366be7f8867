//! Kernels for aarch64: any such machine, and those with dot products (ARMv8.2 and later).

use std::arch::aarch64::{int8x8_t, int8x16_t, int32x4_t};

use pulp::NullaryFnOnce;
use pulp::aarch64::Neon;

use super::dispatch::NeonDot;
use super::kernel::{Kernel, multiply, word};
use super::matrix::{Quad, Tile};
use super::vectors::arrays;

arrays!(Neon);
arrays!(NeonDot);

impl Kernel for Neon {
    const FLIP: i8 = 0;
    type Spread = int8x8_t;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        Neon::vectorize(self, work)
    }

    #[inline(always)]
    fn spread<const SIGNED: bool>(self, quad: Quad) -> int8x8_t {
        pulp::cast([word(quad); 2])
    }

    #[inline(always)]
    fn add_tile<const SIGNED: bool>(self, sums: &mut [Self::I; 2], tile: &Tile, quad: int8x8_t) {
        let neon = self.neon;
        let weights: [[int8x8_t; 2]; 8] = pulp::cast(tile.0);
        let mut of_four: [int32x4_t; 8] = pulp::cast(*sums);
        for (sums, weights) in of_four.iter_mut().zip(weights) {
            // Two halves of the products of two rows each.
            let [first, second] =
                weights.map(|weights| neon.vpaddlq_s16(neon.vmull_s8(weights, quad)));
            *sums = neon.vaddq_s32(*sums, neon.vpaddq_s32(first, second));
        }
        *sums = pulp::cast(of_four);
    }

    multiply!(1, 1 x 1);
}

impl Kernel for NeonDot {
    const FLIP: i8 = 0;
    type Spread = int8x16_t;

    #[inline(always)]
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        NeonDot::vectorize(self, work)
    }

    #[inline(always)]
    fn spread<const SIGNED: bool>(self, quad: Quad) -> int8x16_t {
        pulp::cast([word(quad); 4])
    }

    #[inline(always)]
    fn add_tile<const SIGNED: bool>(self, sums: &mut [Self::I; 2], tile: &Tile, quad: int8x16_t) {
        let weights: [int8x16_t; 8] = pulp::cast(tile.0);
        let mut of_four: [int32x4_t; 8] = pulp::cast(*sums);
        for (sums, weights) in of_four.iter_mut().zip(weights) {
            *sums = self.dot(*sums, weights, quad);
        }
        *sums = pulp::cast(of_four);
    }

    multiply!(1, 1 x 2);
}
