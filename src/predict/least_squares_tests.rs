//! Least squares finds what there is to find and survives what there is not.

use super::*;

const CONFIG: LeastSquaresConfig = LeastSquaresConfig {
    lambda: 0.998,
    interval: 8,
    ridge: 0.0,
    common_ridge: 1e-6,
    rate: 0.005,
    power: 1,
};

/// Uniform numbers in -1..1.
fn noise(count: usize) -> Vec<f64> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Runs over `signal` with its last `n` values as inputs; returns weights and errors.
fn run(config: LeastSquaresConfig, n: usize, signal: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut predictor = LeastSquares::new(config, vec![0.0; n]);
    let mut inputs = vec![0.0; n];
    let mut errors = Vec::new();
    for &value in signal {
        errors.push((value - predictor.predict(&inputs, &[])).abs());
        predictor.update(value);
        inputs.rotate_right(1);
        inputs[0] = value;
    }
    (weights(&predictor), errors)
}

fn weights(predictor: &LeastSquares) -> Vec<f64> {
    Vector::flatten(&predictor.weights)[..predictor.n].to_vec()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn it_learns_an_autoregressive_process() {
    let drive = noise(20_000);
    let mut signal = vec![0.0; 20_000];
    for i in 2..signal.len() {
        signal[i] = 1.8 * signal[i - 1] - 0.9 * signal[i - 2] + 100.0 * drive[i];
    }
    for (power, rate) in [(1, 0.005), (2, 0.3)] {
        let config = LeastSquaresConfig { power, rate, lambda: 0.9995, ..CONFIG };
        let (weights, errors) = run(config, 16, &signal);
        let (a, b) = (weights[0], weights[1]);
        assert!((a - 1.8).abs() < 0.05 && (b + 0.9).abs() < 0.08, "{a} {b}");
        assert!(weights[4..].iter().all(|w| w.abs() < 0.1));
        // Uniform noise of this size has a mean of 50, and nothing can do better.
        assert!((48.0..52.0).contains(&mean(&errors[10_000..])), "{}", mean(&errors[10_000..]));
    }
}

#[test]
fn two_values_before_tell_a_sine() {
    let sine: Vec<f64> = (0..4_000).map(|i| 10_000.0 * (f64::from(i) * 0.1).sin()).collect();
    let (_, errors) = run(CONFIG, 2, &sine);
    assert!(mean(&errors[200..]) < 0.5, "{}", mean(&errors[200..]));
}

#[test]
fn it_forgets() {
    let sign = |i: usize| if i < 6_000 { 0.9 } else { -0.9 };
    let drive = noise(12_000);
    let mut signal = vec![0.0; 12_000];
    for i in 1..signal.len() {
        signal[i] = sign(i) * signal[i - 1] + 100.0 * drive[i];
    }
    let weight = |lambda, until: usize| {
        let config = LeastSquaresConfig { lambda, ..CONFIG };
        run(config, 1, &signal[..until]).0[0]
    };
    assert!((weight(0.99, 6_000) - 0.9).abs() < 0.15);
    assert!((weight(0.99, 7_000) + 0.9).abs() < 0.15);
    assert!(weight(0.9999, 7_000) > 0.3, "a long memory remembers");
}

/// Intervals decide how many samples the covariance takes in at a time: 1 to 4.
#[test]
fn samples_count_alike_in_batches_of_any_size() {
    let drive = noise(120);
    let covariance = |interval| {
        // Without power, gains do not depend on errors, and so not on when weights are learnt.
        let config = LeastSquaresConfig { interval, power: 0, ..CONFIG };
        let mut predictor = LeastSquares::new(config, vec![0.0; 10]);
        for window in drive.windows(11) {
            predictor.predict(&window[..6], &window[6..]);
            predictor.update(window[10]);
        }
        match predictor.pending_len {
            0 => {}
            1 => predictor.absorb::<1>(),
            2 => predictor.absorb::<2>(),
            _ => predictor.absorb::<3>(),
        }
        predictor.covariance
    };
    let single = covariance(1);
    for interval in [2, 5, 10, 11, 22] {
        let batched = covariance(interval);
        for i in 0..10 {
            for j in i..=10 {
                let at = |c: &[Vector]| Vector::flatten(c)[i * System::width(10) * LANES_F64 + j];
                assert!((at(&single) - at(&batched)).abs() < 1e-12, "{interval}: {i}, {j}");
            }
        }
    }
}

/// Samples at which the weights change.
#[test]
fn solutions_come_more_often_at_first() {
    let config = LeastSquaresConfig { interval: 16, ..CONFIG };
    let mut predictor = LeastSquares::new(config, vec![0.0; 2]);
    let drive = noise(300);
    let mut changes = Vec::new();
    for (i, window) in drive.windows(3).enumerate() {
        let before = predictor.weights.clone();
        predictor.predict(&window[..2], &[]);
        predictor.update(window[2]);
        if predictor.weights != before {
            changes.push(i + 1);
        }
    }
    assert_eq!(changes[..9], [4, 8, 12, 16, 20, 24, 28, 32, 36]);
    assert!(
        changes.iter().rev().zip(changes.iter().rev().skip(1)).take(5).all(|(b, a)| b - a == 16)
    );
}

#[test]
fn bursts_count_less_with_more_power() {
    // A clean process with a click every 50 samples.
    let drive = noise(10_000);
    let mut signal = vec![0.0; 10_000];
    for i in 1..signal.len() {
        signal[i] = 0.95 * signal[i - 1] + 20.0 * drive[i];
    }
    for i in (25..signal.len()).step_by(50) {
        signal[i] += 5_000.0 * drive[i + 1];
    }
    let median = |power, rate| {
        let config = LeastSquaresConfig { power, rate, ..CONFIG };
        let (_, mut errors) = run(config, 8, &signal);
        errors.sort_by(f64::total_cmp);
        errors[errors.len() / 2]
    };
    let (plain, robust) = (median(0, 0.3), median(2, 0.3));
    assert!(robust < 0.8 * plain, "{robust} against {plain}");
}

#[test]
fn the_prior_holds_until_something_is_known() {
    let mut predictor = LeastSquares::new(CONFIG, vec![0.25; 4]);
    assert_eq!(predictor.predict(&[4.0, 8.0, 0.0], &[4.0]), 4.0);
    // Silence teaches nothing.
    for _ in 0..1_000 {
        predictor.predict(&[0.0; 4], &[]);
        predictor.update(0.0);
    }
    let weights = weights(&predictor);
    assert!(weights.iter().all(|w| (w - 0.25).abs() < 1e-12), "{weights:?}");
}

#[test]
fn it_stays_finite_on_extreme_input() {
    let wide = noise(3_000);
    let ends = |i: usize| [-2_147_483_648.0, 2_147_483_647.0][i % 2];
    let signals: [Vec<f64>; 4] = [
        (0..3_000).map(ends).collect(),
        (0..3_000).map(|i| if i / 300 % 2 == 0 { ends(i) } else { 0.0 }).collect(),
        wide.iter().map(|x| x * 2_147_483_648.0).collect(),
        vec![-2_147_483_648.0; 3_000],
    ];
    for (which, signal) in signals.iter().enumerate() {
        for power in [0, 1, 2] {
            for ridge in [0.0, 1e-4] {
                let config = LeastSquaresConfig { power, ridge, rate: 0.3, ..CONFIG };
                let (weights, errors) = run(config, 24, signal);
                assert!(errors.iter().all(|e| e.is_finite()), "signal {which}, power {power}");
                assert!(weights.iter().all(|w| w.is_finite()));
            }
        }
    }
}
