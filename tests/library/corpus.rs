//! Round trips over a folder of unusual WAV files, when there is one beside the checkout.

use std::fs;
use std::path::Path;

use crate::support::round_trip;

#[test]
fn unusual_files_come_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/odd");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no measuring corpus at {}", folder.display());
        return;
    };
    let mut tried = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wav") {
            continue;
        }
        let original = fs::read(&path).unwrap();
        let name = path.display().to_string();
        let mut lmz = Vec::new();
        let outcome = lmz::pipeline::compress(
            original.as_slice(),
            &mut lmz,
            &lmz::pipeline::CompressOptions::default(),
            &mut (),
        );
        match outcome {
            Ok(_) => drop(round_trip(&original, &name)),
            // Some files of the collection are crash reports of other parsers.
            Err(lmz::Error::NotWav(reason)) => eprintln!("{name}: {reason}"),
            Err(error) => panic!("{name}: {error}"),
        }
        tried += 1;
    }
    eprintln!("{tried} files");
}
