//! `--mapping ascii` with models that llama.cpp runs: the embedded one, tiny ones of both kinds of
//! vocabulary, and SmolLM2.
//!
//! SmolLM2 is 98 MB and not in the repository. `scripts/fetch_smollm2.sh` puts it where its
//! tests look, and these run with `cargo test --test model characters_llama:: -- --ignored`.

use std::path::PathBuf;
use std::sync::Arc;

use crate::support::{compress_with, wav};
use lmz::Watch;
use lmz::ascii::{self, Characters, Experts, Lsb, Params};
use lmz::lm::llama::{Alphabet, Inputs, Model, ModelOptions};
use lmz::lm::{LlamaModels, ModelProvider};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse, TokenMapping};
use lmz::wav::{Span, WavFormat, WavReader};
use lmz::{Error, Level, Result};

const SMOLLM2: &str = "models/downloaded/SmolLM2-135M-Instruct.Q4_1.gguf";

fn file(path: &str) -> Arc<LlamaModels> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(path.exists(), "{} is missing; see the top of this file", path.display());
    Arc::new(LlamaModels::new(Some(path)))
}

fn options(window: u32) -> ModelOptions {
    ModelOptions { alphabet: Alphabet::Characters { window }, ..ModelOptions::default() }
}

fn compress_options(params: Params, model: &Arc<dyn ModelProvider>) -> CompressOptions {
    CompressOptions {
        level: Level::Fast,
        lm: LmUse::On,
        mapping: TokenMapping::Characters(params),
        model: Some(Arc::clone(model)),
        threads: 1,
        ..Default::default()
    }
}

fn compress(original: &[u8], params: Params, model: &Arc<dyn ModelProvider>) -> Vec<u8> {
    compress_with(original, &compress_options(params, model))
}

