//! Solution of the normal equations of least squares (`solve` of §8.4).

use crate::math::{LANES_F64, Vector, add_outer_products, dot_f64};

/// Solutions with larger elements are refused: no filter of audio needs such weights, and
/// what is computed from them could overflow.
const MAX_SOLUTION: f64 = 1e6;

/// Pivots whose rows are subtracted from those below in one pass over these.
const BLOCK: usize = 4;

/// A symmetric positive definite system `A x = b`, factored in place as `A = U^T D U`.
///
/// A row holds `A[i][..n]`, then `b[i]`, filled up to whole vectors. Of `A`, only the upper
/// triangle counts; what shares a vector with it is computed along and never looked at.
#[derive(Clone, Debug)]
pub struct System {
    /// `(n, width)`
    pub rows: Vec<Vector>,
    /// `(width)`: the solution, then zeros.
    pub solution: Vec<Vector>,
    /// `(n)`: reciprocals of `D`.
    inverses: Vec<f64>,
    /// `(BLOCK, width)`
    scratch: Vec<Vector>,
    n: usize,
    width: usize,
}

impl System {
    /// A system of `n` unknowns, all zeros.
    pub fn new(n: usize) -> Self {
        let width = Self::width(n);
        let zeros = Vector::ZERO;
        System {
            rows: vec![zeros; n * width],
            solution: vec![zeros; width],
            inverses: vec![0.0; n],
            scratch: vec![zeros; BLOCK * width],
            n,
            width,
        }
    }

    /// Vectors in a row of `n` elements and the right-hand side.
    pub fn width(n: usize) -> usize {
        (n + 1).div_ceil(LANES_F64)
    }

    /// Solves the system into `solution`. Returns false, leaving `solution` without meaning, when
    /// `A` is not positive definite to within rounding, or an unknown is beyond any use.
    ///
    /// Right-looking LDL^T: each step subtracts multiples of rows from the rows below, which
    /// runs over contiguous memory and has no sums to reorder. An element gives the same bits
    /// whatever the block size.
    #[inline(always)]
    pub fn solve(&mut self) -> bool {
        let (n, width) = (self.n, self.width);
        for first in (0..n).step_by(BLOCK) {
            let last = (first + BLOCK).min(n);
            for k in first..last {
                let (above, below) = self.rows.split_at_mut((k + 1) * width);
                let row = &above[k * width..];
                let pivot = element(row, k);
                if pivot.is_nan() || pivot <= 1e-30 {
                    return false;
                }
                let inverse = 1.0 / pivot;
                self.inverses[k] = inverse;
                for (i, target) in (k + 1..last).zip(below.chunks_exact_mut(width)) {
                    subtract(element(row, i) * inverse, row, target, i);
                }
            }
            // Only the last block can be short, and it has nothing below.
            if last < n {
                self.eliminate(first);
            }
        }
        self.substitute();
        // Also false for NaN.
        Vector::flatten(&self.solution).iter().all(|x| x.abs() < MAX_SOLUTION)
    }

    /// Subtracts multiples of the block of rows from `first` on from all rows below it.
    #[inline(always)]
    fn eliminate(&mut self, first: usize) {
        let last = first + BLOCK;
        let (above, below) = self.rows.split_at_mut(last * self.width);
        let block = &above[first * self.width..];
        let mut gains = [0.0; BLOCK];
        for (gain, inverse) in gains.iter_mut().zip(&self.inverses[first..]) {
            *gain = -inverse;
        }
        add_outer_products(below, last..self.n, 1.0, gains, block, &mut self.scratch);
    }

