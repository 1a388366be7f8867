//! Kinds of input that users have come off badly with, ten generated ones of each: what they may cost at most,
//! against what the same sound costs without the oddity.

use crate::support::{compress_with, decompress, wav};
use lmz::Level;
use lmz::pipeline::{CompressOptions, LmUse};

const SEEDS: std::ops::Range<u32> = 1..11;
const FRAMES: usize = 2_000;
const PCM: u16 = 1;
const FLOAT: u16 = 3;

/// Numbers in [-1, 1) (Numerical Recipes' linear congruential generator).
struct Random(u32);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 23) - 1.0
    }
}

/// Partials that decay, and noise that is louder at low frequencies; below 1 in magnitude.
fn sound(seed: u32, frames: usize) -> Vec<f64> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9));
    let partials: Vec<[f64; 3]> = (0..4)
        .map(|_| [0.03 + 0.02 * random.next(), 1.6 * random.next(), 2.5 + 1.5 * random.next()])
        .collect();
    let mut noise = 0.0;
    (0..frames)
        .map(|i| {
            let time = i as f64 / frames as f64;
            noise += 0.2 * (0.01 * random.next() - noise);
            let tone = |&[step, phase, decay]: &[f64; 3]| {
                0.15 * (step * i as f64 + phase).sin() * (-decay * time).exp()
            };
            partials.iter().map(tone).sum::<f64>() + noise
        })
        .collect()
}

/// The sound in integers of `bits`.
fn integers(seed: u32, frames: usize, bits: u32) -> Vec<i32> {
    let scale = f64::from(1u32 << (bits - 1));
    sound(seed, frames).iter().map(|x| (x * scale).round() as i32).collect()
}

/// Channels side by side, frame by frame.
fn interleave(channels: &[Vec<i32>]) -> Vec<i32> {
    (0..channels[0].len()).flat_map(|i| channels.iter().map(move |channel| channel[i])).collect()
}

/// A WAV of integers of `bits`, a whole number of bytes.
fn pcm(channels: u16, bits: u16, samples: &[i32]) -> Vec<u8> {
    let width = usize::from(bits / 8);
    let data: Vec<u8> =
        samples.iter().flat_map(|x| x.to_le_bytes().into_iter().take(width)).collect();
    wav::build(PCM, channels, 44_100, bits, &data)
}

/// A mono WAV of 32-bit floats.
fn floats(samples: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    wav::build(FLOAT, 1, 44_100, 32, &data)
}

/// Bytes at a level; checks that the original comes back.
fn bytes_at(level: Level, original: &[u8]) -> usize {
    let options = CompressOptions { level, lm: LmUse::Off, ..CompressOptions::default() };
    let lmz = compress_with(original, &options);
    assert!(decompress(&lmz).unwrap() == original, "it does not come back");
    lmz.len()
}

/// Checks that the odd input of each seed takes at most `factor` times the bytes of the plain one and `more`.
fn costs(factor: f64, more: usize, inputs: impl Fn(u32) -> (Vec<u8>, Vec<Vec<u8>>)) {
    costs_at(Level::Default, factor, more, inputs);
}

/// The same at another level.
fn costs_at(
    level: Level,
    factor: f64,
    more: usize,
    inputs: impl Fn(u32) -> (Vec<u8>, Vec<Vec<u8>>),
) {
    for seed in SEEDS {
        let (odd, plain) = inputs(seed);
        let plain: usize = plain.iter().map(|plain| bytes_at(level, plain)).sum();
        let odd = bytes_at(level, &odd);
        let most = plain as f64 * factor + more as f64;
        assert!(odd as f64 <= most, "seed {seed}: {odd} bytes; what it is made of: {plain}");
    }
}

/// 16-bit integers, and the floats that they are at full scale 1.
fn sixteen(seed: u32) -> (Vec<u8>, Vec<f32>) {
    let samples = integers(seed, FRAMES, 16);
    let floats = samples.iter().map(|&n| n as f32 / 32_768.0).collect();
    (pcm(1, 16, &samples), floats)
}

#[test]
fn floats_that_are_integers() {
    costs(1.0, 100, |seed| {
        let (plain, samples) = sixteen(seed);
        (floats(&samples), vec![plain])
    });
}

#[test]
fn floats_with_one_negative_zero() {
    costs(1.0, 140, |seed| {
        let (plain, mut samples) = sixteen(seed);
        samples[100 * seed as usize] = -0.0;
        (floats(&samples), vec![plain])
    });
}

#[test]
fn floats_of_inverted_polarity() {
    costs(1.0, 140, |seed| {
        let (plain, samples) = sixteen(seed);
        (floats(&samples.iter().map(|x| -x).collect::<Vec<_>>()), vec![plain])
    });
}

#[test]
fn floats_after_a_gain() {
    costs(1.03, 100, |seed| {
        let (plain, samples) = sixteen(seed);
        let gain = 0.3 + 0.061 * seed as f32;
        (floats(&samples.iter().map(|x| x * gain).collect::<Vec<_>>()), vec![plain])
    });
}

#[test]
fn integers_after_a_gain() {
    // The segment lists the values that occur.
    costs(1.03, 400, |seed| {
        let plain = integers(seed, FRAMES, 14);
        let gain = 2.2 + 0.17 * f64::from(seed);
        let loud: Vec<i32> = plain.iter().map(|&n| (f64::from(n) * gain).round() as i32).collect();
        (pcm(1, 16, &loud), vec![pcm(1, 16, &plain)])
    });
}

#[test]
fn silence_after_24_bits() {
    costs(1.01, 100, |seed| {
        let plain = integers(seed, FRAMES, 24);
        let mut silent = plain.clone();
        silent.resize(FRAMES * 2, 0);
        (pcm(1, 24, &silent), vec![pcm(1, 24, &plain)])
    });
}

