//! Channels get alphabets of their own where that saves something, and none where they need none.

use super::*;
use crate::codec::grid::Grid;
use crate::density::Values;
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
fn round_trip(contents: &[Content]) -> usize {
    let mut encoder = RangeEncoder::default();
    let mut last = Alphabet::full();
    for (i, content) in contents.iter().enumerate() {
        assert_eq!(content.code(&mut encoder, i, &mut last, 5_000).unwrap(), *content);
    }
    let bytes = encoder.finish();
    let (mut decoder, mut last) = (RangeDecoder::new(&bytes), Alphabet::full());
    let unknown = Content::Coded(Alphabet::full());
    for (i, content) in contents.iter().enumerate() {
        assert_eq!(unknown.code(&mut decoder, i, &mut last, 5_000).unwrap(), *content);
    }
    decoder.finish().unwrap();
    bytes.len()
}

fn chosen(channels: &[Vec<i32>]) -> Vec<Content> {
    let contents = Content::choose(channels, &Watch::default()).unwrap();
    round_trip(&contents);
    contents
}

#[test]
fn channels_alike_share_an_alphabet() {
    let contents = chosen(&[noise(1), noise(2), noise(3)]);
    assert!(contents.iter().all(|content| *content == contents[0]));
    assert!(round_trip(&contents) < 15);
}

#[test]
fn a_channel_of_other_depth_has_its_own() {
    let coarse: Vec<i32> = noise(2).iter().map(|sample| sample << 8).collect();
    let contents = chosen(&[noise(1), coarse.clone()]);
    assert_eq!(contents[0].alphabet().map(|alphabet| alphabet.grid), Some(Grid::FINE));
    assert_eq!(contents[1], chosen(&[coarse])[0]);
}

#[test]
fn constants_and_copies_are_coded_by_themselves() {
    let contents =
        chosen(&[vec![-7; 5_000], noise(5), vec![i32::MAX; 5_000], noise(6), noise(5), noise(5)]);
    assert_eq!(contents[0], Content::Constant(-7));
    assert!(contents[1].alphabet().is_some() && contents[3].alphabet().is_some());
    assert_eq!(contents[2], Content::Constant(i32::MAX));
    assert_eq!(contents[4..], [Content::Copy(1), Content::Copy(1)]);
    assert_eq!(chosen(&[vec![3; 9], vec![3; 9]]), [Content::Constant(3), Content::Constant(3)]);
}

#[test]
fn silence_does_not_decide() {
    // Noise of 24 bits that leaves out most of its values, then as much silence.
    let mut samples: Vec<i32> = noise(1).iter().zip(noise(9)).map(|(a, b)| (a << 8) ^ b).collect();
    samples.resize(20_000, 0);
    let content = chosen(&[samples]).remove(0);
    assert!(matches!(content.alphabet().unwrap().values, Values::Dense { .. }));
}
