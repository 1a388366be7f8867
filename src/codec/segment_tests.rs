//! Segments of every kind come back, cost what they should, and do so on every instruction set.

use super::*;
use crate::math::chosen;

const LEVELS: [Level; 3] = [Level::Fast, Level::Default, Level::Best];

/// Uniform 32-bit numbers.
fn noise(count: usize) -> Vec<i32> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as i32
    };
    (0..count).map(|_| next()).collect()
}

/// Something like music: two tones and a little noise, another phase in each channel.
fn music(channels: usize, frames: usize) -> Vec<i32> {
    let noise = noise(channels * frames);
    let tone = |i: usize| {
        let t = (i / channels) as f64;
        let phase = (i % channels) as f64 * 0.4;
        6_000.0 * (t * 0.031 + phase).sin() + 2_500.0 * (t * 0.117 - phase).sin()
    };
    (0..channels * frames).map(|i| tone(i) as i32 + (noise[i] >> 26)).collect()
}

/// Codes, decodes and compares at one level; returns the length in bytes.
fn round_trip_at(level: Level, channels: usize, samples: &[i32]) -> usize {
    let pcm = Pcm { channels, samples: samples.to_vec() };
    let coded = encode_pcm(&pcm, level, None, &Watch::default()).unwrap();
    let shape = Shape { level, channels, frames: pcm.frames() };
    let decoded = decode_pcm(&coded, shape, None, &Watch::default()).unwrap();
    assert!(decoded == pcm, "{level:?}, {channels} channels, {} frames", pcm.frames());
    coded.stream.len() + coded.lsb.len()
}

/// The same at all levels; returns the length at the default one.
fn round_trip(channels: usize, samples: &[i32]) -> usize {
    LEVELS.map(|level| round_trip_at(level, channels, samples))[1]
}

#[test]
fn no_frames_take_no_bytes() {
    for channels in [1, 2, 8] {
        assert_eq!(round_trip(channels, &[]), 0);
    }
    let nothing = CodedPcm::default();
    let shape = Shape { level: Level::Fast, channels: 2, frames: 0 };
    assert!(decode_pcm(&nothing, shape, None, &Watch::default()).unwrap().samples.is_empty());
}

#[test]
fn one_to_eight_channels_of_few_frames() {
    for channels in 1..=8 {
        for frames in [1, 2, 3, 31, 32, 33, 100] {
            round_trip_at(Level::Fast, channels, &music(channels, frames));
            round_trip_at(Level::Fast, channels, &noise(channels * frames));
        }
        round_trip(channels, &music(channels, 2));
        round_trip(channels, &music(channels, 300));
    }
}

#[test]
fn a_constant_costs_next_to_nothing() {
    for value in [1, -1, 127, -12_345] {
        let bytes = round_trip(1, &[value; 3_000]);
        assert!(bytes < 400, "{value}: {bytes} bytes");
    }
    // The first error is so large that low bits count as noise until it is forgotten.
    for value in [i32::MIN, i32::MAX] {
        let (short, long) = (round_trip(1, &[value; 4_000]), round_trip(1, &[value; 8_000]));
        assert!(short < 6_000 && long < short + 10, "{value}: {short} and {long} bytes");
    }
    assert!(round_trip(1, &[0; 3_000]) < 20);
}

#[test]
fn noise_over_the_whole_range_hardly_grows() {
    let mut samples = noise(3_000);
    samples[700] = i32::MIN;
    samples[701] = i32::MAX;
    samples[702] = i32::MIN;
    for channels in [1, 2, 3] {
        let bytes = round_trip(channels, &samples);
        assert!(bytes < 4 * samples.len() * 102 / 100, "{bytes} bytes");
    }
}

#[test]
fn extremes_and_jumps() {
    let ends = |i: usize| [i32::MIN, i32::MAX][i % 2];
    let alternating: Vec<i32> = (0..1_500).map(ends).collect();
    assert!(round_trip(1, &alternating) < 200);
    // From the loudest to silence and back, with no warning.
    let jumps: Vec<i32> = (0..3_000).map(|i| if i / 500 % 2 == 0 { ends(i) } else { 0 }).collect();
    round_trip(1, &jumps);
    round_trip(2, &jumps);
    let impulse: Vec<i32> = (0..3_000).map(|i| if i == 1_500 { i32::MIN } else { 0 }).collect();
    round_trip(1, &impulse);
    // A tone over the whole range, where forecasts beyond it are likely.
    let loud: Vec<i32> = (0..3_000)
        .map(|i| {
            (2.2e9 * (f64::from(i) * 0.05).sin()).clamp(-2_147_483_648.0, 2_147_483_647.0) as i32
        })
        .collect();
    assert!(round_trip(1, &loud) < loud.len() * 3);
}

