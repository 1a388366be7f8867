//! The filters learn, shrug off clicks and never diverge.

use super::*;

/// Uniform numbers in -1..1.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 0x1234_5678_9ABC_DEF1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Runs over `signal`; returns the filter and the absolute errors.
fn run(config: NlmsConfig, signal: &[f32]) -> (Nlms, Vec<f32>) {
    let mut filter = Nlms::new(config);
    let mut errors = Vec::new();
    for &value in signal {
        let error = value - filter.forecast();
        filter.update(error, value);
        errors.push(error.abs());
    }
    (filter, errors)
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

#[test]
fn a_new_filter_forecasts_nothing() {
    assert_eq!(Nlms::new(NlmsConfig { taps: 32, step: 0.1 }).forecast(), 0.0);
}

#[test]
fn it_learns_an_autoregressive_process() {
    let drive = noise(60_000);
    let mut signal = vec![0.0; 60_000];
    for i in 2..signal.len() {
        signal[i] = 0.9 * signal[i - 1] - 0.6 * signal[i - 2] + 100.0 * drive[i];
    }
    let (filter, errors) = run(NlmsConfig { taps: 16, step: 0.02 }, &signal);
    assert!((filter.weights[0] - 0.9).abs() < 0.1, "{:?}", filter.weights);
    assert!((filter.weights[1] + 0.6).abs() < 0.1, "{:?}", filter.weights);
    // The drive's mean is 50; a filter that does not learn is left with the signal's, 92.
    let (left, whole) =
        (mean(&errors[30_000..]), mean(&signal.iter().map(|x| x.abs()).collect::<Vec<_>>()));
    assert!(left < 53.0 && whole > 70.0, "{left} of {whole}");
}

#[test]
fn a_long_filter_finds_an_echo() {
    let drive = noise(60_000);
    let mut signal = vec![0.0; 60_000];
    for i in 0..signal.len() {
        let echo = if i >= 700 { 0.9 * signal[i - 700] } else { 0.0 };
        signal[i] = echo + 100.0 * drive[i];
    }
    let (filter, _) = run(NlmsConfig { taps: 1024, step: 0.2 }, &signal);
    let largest = (0..1024).max_by(|&a, &b| filter.weights[a].total_cmp(&filter.weights[b]));
    assert_eq!(largest, Some(699), "one sample back is tap 0");
    assert!(filter.weights[699] > 0.6, "{}", filter.weights[699]);
}

#[test]
fn a_click_does_not_undo_what_was_learnt() {
    let mut signal: Vec<f32> = (0..20_000).map(|i| 1_000.0 * (i as f32 * 0.05).sin()).collect();
    let config = NlmsConfig { taps: 32, step: 0.01 };
    let before = mean(&run(config, &signal).1[12_500..13_500]);
    signal[12_000] += 1e6;
    let after = mean(&run(config, &signal).1[12_500..13_500]);
    assert!(after < before + 100.0, "{before} became {after}");
}

#[test]
fn the_energy_is_that_of_the_window() {
    let signal: Vec<f32> = noise(9_000).iter().map(|x| x * 3e4).collect();
    let (filter, _) = run(NlmsConfig { taps: 256, step: 0.01 }, &signal);
    let window: Vec<f64> = filter.history.window().iter().map(|&x| f64::from(x)).collect();
    let exact: f64 = window[1..257].iter().map(|x| x * x).sum();
    assert!((filter.energy / exact - 1.0).abs() < 1e-9);
    let correlation: f64 = (1..257).map(|i| window[i] * window[i + 1]).sum();
    assert!(((filter.correlation - correlation) / exact).abs() < 1e-6);
    // After the loudest there is, silence weighs almost nothing.
    let loud = [vec![2_147_483_648.0; 5_000], vec![0.0; 300]].concat();
    let (filter, _) = run(NlmsConfig { taps: 256, step: 0.01 }, &loud);
    assert_eq!(filter.energy, 0.0);
}

/// The plain algorithm, in double precision, agrees up to rounding.
#[test]
fn two_samples_at_once_are_as_good_as_one_after_the_other() {
    let signal: Vec<f32> = noise(3_000).windows(8).map(|x| 100.0 * x.iter().sum::<f32>()).collect();
    let config = NlmsConfig { taps: 32, step: 0.1 };
    let mut filter = Nlms::new(config);
    let (mut weights, mut deviation) = ([0.0_f64; 32], 1.0_f64);
    for i in 0..signal.len() {
        let window: Vec<f64> =
            (1..=32).map(|age| i.checked_sub(age).map_or(0.0, |at| signal[at].into())).collect();
        let forecast: f64 = weights.iter().zip(&window).map(|(w, x)| w * x).sum();
        assert!((forecast - f64::from(filter.forecast())).abs() < 0.02, "sample {i}");
        let error = f64::from(signal[i]) - forecast;
        let limited = error.clamp(-3.0 * deviation, 3.0 * deviation);
        deviation += (error.abs() - deviation) * 0.01;
        let energy: f64 = window.iter().map(|x| x * x).sum();
        for (weight, x) in weights.iter_mut().zip(&window) {
            *weight += 0.1 * limited / (energy + 1.0 + 0.03 * 32.0) * x;
        }
        filter.update(signal[i] - filter.forecast(), signal[i]);
    }
}

#[test]
fn it_stays_finite_on_extreme_input() {
    let wide: Vec<f32> = noise(8_000).iter().map(|x| x * 4.3e9).collect();
    let ends = |i: usize| [-4.3e9, 4.3e9][i % 2];
    let signals: [Vec<f32>; 4] = [
        (0..8_000).map(ends).collect(),
        (0..8_000).map(|i| if i / 1_000 % 2 == 0 { ends(i) } else { 0.3 }).collect(),
        wide,
        vec![4.3e9; 8_000],
    ];
    for (which, signal) in signals.iter().enumerate() {
        for (taps, step) in [(16, 0.01), (32, 0.05), (1024, 0.2)] {
            let (filter, errors) = run(NlmsConfig { taps, step }, signal);
            let finite = errors.iter().chain(&filter.weights).all(|x| x.is_finite());
            assert!(finite && filter.energy.is_finite(), "signal {which}, {taps} taps");
        }
    }
}
