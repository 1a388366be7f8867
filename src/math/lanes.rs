//! Sixteen single-precision numbers, computed with together.
//!
//! The operations name the vector instructions. Left to itself, the compiler makes scalar code of such
//! loops wherever it cannot rule out that two arrays overlap, and takes arrays apart and puts them together
//! again between one loop and the next: coding with `--fast` took a quarter more time.

use std::ops::{Add, Div, Mul, Sub};

use bytemuck::{Pod, Zeroable};
use pulp::Simd;

use super::{LANES, elementary};

/// Sixteen numbers in memory. Aligned to a line of the cache: what lies across two takes twice as long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; LANES]);

/// The number of each lane.
const PLACES: Lanes =
    Lanes([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]);

impl Lanes {
    /// All zeros.
    pub const ZERO: Lanes = Lanes([0.0; LANES]);

    /// Up to sixteen numbers, then zeros.
    #[inline(always)]
    pub fn from_slice(numbers: &[f32]) -> Self {
        let mut lanes = Lanes::ZERO;
        lanes.0[..numbers.len()].copy_from_slice(numbers);
        lanes
    }

    /// The numbers in vectors of `simd`.
    #[inline(always)]
    pub fn on<S: Simd>(self, simd: S) -> F32x16<S> {
        F32x16 { simd, lanes: self }
    }
}

/// Sixteen numbers in the vectors of an instruction set. Each operation is the scalar one, lane by lane.
#[derive(Clone, Copy, Debug)]
pub struct F32x16<S> {
    simd: S,
    lanes: Lanes,
}

/// `$operation` of the vectors that hold the same lanes. No function that takes a closure: what a closure
/// calls is compiled for the oldest machine where the compiler leaves the closure out of line.
macro_rules! lanewise {
    ($simd:ident; $($x:ident = $operand:expr),+ => $operation:expr) => {{
        let mut lanes = Lanes::ZERO;
        for i in 0..vectors::<S>() {
            $(let $x = S::as_simd_f32s(&$operand.lanes.0).0[i];)+
            S::as_mut_simd_f32s(&mut lanes.0).0[i] = $operation;
        }
        F32x16 { simd: $simd, lanes }
    }};
}

/// Vectors that hold sixteen numbers.
#[inline(always)]
fn vectors<S: Simd>() -> usize {
    LANES / S::F32_LANES
}

impl<S: Simd> F32x16<S> {
    /// The same number in all lanes.
    #[inline(always)]
    pub fn splat(simd: S, x: f32) -> Self {
        let mut lanes = Lanes::ZERO;
        for part in S::as_mut_simd_f32s(&mut lanes.0).0 {
            *part = simd.splat_f32s(x);
        }
        F32x16 { simd, lanes }
    }

    /// The instructions.
    #[inline(always)]
    pub fn simd(self) -> S {
        self.simd
    }

    /// To be kept in memory.
    #[inline(always)]
    pub fn lanes(self) -> Lanes {
        self.lanes
    }

    /// Magnitudes.
    #[inline(always)]
    pub fn abs(self) -> Self {
        let simd = self.simd;
        lanewise!(simd; x = self => simd.abs_f32s(x))
    }

    /// The lesser of each number and `bound`. None may be NaN: instruction sets differ about it.
    #[inline(always)]
    pub fn min(self, bound: f32) -> Self {
        let simd = self.simd;
        lanewise!(simd; x = self => simd.min_f32s(x, simd.splat_f32s(bound)))
    }

    /// The greater of each number and `bound`. None may be NaN: instruction sets differ about it.
    #[inline(always)]
    pub fn max(self, bound: f32) -> Self {
        let simd = self.simd;
        lanewise!(simd; x = self => simd.max_f32s(x, simd.splat_f32s(bound)))
    }

    /// `then` where `self` is less than `bound`, `otherwise` elsewhere.
    #[inline(always)]
    pub fn if_less(self, bound: Self, then: Self, otherwise: Self) -> Self {
        let simd = self.simd;
        lanewise!(simd; x = self, bound = bound, then = then, otherwise = otherwise =>
            simd.select_f32s(simd.less_than_f32s(x, bound), then, otherwise))
    }

    /// [`super::exp_neg`] of each.
    #[inline(always)]
    pub fn exp_neg(self) -> Self {
        let simd = self.simd;
        lanewise!(simd; a = self => elementary::exp_neg(simd, a))
    }

    /// [`super::ln`] of each.
    #[inline(always)]
    pub fn ln(self) -> Self {
        let simd = self.simd;
        lanewise!(simd; x = self => elementary::ln(simd, x))
    }

    /// [`super::logistic`] of each.
    #[inline(always)]
    pub fn logistic(self) -> Self {
        let one = Self::splat(self.simd, 1.0);
        let e = self.abs().min(80.0).exp_neg();
        let small = e / (one + e);
        self.if_less(Self::splat(self.simd, 0.0), small, one - small)
    }

    /// The greatest number.
    #[inline(always)]
    pub fn top(self) -> f32 {
        let mut top = f32::MIN;
        for part in S::as_simd_f32s(&self.lanes.0).0 {
            top = top.max(self.simd.reduce_max_f32s(*part));
        }
        top
    }

    /// Index of the first lane that holds `x`; [`LANES`] if none does.
    #[inline(always)]
    pub fn first(self, x: f32) -> usize {
        // Not `first_true_m32s`, which in pulp 0.22 finds the last with AVX-512.
        let (simd, none) = (self.simd, LANES as f32);
        let mut first = none;
        let parts = S::as_simd_f32s(&self.lanes.0).0;
        for (part, places) in parts.iter().zip(S::as_simd_f32s(&PLACES.0).0) {
            let equal = simd.equal_f32s(*part, simd.splat_f32s(x));
            let places = simd.select_f32s(equal, *places, simd.splat_f32s(none));
            first = first.min(simd.reduce_min_f32s(places));
        }
        first as usize
    }

    /// Sum: the upper half is added to the lower one until one number is left, as in [`super::sum`].
    #[inline(always)]
    pub fn sum(mut self) -> f32 {
        let simd = self.simd;
        let parts = S::as_mut_simd_f32s(&mut self.lanes.0).0;
        let mut width = LANES / 2;
        while width >= S::F32_LANES {
            let half = width / S::F32_LANES;
            for i in 0..half {
                parts[i] = simd.add_f32s(parts[i], parts[i + half]);
            }
            width /= 2;
        }
        while width > 0 {
            parts[0] = simd.add_f32s(parts[0], simd.rotate_right_f32s(parts[0], width));
            width /= 2;
        }
        self.lanes.0[0]
    }
}

macro_rules! operator {
    ($name:ident, $method:ident, $instruction:ident) => {
        impl<S: Simd> $name for F32x16<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let simd = self.simd;
                lanewise!(simd; x = self, y = other => simd.$instruction(x, y))
            }
        }

        /// The same number for each lane.
        impl<S: Simd> $name<f32> for F32x16<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: f32) -> Self {
                self.$method(Self::splat(self.simd, other))
            }
        }
    };
}

operator!(Add, add, add_f32s);
operator!(Sub, sub, sub_f32s);
operator!(Mul, mul, mul_f32s);
operator!(Div, div, div_f32s);

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
