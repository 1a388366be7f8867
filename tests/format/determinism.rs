//! Golden files: today's encoder writes them and today's decoder reads them, byte for byte.
//!
//! `make pinned` writes them anew, for changes of the format or of the codec's parameters.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::support::golden::{self, Golden};
use crate::support::{compress_with, decompress};
use lmz::Level;
use lmz::ascii::{Lsb, Params};
use lmz::pipeline::{self, CompressOptions, TokenMapping};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden")
}

/// Whether the files are to be written rather than read. The tests of this program share
/// them, so that the one that writes is the only one that does anything then.
fn updating() -> bool {
    std::env::var_os("LMZ_UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

fn encode(golden: &Golden) -> Vec<u8> {
    let Golden { level, mapping, .. } = *golden;
    compress_with(&golden.original, &CompressOptions { level, mapping, ..Default::default() })
}

fn stored(golden: &Golden) -> Vec<u8> {
    let path = folder().join(format!("{}.lmz", golden.name));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The list of the files with a sentence and the hash of the original of each.
fn list() -> String {
    let mut list = String::from(
        "Golden files, written by `make pinned`.\n\
         Their originals are made by `tests/support/golden.rs`.\n\n\
         | File | Level | What it covers | BLAKE3 of the original |\n|---|---|---|---|\n",
    );
    for g in golden::all() {
        let hash = blake3::hash(&g.original).to_hex();
        writeln!(list, "| {}.lmz | {:?} | {} | {hash} |", g.name, g.level, g.about).unwrap();
    }
    list
}

#[test]
fn the_encoder_writes_the_golden_files() {
    if updating() {
        fs::create_dir_all(folder()).unwrap();
        for golden in golden::all() {
            fs::write(folder().join(format!("{}.lmz", golden.name)), encode(&golden)).unwrap();
        }
        fs::write(folder().join("README.md"), list()).unwrap();
        return;
    }
    let all = golden::all();
    let differing: Vec<_> = all.iter().filter(|g| encode(g) != stored(g)).map(|g| g.name).collect();
    assert!(differing.is_empty(), "the encoder writes other bytes for {differing:?}");
}

#[test]
fn the_decoder_reads_the_golden_files() {
    if updating() {
        return;
    }
    for golden in golden::all() {
        let restored = decompress(&stored(&golden));
        assert!(restored.unwrap() == golden.original, "{}", golden.name);
    }
}

/// The list names all files, no file is left over, and the originals are what they were.
#[test]
fn the_list_of_golden_files_is_complete() {
    if updating() {
        return;
    }
    assert_eq!(fs::read_to_string(folder().join("README.md")).unwrap(), list());
    let found: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".lmz"))
        .collect();
    let expected = golden::all().iter().map(|g| format!("{}.lmz", g.name)).collect();
    assert_eq!(found, expected);
}

/// What the names promise is there: every kind of block, every level, several segments.
#[test]
fn the_golden_files_cover_the_format() {
    if updating() {
        return;
    }
    let (mut bytes, mut levels) = (pipeline::Bytes::default(), BTreeSet::new());
    let mut most_segments = 0;
    for golden in golden::all() {
        let info = pipeline::inspect(stored(&golden).as_slice()).unwrap();
        levels.insert(info.level);
        most_segments = most_segments.max(info.segments);
        bytes.foreign += info.bytes.foreign;
        bytes.streams += info.bytes.streams;
        bytes.lsb += info.bytes.lsb;
        bytes.byte_modelled += info.bytes.byte_modelled;
        bytes.stored += info.bytes.stored;
        let predicted = info.bytes.streams > 0;
        let expected =
            !matches!(golden.name, "double-bytes" | "opaque" | "noise" | "no-audio" | "no-frames");
        assert_eq!(predicted, expected, "{}: {:?}", golden.name, info.bytes);
        let repeats = golden.name == "loops";
        assert_eq!(info.long_term_segments, u32::from(repeats), "{}", golden.name);
    }
    assert_eq!(levels.len(), [Level::Fast, Level::Default, Level::Best].len());
    assert!(most_segments >= 3);
    assert!(bytes.foreign > 0 && bytes.streams > 0 && bytes.lsb > 0, "{bytes:?}");
    assert!(bytes.byte_modelled > 0 && bytes.stored > 0, "{bytes:?}");
}

/// Arguments of `lmz compress` that say what [`encode`] does.
fn arguments(golden: &Golden) -> String {
    let level = match golden.level {
        Level::Fast => "--fast",
        Level::Best => "--best",
        _ => "",
    };
    let TokenMapping::Characters(params) = golden.mapping else {
        return format!("--lm off {level}");
    };
    let Params { experts, lsb, stereo_blocking, .. } = params;
    assert_eq!(params, Params { experts, lsb, stereo_blocking, ..Params::default() });
    let experts = match (experts.adaptive, experts.classical) {
        (true, true) => "adaptive,classical",
        (true, false) => "adaptive",
        _ => "classical",
    };
    let lsb = if lsb == Lsb::Raw { "raw" } else { "coded" };
    format!(
        "--lm off {level} --mapping ascii --experts {experts} --lsb {lsb} \
         --stereo-blocking {stereo_blocking}"
    )
}

/// For comparing builds: writes every original, and beside it the arguments it is compressed with,
/// to the folder that is named.
#[test]
#[ignore = "set LMZ_GOLDEN_WAVS to a folder and run with --ignored"]
fn write_the_originals() {
    let Some(folder) = std::env::var_os("LMZ_GOLDEN_WAVS").map(PathBuf::from) else {
        panic!("LMZ_GOLDEN_WAVS is not set");
    };
    fs::create_dir_all(&folder).unwrap();
    for golden in golden::all() {
        let arguments = arguments(&golden);
        fs::write(folder.join(format!("{}.arguments", golden.name)), arguments).unwrap();
        fs::write(folder.join(format!("{}.wav", golden.name)), golden.original).unwrap();
    }
}
