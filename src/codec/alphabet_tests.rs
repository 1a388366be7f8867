//! Channels get alphabets of their own where that saves something.

use super::*;
use crate::entropy::{RangeDecoder, RangeEncoder};

/// Noise of 16 bits.
fn noise(seed: u32) -> Vec<i32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i32 - 32_768
    };
    (0..5_000).map(|_| next()).collect()
}

/// Codes and decodes; returns the length in bytes.
fn round_trip(alphabets: &[Alphabet]) -> usize {
    let mut encoder = RangeEncoder::default();
    let mut last = None;
    for alphabet in alphabets {
        assert_eq!(alphabet.code(&mut encoder, &mut last, 5_000), *alphabet);
    }
    let bytes = encoder.finish();
    let (mut decoder, mut last) = (RangeDecoder::new(&bytes), None);
    for alphabet in alphabets {
        assert_eq!(Alphabet::full().code(&mut decoder, &mut last, 5_000), *alphabet);
    }
    decoder.finish().unwrap();
    bytes.len()
}

fn chosen(channels: &[Vec<i32>]) -> Vec<Alphabet> {
    let alphabets = Alphabet::choose(channels, &Watch::default()).unwrap();
    round_trip(&alphabets);
    alphabets
}

#[test]
fn channels_alike_share_an_alphabet() {
    let alphabets = chosen(&[noise(1), noise(2), noise(3)]);
    assert!(alphabets.iter().all(|alphabet| *alphabet == alphabets[0]));
    assert!(round_trip(&alphabets) < 15);
}

#[test]
fn a_channel_of_other_depth_has_its_own() {
    let coarse: Vec<i32> = noise(2).iter().map(|sample| sample << 8).collect();
    let alphabets = chosen(&[noise(1), coarse.clone()]);
    assert_eq!(alphabets[0].grid, Grid::FINE);
    assert_eq!(alphabets[1], Alphabet::choose(&[coarse], &Watch::default()).unwrap()[0]);
}

#[test]
fn constants_are_coded_by_themselves() {
    let alphabets = chosen(&[vec![-7; 5_000], noise(5), vec![i32::MAX; 5_000]]);
    assert_eq!(alphabets[0].only(), Some(-7));
    assert_eq!(alphabets[1].only(), None);
    assert_eq!(alphabets[2].only(), Some(i32::MAX));
}

#[test]
fn silence_does_not_decide() {
    // Noise of 24 bits that leaves out most of its values, then as much silence.
    let mut samples: Vec<i32> = noise(1).iter().zip(noise(9)).map(|(a, b)| (a << 8) ^ b).collect();
    samples.resize(20_000, 0);
    assert!(matches!(chosen(&[samples])[0].values, Values::Dense { .. }));
}
