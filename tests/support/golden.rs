//! The originals of the golden files, made from nothing, so that they need not be stored.
//!
//! Only integer arithmetic and IEEE-754 `+ - * /`: the same bytes on every machine.

use lmz::Level;
use lmz::ascii::{Experts, Lsb, Params};
use lmz::pipeline::TokenMapping;

use super::wav;

/// A file that is kept in compressed form: its name, its original, and the level it is coded at.
pub struct Golden {
    /// Name of the file under `fixtures/golden`, without `.lmz`.
    pub name: &'static str,
    /// One sentence: what it covers.
    pub about: &'static str,
    /// Level of the encoder.
    pub level: Level,
    /// What its samples are coded as.
    pub mapping: TokenMapping,
    /// Bytes of the original.
    pub original: Vec<u8>,
}

/// A tone of period `period` samples and a weaker one above it, peak about `size`.
///
/// Parabolas in place of sines, because the sine of the standard library may differ from
/// one platform to the next in its last bit.
fn tone(i: i64, period: i64, size: i64) -> i64 {
    let arch = |i: i64, period: i64| {
        let half = period / 2;
        let at = i.rem_euclid(half);
        let height = size * 4 * at * (half - at) / (half * half);
        if i.rem_euclid(period) < half { height } else { -height }
    };
    arch(i, period) * 3 / 4 + arch(i + 7, period / 3) / 4
}

/// `frames` frames of `channels` channels with a peak of about `size`, and some noise.
fn music(channels: i64, frames: i64, size: i64) -> Vec<i32> {
    let noise = wav::bytes((channels * frames) as usize);
    (0..channels * frames)
        .map(|i| {
            let (frame, channel) = (i / channels, i % channels);
            let noise = (i64::from(noise[i as usize]) - 128) * size / 20_000;
            (tone(frame + 11 * channel, 240, size) + noise) as i32
        })
        .collect()
}

/// A bar of hiss that repeats exactly, and [`music`] that does not.
fn loops(channels: i64, bar: usize, frames: i64) -> Vec<i32> {
    let bar = wav::bytes(channels as usize * bar);
    let new = music(channels, frames, 9_000);
    new.iter().enumerate().map(|(i, s)| s + i32::from(bar[i % bar.len()]) * 4).collect()
}

fn pack(samples: &[i32], width: usize) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()[..width].to_vec()).collect()
}

fn pcm(channels: u16, bits: u16, samples: &[i32]) -> Vec<u8> {
    wav::build(1, channels, 44_100, bits, &pack(samples, usize::from(bits.div_ceil(8))))
}

/// The same file with big-endian numbers; for files of one `fmt ` and one `data` chunk.
fn rifx(file: &[u8], width: usize) -> Vec<u8> {
    let mut out = file.to_vec();
    out[..4].copy_from_slice(b"RIFX");
    for field in [4..8, 16..20, 20..22, 22..24, 24..28, 28..32, 32..34, 34..36, 40..44] {
        out[field].reverse();
    }
    out[44..].chunks_exact_mut(width).for_each(<[u8]>::reverse);
    out
}

/// `WAVE_FORMAT_EXTENSIBLE` with 20 of 24 bits valid and a channel mask.
fn extensible(samples: &[i32]) -> Vec<u8> {
    let mut fmt = Vec::new();
    fmt.extend_from_slice(&0xFFFE_u16.to_le_bytes());
    fmt.extend_from_slice(&2_u16.to_le_bytes());
    fmt.extend_from_slice(&48_000_u32.to_le_bytes());
    fmt.extend_from_slice(&288_000_u32.to_le_bytes());
    fmt.extend_from_slice(&6_u16.to_le_bytes());
    fmt.extend_from_slice(&24_u16.to_le_bytes());
    fmt.extend_from_slice(&22_u16.to_le_bytes());
    fmt.extend_from_slice(&20_u16.to_le_bytes());
    fmt.extend_from_slice(&3_u32.to_le_bytes());
    fmt.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    let shifted: Vec<i32> = samples.iter().map(|s| s << 4).collect();
    wav::riff(&[(b"fmt ", &fmt), (b"data", &pack(&shifted, 3))])
}

