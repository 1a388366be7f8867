//! The one integer kernel that serves all matrices and attention, and its plain form.
//!
//! A kernel multiplies groups of 32 rows with vectors. The sums are exact in 32 bits, so that they
//! do not depend on the order in which a kernel adds.

#![allow(clippy::needless_range_loop, reason = "several arrays are indexed side by side")]

use pulp::NullaryFnOnce;

use super::matrix::{COLUMNS, Quad, ROWS, Tile, View};
use super::vectors::{Vectors, arrays};

/// What an instruction set is good for. All methods must be inlined into `vectorize`.
pub(super) trait Kernel: Vectors {
    /// What vectors with negative elements are xored with before they are multiplied: -128 adds 128 to
    /// each element, as bytes without a sign, and 128 times the sum of the row's weights is taken off.
    const FLIP: i8;

    /// A quad of a vector, once for every quad of weights in a register.
    type Spread: Copy;

    /// Runs `work` compiled for this instruction set.
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output;

    /// Copies a quad to a register. Its elements are -127..=127, xor [`Kernel::FLIP`], if `SIGNED`, else
    /// 0..=127.
    fn spread<const SIGNED: bool>(self, quad: Quad) -> Self::Spread;

    /// Adds the products of a tile's 32 rows with `quad` to the rows' sums.
    fn add_tile<const SIGNED: bool>(self, sums: &mut [Self::I; 2], tile: &Tile, quad: Self::Spread);

    /// Products of `G` groups with `M` vectors, 16 rows in each of two vectors. `tiles` of each group and
    /// quads of each vector are equally many. Weights are -127..=127; `offsets` of the rows are only needed
    /// if `SIGNED`.
    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[Self::I; 2]; M]; G] {
        let mut sums = [[pulp::cast([0_i32; ROWS]); M]; G];
        if SIGNED && Self::FLIP != 0 {
            for g in 0..G {
                sums[g] = [pulp::cast(*offsets[g]); M];
            }
        }
        let quads = vectors[0].len();
        let tiles = tiles.map(|t| &t[..quads]);
        let vectors = vectors.map(|v| &v[..quads]);
        for c in 0..quads {
            for m in 0..M {
                let quad = self.spread::<SIGNED>(vectors[m][c]);
                for g in 0..G {
                    self.add_tile::<SIGNED>(&mut sums[g][m], &tiles[g][c], quad);
                }
            }
        }
        sums
    }

    /// Multiplies all groups of `matrix` with each of `vectors`, which lie `stride` quads apart, in
    /// blocks that fit the registers.
    fn multiply<const SIGNED: bool>(
        self,
        matrix: View<'_>,
        vectors: &[Quad],
        stride: usize,
        sink: &mut impl Sink<Self>,
    );
}

/// [`Kernel::multiply`] in blocks of `$single` groups by one vector where there is only one, else of
/// `$groups` by `$vectors`.
macro_rules! multiply {
    ($single:literal, $groups:literal x $vectors:literal) => {
        #[inline(always)]
        fn multiply<const SIGNED: bool>(
            self,
            matrix: super::matrix::View<'_>,
            vectors: &[Quad],
            stride: usize,
            sink: &mut impl super::kernel::Sink<Self>,
        ) {
            super::kernel::blocked::<_, _, $single, $groups, $vectors, SIGNED>(
                self, matrix, vectors, stride, sink,
            );
        }
    };
}
pub(super) use multiply;

/// The quad as one number.
#[inline(always)]
pub(super) fn word(quad: Quad) -> i32 {
    i32::from_ne_bytes(quad.map(|q| q as u8))
}

/// Where products go.
pub(super) trait Sink<K: Vectors> {
    /// Takes the sums of group `group` with vector `vector`, of 16 rows and of 16 more.
    fn put(&mut self, kernel: K, group: usize, vector: usize, sums: [K::I; 2]);
}

