//! What repeats is found where it is, and nothing else.

use super::*;
use crate::pcm::Pcm;

const REACH: usize = 512;

/// Numbers up to `most` either way.
fn noise(count: usize, seed: u32, most: u32) -> Vec<i32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) % (2 * most + 1)) as i32 - most as i32
    };
    (0..count).map(|_| next()).collect()
}

/// The search in the first two channels, or in the one there is.
fn look(pcm: &Pcm, reach: usize) -> Option<LagTable> {
    let channels = pcm.channels();
    let searched: Vec<&[i32]> = channels.iter().take(2).map(Vec::as_slice).collect();
    search(&searched, reach, &Watch::default()).unwrap()
}

/// `frames` frames of noise with `passages`, each a place, a length and where it is a copy of.
fn with_copies(channels: usize, frames: usize, passages: &[(usize, usize, usize)]) -> Pcm {
    let mut samples = noise(channels * frames, 1, 1_000);
    for &(to, length, from) in passages {
        for i in 0..length * channels {
            samples[to * channels + i] = samples[from * channels + i];
        }
    }
    Pcm { channels, samples }
}

#[test]
fn a_passage_is_found_where_it_was() {
    for channels in [1, 2, 5] {
        let pcm = with_copies(channels, 60_000, &[(30_100, 15_000, 1_234)]);
        let table = look(&pcm, REACH).expect("found");
        assert_eq!(table.len(), 30);
        for (period, lags) in table.iter().enumerate() {
            let whole = (15..22).contains(&period);
            let expected = if whole { 30_100 - 1_234 } else { 0 };
            // Parts of it count in the periods at its ends.
            if whole || !(14..=22).contains(&period) {
                assert_eq!(lags[0], expected, "{channels} channels, period {period}");
            }
            assert_eq!(lags[1..], [0; 3], "{channels} channels, period {period}");
        }
    }
}

#[test]
fn a_short_segment_is_searched_as_a_whole() {
    // Nine periods, of which the first that could have come before is new.
    for at in [2, 4, 6] {
        let pcm = with_copies(1, 9 * PERIOD, &[(at * PERIOD, 3 * PERIOD, 100)]);
        let table = look(&pcm, REACH).expect("found");
        assert_eq!(table[at][0] as usize, at * PERIOD - 100, "{at}");
    }
}

#[test]
fn nothing_is_found_beyond_reach() {
    let pcm = with_copies(1, 60_000, &[(30_100, 15_000, 1_234)]);
    // From period 15 on, 14 periods back.
    assert!(look(&pcm, 15).is_some());
    assert_eq!(look(&pcm, 13), None);
    assert_eq!(look(&pcm, 0), None);
}

#[test]
fn passages_that_sound_together_are_found_together() {
    let mut pcm = with_copies(2, 40_000, &[]);
    for i in 2 * 20_000..2 * 40_000 {
        pcm.samples[i] = pcm.samples[i - 2 * 20_000] + pcm.samples[i - 2 * 16_500];
    }
    let table = look(&pcm, REACH).expect("found");
    // Frames 20,480 to 32,767: the later ones are sums of sums.
    for lags in &table[10..16] {
        let mut lags = *lags;
        lags.sort_unstable();
        assert_eq!(lags, [0, 0, 16_500, 20_000]);
    }
}

#[test]
fn what_is_kept_stays_in_its_slot() {
    assert_eq!(in_slots(&[5, 7], &[0, 7, 9, 0]), [5, 7, 0, 0]);
    assert_eq!(in_slots(&[1, 2, 3, 4], &[4, 8, 2, 6]), [4, 1, 2, 3]);
    assert_eq!(in_slots(&[], &[4, 8, 2, 6]), [0; 4]);
}

#[test]
fn nothing_is_found_where_nothing_repeats() {
    assert_eq!(look(&with_copies(2, 50_000, &[]), REACH), None);
    assert_eq!(look(&Pcm { channels: 1, samples: vec![7; 50_000] }, REACH), None);
    // A tone is what the other predictors are for.
    let hiss = noise(50_000, 2, 9);
    let tone = |i: usize| ((i as f64 * 0.05).sin() * 9_000.0) as i32 + hiss[i];
    let tone = Pcm { channels: 1, samples: (0..50_000).map(tone).collect() };
    assert_eq!(look(&tone, REACH), None);
    // Too short to have a period to look back from.
    assert_eq!(look(&with_copies(2, 2 * PERIOD - 1, &[]), REACH), None);
    assert_eq!(look(&with_copies(1, 0, &[]), REACH), None);
}
