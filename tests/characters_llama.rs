//! `--mapping ascii` with models that llama.cpp runs: the embedded one, tiny ones of both kinds of
//! vocabulary, and SmolLM2.
//!
//! SmolLM2 is 98 MB and not in the repository. `scripts/fetch_smollm2.sh` puts it where its
//! tests look, and these run with `cargo test --test characters_llama -- --ignored`.

#![cfg(feature = "llama")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use lmz::ascii::{Experts, Lsb, Params};
use lmz::lm::llama::{Alphabet, Model, ModelOptions};
use lmz::lm::{LlamaModels, ModelProvider, ModelSource};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse, TokenMapping};
use lmz::{Error, Level, Result};
use support::{compress_with, wav};

const SMOLLM2: &str = "models/downloaded/SmolLM2-135M-Instruct.Q4_1.gguf";

fn file(path: &str) -> LlamaModels {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(path.exists(), "{} is missing; see the top of this file", path.display());
    LlamaModels::new(Some(path))
}

fn options(window: u32) -> ModelOptions {
    ModelOptions { alphabet: Alphabet::Characters { window }, ..ModelOptions::default() }
}

fn compress(original: &[u8], params: Params, model: &dyn ModelProvider) -> Vec<u8> {
    let options = CompressOptions {
        level: Level::Fast,
        lm: LmUse::On,
        mapping: TokenMapping::Characters(params),
        model: Some(model),
        threads: 1,
    };
    compress_with(original, &options)
}

fn decompress(packed: &[u8], models: &dyn ModelSource) -> Result<Vec<u8>> {
    let mut restored = Vec::new();
    let options = DecompressOptions { models, threads: 1, ..DecompressOptions::default() };
    pipeline::decompress(packed, &mut restored, &options, &(), &AtomicBool::new(false))?;
    Ok(restored)
}

/// A decaying tone, `frames` frames of whole samples of `bits` bits.
fn tone(frames: usize, channels: u16, bits: u16) -> Vec<u8> {
    let width = usize::from(bits / 8);
    let noise = wav::bytes(frames * usize::from(channels));
    let mut data = Vec::new();
    for (i, noise) in noise.iter().enumerate() {
        let t = (i / usize::from(channels)) as i64;
        let triangle = (t * 37 % 2000 - 1000).abs() - 500 + i64::from(noise >> 6);
        let value = triangle * (1 << (bits - 4)) / 1000 + if bits == 8 { 128 } else { 0 };
        data.extend_from_slice(&value.to_le_bytes()[..width]);
    }
    wav::build(1, channels, 8_000, bits, &data)
}

/// Every width, channels and blocking with every set of experts that the model is in.
fn round_trips(models: &LlamaModels, frames: usize) {
    let provider = models.provider(1, options(64)).unwrap();
    for bits in [8, 16, 24, 32] {
        for (channels, stereo_blocking) in [(1, 1024), (2, 1), (2, 1024)] {
            let original = tone(frames, channels, bits);
            for (experts, lsb) in [
                (Experts::LM, Lsb::Coded),
                (Experts::LM, Lsb::Raw),
                (Experts { lm: true, ..Experts::ADAPTIVE }, Lsb::Coded),
                (Experts { lm: true, ..Experts::CLASSICAL }, Lsb::Raw),
                (Experts::MIX, Lsb::Coded),
            ] {
                // No divisor of any length here.
                let params =
                    Params { experts, lsb, stereo_blocking, chunk_size: 101, ..Params::default() };
                let packed = compress(&original, params, &*provider);
                let restored = decompress(&packed, models).unwrap();
                assert!(restored == original, "{bits} bit, {channels} channels, {params:?}");
            }
        }
    }
}

#[test]
fn the_embedded_model_reads_characters() {
    round_trips(&LlamaModels::new(None), 90);
}

#[test]
fn both_kinds_of_vocabulary_read_characters() {
    for path in ["fixtures/models/tiny.gguf", "fixtures/models/tiny-sentencepiece.gguf"] {
        round_trips(&file(path), 200);
    }
}

