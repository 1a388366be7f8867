//! Features of views made by hand.

use super::*;
use crate::codec::{Level, profile};
use crate::density::{Contexts, EXPERTS, Experts};
use crate::lm::FEATURES;
use crate::math::Lanes;

/// Where groups of features begin.
const SCALES: usize = 8;
const GROWTH: usize = SCALES + EXPERTS;
const LATEST: usize = GROWTH + 1;
const STEPS: usize = LATEST + ERRORS + 1;
const VALUES: usize = STEPS + 3;
const SLOPES: usize = VALUES + 4;
const SECOND: usize = SLOPES + 5;

/// A forecast of 100.25 with a scale of 4 that all experts share.
fn forecast() -> Forecast {
    Forecast {
        experts: Experts { location: Lanes::ZERO, inverse_scale: Lanes([0.25; EXPERTS]) },
        reference: 100.25,
        location: 100.25,
        scale: 4.0,
        raw_bits: 0,
        contexts: Contexts { last_bin: 16, trend: 0, surprise: 0, disagreement: 0 },
    }
}

/// The features of `forecast` after samples that stood at 100.25, with `change` made to the view.
fn features(forecast: &Forecast, change: impl FnOnce(&mut View<'_>)) -> [i8; FEATURES] {
    let values = Values::between(-128, 127);
    let mut view = View {
        forecast,
        experts: &profile(Level::Default).composition.features,
        known: Known { values: &values, own: &[100.25; 4], partner: &[7.0; 4] },
        errors: &[0.0; ERRORS],
        last_error: 0.0,
        second: false,
    };
    change(&mut view);
    view.features().0
}

#[test]
fn agreement_and_stillness_are_zeros() {
    let found = features(&forecast(), |_| {});
    assert_eq!(SECOND, FEATURES - 1);
    for i in (0..STEPS).chain(SLOPES..FEATURES) {
        assert_eq!(found[i], 0, "feature {i}");
    }
    // (4 - 1) / (4 + 1), then 0.2 / 1.2 and 0.008 / 1.008 of 127.
    assert_eq!(found[STEPS..VALUES], [76, 21, 1]);
    // 101 lies 0.75 above, 100 lies 0.25 below: 0.1875 / 1.1875 and -0.0625 / 1.0625.
    assert_eq!(found[VALUES..VALUES + 2], [20, -7]);
    // 26.75 above lies the end, 228.25 below it the other: a twentieth of that in scales.
    assert_eq!(found[VALUES + 2..SLOPES], [31, -94]);
}

#[test]
fn each_expert_has_its_feature() {
    let experts = &profile(Level::Default).composition.features;
    for expert in 0..EXPERTS {
        let mut forecast = forecast();
        forecast.experts.location.0[expert] = 2.0;
        forecast.experts.inverse_scale.0[expert] = 0.125;
        let found = features(&forecast, |_| {});
        for (i, &whose) in experts.locations.iter().enumerate() {
            assert_eq!(found[i], if whose == expert { 63 } else { 0 }, "location {i}");
        }
        for (i, &whose) in experts.scales.iter().enumerate() {
            assert_eq!(found[SCALES + i], if whose == expert { 42 } else { 0 }, "scale {i}");
        }
        let growth = match expert {
            FAST_SCALE => 42,
            VERY_SLOW_SCALE => -42,
            _ => 0,
        };
        assert_eq!(found[GROWTH], growth);
    }
}

#[test]
fn the_latest_samples_have_features() {
    let found = features(&forecast(), |view| {
        view.errors = &[1.0, -1.0, 3.0, -3.0];
        view.last_error = 0.5;
        view.known.own = &[108.25, 100.25, 92.25, 0.0];
        view.known.partner = &[4.0, 8.0, 0.0, 0.0];
        view.second = true;
    });
    assert_eq!(found[LATEST..STEPS], [63, -63, 95, -95, 42]);
    // Half a unit for the last one, none, 1 for the line through both, 1 over two, -0.25.
    assert_eq!(found[SLOPES..], [42, 0, 63, 63, -25, 127]);
}

#[test]
fn extremes_stay_within_the_unit() {
    let mut forecast = forecast();
    for extreme in [f32::MAX, f32::MIN_POSITIVE, f32::INFINITY, f32::NAN, -f32::MAX] {
        forecast.experts.location = Lanes([extreme; EXPERTS]);
        forecast.experts.inverse_scale = Lanes([extreme.abs(); EXPERTS]);
        for scale in [1e-30, 1e30] {
            forecast.scale = scale;
            let found = features(&forecast, |view| {
                view.last_error = extreme;
                view.known.own = &[1e300, -1e300, 0.0, f64::INFINITY];
            });
            assert!(!found.contains(&i8::MIN), "{extreme}: {found:?}");
        }
    }
}