fn floats(samples: impl Iterator<Item = f32>) -> Vec<u8> {
    wav::build(3, 1, 48_000, 32, &samples.flat_map(f32::to_le_bytes).collect::<Vec<_>>())
}

fn doubles(samples: impl Iterator<Item = f64>) -> Vec<u8> {
    wav::build(3, 1, 48_000, 64, &samples.flat_map(f64::to_le_bytes).collect::<Vec<_>>())
}

/// All of them.
pub fn all() -> Vec<Golden> {
    let stereo = music(2, 1_200, 9_000);
    let mono = music(1, 1_500, 9_000);
    let codes: Vec<u8> = mono.iter().map(|s| (s >> 7) as u8).collect();
    let mut chunks = wav::riff(&[
        (b"JUNK", &wav::bytes(30)),
        (b"fmt ", &pcm(1, 16, &[])[20..36]),
        (b"LIST", b"INFOISFT\x0c\0\0\0lmz goldens\0IART\x06\0\0\0nobody"),
        (b"data", &pack(&mono, 2)),
    ]);
    chunks.extend_from_slice(b"and some bytes that belong to no chunk");
    let cut = pcm(2, 16, &stereo);
    let mut golden = Vec::new();
    let mut add = |name, about, level, original| {
        golden.push(Golden { name, about, level, mapping: TokenMapping::Quantile, original });
    };
    use Level::{Best, Default, Fast};

    // Levels.
    add("fast", "16-bit stereo, level fast", Fast, pcm(2, 16, &stereo));
    add("default", "16-bit stereo, level default", Default, pcm(2, 16, &stereo));
    // Short, because an interpreter decodes it too (`tests/format/independent_decoder.rs`).
    add("best", "16-bit stereo, level best", Best, pcm(2, 16, &stereo[..800]));
    // Integers of every width, both byte orders.
    add("pcm8", "8-bit unsigned mono", Default, pcm8(&mono));
    add("pcm24", "24-bit mono", Default, pcm(1, 24, &music(1, 900, 2_000_000)));
    add("pcm32", "32-bit mono", Default, pcm(1, 32, &music(1, 900, 1_500_000_000)));
    add("pcm20in24", "extensible, 20 of 24 bits valid", Fast, extensible(&music(2, 600, 200_000)));
    add("rifx", "big-endian 16-bit stereo", Fast, rifx(&pcm(2, 16, &stereo), 2));
    // Other mappings.
    add("alaw", "A-law codes", Fast, wav::build(6, 1, 8_000, 8, &codes));
    add("mulaw", "µ-law codes", Fast, wav::build(7, 1, 8_000, 8, &codes));
    let halves = mono.iter().map(|&s| s as f32 / 32_768.0);
    add("float-scaled", "32-bit floats that are 16-bit integers", Fast, floats(halves));
    let genuine = mono.iter().map(|&s| s as f32 / 9_000.1 + 2.0);
    add("float-genuine", "32-bit floats that are no integers", Fast, floats(genuine));
    let scaled = mono.iter().map(|&s| f64::from(s) / 8_388_608.0);
    add("double-scaled", "64-bit floats that are 24-bit integers", Fast, doubles(scaled));
    let genuine = mono.iter().take(300).map(|&s| f64::from(s) / 9_000.1 + 2.0);
    add("double-genuine", "64-bit floats that are no integers", Fast, doubles(genuine));
    add("opaque", "ADPCM blocks through the byte model", Fast, wav::build(2, 1, 8_000, 4, &codes));
    // Channels.
    add("mono", "16-bit mono", Default, pcm(1, 16, &mono));
    add("six", "six channels", Default, pcm(6, 16, &music(6, 300, 9_000)));
    let late: Vec<i32> =
        mono.iter().enumerate().flat_map(|(i, &s)| [mono[i.saturating_sub(9)], s]).collect();
    add("reversed", "the second channel is ahead of the first", Default, pcm(2, 16, &late));
    // Kinds of signals.
    let sparse: Vec<i32> = mono.iter().map(|s| s / 32 * 37).collect();
    add("sparse", "few of the possible values occur", Default, pcm(1, 16, &sparse));
    add("silence", "nothing but zeros", Default, pcm(2, 16, &vec![0; 2_000]));
    let square: Vec<i32> = (0..1_500).map(|i| [32_767, -32_768][i / 50 % 2]).collect();
    add("square", "full scale from one sample to the next", Default, pcm(1, 16, &square));
    add("noise", "bytes that are stored as they are", Fast, pcm(1, 16, &noise(400)));
    let repeated = loops(2, 1_100, 4_400);
    add("loops", "a bar that repeats, with something new", Default, pcm(2, 16, &repeated));
    // Structure of the file.
    add("chunks", "chunks before and after, trailing bytes", Fast, chunks);
    add("cut", "data cut short within a frame", Fast, cut[..cut.len() - 4_001].to_vec());
    add("no-audio", "a WAV file without samples", Fast, wav::riff(&[(b"LIST", b"INFO")]));
    add("no-frames", "a format but no samples", Fast, pcm(2, 16, &[]));
    // A segment has at least 2^17 samples. Two of one value each, because a decoder need not predict
    // where there is nothing to tell apart.
    let mut long = vec![128; 1 << 17];
    long.resize(2 << 17, 131);
    long.extend(mono.iter().take(1_000).map(|sample| (sample / 128 + 128) as u8));
    add("segments", "three segments", Fast, wav::build(1, 1, 20, 8, &long));
    golden.extend(characters());
    golden
}

