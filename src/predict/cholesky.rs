//! Solution of the normal equations of least squares.

use crate::math::dot_f64;

/// Solutions with larger elements are refused: no filter of audio needs such weights, and
/// what is computed from them could overflow.
const MAX_SOLUTION: f64 = 1e6;

/// A symmetric positive definite system `A x = b`, `A` stored as its upper triangle by rows
/// in a square of `n * n`, factored in place as `A = U^T D U`.
#[derive(Clone, Debug)]
pub struct System {
    /// `(n, n)`: row i holds `A[i][i..]`, later `D[i]` and the unit upper triangle `U[i][i + 1..]`.
    pub a: Vec<f64>,
    /// `(n)`: right-hand side, later the solution.
    pub b: Vec<f64>,
    n: usize,
}

impl System {
    /// A system of `n` unknowns, all zeros.
    pub fn new(n: usize) -> Self {
        System { a: vec![0.0; n * n], b: vec![0.0; n], n }
    }

    /// Solves the system into `b`. Returns false, leaving `b` without meaning, when `A` is
    /// not positive definite to within rounding, or an unknown is beyond any use.
    ///
    /// Right-looking LDL^T: each step subtracts a multiple of one row from the rows below,
    /// which runs over contiguous memory and has no sums to reorder.
    #[inline(always)]
    pub fn solve(&mut self) -> bool {
        let n = self.n;
        for k in 0..n {
            let (upper, lower) = self.a.split_at_mut((k + 1) * n);
            let row = &mut upper[k * n + k..];
            let pivot = row[0];
            if pivot.is_nan() || pivot <= 1e-30 {
                return false;
            }
            let inverse = 1.0 / pivot;
            for i in k + 1..n {
                let factor = row[i - k] * inverse;
                let target = &mut lower[(i - k - 1) * n + i..(i - k) * n];
                for (t, r) in target.iter_mut().zip(&row[i - k..]) {
                    *t -= factor * *r;
                }
            }
            for value in &mut row[1..] {
                *value *= inverse;
            }
        }
        self.substitute();
        // Also false for NaN.
        self.b.iter().all(|x| x.abs() < MAX_SOLUTION)
    }

    #[inline(always)]
    fn substitute(&mut self) {
        let n = self.n;
        for k in 0..n {
            let value = self.b[k];
            let row = &self.a[k * n + k..(k + 1) * n];
            for (b, u) in self.b[k + 1..].iter_mut().zip(&row[1..]) {
                *b -= u * value;
            }
            self.b[k] = value / row[0];
        }
        for k in (0..n).rev() {
            let row = &self.a[k * n + k + 1..(k + 1) * n];
            let sum = dot_f64(row, &self.b[k + 1..]);
            self.b[k] -= sum;
        }
    }
}
