//! The one integer kernel that serves all matrices and attention, and its plain form.
//!
//! A kernel multiplies groups of 16 rows with vectors. The sums are exact in 32 bits, so that they
//! do not depend on the order in which a kernel adds.

#![allow(clippy::needless_range_loop, reason = "several arrays are indexed side by side")]

use pulp::NullaryFnOnce;

use super::matrix::{COLUMNS, Quad, ROWS, Tile, View};

/// Sums of 16 rows.
pub(super) type Sums = [i32; ROWS];

/// What an instruction set is good for. All methods must be inlined into `vectorize`.
pub(super) trait Kernel: Copy {
    /// Runs `work` compiled for this instruction set.
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output;

    /// Products of `G` groups with `M` vectors. `tiles` of each group and quads of each vector are
    /// equally many. Elements of the vectors are -127..=127 if `SIGNED`, else 0..=127, and weights are
    /// -127..=127; `sums` of the rows are only needed if `SIGNED`.
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        sums: [Sums; G],
        vectors: [&[Quad]; M],
    ) -> [[Sums; M]; G];

    /// Multiplies all groups of `matrix` with each of `vectors`, which lie `stride` quads apart, in
    /// blocks that fit the registers.
    fn multiply<const SIGNED: bool>(
        self,
        matrix: View<'_>,
        vectors: &[Quad],
        stride: usize,
        sink: &mut impl Sink,
    );
}

/// Where products go.
pub(super) trait Sink {
    /// Takes the sums of group `group` with vector `vector`.
    fn put(&mut self, group: usize, vector: usize, sums: &Sums);
}

/// [`Kernel::multiply`] in blocks of `G` groups by one vector where there is only one, else of `H` groups
/// by `M` vectors.
#[inline(always)]
pub(super) fn blocked<K, S, const G: usize, const H: usize, const M: usize, const SIGNED: bool>(
    kernel: K,
    matrix: View<'_>,
    vectors: &[Quad],
    stride: usize,
    sink: &mut S,
) where
    K: Kernel,
    S: Sink,
{
    let groups = matrix.groups();
    let count = vectors.len() / stride;
    let mut group = 0;
    if count == 1 {
        while group + G <= groups {
            block::<K, S, G, 1, SIGNED>(kernel, matrix, group, vectors, stride, 0, sink);
            group += G;
        }
    } else {
        while group + H <= groups {
            let mut vector = 0;
            while vector + M <= count {
                block::<K, S, H, M, SIGNED>(kernel, matrix, group, vectors, stride, vector, sink);
                vector += M;
            }
            while vector < count {
                block::<K, S, H, 1, SIGNED>(kernel, matrix, group, vectors, stride, vector, sink);
                vector += 1;
            }
            group += H;
        }
    }
    while group < groups {
        for vector in 0..count {
            block::<K, S, 1, 1, SIGNED>(kernel, matrix, group, vectors, stride, vector, sink);
        }
        group += 1;
    }
}

#[inline(always)]
fn block<K: Kernel, S: Sink, const G: usize, const M: usize, const SIGNED: bool>(
    kernel: K,
    matrix: View<'_>,
    group: usize,
    vectors: &[Quad],
    stride: usize,
    vector: usize,
    sink: &mut S,
) {
    let mut tiles: [&[Tile]; G] = [&[]; G];
    let mut sums = [[0; ROWS]; G];
    for g in 0..G {
        tiles[g] = &matrix.tiles[(group + g) * matrix.stride..][..matrix.quads];
        if SIGNED {
            sums[g].copy_from_slice(&matrix.sums[(group + g) * ROWS..][..ROWS]);
        }
    }
    let mut inputs: [&[Quad]; M] = [&[]; M];
    for m in 0..M {
        inputs[m] = &vectors[(vector + m) * stride..][..matrix.quads];
    }
    let products = kernel.dots::<G, M, SIGNED>(tiles, sums, inputs);
    for g in 0..G {
        for m in 0..M {
            sink.put(group + g, vector + m, &products[g][m]);
        }
    }
}

/// Any machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

impl Kernel for Scalar {
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        work.call()
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _sums: [Sums; G],
        vectors: [&[Quad]; M],
    ) -> [[Sums; M]; G] {
        let mut out = [[[0; ROWS]; M]; G];
        for g in 0..G {
            for m in 0..M {
                let mut sums = [0; ROWS];
                for (tile, quad) in tiles[g].iter().zip(vectors[m]) {
                    for row in 0..ROWS {
                        for column in 0..COLUMNS {
                            sums[row] +=
                                i32::from(tile.0[row * COLUMNS + column]) * i32::from(quad[column]);
                        }
                    }
                }
                out[g][m] = sums;
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
        sink: &mut impl Sink,
    ) {
        blocked::<_, _, 1, 1, 1, SIGNED>(self, matrix, vectors, stride, sink);
    }
}
