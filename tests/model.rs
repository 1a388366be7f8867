//! The pipeline with a language model that is not Llama: lanes, fingerprints, refusals.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use lmz::lm::lanes::{Batch, Lanes};
use lmz::lm::{BINS, InputToken, LanguageModel, ModelProvider, ModelSource};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse, TokenMapping};
use lmz::{Error, Level, Result};
use support::wav;

/// Favours the bins near the last one.
struct Neighbours {
    lanes: usize,
}

impl Batch for Neighbours {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn reset(&mut self, _lane: usize) -> Result<()> {
        Ok(())
    }

    fn step(&mut self, inputs: &[InputToken], logits: &mut [[f32; BINS]]) -> Result<()> {
        for (input, row) in inputs.iter().zip(logits) {
            let InputToken::Bin { bin, .. } = *input else {
                *row = [0.0; BINS];
                continue;
            };
            for (other, logit) in row.iter_mut().enumerate() {
                *logit = -0.1 * (other as f32 - f32::from(bin)).abs();
            }
        }
        Ok(())
    }
}

struct Provider {
    lanes: Lanes<Neighbours>,
    count: usize,
}

impl ModelProvider for Provider {
    fn fingerprint(&self) -> Vec<u8> {
        vec![self.count as u8]
    }

    fn lanes(&self) -> usize {
        self.count
    }

    fn session(&self, lane: usize) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(self.lanes.take(lane)?))
    }
}

fn provider(count: usize) -> Provider {
    Provider { lanes: Lanes::new(Neighbours { lanes: count }), count }
}

struct Source;

impl ModelSource for Source {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        fingerprint.first().map_or(1, |&lanes| usize::from(lanes))
    }

    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        match fingerprint {
            [lanes] => Ok(Arc::new(provider(usize::from(*lanes)))),
            _ => Err(Error::ModelMismatch { reason: "strange".to_owned() }),
        }
    }
}

/// Segments of different lengths, and foreign bytes between them.
fn original() -> Vec<u8> {
    let start = wav::pcm16(1, 100, &wav::sine(1, 300_000));
    wav::with_chunk(&start, b"LIST", &[b'x'; 100])
}

#[test]
fn lanes_round_trip_and_sizes_tell_who_saved_what() {
    let original = original();
    for lanes in [1, 2, 3] {
        for lm in [LmUse::Auto, LmUse::On] {
            let provider = provider(lanes);
            let options = CompressOptions {
                mapping: TokenMapping::Quantile,
                level: Level::Fast,
                lm,
                model: Some(Arc::new(provider)),
                threads: 1, // a session on a lane at a time
                ..Default::default()
            };
            let lmz = support::compress_with(&original, &options);
            let decoding =
                DecompressOptions::default().with_models(Arc::new(Source)).with_threads(1);
            let mut restored = Vec::new();
            pipeline::decompress(lmz.as_slice(), &mut restored, &decoding, &mut ()).unwrap();
            assert!(restored == original, "{lanes} lanes, {lm:?}");
            let info = pipeline::info(lmz.as_slice()).unwrap();
            assert!(info.segments >= 3);
            // A model that was tried in vain leaves no trace.
            assert_eq!(info.lm.model.is_some(), info.lm.segments > 0);
            assert_eq!(info.lm.saved_bytes > 0, info.lm.segments > 0);
        }
    }
}

#[test]
fn a_file_that_uses_no_model_decodes_without_one() {
    let original = wav::build(1, 1, 8_000, 16, &wav::bytes(2_000));
    let provider = provider(1);
    let options =
        CompressOptions { model: Some(Arc::new(provider)), threads: 1, ..Default::default() };
    let lmz = support::compress_with(&original, &options);
    assert_eq!(pipeline::info(lmz.as_slice()).unwrap().lm.segments, 0);
    assert!(support::decompress(&lmz).unwrap() == original);
}

#[test]
fn without_a_model_the_header_names_none() {
    let original = original();
    let provider = provider(2);
    let options =
        CompressOptions { lm: LmUse::Off, model: Some(Arc::new(provider)), ..Default::default() };
    let lmz = support::compress_with(&original, &options);
    assert!(pipeline::info(lmz.as_slice()).unwrap().lm.model.is_none());
}
