//! What lmz is made of: dependencies with a reason and a licence, unsafe code in one place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::files::rust_sources;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `cargo metadata` of the whole tree, as locked.
fn metadata() -> Value {
    let run = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--all-features"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).unwrap()
}

/// First word in backticks of each row of a table.
fn rows(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn every_direct_dependency_has_a_reason() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let lmz = packages.iter().find(|package| package["name"] == "lmz").unwrap();
    let direct: BTreeSet<String> = lmz["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        // Its own dev-dependency, for the feature `unstable`.
        .filter(|name| name != "lmz")
        .collect();
    assert!(direct.len() > 10, "{direct:?}");
    let page = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    assert_eq!(rows(&page), direct);
}

/// What a library gets that wants the codec and nothing else.
#[test]
fn the_codec_alone_has_few_dependencies() {
    let run = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--no-default-features"])
        .args(["--prefix", "none", "--no-dedupe", "--format", "{p}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let tree = String::from_utf8(run.stdout).unwrap();
    let crates: BTreeSet<&str> =
        tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!((10..=35).contains(&crates.len()), "{} crates: {crates:?}", crates.len());
    for unwanted in ["anyhow", "clap", "ctrlc", "indicatif", "same-file", "serde", "signal-hook"] {
        assert!(!crates.contains(unwanted), "{unwanted}");
    }
}

/// The licences of `deny.toml`.
fn allowed_licences() -> BTreeSet<String> {
    let file = fs::read_to_string(root().join("deny.toml")).unwrap();
    let list = file.split("allow = [").nth(1).unwrap().split(']').next().unwrap().to_owned();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression can be met with what is allowed. Brackets occur around an `OR` that
/// is one side of an `AND`.
fn met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    let meets = |part: &str| part.split(" OR ").any(|one| allowed.contains(one.trim()));
    if let Some(open) = expression.find('(') {
        let close = expression.find(')').unwrap();
        let inner = met(&expression[open + 1..close], allowed);
        let stand_in = if inner { allowed.first().unwrap().as_str() } else { "none" };
        return met(&[&expression[..open], stand_in, &expression[close + 1..]].concat(), allowed);
    }
    // `AND` binds closer than `OR`.
    let all = |part: &str| part.split(" AND ").all(meets);
    expression.split(" OR ").any(all)
}

#[test]
fn expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Unicode-3.0".to_owned()]);
    for expression in ["MIT", "GPL-3.0 OR MIT", "MIT/Apache-2.0", "(MIT OR X) AND Unicode-3.0"] {
        assert!(met(expression, &allowed), "{expression}");
    }
    for expression in ["GPL-3.0", "MIT AND GPL-3.0", "(X OR Y) AND MIT", "X AND MIT OR Y"] {
        assert!(!met(expression, &allowed), "{expression}");
    }
}

#[test]
fn licences_and_sources_are_allowed() {
    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let (metadata, allowed) = (metadata(), allowed_licences());
    assert!(allowed.contains("MIT"));
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    let offences: Vec<String> = packages
        .iter()
        .filter(|package| package["name"] != "lmz" && package["name"] != "lmz-python")
        .filter_map(|package| {
            let licence = package["license"].as_str().unwrap_or("none");
            let from_crates_io = package["source"].as_str() == Some(CRATES_IO);
            let fine = from_crates_io && met(licence, &allowed);
            (!fine).then(|| format!("{}: {licence}, {}", package["name"], package["source"]))
        })
        .collect();
    assert!(offences.is_empty(), "{offences:#?}");
}

/// Where no safe way exists: a look at standard output before Rust opens it, the processor's rounding mode,
/// the kernels' dispatch, and llama.cpp. `forbid` at the crate root would not let these modules allow it, so
/// this test does.
#[test]
fn few_files_leave_safe_rust() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "examples"] {
        rust_sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 60, "only {} sources found", files.len());
    let word = ["uns", "afe"].concat();
    let mut with: Vec<PathBuf> = files
        .into_iter()
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            code.into_iter().any(|line| line.contains(&word))
        })
        .map(|file| file.strip_prefix(root()).unwrap().to_owned())
        .collect();
    with.sort();
    let known = [
        "src/bin/lmz/stdout.rs",
        "src/float_environment.rs",
        "src/lm/exact/dispatch.rs",
        "src/lm/llama/ffi.rs",
        // Sets the rounding mode as a host program may.
        "tests/library/float_environment.rs",
    ];
    assert_eq!(with, known.map(PathBuf::from));
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains(&format!("{word}_code = \"deny\"")));
}
