//! The embedded Llama and another GGUF through the whole pipeline.

use std::path::PathBuf;
use std::sync::Arc;

use crate::support::wav;
use lmz::lm::LlamaModels;
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse};
use lmz::{Error, Result};

/// Some seconds of a tone with noise that the quantiles are not uniform on.
fn tone() -> Vec<u8> {
    let mut noise = 1u32;
    let samples: Vec<i16> = (0..6000i32)
        .map(|n| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let triangle = (n * 37 % 4000 - 2000).abs() * 4 - 4000;
            // Bursts: the bins of one sample tell something about the next.
            let burst = if n / 50 % 3 == 0 { 9 } else { 14 };
            (triangle + (noise as i32 >> (32 - 18) >> burst)) as i16
        })
        .collect();
    wav::pcm16(1, 8000, &samples)
}

fn compress(wav: &[u8], models: &LlamaModels, lanes: u32, threads: usize) -> Vec<u8> {
    let provider = models.provider(lanes, Default::default()).unwrap();
    let options = CompressOptions {
        lm: LmUse::Always,
        model: Some(provider),
        threads,
        ..CompressOptions::default()
    };
    let mut packed = Vec::new();
    pipeline::compress(wav, &mut packed, &options, &mut ()).unwrap();
    packed
}

fn decompress(packed: &[u8], models: &Arc<LlamaModels>) -> Result<Vec<u8>> {
    let mut restored = Vec::new();
    let options = DecompressOptions::default().with_models(models.clone()).with_threads(1);
    pipeline::decompress(packed, &mut restored, &options, &mut ())?;
    Ok(restored)
}

fn uses_lm(packed: &[u8]) -> bool {
    pipeline::inspect(packed).unwrap().lm.segments > 0
}

#[test]
fn the_embedded_model_takes_part_and_the_bytes_come_back() {
    let wav = tone();
    let models = Arc::new(LlamaModels::new(None));
    let packed = compress(&wav, &models, 1, 1);
    assert!(uses_lm(&packed), "the model saved nothing on this signal");
    assert_eq!(packed, compress(&wav, &models, 1, 2), "threads change the bytes");
    assert_eq!(decompress(&packed, &models).unwrap(), wav);
}

#[test]
fn lanes_are_recorded_and_decode() {
    let wav = tone();
    let models = Arc::new(LlamaModels::new(None));
    let packed = compress(&wav, &models, 2, 1);
    assert!(uses_lm(&packed), "the model saved nothing on this signal");
    assert_eq!(decompress(&packed, &models).unwrap(), wav);
}

#[test]
fn another_model_is_refused_before_anything_is_written() {
    let wav = tone();
    let packed = compress(&wav, &Arc::new(LlamaModels::new(None)), 1, 1);
    assert!(uses_lm(&packed), "the model saved nothing on this signal");
    let tiny = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/models/tiny.gguf");
    match decompress(&packed, &Arc::new(LlamaModels::new(Some(tiny)))) {
        Err(Error::ModelMismatch(reason)) => {
            assert!(reason.contains("BLAKE3"), "the message names what differs: {reason}");
        }
        other => panic!("expected a refusal, got {:?}", other.map(|bytes| bytes.len())),
    }
}
