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
                system.a[i * n + j] = a(i, j);
            }
            system.b[i] = (0..n).map(|j| a(i, j) * x[j]).sum();
        }
        (system, x)
    }

    #[test]
    fn known_systems_are_solved() {
        for n in [1, 2, 3, 8, 16, 24, 48] {
            let (mut system, x) = known(n);
            assert!(system.solve());
            for (found, expected) in system.b.iter().zip(&x) {
                assert!((found - expected).abs() < 1e-8, "{n}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn the_lower_triangle_is_not_read() {
        let (mut system, x) = known(8);
        for i in 0..8 {
            system.a[i * 8..i * 8 + i].fill(f64::NAN);
        }
        assert!(system.solve());
        assert!(system.b.iter().zip(&x).all(|(b, x)| (b - x).abs() < 1e-8));
    }

    #[test]
    fn what_cannot_be_solved_is_refused() {
        let solves =
            |a: [f64; 4], b: [f64; 2]| System { a: a.to_vec(), b: b.to_vec(), n: 2 }.solve();
        assert!(solves([1.0, 0.5, 0.0, 1.0], [1.0, 1.0]));
        assert!(!solves([0.0; 4], [0.0; 2]), "nothing known");
        assert!(!solves([1.0, 1.0, 0.0, 1.0], [1.0, 1.0]), "singular");
        assert!(!solves([1.0, 2.0, 0.0, 1.0], [1.0, 1.0]), "indefinite");
        assert!(!solves([1.0, f64::NAN, 0.0, 1.0], [1.0, 1.0]));
        assert!(!solves([f64::INFINITY, 1.0, 0.0, 1.0], [f64::INFINITY, 1.0]));
        assert!(!solves([1e-9, 0.0, 0.0, 1.0], [1.0, 1.0]), "weights beyond any use");
    }
}
