//! Arithmetic that encoder and decoder share: IEEE-754 `+ - * /` in a written order.
//!
//! No libm, no fused multiply-add, no reduction left to the compiler: sums run over a fixed
//! number of lanes and the lanes are added in a fixed tree. The compiler may use any vector
//! width for that without changing a bit. Everything here is `inline(always)` so that it is
//! compiled for the instruction set of its caller, which [`vectorized`] chooses.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use pulp::{Arch, Scalar, WithSimd};

mod elementary;
mod lanes;

pub use lanes::{F32x16, Lanes};

/// Runs `operation` compiled for the best vector instructions of this machine: the same arithmetic in
/// the same order, so the same bits.
///
/// Such an operation is compiled once for each instruction set, and costs a call and a branch. So it is
/// a piece of work of some hundred instructions or more, and everything that it calls is
/// `inline(always)`: what the compiler leaves out of line is compiled for the oldest machine.
#[inline]
pub fn vectorized<O: WithSimd>(operation: O) -> O::Output {
    #[cfg(test)]
    if let Some(arch) = chosen::get() {
        return arch.dispatch(operation);
    }
    Arch::new().dispatch(operation)
}

/// The instruction set of this thread, for tests that compare them.
#[cfg(test)]
pub mod chosen {
    use std::cell::Cell;

    use pulp::Arch;

    thread_local!(static ARCH: Cell<Option<Arch>> = const { Cell::new(None) });

    pub fn get() -> Option<Arch> {
        ARCH.get()
    }

    /// Runs `work` with the instructions of `arch`.
    pub fn with<T>(arch: Arch, work: impl FnOnce() -> T) -> T {
        ARCH.set(Some(arch));
        let done = work();
        ARCH.set(None);
        done
    }

    /// All sets that this machine has.
    pub fn all() -> Vec<Arch> {
        #[allow(unused_mut, reason = "not every kind of machine has more")]
        let mut all = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        all.extend(pulp::x86::V3::try_new().map(Arch::V3));
        #[cfg(target_arch = "x86_64")]
        all.extend(pulp::x86::V4::try_new().map(Arch::V4));
        #[cfg(target_arch = "aarch64")]
        all.extend(pulp::aarch64::Neon::try_new().map(Arch::Neon));
        all
    }
}

/// Lanes of a single-precision sum.
pub const LANES: usize = 16;

/// Adds `a[i] * b[i]` to lane `i % 16`; the length is a multiple of 16 and the same for both. The
/// [`sum`] of the lanes is the scalar product.
#[inline(always)]
pub fn add_products(lanes: &mut [f32; LANES], a: &[f32], b: &[f32]) {
    let mut acc = *lanes;
    for (x, y) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            acc[lane] += x[lane] * y[lane];
        }
    }
    *lanes = acc;
}

/// The same lanes. Without this, the compiler looks from the pairs that are added last back into
/// the loop before, and keeps every two lanes in a vector of their own.
#[inline(always)]
fn in_memory<T>(lanes: T) -> T {
    std::hint::black_box(lanes)
}

/// Sum of sixteen numbers: the upper half is added to the lower one until one is left.
#[inline(always)]
pub fn sum(lanes: [f32; LANES]) -> f32 {
    let [sum] = sums([lanes]);
    sum
}

/// [`sum`] of each of `K` lists. Together they take little more time than one: none waits for another.
#[inline(always)]
pub fn sums<const K: usize>(lists: [[f32; LANES]; K]) -> [f32; K] {
    let mut lists = in_memory(lists);
    let mut width = LANES / 2;
    while width > 0 {
        for lanes in &mut lists {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
        }
        width /= 2;
    }
    let mut sums = [0.0; K];
    for (sum, lanes) in sums.iter_mut().zip(&lists) {
        *sum = lanes[0];
    }
    sums
}

/// Adds to `y` the multiples `gains` of `x[3..]` and of `x[2..]`, one after the other; then the scalar products
/// of the result with `x[1..]` and with `x`. One pass over `y`, whose length is a multiple of 16 and three
/// less than that of `x`.
#[inline(always)]
pub fn learn_two(y: &mut [f32], gains: [f32; 2], x: &[f32]) -> [f32; 2] {
    let (mut next, mut later) = ([0f32; LANES], [0f32; LANES]);
    // Opaque, or the compiler pieces one window together from the others, lane by lane.
    let windows = |from: usize| std::hint::black_box(&x[from..]).as_chunks::<LANES>().0;
    let x = windows(0).iter().zip(windows(1)).zip(windows(2)).zip(windows(3));
    for (y, (((x0, x1), x2), x3)) in y.as_chunks_mut::<LANES>().0.iter_mut().zip(x) {
        // Read before anything is written, so that no order is left to keep.
        let (mut sums, x0, x1, x2, x3) = (*y, *x0, *x1, *x2, *x3);
        for lane in 0..LANES {
            sums[lane] += gains[0] * x3[lane];
        }
        for lane in 0..LANES {
            sums[lane] += gains[1] * x2[lane];
        }
        for lane in 0..LANES {
            next[lane] += sums[lane] * x1[lane];
        }
        for lane in 0..LANES {
            later[lane] += sums[lane] * x0[lane];
        }
        *y = sums;
    }
    sums([next, later])
}

