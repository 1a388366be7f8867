//! Real files in a folder of one's own: they reassemble, and their samples map back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use lmz::wav::{SegmentLimit, Span, WavReader, map, unmap};

#[test]
#[ignore = "set LMZ_WAV_DIR to a folder of WAV files and run with --ignored"]
fn every_wav_of_a_folder_reassembles() {
    let Some(folder) = std::env::var_os("LMZ_WAV_DIR") else {
        panic!("LMZ_WAV_DIR is not set");
    };
    let mut files = wavs(Path::new(&folder));
    files.sort();
    assert!(!files.is_empty(), "no WAV files in {}", folder.display());
    for file in &files {
        println!("{}: {}", file.display(), check(file));
    }
    println!("{} files reassembled", files.len());
}

/// All `*.wav` below `folder`.
fn wavs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(wavs(&path));
        } else if path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("wav")) {
            found.push(path);
        }
    }
    found
}

/// Reads one file as spans; returns what it holds.
fn check(path: &Path) -> String {
    let limit = SegmentLimit { seconds: 3, samples: 200_000 };
    let mut reader = WavReader::new(File::open(path).unwrap()).unwrap();
    let (mut whole, mut audio, mut mappings) = (Vec::new(), 0, Vec::new());
    while let Some(span) = reader.next_span(limit).unwrap() {
        match span {
            Span::Foreign(bytes) => whole.extend(bytes),
            Span::Audio { bytes } => {
                let format = reader.format().unwrap();
                let found = map(&bytes, format);
                if let Some(mapped) = &found {
                    assert_eq!(unmap(mapped, format.sample).unwrap(), bytes);
                }
                let mapping = found.map(|mapped| mapped.mapping);
                if !mappings.contains(&mapping) {
                    mappings.push(mapping);
                }
                audio += bytes.len();
                whole.extend(bytes);
            }
        }
    }
    assert!(whole == fs::read(path).unwrap(), "{} differs", path.display());
    let foreign = whole.len() - audio;
    match reader.format() {
        None => format!("{foreign} foreign bytes, no format"),
        Some(format) => format!(
            "{audio} bytes of audio, {foreign} foreign, {:?} x {}, {} frames of {:?}, {mappings:?}",
            format.sample,
            format.channels,
            reader.frames(),
            reader.declared_frames()
        ),
    }
}
