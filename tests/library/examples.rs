//! What is in `examples` does what it says.

/// The programs, without their `main`.
macro_rules! examples {
    ($($name:ident: $path:literal,)*) => {$(
        #[path = $path]
        #[allow(dead_code, missing_docs, reason = "its main is not run")]
        mod $name;
    )*};
}

examples! {
    compress_file: "../../examples/compress_file.rs",
    play: "../../examples/play.rs",
    progress: "../../examples/progress.rs",
    read_part: "../../examples/read_part.rs",
    samples_to_bytes: "../../examples/samples_to_bytes.rs",
}

use std::fs;
use std::time::Duration;

use crate::support::wav;

/// Stereo, three seconds at 8 kHz, the right channel half as loud.
fn song() -> (Vec<i16>, Vec<u8>) {
    let mono = wav::sine(1, 24_000);
    let samples: Vec<i16> = mono.iter().flat_map(|&sample| [sample, sample / 2]).collect();
    let file = wav::pcm16(2, 8_000, &samples);
    (samples, file)
}

#[test]
fn files_are_compressed_played_and_read_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let (wav, lmz) = (folder.path().join("song.wav"), folder.path().join("song.lmz"));
    let (samples, original) = song();
    fs::write(&wav, &original).unwrap();

    compress_file::compress(&wav, &lmz).unwrap();
    let packed = fs::read(&lmz).unwrap();
    assert!(lmz::decompress_to_vec(&packed, u64::MAX).unwrap() == original);

    let mut sound = Vec::new();
    play::play(&lmz, 1, &mut sound).unwrap();
    let (floats, _) = sound.as_chunks();
    let floats: Vec<f32> = floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let expected = samples[2 * 8_000..].iter().map(|&sample| f32::from(sample) / 32_768.0);
    assert!(floats.into_iter().eq(expected));

    let loudest = samples[200..400].iter().map(|&sample| i32::from(sample).abs()).max().unwrap();
    assert_eq!(read_part::loudest(&lmz, 100..200).unwrap(), loudest);

    progress::compress(&wav, &lmz, Duration::from_secs(600)).unwrap();
    assert!(fs::read(&lmz).unwrap() == packed);
    let error = progress::compress(&wav, &lmz, Duration::ZERO).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(lmz::Error::Interrupted)), "{error}");
}

#[test]
fn samples_become_bytes() {
    let (samples, _) = song();
    let samples: Vec<i32> = samples.into_iter().map(i32::from).collect();
    let lmz = samples_to_bytes::pack(&samples).unwrap();
    assert!(lmz.len() < samples.len());
    let mut back = vec![0; samples.len() + 2];
    let decoder = lmz::Decoder::new(std::io::Cursor::new(lmz)).unwrap();
    assert_eq!(decoder.frames(..).unwrap().read_frames(&mut back).unwrap(), samples.len() / 2);
    assert!(back[..samples.len()] == samples);
}

#[test]
fn the_programs_are_as_short_as_promised() {
    let lines = |name: &str| {
        let path = format!("{}/examples/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(path).unwrap().lines().count()
    };
    assert!(lines("play") <= 40, "{} lines", lines("play"));
    assert!(lines("samples_to_bytes") <= 16, "{} lines", lines("samples_to_bytes"));
}
