//! `--mapping ascii` through the whole pipeline, with a model that is not Llama and without one.

use std::sync::Arc;

use crate::support::{compress_with, wav};
use lmz::ascii::{Experts, Lsb, Params};
use lmz::lm::lanes::{Batch, Lanes};
use lmz::lm::{CHARACTERS, Character, Input, LanguageModel, ModelProvider, ModelSource};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse, TokenMapping};
use lmz::{Error, Level, Result};

/// Expects each lane's characters to come again after a period of four.
struct Periodic {
    lanes: Vec<Vec<u8>>,
}

impl Batch<Character> for Periodic {
    fn lanes(&self) -> usize {
        self.lanes.len()
    }

    fn reset(&mut self, lane: usize) -> Result<()> {
        self.lanes[lane].clear();
        Ok(())
    }

    fn step(&mut self, inputs: &[Input<Character>], rows: &mut [[f32; CHARACTERS]]) -> Result<()> {
        for ((input, read), row) in inputs.iter().zip(&mut self.lanes).zip(rows) {
            *row = [0.0; CHARACTERS];
            if let Input::After(Character(character)) = *input {
                read.push(character);
            }
            if let Some(at) = read.len().checked_sub(4) {
                row[usize::from(read[at])] = 9.0;
            }
        }
        Ok(())
    }
}

struct Provider {
    lanes: Lanes<Periodic, Character>,
    count: usize,
}

impl ModelProvider for Provider {
    fn fingerprint(&self) -> Vec<u8> {
        vec![self.count as u8]
    }

    fn lanes(&self) -> usize {
        self.count
    }

    fn session(&self, _lane: usize) -> Result<Box<dyn LanguageModel>> {
        Err(Error::Model("characters only".to_owned()))
    }

    fn characters(&self, lane: usize) -> Result<Box<dyn LanguageModel<Character>>> {
        // Not in lock step, each session is a model of its own.
        match self.count {
            1 => Ok(Box::new(periodic_lanes(1).take(0)?)),
            _ => Ok(Box::new(self.lanes.take(lane)?)),
        }
    }
}

fn periodic_lanes(count: usize) -> Lanes<Periodic, Character> {
    Lanes::new(Periodic { lanes: vec![Vec::new(); count] })
}

fn provider(count: usize) -> Provider {
    Provider { lanes: periodic_lanes(count), count }
}

struct Source;

impl ModelSource for Source {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        fingerprint.first().map_or(1, |&lanes| usize::from(lanes))
    }

    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        match fingerprint {
            [lanes] => Ok(Arc::new(provider(usize::from(*lanes)))),
            _ => Err(Error::ModelMismatch("strange".to_owned())),
        }
    }
}

fn decompress(packed: &[u8], threads: usize) -> Result<Vec<u8>> {
    let mut restored = Vec::new();
    let options = DecompressOptions::default().with_models(Arc::new(Source)).with_threads(threads);
    pipeline::decompress(packed, &mut restored, &options, &mut ())?;
    Ok(restored)
}

fn options(params: Params, model: Option<Arc<dyn ModelProvider>>) -> CompressOptions {
    CompressOptions {
        level: Level::Fast,
        lm: LmUse::On,
        mapping: TokenMapping::Characters(params),
        model,
        threads: 2,
        ..Default::default()
    }
}

/// Without the language model, which is another thread's work.
const CLASSICAL: Experts = Experts { lm: false, adaptive: true, classical: true };

#[test]
fn every_kind_of_file_comes_back() {
    let params = Params { experts: CLASSICAL, ..Params::default() };
    for (tag, bits) in
        [(1, 8), (1, 16), (1, 20), (1, 24), (1, 32), (3, 32), (3, 64), (6, 8), (7, 8)]
    {
        for channels in [1, 2] {
            let frame = usize::from(channels * u16::from(bits as u8).div_ceil(8));
            let file = wav::build(tag, channels, 8_000, bits, &wav::bytes(frame * 333));
            let file = wav::with_chunk(&file, b"LIST", b"odd");
            for stereo_blocking in [1, 1024] {
                let params = Params { stereo_blocking, ..params };
                let packed = compress_with(&file, &options(params, None));
                assert!(packed.len() < file.len() + 1024, "{tag} {bits}");
                assert!(decompress(&packed, 1).unwrap() == file, "{tag}, {bits} bit, {channels}");
            }
        }
    }
    for experts in [Experts::ADAPTIVE, Experts::CLASSICAL, CLASSICAL] {
        for lsb in [Lsb::Raw, Lsb::Coded] {
            let file = wav::pcm16(2, 8_000, &wav::sine(2, 3_001));
            let params = Params { experts, lsb, chunk_size: 777, ..params };
            let packed = compress_with(&file, &options(params, None));
            assert!(packed.len() < file.len() * 9 / 10, "{experts:?}: {}", packed.len());
            assert!(decompress(&packed, 1).unwrap() == file);
        }
    }
}