/// Lanes of a double-precision sum.
pub const LANES_F64: usize = 8;

/// Double-precision numbers that are computed with together. Aligned to a line of the cache: what lies
/// across two takes twice as long to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Vector(pub [f64; LANES_F64]);

impl Vector {
    /// All zeros.
    pub const ZERO: Vector = Vector([0.0; LANES_F64]);

    /// The numbers of several, one after the other.
    #[inline(always)]
    pub fn flatten(vectors: &[Vector]) -> &[f64] {
        bytemuck::cast_slice(vectors)
    }

    /// [`Vector::flatten`], to be changed.
    #[inline(always)]
    pub fn flatten_mut(vectors: &mut [Vector]) -> &mut [f64] {
        bytemuck::cast_slice_mut(vectors)
    }
}

/// Sum over `a[i] * b[i]` in double precision, for equally many vectors.
#[inline(always)]
pub fn dot_f64(a: &[Vector], b: &[Vector]) -> f64 {
    let mut acc = [0f64; LANES_F64];
    for (Vector(x), Vector(y)) in a.iter().zip(b) {
        for lane in 0..LANES_F64 {
            acc[lane] += x[lane] * y[lane];
        }
    }
    let acc = in_memory(acc);
    ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

/// Adds outer products to the upper triangle of a matrix, in double precision: row `i` of `rows` becomes
/// `decay` times itself plus `gains[m] * vectors[m][i] * vectors[m]` for each `m`, one after the other. `triangle`
/// holds these rows, `vectors` and `scratch` hold `N`, each of equally many vectors; elements below the diagonal
/// come to hold anything.
///
/// Column by column of vectors: what is multiplied stays in registers for all rows of one.
#[inline(always)]
pub fn add_outer_products<const N: usize>(
    triangle: &mut [Vector],
    rows: Range<usize>,
    decay: f64,
    gains: [f64; N],
    vectors: &[Vector],
    scratch: &mut [Vector],
) {
    let width = vectors.len() / N;
    let mut factors = [&[][..]; N];
    let multiples = scratch.chunks_exact_mut(width).zip(vectors.chunks_exact(width));
    for ((factors, gain), (scaled, vector)) in factors.iter_mut().zip(gains).zip(multiples) {
        for (Vector(scaled), Vector(x)) in scaled.iter_mut().zip(vector) {
            for lane in 0..LANES_F64 {
                scaled[lane] = gain * x[lane];
            }
        }
        *factors = &Vector::flatten(scaled)[rows.clone()];
    }
    for j in rows.start / LANES_F64..width {
        let mut column = [[0.0; LANES_F64]; N];
        for (m, part) in column.iter_mut().enumerate() {
            *part = vectors[m * width + j].0;
        }
        let above = rows.end.min((j + 1) * LANES_F64) - rows.start;
        let elements = triangle[j..].iter_mut().step_by(width).take(above);
        for (i, Vector(element)) in elements.enumerate() {
            let mut sum = *element;
            for sum in &mut sum {
                *sum *= decay;
            }
            for m in 0..N {
                for lane in 0..LANES_F64 {
                    sum[lane] += factors[m][i] * column[m][lane];
                }
            }
            *element = sum;
        }
    }
}

/// `x` brought to -`bound` to `bound`; 0 for NaN, which `clamp` would pass on.
#[inline(always)]
pub fn limited(x: f64, bound: f64) -> f64 {
    if x.is_nan() { 0.0 } else { x.clamp(-bound, bound) }
}

/// exp(-a) for 0 <= a <= 80; relative error below 2^-20 up to a = 8 and below 2^-17 up to 80,
/// where the rounding of the product with log2 e counts.
#[inline(always)]
pub fn exp_neg(a: f32) -> f32 {
    elementary::exp_neg(Scalar::new(), a)
}

/// Natural logarithm of a positive normal number; the error is below 2^-19, and 2^-22 of the result.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    elementary::ln(Scalar::new(), x)
}

/// log2 of a positive number within binary32's normal range; the error is below 2^-18, and 2^-22 of the result.
pub fn log2(x: f64) -> f64 {
    f64::from(ln(x as f32)) * std::f64::consts::LOG2_E
}

/// 1 / (1 + exp(-x)), the inverse of the logit.
#[inline(always)]
pub fn logistic(x: f32) -> f32 {
    let e = exp_neg(x.abs().min(80.0));
    let small = e / (1.0 + e);
    if x < 0.0 { small } else { 1.0 - small }
}

#[cfg(test)]
#[path = "math_tests.rs"]
mod tests;