#[test]
fn a_square_wave_costs_its_edges() {
    let square: Vec<i32> = (0..4_000).map(|i| [-20_000, 20_000][i / 50 % 2]).collect();
    let bytes = round_trip(1, &square);
    assert!(bytes < 4_000 / 20, "{bytes} bytes for 80 edges");
}

#[test]
fn values_that_do_not_occur_cost_nothing() {
    // So quiet that all values of the range occur.
    let dense: Vec<i32> = music(1, 8_000).iter().map(|s| s / 40).collect();
    let sparse: Vec<i32> = dense.iter().map(|&s| (f64::from(s) * 9.7).round() as i32).collect();
    let (dense, sparse) = (round_trip_at(Level::Default, 1, &dense), round_trip(1, &sparse));
    // log2 9.7 = 3.3 bits for each sample are saved; the list costs some of it.
    assert!(sparse < dense + 8_000 * 2 / 8, "{sparse} against {dense}");
}

#[test]
fn clipped_audio() {
    let clipped: Vec<i32> =
        music(2, 3_000).into_iter().map(|s| (s * 6).clamp(-32_768, 32_767)).collect();
    assert!(round_trip(2, &clipped) < clipped.len());
}

/// Frames of two channels.
fn stereo(left: &[i32], right: impl Fn(i32) -> i32) -> Vec<i32> {
    left.iter().flat_map(|&l| [l, right(l)]).collect()
}

#[test]
fn a_second_channel_that_follows_from_the_first_is_almost_free() {
    let left = music(1, 12_000);
    let alone = LEVELS.map(|level| round_trip_at(level, 1, &left));
    for (what, samples) in [
        ("identical", stereo(&left, |l| l)),
        ("polarity flipped", stereo(&left, |l| -l)),
        ("silent on the right", stereo(&left, |_| 0)),
        ("silent on the left", left.iter().flat_map(|&l| [0, l]).collect()),
    ] {
        for (level, alone) in LEVELS.into_iter().zip(alone) {
            let both = round_trip_at(level, 2, &samples);
            // Short as this is, it is mostly start-up: over ten seconds of a recording, an
            // identical channel adds 0.3 % (2.3 % at the fastest level, which solves its least
            // squares more rarely).
            let limit = if level == Level::Fast { alone + alone / 3 } else { alone + alone / 5 };
            assert!(both < limit, "{what}, {level:?}: {both} bytes against {alone}");
        }
    }
}

#[test]
fn the_order_of_channels_is_chosen() {
    // The right channel is the left one of the next frame: knowing it first says everything.
    let signal = noise(4_001).into_iter().map(|x| x >> 18).collect::<Vec<_>>();
    let late: Vec<i32> = signal.windows(2).flat_map(|w| [w[0], w[1]]).collect();
    let early: Vec<i32> = signal.windows(2).flat_map(|w| [w[1], w[0]]).collect();
    let (a, b) = (round_trip(2, &late), round_trip(2, &early));
    assert!(a.abs_diff(b) < a / 50, "{a} and {b} bytes");
}

#[test]
fn any_number_of_channels_is_predicted() {
    for channels in [65, 130] {
        let samples = music(channels, 60);
        let bytes = round_trip_at(Level::Fast, channels, &samples);
        assert!(bytes < samples.len() * 2, "{channels}: {bytes} bytes");
    }
    // Long-term prediction serves every group.
    let samples = loops(66, 300, 2 * PERIOD + 100);
    round_trip_at(Level::Default, 66, &samples);
}

#[test]
fn channels_of_other_depth_and_still_ones_cost_nothing() {
    let (left, right) = (music(1, 4_000), music(1, 4_001));
    let interleave = |scale: i32| -> Vec<i32> {
        left.iter().zip(&right[1..]).flat_map(|(&l, &r)| [l, r * scale]).collect()
    };
    let (alike, apart) = (round_trip(2, &interleave(1)), round_trip(2, &interleave(256)));
    assert!(apart < alike + alike / 50 + 16, "{apart} bytes against {alike}");
    let between: Vec<i32> = interleave(1).chunks(2).flat_map(|f| [9, f[0], -9, f[1], 0]).collect();
    let between = round_trip_at(Level::Fast, 5, &between);
    let alone = round_trip_at(Level::Fast, 2, &interleave(1));
    assert!(between < alone + 24, "{between} bytes against {alone}");
}