    /// Solves `D U x = y`; elimination has made `y` of `b`.
    ///
    /// Vector by vector from the last one: what its unknowns take from those behind them are
    /// independent sums, and only those among themselves have to wait for each other.
    #[inline(always)]
    fn substitute(&mut self) {
        let (n, width) = (self.n, self.width);
        self.solution.fill(Vector::ZERO);
        for v in (0..n.div_ceil(LANES_F64)).rev() {
            let first = v * LANES_F64;
            let len = LANES_F64.min(n - first);
            let (own, behind) = self.solution[v..].split_at_mut(1);
            let rows = &self.rows[first * width..];
            let mut rest = [0.0; LANES_F64];
            for (rest, row) in rest[..len].iter_mut().zip(rows.chunks_exact(width)) {
                *rest = element(row, n) - dot_f64(&row[v + 1..], behind);
            }
            for lane in (0..len).rev() {
                let value = rest[lane] * self.inverses[first + lane];
                own[0].0[lane] = value;
                for (rest, row) in rest[..lane].iter_mut().zip(rows.chunks_exact(width)) {
                    *rest -= row[v].0[lane] * value;
                }
            }
        }
    }
}

#[inline(always)]
fn element(row: &[Vector], i: usize) -> f64 {
    row[i / LANES_F64].0[i % LANES_F64]
}

/// Subtracts a multiple of `row` from `target`, from the vector of element `first` on.
#[inline(always)]
fn subtract(factor: f64, row: &[Vector], target: &mut [Vector], first: usize) {
    let first = first / LANES_F64;
    for (target, row) in target[first..].iter_mut().zip(&row[first..]) {
        for lane in 0..LANES_F64 {
            target.0[lane] -= factor * row.0[lane];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system with `a = m m^T + I` for an `m` of small whole numbers, and its solution.
    fn known(n: usize) -> (System, Vec<f64>) {
        let m = |i: usize, j: usize| ((i * 7 + j * 13 + i * j) % 11) as f64 - 5.0;
        let a = |i: usize, j: usize| {
            (0..n).map(|k| m(i, k) * m(j, k)).sum::<f64>() + f64::from(u8::from(i == j))
        };
        let x: Vec<f64> = (0..n).map(|i| i as f64 - 2.5).collect();
        let mut system = System::new(n);
        for i in 0..n {
            for j in i..n {
                set(&mut system, i, j, a(i, j));
            }
            set(&mut system, i, n, (0..n).map(|j| a(i, j) * x[j]).sum());
        }
        (system, x)
    }

    fn set(system: &mut System, i: usize, j: usize, value: f64) {
        let width = system.width;
        Vector::flatten_mut(&mut system.rows)[i * width * LANES_F64 + j] = value;
    }

    #[test]
    fn known_systems_are_solved() {
        for n in [1, 2, 3, 4, 5, 7, 8, 16, 24, 47, 48] {
            let (mut system, x) = known(n);
            assert!(system.solve());
            for (found, expected) in Vector::flatten(&system.solution).iter().zip(&x) {
                assert!((found - expected).abs() < 1e-8, "{n}: {found} for {expected}");
            }
            assert!(Vector::flatten(&system.solution)[n..].iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn the_lower_triangle_does_not_count() {
        let (mut system, x) = known(11);
        for i in 0..11 {
            for j in 0..i {
                set(&mut system, i, j, 1e9);
            }
        }
        assert!(system.solve());
        let found = Vector::flatten(&system.solution);
        assert!(found.iter().zip(&x).all(|(b, x)| (b - x).abs() < 1e-8));
    }

    #[test]
    fn what_cannot_be_solved_is_refused() {
        let solves = |a: [f64; 4], b: [f64; 2]| {
            let mut system = System::new(2);
            for i in 0..2 {
                set(&mut system, i, 0, a[2 * i]);
                set(&mut system, i, 1, a[2 * i + 1]);
                set(&mut system, i, 2, b[i]);
            }
            system.solve()
        };
        assert!(solves([1.0, 0.5, 0.0, 1.0], [1.0, 1.0]));
        assert!(!solves([0.0; 4], [0.0; 2]), "nothing known");
        assert!(!solves([1.0, 1.0, 0.0, 1.0], [1.0, 1.0]), "singular");
        assert!(!solves([1.0, 2.0, 0.0, 1.0], [1.0, 1.0]), "indefinite");
        assert!(!solves([1.0, f64::NAN, 0.0, 1.0], [1.0, 1.0]));
        assert!(!solves([f64::INFINITY, 1.0, 0.0, 1.0], [f64::INFINITY, 1.0]));
        assert!(!solves([1e-9, 0.0, 0.0, 1.0], [1.0, 1.0]), "weights beyond any use");
    }
}
