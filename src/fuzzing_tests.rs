//! Replays what fuzzers have found, and a little of what they start from.

use std::fs;
use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;

use crate::fuzzing::{self, TARGETS};

/// Runs every file of `folder` through `target`; returns their number.
fn replay(folder: &Path, target: fn(&[u8])) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        println!("{}", file.display());
        target(&fs::read(file).unwrap());
    }
    files.len()
}

/// Every input that once broke something: `fixtures/crashes/TARGET/*`.
#[test]
fn crashes_stay_fixed() {
    let crashes = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crashes");
    let mut replayed = 0;
    for (name, target) in TARGETS {
        replayed += replay(&crashes.join(name), target);
    }
    println!("{replayed} inputs");
    // A folder that no target reads would be replayed by nothing.
    for entry in fs::read_dir(&crashes).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || TARGETS.iter().any(|(target, _)| *target == name), "{name}");
    }
}

/// Without a fuzzer: pseudo-random bytes, and the golden files as they are and with changed bytes.
#[test]
fn every_target_runs() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden");
    let mut seeds: Vec<Vec<u8>> = fs::read_dir(golden)
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .filter(|bytes| bytes.len() < 1_500)
        .collect();
    seeds.sort();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as usize
    };
    for (name, target) in TARGETS {
        println!("{name}");
        for round in 0..150 {
            let mut input = match round % 2 {
                0 => (0..random() % 400).map(|_| random() as u8).collect(),
                _ => seeds[random() % seeds.len()].clone(),
            };
            for _ in 0..round % 5 {
                if !input.is_empty() {
                    let at = random() % input.len();
                    input[at] = random() as u8;
                }
            }
            target(&input);
        }
    }
}

/// Small golden files, to change.
fn small_files() -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files: Vec<Vec<u8>> = ["golden", "good"]
        .iter()
        .flat_map(|folder| fs::read_dir(fixtures.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lmz"))
        .map(|path| fs::read(path).unwrap())
        .filter(|bytes| bytes.len() < 3_000)
        .collect();
    files.sort();
    files
}

/// Runs files with changed structures and right checksums through decompress and salvage. The same
/// round always makes the same file.
fn structures_are_mutated(rounds: Range<u64>) {
    const CHOICES: usize = 96;
    let seeds = small_files();
    assert!(seeds.len() > 20, "{}", seeds.len());
    let mut stream = blake3::Hasher::new().update(b"structures").finalize_xof();
    stream.set_position(rounds.start * CHOICES as u64);
    for round in rounds.clone() {
        let mut choices = [0; CHOICES];
        stream.fill(&mut choices);
        if round > rounds.start && round % 10_000 == 0 {
            println!("{} files", round - rounds.start);
        }
        let file = fuzzing::mutated(&seeds, &choices);
        if let Err(panic) = std::panic::catch_unwind(|| fuzzing::structures(&file)) {
            let kept = std::env::temp_dir().join("lmz-structures-finding.lmz");
            fs::write(&kept, &file).unwrap();
            println!("round {round}: {}", kept.display());
            std::panic::resume_unwind(panic);
        }
    }
    // All threads and files together; one file may take some tens of megabytes.
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
        println!("{} files, at most {kilobytes} kB", rounds.end - rounds.start);
        assert!(kilobytes < 1_000_000, "{kilobytes} kB");
    }
}

#[test]
fn mutated_structures_are_refused_or_restored() {
    structures_are_mutated(0..400);
}

/// `LMZ_SOAK` is the number of files, `LMZ_SOAK_FROM` the first one's, so that a soak can be cut into parts.
#[test]
#[ignore = "takes an hour"]
fn a_million_mutated_structures() {
    let setting = |name| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let first = setting("LMZ_SOAK_FROM").unwrap_or(0);
    structures_are_mutated(first..first + setting("LMZ_SOAK").unwrap_or(1_000_000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// In every state that samples lead to, each rank of each set has a path of its own whose
    /// probabilities are legal, the decoder finds the same ones, and together they add up to one:
    /// so the distribution function over the ranks is complete, and cannot fall.
    #[test]
    fn distributions_are_complete_in_every_state(
        choices in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        fuzzing::density(&choices);
    }

    #[test]
    fn decisions_of_any_probability_come_back(
        script in proptest::collection::vec(any::<u8>(), 0..900),
    ) {
        fuzzing::range_coder(&script);
    }

    #[test]
    fn the_byte_model_returns_any_bytes(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        fuzzing::byte_model(&bytes);
    }
}
