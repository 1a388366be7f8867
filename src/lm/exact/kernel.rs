//! The one integer kernel that serves all matrices and attention, and its plain form.
//!
//! A kernel multiplies groups of 32 rows with vectors. The sums are exact in 32 bits, so that they
//! do not depend on the order in which a kernel adds.

#![allow(clippy::needless_range_loop, reason = "several arrays are indexed side by side")]

use pulp::NullaryFnOnce;

use super::matrix::{COLUMNS, Quad, ROWS, Tile, View};
use super::vectors::{LANES, Vectors, arrays};

/// What an instruction set is good for. All methods must be inlined into `vectorize`.
pub(super) trait Kernel: Vectors {
    /// What vectors with negative elements are xored with before they are multiplied: -128 adds 128 to
    /// each element, as bytes without a sign.
    const FLIP: i8;

    /// Runs `work` compiled for this instruction set.
    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output;

    /// Products of `G` groups with `M` vectors, 16 rows in each of two vectors. `tiles` of each group and
    /// quads of each vector are equally many. Elements of the vectors are -127..=127, xor
    /// [`Kernel::FLIP`], if `SIGNED`, else 0..=127, and weights are -127..=127; `offsets` of the rows are
    /// only needed if `SIGNED`.
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[Self::I; 2]; M]; G];

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

/// Where products go.
pub(super) trait Sink<K: Vectors> {
    /// Takes the sums of group `group` with vector `vector`, of 16 rows and of 16 more.
    fn put(&mut self, kernel: K, group: usize, vector: usize, sums: [K::I; 2]);
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

    fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        work.call()
    }

    #[inline(always)]
    fn dots<const G: usize, const M: usize, const SIGNED: bool>(
        self,
        tiles: [&[Tile]; G],
        _offsets: [&[i32; ROWS]; G],
        vectors: [&[Quad]; M],
    ) -> [[[Self::I; 2]; M]; G] {
        let mut out = [[[[0; LANES]; 2]; M]; G];
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
                out[g][m] = pulp::cast(sums);
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