fn decompress(packed: &[u8], models: &Arc<LlamaModels>) -> Result<Vec<u8>> {
    let mut restored = Vec::new();
    let options = DecompressOptions::default().with_models(models.clone()).with_threads(1);
    pipeline::decompress(packed, &mut restored, &options, &mut ())?;
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

const WIDTHS: [u16; 4] = [8, 16, 24, 32];

/// Channels, and frames in a stereo block.
const LAYOUTS: [(u16, u32); 4] = [(1, 1), (1, 1024), (2, 1), (2, 1024)];

/// Sets of experts that the model is in.
const WITH_LM: [Experts; 4] = [
    Experts::LM,
    Experts { lm: true, ..Experts::ADAPTIVE },
    Experts { lm: true, ..Experts::CLASSICAL },
    Experts::MIX,
];

/// Every width and layout with every set of experts that the model is in, as whole files. The
/// model takes part where it saves something.
fn round_trips(models: &Arc<LlamaModels>, frames: usize) {
    let provider = models.provider(1, options(64)).unwrap();
    for bits in WIDTHS {
        for (channels, stereo_blocking) in LAYOUTS {
            let original = tone(frames, channels, bits);
            for (i, experts) in WITH_LM.into_iter().enumerate() {
                let lsb = if i % 2 == 0 { Lsb::Raw } else { Lsb::Coded };
                // No divisor of any length here.
                let params =
                    Params { experts, lsb, stereo_blocking, chunk_size: 101, ..Params::default() };
                let packed = compress(&original, params, &provider);
                let restored = decompress(&packed, models).unwrap();
                assert!(restored == original, "{bits} bit, {channels} channels, {params:?}");
            }
        }
    }
}

/// The codec without the pipeline, which would store what the model alone makes larger: each set
/// of experts meets each width and each layout, in segments of `characters` or a little less.
fn segments(models: &LlamaModels, characters: usize, chunk_size: u32) {
    let provider = models.provider(1, options(64)).unwrap();
    for (i, bits) in WIDTHS.into_iter().enumerate() {
        for (j, (channels, stereo_blocking)) in LAYOUTS.into_iter().enumerate() {
            let frames = characters / usize::from(channels * bits / 8);
            let (format, bytes) = samples(&tone(frames, channels, bits));
            let experts = WITH_LM[(i + j) % WITH_LM.len()];
            let params = Params { experts, stereo_blocking, chunk_size, ..Params::default() };
            let mut lm = provider.characters(0).unwrap();
            let coded = ascii::encode(
                &bytes,
                &format,
                Level::Fast,
                &params,
                Some(&mut *lm),
                &Watch::default(),
            )
            .unwrap();
            assert!(coded.experts.lm || experts != Experts::LM, "nobody else is there");
            let mut lm = provider.characters(0).unwrap();
            let lm: Option<&mut Characters<'_>> =
                if coded.experts.lm { Some(&mut *lm) } else { None };
            let (stream, lsb) = (&coded.stream, &coded.lsb);
            let restored = ascii::decode(
                stream,
                lsb,
                &format,
                bytes.len(),
                Level::Fast,
                lm,
                &Watch::default(),
            )
            .unwrap();
            assert!(restored == bytes, "{bits} bit, {channels} channels, {params:?}");
        }
    }
}

fn samples(file: &[u8]) -> (WavFormat, Vec<u8>) {
    let mut reader = WavReader::new(file).unwrap();
    let mut samples = Vec::new();
    while let Some(span) = reader.next_span(pipeline::segment_limit(lmz::Level::Default)).unwrap() {
        if let Span::Audio { bytes } = span {
            samples.extend(bytes);
        }
    }
    (*reader.format().unwrap(), samples)
}

#[test]
fn the_embedded_model_reads_characters() {
    round_trips(&Arc::new(LlamaModels::new(None)), 90);
    segments(&Arc::new(LlamaModels::new(None)), 300, 101);
}

#[test]
fn both_kinds_of_vocabulary_read_characters() {
    for path in ["fixtures/models/tiny.gguf", "fixtures/models/tiny-sentencepiece.gguf"] {
        round_trips(&file(path), 200);
        segments(&file(path), 300, 101);
    }
}

/// Here a text model alone decides, so that the stream depends on each of its logits.
#[test]
fn the_model_alone_is_used_and_its_identity_checked() {
    let models = file("fixtures/models/tiny-sentencepiece.gguf");
    let original = wav::build(1, 1, 8_000, 16, &[0; 3_000]);
    let params = Params { experts: Experts::LM, ..Params::default() };
    let packed = compress(&original, params, &models.provider(1, options(40)).unwrap());
    let info = pipeline::inspect(&packed[..]).unwrap();
    assert_eq!((info.lm.segments, info.segments), (1, 1), "{info:?}");
    let model = info.lm.model.unwrap();
    assert!(model.interface.starts_with("characters 1: tokens "), "{}", model.interface);
    // Half of what the model was trained for at most.
    assert_eq!(model.window, 32);
    assert!(decompress(&packed, &models).unwrap() == original);
    match decompress(&packed, &Arc::new(LlamaModels::new(None))) {
        Err(Error::ModelMismatch(reason)) => assert!(reason.contains("BLAKE3"), "{reason}"),
        other => panic!("expected a refusal, got {:?}", other.map(|bytes| bytes.len())),
    }
}

#[test]
fn lanes_of_characters_decode() {
    let models = file("fixtures/models/tiny.gguf");
    let original = wav::pcm16_in_pieces(1, &wav::sine(1, 900), 4);
    let params = Params { experts: Experts::LM, ..Params::default() };
    let packed = compress(&original, params, &models.provider(3, options(32)).unwrap());
    assert!(pipeline::inspect(&packed[..]).unwrap().segments > 2);
    assert!(decompress(&packed, &models).unwrap() == original);
}

#[test]
fn a_sentencepiece_vocabulary_by_the_rule() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/tiny-sentencepiece.gguf");
    let model = Model::from_file(path.as_ref(), options(32)).unwrap();
    let interface = model.interface();
    let token = |character: u8| interface.readout[usize::from(character)];
    assert_eq!(interface.inputs, Inputs::Readout { start: 1 }, "BOS");
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
    segments(&file(SMOLLM2), 40, 17);
}

/// Of silence this model alone makes less than it is.
#[test]
#[ignore = "needs the model that scripts/fetch_smollm2.sh fetches"]
fn smollm2_in_a_file() {
    let models = file(SMOLLM2);
    let provider = models.provider(1, options(128)).unwrap();
    let original = wav::build(1, 2, 8_000, 16, &[0; 4 * 200]);
    let params = Params { experts: Experts::LM, chunk_size: 301, ..Params::default() };
    let options = CompressOptions { lm: LmUse::Always, ..compress_options(params, &provider) };
    let packed = compress_with(&original, &options);
    let info = pipeline::inspect(&packed[..]).unwrap();
    assert_eq!((info.lm.segments, info.segments), (1, 1), "{info:?}");
    assert!(decompress(&packed, &models).unwrap() == original);
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
        model: Some(provider),
        threads: 1,
        ..CompressOptions::default()
    };
    let packed = compress_with(&original, &options);
    assert!(decompress(&packed, &models).unwrap() == original);
}