#[test]
fn levels_differ_and_more_is_better() {
    let samples = music(2, 6_000);
    let lengths = LEVELS.map(|level| round_trip_at(level, 2, &samples));
    assert!(lengths[1] < lengths[0], "{lengths:?}");
    assert!(lengths[2] <= lengths[1] + lengths[1] / 200, "{lengths:?}");
}

#[test]
fn streams_that_were_cut_or_extended_are_noticed() {
    let pcm = Pcm { channels: 2, samples: music(2, 400) };
    let CodedPcm { stream, lsb, long_term } =
        encode_pcm(&pcm, Level::Fast, None, &Watch::default()).unwrap();
    let decode = |stream: &[u8], lsb: &[u8]| {
        let coded = CodedPcm { stream: stream.to_vec(), lsb: lsb.to_vec(), long_term };
        let shape = Shape { level: Level::Fast, channels: 2, frames: 400 };
        decode_pcm(&coded, shape, None, &Watch::default())
    };
    for length in 0..stream.len() {
        let decoded = decode(&stream[..length], &lsb);
        assert!(decoded.is_err() || decoded.unwrap() != pcm, "{length} bytes");
    }
    assert!(!lsb.is_empty(), "nothing to cut");
    for length in 0..lsb.len() {
        assert!(decode(&stream, &lsb[..length]).is_err(), "{length} bytes of the LSB block");
    }
    assert!(decode(&stream, &[&lsb[..], &[0]].concat()).is_err());
    assert!(decode(&[&stream[..], &[1; 8]].concat(), &lsb).is_err());
    let nothing = CodedPcm::default();
    let shape = Shape { level: Level::Fast, channels: 2, frames: 1 << 20 };
    assert!(decode_pcm(&nothing, shape, None, &Watch::default()).is_err(), "stops early");
}

/// Every flip of a bit is an error or other samples, never a panic or an endless loop.
#[test]
fn damaged_streams_end() {
    let pcm = Pcm { channels: 2, samples: music(2, 40) };
    let sparse = Pcm { channels: 1, samples: (0..200).map(|i| i * i % 16 * 9_000).collect() };
    for pcm in [pcm, sparse] {
        let intact = encode_pcm(&pcm, Level::Fast, None, &Watch::default()).unwrap();
        let length = intact.stream.len();
        for bit in 0..length * 8 {
            let mut coded = intact.clone();
            coded.stream[bit / 8] ^= 1 << (bit % 8);
            let (channels, frames) = (pcm.channels, pcm.frames());
            let shape = Shape { level: Level::Fast, channels, frames };
            let decoded = decode_pcm(&coded, shape, None, &Watch::default());
            // Of the last bytes, the window, several values are as good as each other.
            // The very first says which channel comes first, if there are several.
            let free = bit / 8 + 7 >= length || (pcm.channels == 1 && bit == 7);
            assert!(free || decoded.is_err() || decoded.unwrap() != pcm, "bit {bit}");
        }
    }
}

/// A bar of noise, again and again with some more noise, another in each channel.
fn loops(channels: usize, bar: usize, frames: usize) -> Vec<i32> {
    let (bars, rest) = (noise(channels * bar), noise(channels * (bar + frames)));
    let rest = &rest[channels * bar..];
    (0..channels * frames).map(|i| (bars[i % bars.len()] >> 20) + (rest[i] >> 25)).collect()
}

#[test]
fn what_was_heard_before_takes_few_bits() {
    for channels in 1..=3 {
        let samples = loops(channels, 5_003, 30_000);
        let pcm = Pcm { channels, samples: samples.clone() };
        let coded = encode_pcm(&pcm, Level::Default, None, &Watch::default()).unwrap();
        assert!(coded.long_term);
        // Noise of 12 bits, then of 7, which differs from that of the bars before, and a little.
        let (bar, rest) = (channels * 5_003, channels * (30_000 - 5_003));
        let expected = (bar * 24 + rest * 17) / 16;
        let length = round_trip_at(Level::Default, channels, &samples);
        assert!(length < expected, "{channels} channels: {length} bytes, {expected} expected");
        assert!(!encode_pcm(&pcm, Level::Fast, None, &Watch::default()).unwrap().long_term);
    }
    for level in [Level::Fast, Level::Default] {
        let fresh = Pcm { channels: 1, samples: noise(20_000) };
        assert!(!encode_pcm(&fresh, level, None, &Watch::default()).unwrap().long_term);
    }
}

