//! Compressed sizes of the fixtures, to the byte: a change of the codec is never unnoticed.
//!
//! `make pinned` writes `fixtures/sizes.csv` anew; the
//! difference is then part of the change, with its reason.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{compress_with, decompress};
use lmz::Level;
use lmz::pipeline::{CompressOptions, LmUse};

const REGENERATE: &str = "make pinned";

const LEVELS: [(&str, Level); 3] =
    [("fast", Level::Fast), ("default", Level::Default), ("best", Level::Best)];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The table as it is now; every size is also that of a file that decodes.
fn measure() -> String {
    let entries = fs::read_dir(fixtures().join("wav")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut table = "file,level,bytes\n".to_owned();
    for path in paths {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let original = fs::read(&path).unwrap();
        for (name, level) in LEVELS {
            let options = CompressOptions { level, lm: LmUse::Off, ..Default::default() };
            let lmz = compress_with(&original, &options);
            assert!(decompress(&lmz).unwrap() == original, "{file}, {name}: the bytes differ");
            writeln!(table, "{file},{name},{}", lmz.len()).unwrap();
        }
    }
    table
}

#[test]
fn sizes_are_as_pinned() {
    let path = fixtures().join("sizes.csv");
    let now = measure();
    if std::env::var_os("LMZ_UPDATE_SIZES").is_some() {
        fs::write(&path, &now).unwrap();
        return;
    }
    let pinned = fs::read_to_string(&path).unwrap_or_default();
    if pinned == now {
        return;
    }
    let mut changes = String::new();
    for line in pinned.lines().filter(|line| !now.lines().any(|other| other == *line)) {
        writeln!(changes, "- {line}").unwrap();
    }
    for line in now.lines().filter(|line| !pinned.lines().any(|other| other == *line)) {
        writeln!(changes, "+ {line}").unwrap();
    }
    panic!(
        "compressed sizes differ from fixtures/sizes.csv:\n{changes}\
         If that is meant, run {REGENERATE} and commit the file."
    );
}