/// Here a text model alone decides, so that the stream depends on each of its logits.
#[test]
fn the_model_alone_is_used_and_its_identity_checked() {
    let models = file("fixtures/models/tiny-sentencepiece.gguf");
    let original = wav::build(1, 1, 8_000, 16, &[0; 3_000]);
    let params = Params { experts: Experts::LM, ..Params::default() };
    let packed = compress(&original, params, &*models.provider(1, options(40)).unwrap());
    let info = pipeline::info(&packed[..]).unwrap();
    assert_eq!((info.lm.segments, info.segments), (1, 1), "{info:?}");
    let model = info.lm.model.unwrap();
    assert!(model.interface.starts_with("characters 1: tokens "), "{}", model.interface);
    // Half of what the model was trained for at most.
    assert_eq!(model.window, 32);
    assert!(decompress(&packed, &models).unwrap() == original);
    match decompress(&packed, &LlamaModels::new(None)) {
        Err(Error::ModelMismatch { reason }) => assert!(reason.contains("BLAKE3"), "{reason}"),
        other => panic!("expected a refusal, got {:?}", other.map(|bytes| bytes.len())),
    }
}

#[test]
fn lanes_of_characters_decode() {
    let models = file("fixtures/models/tiny.gguf");
    let original = wav::pcm16(1, 50, &wav::sine(1, 2_500));
    let params = Params { experts: Experts::LM, ..Params::default() };
    let packed = compress(&original, params, &*models.provider(3, options(32)).unwrap());
    assert!(pipeline::info(&packed[..]).unwrap().segments > 2);
    assert!(decompress(&packed, &models).unwrap() == original);
}

#[test]
fn a_sentencepiece_vocabulary_by_the_rule() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/tiny-sentencepiece.gguf");
    let model = Model::from_file(path.as_ref(), options(32)).unwrap();
    let interface = model.interface();
    let token = |character: u8| interface.readout[usize::from(character)];
    assert_eq!(interface.start, 1, "BOS");
    // 3 specials, 256 bytes, 5 merged pieces, then the space and the single characters.
    assert_eq!((token(0), token(10), token(b'7')), (3, 13, 3 + 0x37));
    assert_eq!((token(b' '), token(b'!')), (264, 265));
    assert_eq!(token(b'~'), 265 + 93 - 10);
}

#[test]
#[ignore = "needs the model that scripts/fetch_smollm2.sh fetches"]
fn smollm2_reads_characters_by_the_rule() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(SMOLLM2);
    let model = Model::from_file(&path, options(1024)).unwrap();
    let readout = &model.interface().readout;
    let mut sorted = readout.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 128, "a token stands for two characters");
    // GPT-2's order of bytes: '!' to '~' are 94 neighbours.
    let first = readout[usize::from(b'!')];
    assert!((0..94).all(|i| readout[usize::from(b'!') + i as usize] == first + i));
}

/// A few hundred samples: this model reads some tens of characters in a second.
#[test]
#[ignore = "needs the model that scripts/fetch_smollm2.sh fetches"]
fn smollm2_comes_back() {
    let models = file(SMOLLM2);
    let provider = models.provider(1, options(128)).unwrap();
    for (bits, channels, stereo_blocking, experts) in [
        (16, 1, 1024, Experts::LM),
        (8, 2, 1, Experts::LM),
        (24, 2, 1024, Experts::MIX),
        (32, 1, 1, Experts { lm: true, ..Experts::ADAPTIVE }),
    ] {
        let original = tone(usize::from(240 / bits), channels, bits);
        let longer = tone(100, channels, bits);
        for original in [original, longer] {
            let params = Params { experts, stereo_blocking, chunk_size: 77, ..Params::default() };
            let packed = compress(&original, params, &*provider);
            assert!(decompress(&packed, &models).unwrap() == original, "{bits} bit, {experts:?}");
        }
    }
}

/// A text model reads quantile bins as letters.
#[test]
#[ignore = "needs the model that scripts/fetch_smollm2.sh fetches"]
fn smollm2_reads_quantiles() {
    let models = file(SMOLLM2);
    let provider = models.provider(1, ModelOptions::default()).unwrap();
    let original = wav::pcm16(1, 8_000, &wav::sine(1, 150));
    let options = CompressOptions {
        lm: LmUse::On,
        model: Some(&*provider),
        threads: 1,
        ..CompressOptions::default()
    };
    let packed = compress_with(&original, &options);
    assert!(decompress(&packed, &models).unwrap() == original);
}
