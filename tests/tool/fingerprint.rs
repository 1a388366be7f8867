//! What a file needs of the language model, against what there is: refusals name both sides, and
//! `lmz info` says beforehand.

use std::fs;
use std::sync::Arc;

use crate::support;
use crate::support::wav;
use assert_cmd::Command;
use lmz::Watch;
use lmz::lm::identity::Fingerprint;
use lmz::lm::{BINS, Input, LanguageModel, ModelProvider, Recorder};
use lmz::pcm::Pcm;
use lmz::pipeline::{self, CompressOptions, LmUse};
use lmz::{Level, Result, codec};
use tempfile::TempDir;

/// Knows the bins of a segment by heart: such a model is used for certain.
struct ByHeart(std::vec::IntoIter<u8>);

impl LanguageModel for ByHeart {
    fn reset(&mut self) -> Result<()> {
        Ok(())
    }

    fn step(&mut self, _input: Input) -> Result<[f32; BINS]> {
        let mut logits = [0.0; BINS];
        if let Some(bin) = self.0.next() {
            logits[usize::from(bin)] = 6.0;
        }
        Ok(logits)
    }
}

/// A build of lmz elsewhere, which names itself as it likes.
struct Elsewhere {
    fingerprint: Fingerprint,
    bins: Vec<u8>,
}

impl ModelProvider for Elsewhere {
    fn fingerprint(&self) -> Vec<u8> {
        self.fingerprint.to_bytes()
    }

    fn lanes(&self) -> usize {
        self.fingerprint.lanes as usize
    }

    fn session(&self, _lane: usize) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(ByHeart(self.bins.clone().into_iter())))
    }
}

/// A folder with `song.lmz`, made elsewhere.
fn made_elsewhere(fingerprint: Fingerprint) -> TempDir {
    let samples = wav::noise(2_000);
    let mut recorder = Recorder::default();
    let pcm = Pcm { channels: 1, samples: samples.iter().map(|&s| s.into()).collect() };
    codec::encode_pcm(&pcm, Level::Fast, Some(&mut recorder), &Watch::default()).unwrap();
    let bins = recorder.pairs().map(|(_, bin)| bin).collect();
    let model = Elsewhere { fingerprint, bins };
    let options = CompressOptions {
        level: Level::Fast,
        lm: LmUse::Always,
        model: Some(Arc::new(model)),
        ..Default::default()
    };
    let lmz = support::compress_with(&wav::pcm16(1, 8_000, &samples), &options);
    assert_eq!(pipeline::inspect(lmz.as_slice()).unwrap().lm.segments, 1);
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("song.lmz"), lmz).unwrap();
    folder
}

/// Runs the program in `folder`; its exit code, and what it said on both outputs.
fn lmz(folder: &TempDir, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::cargo_bin("lmz").unwrap();
    let done = command.current_dir(folder.path()).args(arguments).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

/// The file is refused, nothing appears, and `info` says the same.
fn refused(fingerprint: Fingerprint, words: &[&str]) {
    let folder = made_elsewhere(fingerprint);
    let (code, decoding) = lmz(&folder, &["decompress", "song.lmz"]);
    assert_eq!(code, 1, "{decoding}");
    let (code, told) = lmz(&folder, &["info", "song.lmz"]);
    assert_eq!(code, 0, "{told}");
    let (code, json) = lmz(&folder, &["info", "--json", "song.lmz"]);
    assert_eq!(code, 0, "{json}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let obstacle = json["obstacle"].as_str().unwrap();
    for word in words {
        for text in [&decoding, &told, obstacle] {
            assert!(text.contains(word), "'{word}' is not in: {text}");
        }
    }
    assert!(told.contains("cannot be decoded here"), "{told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "an output was left");
}

/// No build has this fingerprint.
#[cfg(not(feature = "llama"))]
fn strange() -> Fingerprint {
    Fingerprint {
        model_name: "m".to_owned(),
        model_blake3: [7; 32],
        interface: "audio 1".to_owned(),
        window: 128,
        lanes: 1,
        engine: "engine 0".to_owned(),
        backend: "vax".to_owned(),
        gpu_layers: 0,
        canary: [0; 16],
    }
}

#[cfg(not(feature = "llama"))]
#[test]
fn a_build_without_models_says_so() {
    refused(strange(), &["this build of lmz has none"]);
}

#[test]
fn a_file_without_a_model_needs_nothing() {
    let folder = TempDir::new().unwrap();
    let original = wav::pcm16(1, 8_000, &wav::sine(1, 1_000));
    fs::write(folder.path().join("song.lmz"), support::compress(&original)).unwrap();
    let (_, told) = lmz(&folder, &["info", "song.lmz"]);
    assert!(!told.contains("cannot be decoded here"), "{told}");
    let (_, json) = lmz(&folder, &["info", "--json", "song.lmz"]);
    assert!(json.contains("\"obstacle\":null"), "{json}");
}

#[cfg(feature = "llama")]
mod llama {
    use super::*;
    use lmz::lm::LlamaModels;

    /// The fingerprint of this very build, with its own model.
    fn ours() -> Fingerprint {
        let models = LlamaModels::new(None);
        let provider = models.provider(1, Default::default()).unwrap();
        Fingerprint::from_bytes(&provider.fingerprint()).unwrap()
    }

    /// As what would be on the other machine, one thing at a time, both sides are named.
    #[test]
    fn every_difference_is_refused_with_both_sides() {
        let ours = ours();
        let window = format!("the window is {}, the file needs 64", ours.window);
        let engine = format!("the engine is '{}', the file needs 'llama-cpp-2 0.1.0'", ours.engine);
        let avx512 = format!("{} AVX512", ours.backend);
        let backend = format!("the back end is '{}', the file needs '{avx512}'", ours.backend);
        for (theirs, words) in [
            (Fingerprint { window: 64, ..ours.clone() }, [window.as_str(), "--model"]),
            (
                Fingerprint { engine: "llama-cpp-2 0.1.0".to_owned(), ..ours.clone() },
                [engine.as_str(), "use the version of lmz that made the file"],
            ),
            (
                Fingerprint { backend: avx512, ..ours.clone() },
                [backend.as_str(), "the same back end and instruction sets"],
            ),
            (
                Fingerprint {
                    model_blake3: [7; 32],
                    model_name: "other".to_owned(),
                    ..ours.clone()
                },
                ["the file needs 0707", "name the model 'other' with --model"],
            ),
            (
                Fingerprint { interface: "text".to_owned(), ..ours.clone() },
                ["the file needs 'text'", "--model"],
            ),
            // The canary's probe differs with the lanes: nobody can have this one with two.
            (
                Fingerprint { lanes: 2, ..ours.clone() },
                ["different bits here", "the same processor"],
            ),
            (
                Fingerprint { canary: [7; 16], ..ours.clone() },
                ["different bits here", "needs 0707"],
            ),
        ] {
            refused(theirs, &words);
        }
    }

    #[test]
    fn what_agrees_decodes_here() {
        let folder = made_elsewhere(ours());
        let (_, told) = lmz(&folder, &["info", "-v", "song.lmz"]);
        assert!(told.contains("decodes here     yes"), "{told}");
        let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/tiny.gguf");
        let (_, told) = lmz(&folder, &["info", "-v", "song.lmz", "--model", tiny]);
        assert!(told.contains("no: language model mismatch: the model's BLAKE3"), "{told}");
    }
}