/// The lags of a damaged stream may lead anywhere.
#[test]
fn damaged_lags_end() {
    let pcm = Pcm { channels: 1, samples: loops(1, 300, 5_000) };
    let contents = Content::choose(&pcm.channels(), &Watch::default()).unwrap();
    let lags = Some(vec![[301, 16, 0, 0], [300, 0, 0, 0], [300, 1_200, 0, 0]]);
    let layout = Layout { contents, ..Layout::plain(Level::Fast, 1, lags) };
    let intact = encode_with(&pcm, profile(Level::Fast), layout, None, &Watch::default()).unwrap();
    let shape = Shape { level: Level::Fast, channels: 1, frames: pcm.frames() };
    let decode = |coded: &CodedPcm| decode_pcm(coded, shape, None, &Watch::default());
    assert!(intact.long_term && decode(&intact).unwrap() == pcm);
    for bit in 0..intact.stream.len().min(60) * 8 {
        let mut coded = intact.clone();
        coded.stream[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&coded).is_err() || decode(&coded).unwrap() != pcm, "bit {bit}");
    }
    let without = CodedPcm { long_term: false, ..intact };
    assert!(decode(&without).is_err() || decode(&without).unwrap() != pcm);
}

/// Long-term prediction for some.
fn lags(pcm: &Pcm) -> Option<LagTable> {
    let periods = pcm.frames().div_ceil(PERIOD);
    (pcm.channels < 3).then(|| vec![[16, 900, 0, 1_700]; periods])
}

#[test]
fn every_instruction_set_writes_the_same_bytes() {
    for (channels, samples) in [
        (1, music(1, 2_500)),
        (2, music(2, 2_500)),
        (3, noise(900)),
        (2, (0..2_000).map(|i| [i32::MIN, 0, i32::MAX][i / 50 % 3]).collect()),
        (1, music(1, 2_500).iter().map(|s| s * 7).collect()),
    ] {
        let pcm = Pcm { channels, samples };
        for level in LEVELS {
            let encode = || {
                let layout = Layout::plain(level, pcm.channels, lags(&pcm));
                encode_with(&pcm, profile(level), layout, None, &Watch::default()).unwrap()
            };
            let dispatched = encode();
            for arch in chosen::all() {
                assert!(chosen::with(arch, encode) == dispatched, "{arch:?}, {level:?}");
            }
        }
    }
    if chosen::all().len() == 1 {
        eprintln!("SKIPPED: this machine has no vector instructions that pulp knows");
    }
}

fn cost(pcm: &Pcm, level: Level) -> Vec<FrameCost> {
    let watch = Watch::default();
    SegmentPlan::new(pcm, level, &watch).unwrap().cost(None, &watch).unwrap()
}

/// The meter runs the encoder's own decisions, so what it adds up is what the encoder writes.
#[test]
fn costs_add_up_to_the_coded_length() {
    let mut lsb_bytes = 0;
    for (channels, samples) in [(1, music(1, 6_000)), (2, music(2, 3_000)), (2, noise(6_000))] {
        let pcm = Pcm { channels, samples };
        for level in [Level::Fast, Level::Default] {
            let coded = encode_pcm(&pcm, level, None, &Watch::default()).unwrap();
            let costs = cost(&pcm, level);
            assert_eq!(costs.len(), pcm.frames());
            let stream: f64 = costs.iter().map(|cost| f64::from(cost.stream)).sum();
            let lsb: f64 = costs.iter().map(|cost| f64::from(cost.lsb)).sum();
            let written = 8.0 * coded.stream.len() as f64;
            assert!((stream - written).abs() < 32.0, "{stream} bits, {written} written");
            assert_eq!((lsb / 8.0).ceil() as usize, coded.lsb.len());
            lsb_bytes += coded.lsb.len();
        }
    }
    assert!(lsb_bytes > 0, "no segment has an LSB block");
    let empty = Pcm { channels: 2, samples: Vec::new() };
    assert_eq!(cost(&empty, Level::Default), []);
}
