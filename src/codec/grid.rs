//! The grid of a channel (§8.3): samples that are all `offset + n * step` are coded as `n`.
//!
//! Samples in a wider container than they need (20 bits in 24, 16 in 24) have low bits that
//! never change; FLAC calls them wasted bits. The step need not be a power of two.

use crate::entropy::{Coder, code_uniform};
use crate::math;

/// Evenly spaced integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Distance of two points, at least 1.
    step: u32,
    /// The point nearest to zero that is not negative, below `step`.
    offset: u32,
}

impl Grid {
    /// All integers.
    pub const FINE: Grid = Grid { step: 1, offset: 0 };

    /// The coarsest grid that has all of `samples`.
    pub fn of<'a>(samples: impl IntoIterator<Item = &'a i32>) -> Self {
        let mut samples = samples.into_iter();
        let Some(&first) = samples.next() else { return Self::FINE };
        let mut step = 0;
        for &sample in samples {
            step = greatest_common_divisor(step, sample.abs_diff(first));
            if step == 1 {
                return Self::FINE;
            }
        }
        // One value only: any grid will do.
        if step == 0 {
            return Self::FINE;
        }
        Grid { step, offset: i64::from(first).rem_euclid(i64::from(step)) as u32 }
    }

    /// Bits that a sample takes less on this grid than on that of all integers.
    pub fn bits(&self) -> f64 {
        math::log2(f64::from(self.step))
    }

    /// The number of a sample that lies on the grid.
    pub fn number(&self, sample: i32) -> i32 {
        ((i64::from(sample) - i64::from(self.offset)) / i64::from(self.step)) as i32
    }

    /// The sample of a number; wraps where only a damaged stream leads.
    pub fn sample(&self, number: i32) -> i32 {
        number.wrapping_mul(self.step as i32).wrapping_add(self.offset as i32)
    }

    /// Codes the grid; `self` is ignored when decoding.
    pub fn code(self, coder: &mut dyn Coder) -> Self {
        if code_uniform(coder, u32::from(self != Self::FINE), 1) == 0 {
            return Self::FINE;
        }
        let step = code_uniform(coder, self.step, 32).max(1);
        Grid { step, offset: code_uniform(coder, self.offset, 32) }
    }
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_from_their_numbers() {
        let cases: [&[i32]; 7] = [
            &[],
            &[7],
            &[i32::MIN, i32::MAX],
            &[i32::MIN, 0],
            &[-48, -16, 0, 160],
            &[-5, 1, 4, 10],
            &[1, 2, 3],
        ];
        let steps = [1, 1, u32::MAX, 1 << 31, 16, 3, 1];
        for (samples, step) in cases.iter().zip(steps) {
            let grid = Grid::of(samples.iter());
            assert_eq!(grid.step, step, "{samples:?}");
            for &sample in *samples {
                assert_eq!(grid.sample(grid.number(sample)), sample, "{samples:?}");
            }
        }
    }
}
