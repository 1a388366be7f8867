//! A cascade uses its partner and stays within bounds.

use super::{Cascade, CascadeConfig, History, LeastSquaresConfig, NlmsConfig};

const CONFIG: CascadeConfig = CascadeConfig {
    own: 4,
    partner: 4,
    least_squares: LeastSquaresConfig {
        lambda: 0.999,
        interval: 8,
        ridge: 0.0,
        common_ridge: 1e-6,
        rate: 0.005,
        power: 1,
    },
    nlms: &[NlmsConfig { taps: 32, step: 0.005 }],
};

/// Mean absolute error over the second half of `own`, with `partner` a sample ahead.
fn run(own: &[f64], partner: &[f64], has_partner: bool, bound: f64) -> f64 {
    let mut cascade = Cascade::new(&CONFIG, has_partner);
    let (mut mine, mut other) = (History::new(32), History::new(32));
    let mut sum = 0.0;
    for (i, (&x, &y)) in own.iter().zip(partner).enumerate() {
        other.push(y);
        cascade.predict(mine.window(), other.window(), bound);
        assert_eq!(cascade.outputs().len(), 2);
        assert!(cascade.outputs().iter().all(|output| output.abs() <= bound));
        if i >= own.len() / 2 {
            sum += (x - cascade.outputs().iter().sum::<f64>()).abs();
        }
        cascade.update(x);
        mine.push(x);
    }
    sum / (own.len() - own.len() / 2) as f64
}

#[test]
fn a_partner_that_tells_all_is_used() {
    let own: Vec<f64> = (0..6_000_u32)
        .scan(1u32, |state, _| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some(f64::from(*state >> 20) - 2_048.0)
        })
        .collect();
    let flipped: Vec<f64> = own.iter().map(|x| -x).collect();
    let alone = run(&own, &flipped, false, 2_048.0);
    let together = run(&own, &flipped, true, 2_048.0);
    assert!(alone > 500.0 && together < 1.0, "{alone} {together}");
}

#[test]
fn no_stage_claims_more_than_the_bound() {
    // The check is in `run`; a bound far below the signal provokes it.
    let loud: Vec<f64> = (0..3_000).map(|i| 2e9 * (f64::from(i) * 0.9).sin()).collect();
    run(&loud, &loud, true, 10.0);
}
