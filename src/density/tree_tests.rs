//! Every value of a set can be coded, under any forecast, and likely ones cost little.

use super::*;
use crate::density::EXPERTS;
use crate::density::mixing::tests::CONFIG;
use crate::entropy::from_probability;
use crate::math::Lanes;

/// Writes decisions down, with what they cost, and plays them back.
#[derive(Default)]
struct Tape {
    decisions: Vec<bool>,
    raw: Vec<u32>,
    bits: f64,
    playing: Option<(usize, usize)>,
}

impl Coder for Tape {
    fn code(&mut self, decision: bool, p: u32) -> bool {
        assert!(p > 0, "a probability of zero cannot be coded");
        if let Some((next, _)) = &mut self.playing {
            *next += 1;
            return self.decisions[*next - 1];
        }
        let p = from_probability(p);
        self.bits -= if decision { p.log2() } else { (1.0 - p).log2() };
        self.decisions.push(decision);
        decision
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        if let Some((_, next)) = &mut self.playing {
            *next += 1;
            return self.raw[*next - 1];
        }
        let value = (u64::from(value) & ((1 << bits) - 1)) as u32;
        self.bits += f64::from(bits);
        self.raw.push(value);
        value
    }
}

fn forecast(location: f64, scale: f64, raw_bits: u32) -> Forecast {
    let inverse_scale = Lanes([1.0 / scale as f32; EXPERTS]);
    Forecast {
        experts: Experts { location: Lanes::ZERO, inverse_scale },
        reference: location,
        location,
        scale,
        raw_bits,
        contexts: Contexts { last_bin: 16, trend: 3, surprise: 1, disagreement: 20 },
    }
}

/// Codes `target` with a fresh coder and reads it back; returns its bits and bin.
fn round_trip(values: &Values, forecast: &Forecast, target: u64) -> (f64, u8) {
    let mut tape = Tape::default();
    let (rank, bin) = SampleCoder::new(&CONFIG).code(&mut tape, values, forecast, None, target);
    assert_eq!(rank, target);
    tape.playing = Some((0, 0));
    let back = SampleCoder::new(&CONFIG).code(&mut tape, values, forecast, None, 0);
    assert_eq!(back, (target, bin), "reading back");
    assert_eq!(tape.playing, Some((tape.decisions.len(), tape.raw.len())), "left over");
    (tape.bits, bin)
}

#[test]
fn every_value_under_forecasts_good_and_bad() {
    let sets = [
        Values::between(-7, 9),
        Values::between(5, 5),
        Values::listed(vec![-1_000, -3, 0, 1, 2, 70, 5_000]),
    ];
    for values in &sets {
        let (low, high) = (values.value(0), values.value(values.len() - 1));
        for location in [f64::from(low), 0.3f64.clamp(low.into(), high.into()), f64::from(high)] {
            for (scale, raw_bits) in
                [(0.02, 0), (1.0, 0), (300.0, 0), (1e9, 0), (1e3, 2), (1e6, 10)]
            {
                for rank in 0..values.len() {
                    round_trip(values, &forecast(location, scale, raw_bits), rank);
                }
            }
        }
    }
}

#[test]
fn the_ends_of_the_whole_range() {
    let values = Values::between(i32::MIN, i32::MAX);
    let last = (1u64 << 32) - 1;
    for location in [f64::from(i32::MIN), 0.0, f64::from(i32::MAX)] {
        for (scale, raw_bits) in [(0.02, 0), (1e4, 8), (3e9, 24)] {
            for rank in [0, 1, 12_345, last / 2, last / 2 + 1, last - 1, last] {
                let (bits, _) = round_trip(&values, &forecast(location, scale, raw_bits), rank);
                // Bad luck is paid for, but not without limit.
                assert!(bits < 600.0, "{bits} bits");
            }
        }
    }
}

/// Over all values, two to the minus bits must sum to one: nothing is wasted or impossible.
#[test]
fn probabilities_are_complete() {
    for values in [Values::between(-40, 60), Values::listed((-30..30).map(|i| i * i * i).collect())]
    {
        for (location, scale) in [(3.2, 2.0), (-40.0, 0.1), (20.0, 15.0)] {
            let forecast = forecast(location, scale, 0);
            let cost = |rank| round_trip(&values, &forecast, rank).0;
            let sum: f64 = (0..values.len()).map(|rank| (-cost(rank)).exp2()).sum();
            assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        }
    }
}

#[test]
fn likely_values_cost_little_and_bins_are_quantiles() {
    let values = Values::between(-32_768, 32_767);
    let forecast = forecast(100.0, 10.0, 0);
    let cost = |value: i32| round_trip(&values, &forecast, values.rank(value));
    let (centre, bin) = cost(100);
    // Density of the logistic distribution at its centre: 1 / (4 scale).
    assert!((centre - 40f64.log2()).abs() < 0.3, "{centre} bits");
    assert!((15..=16).contains(&bin));
    assert!(cost(150).0 > centre + 4.0 && cost(50).0 > centre + 4.0);
    assert_eq!((cost(-32_768).1, cost(32_767).1), (0, 31));
    let bins: Vec<u8> = (0..200).map(|value| cost(value).1).collect();
    assert!(bins.is_sorted());
}

/// Bits that a value costs after it has occurred `times` times in a row.
fn learnt(times: usize, bins: Option<&BinForecast>) -> f64 {
    let values = Values::between(-500, 500);
    let forecast = forecast(0.0, 20.0, 0);
    let mut coder = SampleCoder::new(&CONFIG);
    let mut last = 0.0;
    for _ in 0..=times {
        let mut tape = Tape::default();
        coder.code(&mut tape, &values, &forecast, bins, values.rank(33));
        last = tape.bits;
    }
    last
}

#[test]
fn the_coder_learns_what_the_experts_miss() {
    assert!(learnt(2_000, None) < 0.5 * learnt(0, None));
}

#[test]
fn a_language_model_that_predicts_the_bin_helps() {
    let values = Values::between(-500, 500);
    let bin = round_trip(&values, &forecast(0.0, 20.0, 0), values.rank(33)).1;
    let mut logits = [0.0; BINS];
    let indifferent = BinForecast::new(&logits);
    logits[usize::from(bin)] = 8.0;
    let knowing = BinForecast::new(&logits);
    assert!(learnt(0, Some(&knowing)) < learnt(0, Some(&indifferent)) - 1.0);
    // One that is wrong costs a bounded number of bits.
    logits[usize::from(bin)] = -1e6;
    assert!(learnt(0, Some(&BinForecast::new(&logits))) < learnt(0, None) + 30.0);
}

#[test]
fn probabilities_are_legal() {
    for p in [f32::NAN, f32::NEG_INFINITY, -1.0, 0.0, 1e-9] {
        assert_eq!(bounded_probability(p), 1 << 12);
    }
    assert_eq!(bounded_probability(0.5), 1 << 31);
    for p in [1.0 - f32::EPSILON / 2.0, 1.0, f32::INFINITY] {
        assert_eq!(bounded_probability(p), u32::MAX - (1 << 12) + 1);
    }
}
