//! Distribution functions rise, and logits are of what is left of them in an interval.

use super::*;

fn scalar() -> pulp::Scalar {
    pulp::Scalar::new()
}

/// Logits of `x >= middle`, given that x lies between `low` and `high`.
fn logits(low: &Edge, middle: &Edge, high: &Edge) -> [f32; EXPERTS] {
    Interval { low: *low, high: *high }.halves(scalar(), middle).logits().lanes().0
}

/// Scales over eight powers of ten, locations around zero.
fn experts() -> Experts {
    let mut experts = Experts { location: Lanes::ZERO, inverse_scale: Lanes([1.0; EXPERTS]) };
    for i in 0..EXPERTS {
        experts.location.0[i] = i as f32 * 3.0 - 10.0;
        experts.inverse_scale.0[i] = 10f32.powi(3 - i as i32);
    }
    experts
}

#[test]
fn both_tails_rise_and_fall_monotonically() {
    let experts = experts();
    let mut last = Edge::BOTTOM;
    for i in -4_000..=4_000 {
        let threshold = (i as f32 / 100.0).powi(3);
        let edge = experts.edge(scalar(), threshold);
        for e in 0..EXPERTS {
            assert!(edge.below.0[e] >= last.below.0[e] - 2e-7, "below, expert {e} at {threshold}");
            assert!(edge.above.0[e] <= last.above.0[e] + 2e-7, "above, expert {e} at {threshold}");
            assert!((edge.below.0[e] + edge.above.0[e] - 1.0).abs() < 2e-7);
        }
        last = edge;
    }
}

/// Exact logit of the upper half of an interval of a logistic distribution.
fn exact(z: [f64; 3]) -> f64 {
    // P(a <= x < b) = (1 - e^(a-b)) / ((1 + e^a) (1 + e^-b)), without cancellation.
    let mass = |a: f64, b: f64| -(a - b).exp_m1() / ((1.0 + a.exp()) * (1.0 + (-b).exp()));
    (mass(z[1], z[2]) / mass(z[0], z[1])).ln()
}

#[test]
fn logits_are_those_of_the_logistic_distribution() {
    let unit = Experts { location: Lanes::ZERO, inverse_scale: Lanes([1.0; EXPERTS]) };
    for centre in [-40.0, -20.0, -5.0, -0.7, 0.0, 0.3, 4.0, 25.0, 40.0_f32] {
        for (left, right) in [(1.0, 1.0), (0.5, 8.0), (6.0, 0.25), (3.0, 3.0)] {
            let z = [centre - left, centre, centre + right];
            let found = logits(
                &unit.edge(scalar(), z[0]),
                &unit.edge(scalar(), z[1]),
                &unit.edge(scalar(), z[2]),
            )[0];
            let exact = exact(z.map(f64::from)).clamp(-12.0, 12.0);
            assert!((f64::from(found) - exact).abs() < 1e-3, "{z:?}: {found} for {exact}");
        }
    }
    // An open interval: the plain logit.
    for z in [-11.0, -3.0, 0.0, 2.0, 11.0_f32] {
        let found = logits(&Edge::BOTTOM, &unit.edge(scalar(), z), &Edge::TOP)[0];
        assert!((found + z).abs() < 1e-3, "{z}: {found}");
    }
}

#[test]
fn logits_fall_as_the_threshold_rises() {
    let experts = experts();
    let (low, high) = (experts.edge(scalar(), -30.0), experts.edge(scalar(), 25.0));
    let mut last = [MAX_LOGIT; EXPERTS];
    for i in -290..=240 {
        let found = logits(&low, &experts.edge(scalar(), i as f32 / 10.0), &high);
        for e in 0..EXPERTS {
            assert!(found[e].is_finite() && found[e].abs() <= MAX_LOGIT);
            // Rounding of masses near the ends of what single precision resolves.
            assert!(
                found[e] <= last[e] + 0.02,
                "expert {e} at {i}: {} after {}",
                found[e],
                last[e]
            );
        }
        last = found;
    }
}

#[test]
fn intervals_without_mass_have_finite_logits() {
    // Far out, both halves round to nothing: logits of 0, and no NaN.
    let sharp = Experts { location: Lanes::ZERO, inverse_scale: Lanes([1e6; EXPERTS]) };
    let found =
        logits(&sharp.edge(scalar(), 1e9), &sharp.edge(scalar(), 2e9), &sharp.edge(scalar(), 3e9));
    assert!(found.iter().all(|&logit| logit == 0.0), "{found:?}");
    let found =
        logits(&sharp.edge(scalar(), -1.0), &sharp.edge(scalar(), 1.0), &sharp.edge(scalar(), 2.0));
    assert!(found.iter().all(|&logit| logit == -MAX_LOGIT), "{found:?}");
}
