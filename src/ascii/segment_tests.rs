//! Segments of characters: exact in both directions, the mixture close to its best member.

use proptest::prelude::*;

use super::*;
use crate::codec::Level;
use crate::error::{Error, Result};
use crate::lm::{CHARACTERS, Character, Input, LanguageModel};
use crate::observer::Watch;
use crate::wav::{Endian, SampleFormat, WavFormat};

/// A model that counts what followed the last character since its reset, and remembers for ever
/// how often it was reset.
#[derive(Default)]
struct Bigrams {
    counts: Vec<[f32; CHARACTERS]>,
    last: Option<u8>,
    resets: usize,
}

impl LanguageModel<Character> for Bigrams {
    fn reset(&mut self) -> Result<()> {
        self.counts = vec![[0.0; CHARACTERS]; CHARACTERS];
        self.last = None;
        self.resets += 1;
        Ok(())
    }

    fn step(&mut self, token: Input<Character>) -> Result<[f32; CHARACTERS]> {
        let Input::After(Character(character)) = token else {
            assert_eq!(token, Input::Start, "a bin where characters are read");
            return Ok([0.0; CHARACTERS]);
        };
        let character = usize::from(character);
        if let Some(last) = self.last {
            self.counts[usize::from(last)][character] += 1.0;
        }
        self.last = Some(character as u8);
        // Over-confident, as a text model is.
        Ok(self.counts[character].map(|count| 3.0 * (count + 0.05_f32).ln()))
    }
}

fn format(channels: u16, sample: SampleFormat) -> WavFormat {
    WavFormat {
        tag: 1,
        channels,
        sample_rate: 8000,
        byte_rate: 0,
        valid_bits: 16,
        channel_mask: 0,
        container: crate::wav::Container::Wav,
        sample,
    }
}

fn integers(width: u8) -> SampleFormat {
    SampleFormat::Integer { width, endian: Endian::Little }
}

/// Uniform 32-bit numbers.
fn numbers(mut seed: u32) -> impl FnMut() -> u32 {
    move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    }
}

/// A tone with some noise, in any integer width, little-endian; 8 bit unsigned.
fn tone(frames: usize, channels: usize, width: usize) -> Vec<u8> {
    let mut next = numbers(7);
    let mut bytes = Vec::new();
    for t in 0..frames {
        for channel in 0..channels {
            let triangle = ((t * (37 + channel)) % 400) as f64 / 200.0 - 1.0;
            let noise = f64::from(next() >> 22) / 1024.0 - 0.5;
            let full = f64::from(1u32 << (8 * width - 2));
            let value = ((triangle.abs() - 0.5 + 0.02 * noise) * full) as i32;
            let value = if width == 1 { value + 128 } else { value };
            bytes.extend_from_slice(&value.to_le_bytes()[..width]);
        }
    }
    bytes
}

fn noise(len: usize) -> Vec<u8> {
    let mut next = numbers(3);
    (0..len).map(|_| (next() >> 13) as u8).collect()
}

/// Codes and decodes; returns what was coded.
fn round_trip(bytes: &[u8], format: &WavFormat, params: &Params) -> Coded {
    let level = Level::Fast;
    let mut models = [Bigrams::default(), Bigrams::default()];
    let [a, b] = &mut models;
    let lm = params.experts.lm.then_some(a as &mut dyn LanguageModel<Character>);
    let coded = encode(bytes, format, level, params, lm, &Watch::default()).unwrap();
    let lm = coded.experts.lm.then_some(b as &mut dyn LanguageModel<Character>);
    let decoded =
        decode(&coded.stream, &coded.lsb, format, bytes.len(), level, lm, &Watch::default())
            .unwrap();
    assert!(decoded == bytes, "{format:?} {params:?}");
    let chunks = bytes.len().div_ceil(params.chunk_size as usize);
    if coded.experts.lm {
        assert_eq!(models[1].resets, chunks, "one reset per chunk");
    }
    coded
}

const SETS: [Experts; 7] = {
    let mut sets = [Experts::MIX; 7];
    let mut i = 0;
    while i < 7 {
        let bits = i + 1;
        sets[i] = Experts { lm: bits & 1 != 0, adaptive: bits & 2 != 0, classical: bits & 4 != 0 };
        i += 1;
    }
    sets
};

