//! Vectors compute what scalars do, to the last bit, with every instruction set of this machine.

use pulp::WithSimd;

use super::*;
use crate::math::{self, chosen};

/// `count` times sixteen numbers of all sizes and signs.
fn numbers(count: usize) -> Vec<Lanes> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let sign = if state >> 31 == 1 { -1.0 } else { 1.0 };
        sign * f32::from_bits((state >> 2 & 0x0FFF_FFFF) + 0x3700_0000) % 200.0
    };
    (0..count).map(|_| Lanes(std::array::from_fn(|_| next()))).collect()
}

/// What all operations make of two vectors.
struct All(Lanes, Lanes);

impl WithSimd for All {
    type Output = (Vec<[u32; LANES]>, [u32; 3]);

    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let (a, b) = (self.0.on(simd), self.1.on(simd));
        let size = a.abs().min(80.0);
        let vectors = [
            a + b,
            a - b,
            a * b,
            a / b,
            a + 0.1,
            a.abs(),
            a.min(3.0),
            a.max(3.0),
            a.if_less(b, b * 2.0, a),
            size.exp_neg(),
            (size + 1e-9).ln(),
            a.logistic(),
            a * b + a,
        ];
        let bits = |lanes: F32x16<S>| lanes.lanes().0.map(f32::to_bits);
        let fourth = self.0.0[3];
        let numbers = [a.sum().to_bits(), a.top().to_bits(), a.first(fourth) as u32];
        (vectors.map(bits).to_vec(), numbers)
    }
}

/// The same, number by number.
fn expected(a: Lanes, b: Lanes) -> (Vec<[u32; LANES]>, [u32; 3]) {
    let each = |operation: fn(f32, f32) -> f32| {
        std::array::from_fn(|i| operation(a.0[i], b.0[i]).to_bits())
    };
    let vectors = vec![
        each(|a, b| a + b),
        each(|a, b| a - b),
        each(|a, b| a * b),
        each(|a, b| a / b),
        each(|a, _| a + 0.1),
        each(|a, _| a.abs()),
        each(|a, _| a.min(3.0)),
        each(|a, _| a.max(3.0)),
        each(|a, b| if a < b { b * 2.0 } else { a }),
        each(|a, _| math::exp_neg(a.abs().min(80.0))),
        each(|a, _| math::ln(a.abs().min(80.0) + 1e-9)),
        each(|a, _| math::logistic(a)),
        // Two roundings: a fused multiply-add has one.
        each(|a, b| std::hint::black_box(a * b) + a),
    ];
    let top = a.0.iter().fold(f32::MIN, |top, &x| top.max(x));
    (vectors, [math::sum(a.0).to_bits(), top.to_bits(), 3])
}

#[test]
fn every_instruction_set_does_what_scalars_do() {
    let numbers = numbers(2_000);
    for arch in chosen::all() {
        for pair in numbers.windows(2) {
            let (vectors, numbers) = arch.dispatch(All(pair[0], pair[1]));
            let (of_each, of_all) = expected(pair[0], pair[1]);
            for (i, (found, expected)) in vectors.iter().zip(&of_each).enumerate() {
                assert_eq!(found, expected, "{arch:?}, operation {i} of {pair:?}");
            }
            assert_eq!(numbers, of_all, "{arch:?} of {:?}", pair[0]);
        }
    }
}

#[test]
fn one_rounding_differs_from_two_on_these_numbers() {
    let fused = |pair: &[Lanes]| {
        let (a, b) = (pair[0].0[0], pair[1].0[0]);
        a.mul_add(b, a) != a * b + a
    };
    assert!(numbers(2_000).windows(2).any(fused));
}

#[test]
fn a_number_that_no_lane_holds_has_no_place() {
    let ones = Lanes([1.0; LANES]).on(pulp::Scalar::new());
    assert_eq!((ones.first(1.0), ones.first(2.0)), (0, LANES));
}
