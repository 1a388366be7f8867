//! `tools/lmz_decode.py`, a decoder written from the specification alone, against the same files
//! as the decoder of this crate: what it cannot decode, the specification does not say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use crate::support::conformance::{bad, good, unsupported};
use crate::support::golden;

// Exit codes of the program.
const DECODED: i32 = 0;
const DAMAGED: i32 = 3;
const UNSUPPORTED: i32 = 4;
const NEEDS_MODEL: i32 = 5;

/// A file, what the program must say of it, and what it must write.
struct Case {
    lmz: PathBuf,
    code: i32,
    original: Option<Vec<u8>>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program on one file; what is wrong with the outcome, if anything.
fn check(case: &Case, out: &Path) -> Option<String> {
    let name = case.lmz.strip_prefix(root()).unwrap().display();
    let run = Command::new("python3")
        .arg(root().join("tools/lmz_decode.py"))
        .arg(&case.lmz)
        .arg(out)
        .output()
        .unwrap_or_else(|error| panic!("python3 is needed for this test: {error}"));
    let said = String::from_utf8_lossy(&run.stderr);
    if run.status.code() != Some(case.code) {
        return Some(format!("{name}: {} instead of {}: {said}", run.status, case.code));
    }
    match (&case.original, fs::read(out)) {
        (Some(original), Ok(written)) if written == *original => {
            fs::remove_file(out).unwrap();
            None
        }
        (None, Err(_)) => None,
        (Some(_), _) => Some(format!("{name}: decodes to other bytes")),
        (None, Ok(_)) => Some(format!("{name}: refused, but something was written")),
    }
}

/// All cases, on as many threads as there are processors.
fn check_all(cases: Vec<Case>) {
    let folder = tempfile::tempdir().unwrap();
    let (next, wrong) = (Mutex::new(cases.into_iter()), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for i in 0..threads {
            let (next, wrong, out) = (&next, &wrong, folder.path().join(i.to_string()));
            scope.spawn(move || {
                loop {
                    let case = next.lock().unwrap().next();
                    let Some(case) = case else { break };
                    wrong.lock().unwrap().extend(check(&case, &out));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn it_decodes_the_golden_files_and_the_example() {
    let fixtures = root().join("fixtures");
    let example = root().join("format-spec/examples");
    let mut cases: Vec<Case> = golden::all()
        .into_iter()
        .map(|golden| Case {
            lmz: fixtures.join("golden").join(format!("{}.lmz", golden.name)),
            code: DECODED,
            original: Some(golden.original),
        })
        .collect();
    cases.push(Case {
        lmz: example.join("tiny.lmz"),
        code: DECODED,
        original: Some(fs::read(example.join("tiny.wav")).unwrap()),
    });
    cases.push(Case {
        lmz: fixtures.join("lm/song.lmz"),
        code: DECODED,
        original: Some(fs::read(fixtures.join("lm/song.wav")).unwrap()),
    });
    check_all(cases);
}

/// The table of format-spec/exact-engine.md, §9: model, number of steps, vector.
fn vectors() -> Vec<(String, u32, String)> {
    let text = fs::read_to_string(root().join("format-spec/exact-engine.md")).unwrap();
    let section = text.split("## 9. Test vectors").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut model = String::new();
    let mut out = Vec::new();
    for line in section.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[name, steps, vector] = cells.as_slice() else { continue };
        let Ok(steps) = steps.parse() else { continue };
        if !name.is_empty() {
            name.trim_matches('`').clone_into(&mut model);
        }
        out.push((model.clone(), steps, vector.trim_matches('`').to_owned()));
    }
    out
}

#[test]
fn it_computes_the_vectors_of_the_exact_engine() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 9);
    for of_a_model in vectors.chunk_by(|a, b| a.0 == b.0) {
        // More would take long, and nothing new happens after the first move of the window.
        let short: Vec<_> = of_a_model.iter().filter(|v| v.1 <= 300).collect();
        let run = Command::new("python3")
            .arg(root().join("tools/lmz_probe.py"))
            .arg(root().join(&of_a_model[0].0))
            .args(short.iter().map(|v| v.1.to_string()))
            .output()
            .unwrap();
        let said: Vec<String> = short.iter().map(|v| format!("{} {}", v.1, v.2)).collect();
        let printed = String::from_utf8_lossy(&run.stdout);
        assert_eq!(printed.lines().collect::<Vec<_>>(), said, "{}: {run:?}", of_a_model[0].0);
    }
}

#[test]
fn it_refuses_what_is_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = fs::read(root().join("fixtures/models/numbers.gguf")).unwrap();
    let key = b"llama.block_count\x04\0\0\0";
    let at = model.windows(key.len()).position(|w| w == key).unwrap() + key.len();
    let mut many_layers = model.clone();
    many_layers[at..at + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    for (name, bytes, word) in [
        ("empty", &b""[..], "ends"),
        ("cut", &model[..model.len() / 2], "within the file"),
        ("layers", &many_layers, "the number of layers"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let run = Command::new("python3")
            .args([&root().join("tools/lmz_probe.py"), &path])
            .arg("1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(NEEDS_MODEL), "{name}: {said}");
        assert!(said.contains(word), "{name}: {said}");
    }
}

#[test]
fn it_agrees_on_the_conformance_sets() {
    let sets = [
        ("good", DECODED, good()),
        ("bad", DAMAGED, bad()),
        ("unsupported", UNSUPPORTED, unsupported()),
    ];
    let mut all = Vec::new();
    for (set, code, cases) in sets {
        all.extend(cases.into_iter().map(|case| Case {
            lmz: root().join("fixtures").join(set).join(format!("{}.lmz", case.name)),
            code,
            original: case.original,
        }));
    }
    check_all(all);
}