#[test]
fn every_width_channel_blocking_and_expert_set_comes_back() {
    for width in 1..=4 {
        for channels in [1, 2, 3] {
            let bytes = tone(150, channels, width);
            let format = format(channels as u16, integers(width as u8));
            for stereo_blocking in [1, 64, 1024] {
                for experts in SETS {
                    for lsb in [Lsb::Coded, Lsb::Raw] {
                        let chunk_size = 97;
                        let params = Params {
                            experts,
                            lsb,
                            stereo_blocking,
                            chunk_size,
                            ..Params::default()
                        };
                        let coded = round_trip(&bytes, &format, &params);
                        let raw = bytes.len().div_ceil(8);
                        assert_eq!(coded.lsb.len(), if lsb == Lsb::Raw { raw } else { 0 });
                    }
                }
            }
        }
    }
}

#[test]
fn every_sample_format_comes_back() {
    let little = Endian::Little;
    let big = Endian::Big;
    let bytes = noise(8 * 9 * 5);
    for sample in [
        SampleFormat::Integer { width: 3, endian: big },
        SampleFormat::ALaw,
        SampleFormat::MuLaw,
        SampleFormat::Float32 { endian: little },
        SampleFormat::Float32 { endian: big },
        SampleFormat::Float64 { endian: little },
        SampleFormat::Opaque { stride: 9 },
        SampleFormat::Opaque { stride: 40 },
    ] {
        for stereo_blocking in [1, 1024] {
            let params = Params { stereo_blocking, ..Params::default() };
            round_trip(&bytes, &format(1, sample), &params);
        }
    }
    round_trip(&noise(70 * 2 * 4), &format(70, integers(2)), &Params::default());
}

#[test]
fn nothing_is_a_segment_too() {
    for experts in SETS {
        let params = Params { experts, ..Params::default() };
        let coded = round_trip(&[], &format(2, integers(2)), &params);
        assert_eq!(coded.len(), Params::BYTES);
    }
}

/// On a tone the predictor is best, on a repeated text the counts, on noise none.
#[test]
fn the_mixture_is_at_most_half_a_percent_above_its_best_member() {
    let text: Vec<u8> = b"over and over, ".iter().copied().cycle().take(9_000).collect();
    let mut tone_then_noise = tone(2_000, 2, 2);
    tone_then_noise.extend(noise(8_000));
    for (name, bytes, format) in [
        ("tone", tone(6_000, 1, 2), format(1, integers(2))),
        ("stereo tone", tone(3_000, 2, 2), format(2, integers(2))),
        ("24 bit", tone(3_000, 1, 3), format(1, integers(3))),
        ("8 bit", tone(9_000, 1, 1), format(1, integers(1))),
        ("text", text, format(1, integers(1))),
        ("noise", noise(16_000), format(1, integers(2))),
        ("tone, then noise", tone_then_noise, format(2, integers(2))),
        ("zeros", vec![0; 10_000], format(2, integers(2))),
    ] {
        let mut lengths = Vec::new();
        for experts in [Experts::LM, Experts::ADAPTIVE, Experts::CLASSICAL, Experts::MIX] {
            let params = Params { experts, ..Params::default() };
            lengths.push(round_trip(&bytes, &format, &params).len());
        }
        let best = lengths[..3].iter().min().unwrap();
        eprintln!("{name}: of {}, {lengths:?}", bytes.len());
        // Nothing below some bytes is worth a percentage.
        assert!(lengths[3] as f64 <= *best as f64 * 1.005 + 8.0, "{name}: {lengths:?}");
    }
}

#[test]
fn what_a_member_alone_would_have_needed_is_what_it_needs() {
    let bytes = tone(3_000, 2, 2);
    let format = format(2, integers(2));
    for lsb in [Lsb::Coded, Lsb::Raw] {
        let mixed = round_trip(&bytes, &format, &Params { lsb, ..Params::default() });
        for (i, member) in Experts::MIX.members() {
            let params = Params { experts: member, lsb, ..Params::default() };
            let alone = round_trip(&bytes, &format, &params).len() as f64;
            let counted = mixed.alone[i].unwrap();
            assert!((counted - alone).abs() < 8.0, "{member:?}: {counted} counted, {alone} needed");
        }
    }
}

#[test]
fn coded_lsbs_cost_less_than_raw_ones_where_they_can_be_told() {
    let bytes = tone(4_000, 1, 3);
    let format = format(1, integers(3));
    let coded = |lsb| round_trip(&bytes, &format, &Params { lsb, ..Params::default() }).len();
    assert!(coded(Lsb::Coded) + bytes.len() / 64 < coded(Lsb::Raw));
}