#[test]
fn noise_is_stored_and_nothing_grows() {
    let file = wav::pcm16(2, 8_000, &wav::noise(40_000));
    let packed = compress_with(&file, &options(Params::default(), None));
    assert!(packed.len() < file.len() + 512, "{}", packed.len());
    assert!(decompress(&packed, 1).unwrap() == file);
    let info = pipeline::inspect(&packed[..]).unwrap();
    assert!(info.bytes.stored > 70_000 && info.bytes.streams == 0, "{:?}", info.bytes);
}

/// Several segments, whatever the number of threads.
#[test]
fn threads_do_not_change_the_bytes() {
    let file = wav::pcm16_in_pieces(1, &wav::sine(1, 9_000), 5);
    let params = Params { experts: CLASSICAL, ..Params::default() };
    let packed = compress_with(&file, &options(params, None));
    let one = CompressOptions { threads: 1, ..options(params, None) };
    assert_eq!(packed, compress_with(&file, &one));
    assert!(pipeline::inspect(&packed[..]).unwrap().segments > 3);
    assert!(decompress(&packed, 5).unwrap() == file);
}

/// Random bytes of which each sample repeats the one two before: only the model knows. In four
/// segments.
fn periodic(samples: usize) -> Vec<u8> {
    let random = wav::bytes(4);
    let noise = wav::bytes(2 * samples);
    let data: Vec<u8> = (0..2 * samples).map(|i| random[i % 4] & 0xFE | noise[i] & 1).collect();
    let pieces: Vec<_> = data.chunks(2 * samples.div_ceil(4)).collect();
    wav::in_pieces(1, 1, 8_000, 16, &pieces)
}

#[test]
fn a_model_takes_part_in_lanes_and_alone() {
    let file = periodic(8_000);
    for lanes in [1, 2, 3] {
        let model = Arc::new(provider(lanes));
        for experts in [Experts::MIX, Experts::LM] {
            let params = Params { experts, ..Params::default() };
            let packed = compress_with(&file, &options(params, Some(model.clone())));
            let info = pipeline::inspect(&packed[..]).unwrap();
            assert_eq!(info.segments, 4);
            // The LSBs are noise, an eighth of all; the rest is known after four characters.
            assert!(packed.len() < file.len() / 4, "{lanes} lanes, {experts:?}: {}", packed.len());
            if experts == Experts::LM {
                assert_eq!(info.lm.segments, info.segments, "nobody else");
            }
            assert!(decompress(&packed, 1).unwrap() == file, "{lanes} lanes, {experts:?}");
        }
    }
}

/// [`LmUse::Always`] codes with the model wherever [`LmUse::On`] does, and not only where a trial is won.
#[test]
fn always_is_no_stricter_than_on() {
    // One segment, in whose middle the trial finds noise.
    let mut samples: Vec<i16> = wav::noise(12_000);
    for (i, sample) in samples.iter_mut().enumerate() {
        if !(4_000..8_000).contains(&i) {
            *sample = [0x1234, 0x5678][i % 2];
        }
    }
    let file = wav::pcm16(1, 8_000, &samples);
    let segments = |lm| {
        let params =
            Params { experts: Experts { adaptive: false, ..Experts::MIX }, ..Params::default() };
        let packed = compress_with(
            &file,
            &CompressOptions { lm, ..options(params, Some(Arc::new(provider(1)))) },
        );
        assert!(decompress(&packed, 1).unwrap() == file);
        pipeline::inspect(&packed[..]).unwrap().lm.segments
    };
    assert_eq!([LmUse::Auto, LmUse::On, LmUse::Always].map(segments), [0, 1, 1]);
}

#[test]
fn a_model_that_is_not_at_hand_is_left_out_or_missed() {
    let file = wav::pcm16(1, 8_000, &wav::sine(1, 500));
    let mixed = compress_with(&file, &options(Params::default(), None));
    let params = Params { experts: CLASSICAL, ..Params::default() };
    assert_eq!(mixed, compress_with(&file, &options(params, None)));
    let model = provider(1);
    let off =
        CompressOptions { lm: LmUse::Off, ..options(Params::default(), Some(Arc::new(model))) };
    assert_eq!(mixed, compress_with(&file, &off));

    let alone = options(Params { experts: Experts::LM, ..Params::default() }, None);
    let mut nothing = Vec::new();
    let outcome = pipeline::compress(&file[..], &mut nothing, &alone, &mut ());
    assert!(matches!(outcome, Err(Error::Model(_))));
    assert!(nothing.is_empty());
}

/// Each byte of a small file changed in turn: an error or, in fields that are for information
/// only, the same bytes; never others.
#[test]
fn damage_is_noticed() {
    let file = wav::pcm16(2, 8_000, &wav::sine(2, 60));
    let params = Params { experts: CLASSICAL, lsb: Lsb::Raw, ..Params::default() };
    let packed = compress_with(&file, &options(params, None));
    for at in 0..packed.len() {
        let mut damaged = packed.clone();
        damaged[at] ^= 0x10;
        if let Ok(restored) = decompress(&damaged, 1) {
            assert!(restored == file, "byte {at}");
        }
        assert!(decompress(&packed[..at], 1).is_err(), "cut at {at}");
    }
}
