//! The stated bounds of the approximations, and the order of the sums.

use super::*;

/// Every `step`-th float from `from` to `to`, both positive.
fn floats(from: f32, to: f32, step: usize) -> impl Iterator<Item = f32> {
    (from.to_bits()..=to.to_bits()).step_by(step).map(f32::from_bits)
}

/// Numbers in -1..1 with all their bits in use.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn exp_neg_is_as_accurate_as_stated() {
    assert_eq!(exp_neg(0.0), 1.0);
    // The argument is rounded once after it is multiplied: half a unit in the last place of a
    // number of up to 116 counts for more than the polynomial does.
    for (to, bound) in [(1.0, -21), (8.0, -20), (80.0, -17)] {
        let worst = floats(1e-12, to, 499)
            .map(|a| (f64::from(exp_neg(a)) / (-f64::from(a)).exp() - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 2f64.powi(bound), "up to {to}: 2^{}", worst.log2());
    }
}

#[test]
fn exp_neg_never_rises_by_more_than_its_error() {
    let mut last = f32::INFINITY;
    for a in floats(1e-6, 80.0, 1_009) {
        let e = exp_neg(a);
        assert!(e > 0.0 && e <= last * (1.0 + 3e-7), "at {a}");
        last = e;
    }
}

#[test]
fn ln_is_as_accurate_as_stated() {
    assert_eq!(ln(1.0), 0.0);
    for x in floats(f32::MIN_POSITIVE, f32::MAX, 4_999) {
        let exact = f64::from(x).ln();
        let error = (f64::from(ln(x)) - exact).abs();
        // The result itself has only 24 bits.
        let bound = 2f64.powi(-19) + exact.abs() * 2f64.powi(-22);
        assert!(error < bound, "ln {x}: {error:e}");
    }
}

#[test]
fn logistic_is_accurate_symmetric_and_saturates() {
    assert_eq!(logistic(0.0), 0.5);
    for x in floats(1e-6, 200.0, 1_999) {
        let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
        assert!((f64::from(logistic(x)) - exact).abs() < 2f64.powi(-21), "{x}");
        assert_eq!(logistic(x) + logistic(-x), 1.0, "{x}");
        assert!(logistic(-x) > 0.0 && logistic(x) <= 1.0);
    }
    for x in [f32::MAX, f32::INFINITY] {
        assert_eq!(logistic(x), 1.0);
        assert!(logistic(-x) > 0.0);
    }
    // The inverse of the logit.
    for p in [0.001, 0.1, 0.5, 0.7, 0.999] {
        assert!((logistic(ln(p / (1.0 - p))) - p).abs() < 1e-6);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    add_products(&mut lanes, a, b);
    sum(lanes)
}

/// The written order: lane i sums elements i, i + 16, ...; then halves are folded.
#[test]
fn dot_is_the_sum_in_the_written_order() {
    for length in [16, 32, 48, 256, 2048] {
        let (a, b) = (noise(length, 1), noise(length, 2));
        let mut lanes: Vec<f32> = (0..16)
            .map(|lane| (lane..length).step_by(16).fold(0.0, |sum, i| sum + a[i] * b[i]))
            .collect();
        while lanes.len() > 1 {
            let upper = lanes.split_off(lanes.len() / 2);
            lanes.iter_mut().zip(upper).for_each(|(low, high)| *low += high);
        }
        assert_eq!(dot(&a, &b).to_bits(), lanes[0].to_bits(), "{length}");
        let exact: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        assert!((f64::from(dot(&a, &b)) - exact).abs() < 1e-5 * length as f64);
    }
    assert_eq!(dot(&[], &[]), 0.0);
}

fn vectors(numbers: &[f64]) -> Vec<Vector> {
    numbers.as_chunks().0.iter().map(|&chunk| Vector(chunk)).collect()
}

#[test]
fn dot_f64_is_the_sum_in_the_written_order() {
    for length in [0, 8, 16, 24, 40] {
        let wide = |seed| noise(length, seed).into_iter().map(|x| f64::from(x) / 3.0);
        let (a, b): (Vec<f64>, Vec<f64>) = (wide(3).collect(), wide(4).collect());
        let lane = |lane| (lane..length).step_by(8).fold(0.0, |sum, i| sum + a[i] * b[i]);
        let even = (lane(0) + lane(4)) + (lane(2) + lane(6));
        let odd = (lane(1) + lane(5)) + (lane(3) + lane(7));
        let found = dot_f64(&vectors(&a), &vectors(&b));
        assert_eq!(found.to_bits(), (even + odd).to_bits(), "{length}");
    }
}

/// Adds `a * x[i]` to `y[i]`.
fn add_scaled(y: &mut [f32], a: f32, x: &[f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}

#[test]
fn learn_two_is_one_after_the_other() {
    for length in [16, 32, 256] {
        let (x, mut y) = (noise(length + 3, 7), noise(length, 8));
        let mut expected = y.clone();
        add_scaled(&mut expected, -0.7, &x[3..]);
        add_scaled(&mut expected, 0.3, &x[2..length + 2]);
        let (x1, x0) = (&x[1..=length], &x[..length]);
        let products = [dot(&expected, x1), dot(&expected, x0)];
        assert_eq!(learn_two(&mut y, [-0.7, 0.3], &x), products);
        assert_eq!(y, expected);
    }
}

#[test]
fn outer_products_are_added_one_after_the_other() {
    let (width, rows) = (3, 5..19);
    let stride = width * LANES_F64;
    let vectors_of = |count: usize, seed: u32| -> Vec<Vector> {
        let numbers = noise(count * LANES_F64, seed);
        let vector = |part: &[f32]| Vector(std::array::from_fn(|lane| f64::from(part[lane])));
        numbers.chunks_exact(LANES_F64).map(vector).collect()
    };
    let (vectors, mut triangle) = (vectors_of(2 * width, 3), vectors_of(rows.len() * width, 4));
    let before = Vector::flatten(&triangle).to_vec();
    let mut scratch = vec![Vector::ZERO; 2 * width];
    add_outer_products(&mut triangle, rows.clone(), 0.9, [0.3, -0.7], &vectors, &mut scratch);
    let (after, x) = (Vector::flatten(&triangle), Vector::flatten(&vectors));
    for (k, i) in rows.enumerate() {
        for j in i..stride {
            let mut expected = before[k * stride + j] * 0.9;
            expected += 0.3 * x[i] * x[j];
            expected += -0.7 * x[stride + i] * x[stride + j];
            assert_eq!(after[k * stride + j].to_bits(), expected.to_bits(), "{i}, {j}");
        }
    }
}