#[test]
fn a_model_that_is_missing_or_not_wanted_is_an_error() {
    let format = format(1, integers(2));
    let mut model = Bigrams::default();
    let with = Params::default();
    let without = Params { experts: Experts::MIX.without_lm(), ..with };
    assert!(matches!(
        encode(&[0; 8], &format, Level::Fast, &with, None, &Watch::default()),
        Err(Error::Model(_))
    ));
    let refused =
        encode(&[0; 8], &format, Level::Fast, &without, Some(&mut model), &Watch::default());
    assert!(matches!(refused, Err(Error::Model(_))));
    let coded = round_trip(&[0; 8], &format, &Params { experts: Experts::LM, ..with });
    let decoded = decode(&coded.stream, &[], &format, 8, Level::Fast, None, &Watch::default());
    assert!(matches!(decoded, Err(Error::Model(_))));
}

#[test]
fn a_stream_that_is_cut_or_longer_is_refused() {
    let bytes = noise(600);
    let format = format(2, integers(2));
    let params = Params { experts: Experts::ADAPTIVE, lsb: Lsb::Raw, ..Params::default() };
    let Coded { stream, lsb, .. } = round_trip(&bytes, &format, &params);
    let attempt = |stream: &[u8], lsb: &[u8]| {
        decode(stream, lsb, &format, bytes.len(), Level::Fast, None, &Watch::default())
    };
    for end in 0..stream.len() {
        // The last bytes may only show in the data, which a checksum covers.
        let same = attempt(&stream[..end], &lsb).is_ok_and(|decoded| decoded == bytes);
        assert!(!same, "cut at {end}");
    }
    for end in 0..stream.len() - 8 {
        assert!(matches!(attempt(&stream[..end], &lsb), Err(Error::Payload(_))), "{end}");
    }
    assert!(attempt(&[&stream[..], &[1; 9]].concat(), &lsb).is_err());
    assert!(attempt(&stream, &lsb[1..]).is_err());
    assert!(attempt(&stream, &[&lsb[..], &[0]].concat()).is_err());
    assert!(
        decode(&stream, &lsb, &format, 599, Level::Fast, None, &Watch::default()).is_err(),
        "part of a frame"
    );
}

fn sample_formats() -> impl Strategy<Value = SampleFormat> {
    let endian = prop_oneof![Just(Endian::Little), Just(Endian::Big)];
    prop_oneof![
        (1u8..=4, endian.clone()).prop_map(|(width, endian)| SampleFormat::Integer {
            width,
            endian: if width == 1 { Endian::Little } else { endian }
        }),
        Just(SampleFormat::ALaw),
        Just(SampleFormat::MuLaw),
        endian.clone().prop_map(|endian| SampleFormat::Float32 { endian }),
        endian.prop_map(|endian| SampleFormat::Float64 { endian }),
        (1u16..50).prop_map(|stride| SampleFormat::Opaque { stride }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_round_trip(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        sample in sample_formats(),
        channels in 1u16..5,
        set in 0usize..SETS.len(),
        raw in any::<bool>(),
        top_k in 1u8..=128,
        chunk_size in prop_oneof![1u32..300, Just(u32::MAX)],
        stereo_blocking in prop_oneof![1u32..40, Just(u32::MAX)],
    ) {
        let format = format(channels, sample);
        let whole = bytes.len() / format.frame_bytes() * format.frame_bytes();
        let lsb = if raw { Lsb::Raw } else { Lsb::Coded };
        let params = Params { experts: SETS[set], lsb, top_k, chunk_size, stereo_blocking };
        round_trip(&bytes[..whole], &format, &params);
    }

    /// Damage changes data; it must not panic or run away.
    #[test]
    fn any_stream_decodes_to_something_or_is_refused(
        flags in 1u8..16,
        rest in proptest::collection::vec(any::<u8>(), 0..80),
        sample in sample_formats(),
        frames in 0usize..60,
    ) {
        let format = format(2, sample);
        let len = frames * format.frame_bytes();
        let mut model = Bigrams::default();
        let lm = (flags & 1 != 0).then_some(&mut model as &mut dyn LanguageModel<Character>);
        let stream = [&[flags][..], &rest].concat();
        if let Ok(bytes) = decode(&stream, &[], &format, len, Level::Fast, lm, &Watch::default()) {
            prop_assert_eq!(bytes.len(), len);
        }
    }
}
