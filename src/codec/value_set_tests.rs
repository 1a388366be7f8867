//! Which set is chosen, and that it comes back exactly.

use proptest::prelude::*;

use super::*;
use crate::entropy::{RangeDecoder, RangeEncoder};

/// Codes the set and reads it back; returns the bytes that it took.
fn round_trip(values: &Values, limit: usize) -> usize {
    let mut encoder = RangeEncoder::default();
    assert_eq!(code(&mut encoder, values, limit), *values);
    let bytes = encoder.finish();
    let mut decoder = RangeDecoder::new(&bytes);
    // What a decoder passes in has no bearing on what comes out.
    assert_eq!(code(&mut decoder, &Values::between(0, 0), limit), *values);
    decoder.finish().unwrap();
    bytes.len()
}

fn chosen(samples: &[i32]) -> Values {
    let (values, _) = choose(&[samples.to_vec()]);
    for &sample in samples {
        assert_eq!(values.value(values.rank(sample)), sample, "a value is missing");
    }
    round_trip(&values, samples.len());
    values
}

/// A sine that comes by all of its values, in `count` samples.
fn sine(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(|i| 2_000.0 * (i as f64 * 0.0131).sin())
}

#[test]
fn ordinary_audio_is_dense() {
    let samples: Vec<i32> = (0..20_000).map(|i| i * 7_919 % 1_001 - 500).collect();
    assert_eq!(chosen(&samples), Values::between(-500, 500));
    // Gaps, but too few samples to pay for a list.
    assert!(matches!(chosen(&[3, 900, -70]), Values::Dense { .. }));
}

#[test]
fn one_value_is_a_dense_set_of_one() {
    for value in [0, -1, i32::MIN, i32::MAX] {
        assert_eq!(chosen(&[value; 100]), Values::between(value, value));
        assert_eq!(chosen(&[value]), Values::between(value, value));
    }
}

#[test]
fn scaled_audio_is_sparse() {
    // 12 bits in 16, and a gain after quantisation.
    let shifted: Vec<i32> = sine(60_000).map(|x| (x / 16.0).round() as i32 * 16).collect();
    let gained: Vec<i32> =
        sine(60_000).map(|x| ((x / 3.0).round() * 3.37).round() as i32).collect();
    for samples in [shifted, gained] {
        let chosen = chosen(&samples);
        let Values::Sparse(list) = &chosen else { panic!("not sparse") };
        let used = list.values();
        let bytes = round_trip(&chosen, samples.len());
        // Most of that is for learning the gaps, which are regular.
        assert!(bytes * 8 < 3 * used.len(), "{bytes} bytes for {} values", used.len());
    }
}

#[test]
fn a_square_wave_is_two_values() {
    let samples: Vec<i32> = (0..10_000).map(|i| [i32::MIN, i32::MAX][i / 50 % 2]).collect();
    assert_eq!(chosen(&samples), Values::listed(vec![i32::MIN, i32::MAX]));
}

#[test]
fn any_gap_can_be_coded() {
    let gaps: Vec<i64> = vec![1, 2, 11, 12, 13, 14, 15, 255, 1 << 16, (1 << 31) - 1, 1 << 31];
    for &gap in &gaps {
        let start = i64::from(i32::MIN);
        round_trip(&Values::listed(vec![i32::MIN, (start + gap) as i32]), 2);
    }
    round_trip(&Values::listed(vec![i32::MIN, i32::MAX]), 2);
    round_trip(&Values::between(i32::MIN, i32::MAX), 1);
}

#[test]
fn damage_yields_no_larger_set_than_there_are_samples() {
    let mut state = 1u64;
    for _ in 0..3_000 {
        let bytes: Vec<u8> = (0..24)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        // First bit: sparse. All ones next, so that gaps tend to be as large as can be.
        for bytes in [bytes.clone(), [&[0; 9][..], &bytes[..]].concat()] {
            let mut decoder = RangeDecoder::new(&bytes);
            let values = code(&mut decoder, &Values::between(0, 0), 10);
            if let Values::Sparse(list) = values {
                let used = list.values();
                assert!((1..=10).contains(&used.len()));
                assert!(used.is_sorted());
            }
        }
    }
}

proptest! {
    #[test]
    fn any_list_round_trips(mut used in proptest::collection::vec(
        prop_oneof![any::<i32>(), -40..40, Just(i32::MIN), Just(i32::MAX)], 1..200,
    )) {
        chosen(&used);
        used.sort_unstable();
        used.dedup();
        round_trip(&Values::listed(used.clone()), used.len());
    }
}

/// A stream in which every decision is `true`.
struct AllTrue;

impl Coder for AllTrue {
    fn code(&mut self, _: bool, _: u32) -> bool {
        true
    }
    fn raw(&mut self, _: u32, bits: u32) -> u32 {
        ((1u64 << bits) - 1) as u32
    }
}

#[test]
fn gaps_beyond_32_bits_saturate() {
    let values = code(&mut AllTrue, &Values::between(0, 0), 4);
    assert_eq!(values, Values::listed(vec![-1, i32::MAX, i32::MAX, i32::MAX]));
    assert_eq!((values.len(), values.count_below(f64::INFINITY)), (4, 4));
    assert!(values.spacing() >= 1.0);
}

#[test]
fn sets_come_back() {
    let lists: [&[i32]; 5] = [
        &[i32::MIN, i32::MAX],
        &[i32::MIN, i32::MIN + 1, -7, 0, 12, 13, 26, i32::MAX],
        &[5],
        &[-40, -20, 0, 21, 42],
        &[0, 13, 27, 1 << 30],
    ];
    let dense = [(0, 0), (-3, 9), (i32::MIN, i32::MAX), (i32::MAX, i32::MAX)];
    let lists = lists.iter().map(|list| Values::listed(list.to_vec()));
    for values in lists.chain(dense.map(|(min, max)| Values::between(min, max))) {
        let mut encoder = RangeEncoder::default();
        code(&mut encoder, &values, 100);
        let stream = encoder.finish();
        let mut decoder = RangeDecoder::new(&stream);
        assert_eq!(code(&mut decoder, &Values::between(0, 0), 100), values);
        assert!(decoder.finish().is_ok());
    }
}
