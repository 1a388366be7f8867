//! Files whose model is run by the exact engine: they come back, with any number of threads, and say
//! that they decode anywhere.

use std::sync::Arc;

use lmz::lm::exact::{ExactIdentity, ExactModels};
use lmz::lm::{EMBEDDED, ModelSource, Models};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse};
use lmz::{Error, Level};

/// A stereo file of `frames` frames, 16 bit: a melody with some noise.
fn song(frames: u32) -> Vec<u8> {
    let mut noise = 1u32;
    let mut samples = Vec::new();
    for t in 0..frames {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let tone = (f64::from(t) * 0.03).sin() * 6000.0 + (f64::from(t) * 0.171).sin() * 1500.0;
        let left = tone as i16 + (noise >> 25) as i16;
        samples.extend([left, left / 2 - (noise >> 28) as i16]);
    }
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}

/// As [`song`], at 200 Hz, so that a segment of 20 s has 4,000 frames.
fn slow_song(frames: u32) -> Vec<u8> {
    let mut wav = song(frames);
    wav[24..28].copy_from_slice(&200u32.to_le_bytes());
    wav[28..32].copy_from_slice(&800u32.to_le_bytes());
    wav
}

fn compress(wav: &[u8], threads: usize) -> Vec<u8> {
    let options = CompressOptions {
        level: Level::Fast,
        lm: LmUse::Always,
        model: Some(ExactModels::default().provider().unwrap()),
        threads,
        ..CompressOptions::default()
    };
    let mut packed = Vec::new();
    let summary = pipeline::compress(wav, &mut packed, &options, &mut ()).unwrap();
    assert!(summary.segments_with_lm > 0 && summary.portable, "{summary:?}");
    packed
}

fn decompress(packed: &[u8], models: Arc<dyn ModelSource>, threads: usize) -> lmz::Result<Vec<u8>> {
    let options = DecompressOptions::default().with_models(models).with_threads(threads);
    let mut wav = Vec::new();
    pipeline::decompress(packed, &mut wav, &options, &mut ())?;
    Ok(wav)
}

/// A file whose model the Python decoder runs too (`independent_decoder.rs`); `make pinned` writes it.
#[test]
fn the_golden_file_is_written_and_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lm");
    let wav = song(400);
    let packed = compress(&wav, 1);
    if std::env::var_os("LMZ_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("song.wav"), &wav).unwrap();
        std::fs::write(folder.join("song.lmz"), &packed).unwrap();
        return;
    }
    assert!(std::fs::read(folder.join("song.wav")).unwrap() == wav);
    assert!(std::fs::read(folder.join("song.lmz")).unwrap() == packed);
    assert!(decompress(&packed, Arc::new(Models::default()), 1).unwrap() == wav);
}

#[test]
fn files_come_back_whatever_the_number_of_threads() {
    // More than one segment.
    let wav = slow_song(4_000 + 300);
    let packed = compress(&wav, 1);
    assert!(compress(&wav, 3) == packed);
    for threads in [1, 2] {
        let models = Arc::new(Models::default());
        assert!(decompress(&packed, models, threads).unwrap() == wav);
    }
    let info = pipeline::inspect(packed.as_slice()).unwrap();
    let identity = ExactIdentity::from_bytes(&info.lm.fingerprint).unwrap();
    assert_eq!(identity, ExactIdentity::new(*blake3::hash(EMBEDDED).as_bytes()));
    assert!(info.portable && info.lm.segments > 0);
}

#[test]
fn segments_are_decoded_side_by_side() {
    // Six segments: more than a thread decodes at a time, and one that is shorter.
    let wav = slow_song(4_000 * 5 + 300);
    let packed = compress(&wav, 2);
    for threads in [1, 2, 5] {
        let models = Arc::new(Models::default());
        assert!(decompress(&packed, models, threads).unwrap() == wav, "{threads} threads");
    }
    // One that is damaged ends the run, whoever else is under way.
    for place in [packed.len() / 5, packed.len() / 2] {
        let mut damaged = packed.clone();
        damaged[place] ^= 16;
        let outcome = decompress(&damaged, Arc::new(Models::default()), 1);
        assert!(matches!(outcome, Err(Error::Corrupt { .. })), "{outcome:?}");
    }
}

#[test]
fn without_a_model_the_refusal_says_why() {
    let packed = compress(&song(2_000), 1);
    let refused = decompress(&packed, Arc::new(lmz::lm::NoModels), 1);
    assert!(matches!(refused, Err(Error::Unsupported(_))));
}