/// Few samples of a plain signal: an interpreter decodes each of their bits from 16 experts.
fn characters() -> Vec<Golden> {
    let params = |experts, lsb, stereo_blocking| {
        TokenMapping::Characters(Params { experts, lsb, stereo_blocking, ..Params::default() })
    };
    let mix = params(Experts::MIX.without_lm(), Lsb::Coded, 16);
    let raw = params(Experts::MIX.without_lm(), Lsb::Raw, 1);
    let classical = params(Experts::CLASSICAL, Lsb::Coded, 1024);
    let adaptive = params(Experts::ADAPTIVE, Lsb::Coded, 1024);
    let stereo = pcm(2, 16, &music(2, 50, 9_000));
    let codes: Vec<u8> = music(1, 120, 9_000).iter().map(|s| (s >> 7) as u8).collect();
    [
        ("characters-mix", "characters: both experts, runs of 16 frames", mix, stereo.clone()),
        ("characters-raw-lsb", "characters: LSBs as they are, interleaved", raw, stereo),
        (
            "characters-classical",
            "characters: the classical expert on A-law",
            classical,
            wav::build(6, 1, 8_000, 8, &codes),
        ),
        (
            "characters-adaptive",
            "characters: the adaptive expert, big-endian 24 bits",
            adaptive,
            rifx(&pcm(1, 24, &music(1, 400, 200_000)), 3),
        ),
    ]
    .into_iter()
    .map(|(name, about, mapping, original)| Golden {
        name,
        about,
        level: Level::Fast,
        mapping,
        original,
    })
    .collect()
}

fn pcm8(samples: &[i32]) -> Vec<u8> {
    let bytes: Vec<u8> = samples.iter().map(|s| (s / 128 + 128) as u8).collect();
    wav::build(1, 1, 22_050, 8, &bytes)
}

fn noise(count: usize) -> Vec<i32> {
    wav::noise(count).into_iter().map(i32::from).collect()
}