/// All groups of `matrix` by all vectors, in blocks of `G` groups by one vector where there is only one, else
/// of `H` groups by `M` vectors.
#[inline(always)]
pub(super) fn blocked<K, S, const G: usize, const H: usize, const M: usize, const SIGNED: bool>(
    kernel: K,
    matrix: View<'_>,
    vectors: &[Quad],
    stride: usize,
    sink: &mut S,
) where
    K: Kernel,
    S: Sink<K>,
{
    let groups = matrix.groups();
    let mut group = 0;
    if vectors.len() == stride {
        while group + G <= groups {
            block::<K, S, G, 1, SIGNED>(kernel, matrix, group, vectors, stride, 0, sink);
            group += G;
        }
    } else {
        while group + H <= groups {
            blocks::<K, S, H, M, SIGNED>(kernel, matrix, group, vectors, stride, sink);
            group += H;
        }
    }
    while group < groups {
        blocks::<K, S, 1, M, SIGNED>(kernel, matrix, group, vectors, stride, sink);
        group += 1;
    }
}

/// `G` groups by all vectors, `M` at a time.
#[inline(always)]
fn blocks<K: Kernel, S: Sink<K>, const G: usize, const M: usize, const SIGNED: bool>(
    kernel: K,
    matrix: View<'_>,
    group: usize,
    vectors: &[Quad],
    stride: usize,
    sink: &mut S,
) {
    let count = vectors.len() / stride;
    let mut vector = 0;
    while vector + M <= count {
        block::<K, S, G, M, SIGNED>(kernel, matrix, group, vectors, stride, vector, sink);
        vector += M;
    }
    while M > 4 && vector + 4 <= count {
        block::<K, S, G, 4, SIGNED>(kernel, matrix, group, vectors, stride, vector, sink);
        vector += 4;
    }
    while M > 2 && vector + 2 <= count {
        block::<K, S, G, 2, SIGNED>(kernel, matrix, group, vectors, stride, vector, sink);
        vector += 2;
    }
    while vector < count {
        block::<K, S, G, 1, SIGNED>(kernel, matrix, group, vectors, stride, vector, sink);
        vector += 1;
    }
}

#[inline(always)]
fn block<K: Kernel, S: Sink<K>, const G: usize, const M: usize, const SIGNED: bool>(
    kernel: K,
    matrix: View<'_>,
    group: usize,
    vectors: &[Quad],
    stride: usize,
    vector: usize,
    sink: &mut S,
) {
    let mut tiles: [&[Tile]; G] = [&[]; G];
    let mut offsets = [&[0; ROWS]; G];
    for g in 0..G {
        tiles[g] = &matrix.tiles[(group + g) * matrix.stride..][..matrix.quads];
        if SIGNED {
            offsets[g] = &matrix.offsets.as_chunks().0[group + g];
        }
    }
    let mut inputs: [&[Quad]; M] = [&[]; M];
    for m in 0..M {
        inputs[m] = &vectors[(vector + m) * stride..][..matrix.quads];
    }
    let products = kernel.dots::<G, M, SIGNED>(tiles, offsets, inputs);
    for g in 0..G {
        for m in 0..M {
            sink.put(kernel, group + g, vector + m, products[g][m]);
        }
    }
}

/// Any machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

arrays!(Scalar);

impl Kernel for Scalar {
    const FLIP: i8 = 0;
    type Spread = Quad;

    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        work.call()
    }

    #[inline(always)]
    fn spread<const SIGNED: bool>(self, quad: Quad) -> Quad {
        quad
    }

    #[inline(always)]
    fn add_tile<const SIGNED: bool>(self, sums: &mut [Self::I; 2], tile: &Tile, quad: Quad) {
        let sums = sums.as_flattened_mut();
        for (sum, weights) in sums.iter_mut().zip(tile.0.as_chunks::<COLUMNS>().0) {
            for column in 0..COLUMNS {
                *sum += i32::from(weights[column]) * i32::from(quad[column]);
            }
        }
    }

    multiply!(1, 1 x 1);
}
