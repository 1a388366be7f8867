//! The conformance sets: good files decode, bad ones are damaged, unsupported ones never are.
//!
//! `make pinned` writes the files anew. `independent_decoder.rs` holds the second decoder
//! against the same files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::support::conformance::{Case, bad, good, unsupported};
use crate::support::decompress;
use lmz::Error;
use lmz::container::Reader;

/// A set: its folder, what its files have in common, and its files.
type Set = (&'static str, &'static str, Vec<Case>);

fn sets() -> [Set; 3] {
    [
        ("good", "A decoder must decode these.", good()),
        (
            "bad",
            "A decoder must refuse these as damaged, or as no lmz files. Each has one thing wrong, \
             and no checksum is wrong but where the sentence says so.",
            bad(),
        ),
        (
            "unsupported",
            "A decoder must refuse these as unsupported, and must not call them damaged.",
            unsupported(),
        ),
    ]
}

fn folder(set: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(set)
}

fn list((set, about, cases): &Set) -> String {
    let mut list = format!(
        "# {set}\n\n{about} Written by `make pinned` from\n\
          `tests/support/conformance/`.\n\n| File | What it is | BLAKE3 of the original |\n\
         |---|---|---|\n"
    );
    for case in cases {
        let hash = case.original.as_ref().map(|original| blake3::hash(original).to_hex());
        let hash = hash.map_or("".to_owned(), |hash| hash.to_string());
        writeln!(list, "| {}.lmz | {} | {hash} |", case.name, case.about).unwrap();
    }
    list
}

fn update(sets: &[Set]) {
    for set in sets {
        let folder = folder(set.0);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("README.md"), list(set)).unwrap();
        for case in &set.2 {
            fs::write(folder.join(format!("{}.lmz", case.name)), &case.lmz).unwrap();
        }
    }
}

/// One test, because writing and reading the files must not overlap.
#[test]
fn every_file_gets_its_verdict() {
    let sets = sets();
    if std::env::var_os("LMZ_UPDATE_CONFORMANCE").is_some_and(|value| value == "1") {
        update(&sets);
    }
    let mut wrong = Vec::new();
    for set in &sets {
        let folder = folder(set.0);
        assert_eq!(fs::read_to_string(folder.join("README.md")).unwrap(), list(set));
        let mut expected = BTreeSet::from(["README.md".to_owned()]);
        for case in &set.2 {
            let name = format!("{}.lmz", case.name);
            let lmz = fs::read(folder.join(&name)).unwrap();
            assert!(lmz == case.lmz, "{}/{name}: today other bytes are written", set.0);
            let outcome = decompress(&lmz);
            let right = match (set.0, &outcome) {
                ("good", Ok(original)) => Some(original) == case.original.as_ref(),
                ("bad", Err(Error::Corrupt { .. } | Error::Limit { .. } | Error::NotLmz(_))) => {
                    true
                }
                ("unsupported", Err(Error::Unsupported(_))) => true,
                _ => false,
            };
            if !right {
                wrong.push(format!("{}/{name}: {:?}", set.0, outcome.map(|bytes| bytes.len())));
            }
            assert!(expected.insert(name), "{} twice", case.name);
        }
        let found: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(found, expected);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A block of a sound container: where it starts, and the lengths of its header, stream and LSB block.
struct Parts {
    start: usize,
    header: usize,
    stream: usize,
    lsb: usize,
}

fn last_block(lmz: &[u8]) -> Parts {
    let mut reader = Reader::new(lmz).unwrap();
    let mut last = None;
    while let Some((place, block)) = reader.next_block().unwrap() {
        last = Some(Parts {
            start: place.offset as usize,
            header: block.header_length(place.original_offset) as usize,
            stream: block.stream.len(),
            lsb: block.lsb.len(),
        });
    }
    last.unwrap()
}

/// Bytes behind the end of a stream that its decoder reads: the first that it does not is left over.
const AHEAD: usize = 6;

/// Name of a bad file, and where the fault in its last block is.
type Place = (&'static str, fn(&Parts) -> usize);

/// The offset in a message is that of the fault in the file, whoever reads it.
#[test]
fn errors_say_where_in_the_file() {
    let expected: [Place; 10] = [
        ("lsb-long", |b| b.start + b.header + b.stream + b.lsb - 1),
        // The range decoder reads this far ahead of the last decision.
        ("stream-long", |b| b.start + b.header + b.stream - 9 + AHEAD),
        ("coded-bytes-long", |b| b.start + b.header + b.stream - 9 + AHEAD),
        ("float-factor", |b| b.start + b.header),
        ("floats-long", |b| b.start + b.header),
        ("original-crc", |b| b.start),
        ("no-such-code", |b| b.start),
        ("mapping-unknown", |b| b.start),
        ("mapping-of-floats", |b| b.start),
        ("stream-short", |b| b.start + b.header + b.stream),
    ];
    let mut wrong = Vec::new();
    for (name, offset_in) in expected {
        let lmz = fs::read(folder("bad").join(format!("{name}.lmz"))).unwrap();
        let true_offset = offset_in(&last_block(&lmz)) as u64;
        let Err(Error::Corrupt { offset, reason }) = decompress(&lmz) else { panic!("{name}") };
        if offset != true_offset || !reason.starts_with("block ") {
            wrong.push(format!("{name}: {offset} in place of {true_offset}: {reason}"));
            continue;
        }
        let options = lmz::DecompressOptions::default();
        let report = lmz::pipeline::examine(std::io::Cursor::new(&lmz), &options, &mut ()).unwrap();
        let reasons: Vec<_> = report.damage.iter().map(|damage| &damage.reason).collect();
        let place = format!("at byte {true_offset}: ");
        assert!(reasons.iter().any(|reason| reason.contains(&place)), "{name}: {reasons:?}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