#[test]
fn clips_of_16_bits_in_a_take_of_24() {
    costs(1.005, 150, |seed| {
        let length = 20_000;
        let take = integers(seed, length, 24);
        let clip: Vec<i32> = integers(seed + 100, length, 16).iter().map(|x| x << 8).collect();
        // Two files, of which one is a second segment: its header is what may be more.
        let parts = vec![pcm(1, 24, &clip), pcm(1, 24, &take)];
        (pcm(1, 24, &[clip, take].concat()), parts)
    });
}

#[test]
fn clips_of_different_gains() {
    costs_at(Level::Fast, 1.005, 150, |seed| {
        let clip = |seed: u32, gain: f64| -> Vec<i32> {
            let quiet = integers(seed, 80_000, 13);
            quiet.iter().map(|&n| (f64::from(n) * gain).round() as i32).collect()
        };
        let gain = 4.1 + 0.17 * f64::from(seed);
        let (first, second) = (clip(seed, gain), clip(seed + 100, 11.3 - gain));
        // Two files, of which one is a second segment: its header is what may be more.
        let parts = vec![pcm(1, 16, &first), pcm(1, 16, &second)];
        (pcm(1, 16, &[first, second].concat()), parts)
    });
}

#[test]
fn channels_of_different_depths() {
    for depth in [10, 16] {
        costs(1.01, 0, |seed| {
            let (left, right) = (integers(seed, FRAMES, 24), integers(seed + 50, FRAMES, depth));
            let right: Vec<i32> = right.iter().map(|n| n << (24 - depth)).collect();
            let both = interleave(&[left.clone(), right.clone()]);
            (pcm(2, 24, &both), vec![pcm(1, 24, &left), pcm(1, 24, &right)])
        });
    }
}

#[test]
fn channels_that_are_the_same() {
    costs(1.0, 12, |seed| {
        let mono = integers(seed, FRAMES, 16);
        let other = integers(seed + 100, FRAMES, 16);
        let both = interleave(&[mono.clone(), other.clone()]);
        let odd = interleave(&[mono.clone(), other, mono.clone(), mono]);
        (pcm(4, 16, &odd), vec![pcm(2, 16, &both)])
    });
    costs(1.0, 8, |seed| {
        let mono: Vec<f32> = sound(seed, FRAMES).iter().map(|&x| (x * 0.7) as f32).collect();
        let dual: Vec<f32> = mono.iter().flat_map(|&x| [x, x]).collect();
        let data: Vec<u8> = dual.iter().flat_map(|x| x.to_le_bytes()).collect();
        (wav::build(FLOAT, 2, 44_100, 32, &data), vec![floats(&mono)])
    });
    costs(1.0, 8, |seed| {
        let mono = integers(seed, FRAMES, 16);
        let dual = interleave(&[mono.clone(), mono.clone()]);
        (pcm(2, 16, &dual), vec![pcm(1, 16, &mono)])
    });
}

#[test]
fn more_channels_than_64() {
    costs(65.0 / 64.0 * 1.02, 100, |seed| {
        let channels: Vec<Vec<i32>> = (0..65).map(|i| integers(seed + i, 120, 16)).collect();
        let odd = interleave(&channels);
        (pcm(65, 16, &odd), vec![pcm(64, 16, &interleave(&channels[..64]))])
    });
}

#[test]
fn pairs_that_are_apart() {
    costs(1.02, 60, |seed| {
        let (a, b) = (integers(seed, FRAMES, 16), integers(seed + 70, FRAMES, 16));
        let near = |x: &[i32]| x.iter().map(|x| x - (x >> 3)).collect::<Vec<_>>();
        let apart = interleave(&[a.clone(), b.clone(), vec![0; FRAMES], near(&a), near(&b)]);
        let adjacent = interleave(&[a.clone(), near(&a), b.clone(), near(&b), vec![0; FRAMES]]);
        (pcm(5, 16, &apart), vec![pcm(5, 16, &adjacent)])
    });
}

#[test]
fn integers_of_24_bits_in_32_without_sign_extension() {
    costs(1.0, 10, |seed| {
        let plain = integers(seed, FRAMES, 24);
        let odd: Vec<i32> = plain.iter().map(|n| n & 0x00FF_FFFF).collect();
        (pcm(1, 32, &odd), vec![pcm(1, 32, &plain)])
    });
}

/// Two sawtooth waves whose periods are no whole numbers.
fn sawtooth(seed: u32) -> Vec<i32> {
    let steps = [0.0093 + 0.0007 * f64::from(seed), 0.0094 + 0.00071 * f64::from(seed)];
    let wave = |i: usize| steps.map(|step| (step * i as f64).fract() - 0.5).iter().sum::<f64>();
    (0..2 * FRAMES).map(|i| (wave(i) * 16_000.0).round() as i32).collect()
}

#[test]
fn more_effort_never_costs() {
    for seed in SEEDS {
        let (integers, floats_of) = sixteen(seed);
        let gain: Vec<f32> = floats_of.iter().map(|x| x * 0.7).collect();
        for original in [integers, floats(&gain), pcm(1, 16, &sawtooth(seed))] {
            let [fast, usual, best] =
                [Level::Fast, Level::Default, Level::Best].map(|level| bytes_at(level, &original));
            assert!(
                usual * 1_000 <= fast * 1_001,
                "seed {seed}: {fast} bytes at --fast, {usual} by default"
            );
            assert!(
                best * 1_000 <= usual * 1_001,
                "seed {seed}: {usual} bytes by default, {best} at --best"
            );
        }
    }
}
