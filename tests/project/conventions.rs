//! Where unit tests stand, and how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::files::rust_sources;

/// Lines of a file, its tests included: what is longer holds two things.
const MOST_LINES: usize = 600;

fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in folders {
        rust_sources(&root.join(folder), &mut files);
    }
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

/// What is wrong with the place of the tests of a file.
fn misplaced(file: &Path, source: &str) -> Option<String> {
    let name = file.file_stem().unwrap().to_str().unwrap();
    let fault = |what: &str| Some(format!("{}: {what}", file.display()));
    if let Some(of) = name.strip_suffix("_tests") {
        let found = file.with_file_name(format!("{of}.rs")).exists();
        // `fuzzing_tests.rs` and the like are modules of the crate root too.
        return if found { None } else { fault("tests of no file") };
    }
    let mods: Vec<_> = source.match_indices("mod tests").map(|(at, _)| at).collect();
    let &[at] = mods.as_slice() else {
        let alone = name == "tests" || mods.is_empty() && !source.contains("#[test]");
        return if alone { None } else { fault("tests outside `mod tests`, or two of these") };
    };
    let (before, rest) = source.split_at(at);
    if rest.starts_with("mod tests;") {
        let path = format!("#[path = \"{name}_tests.rs\"]");
        let named = before.trim_end_matches("pub(crate) ").trim_end().ends_with(&path);
        return if named || name == "mod" { None } else { fault("mod tests; without its #[path]") };
    }
    let end = rest.find("\n}").map_or(rest.len(), |end| end + 2);
    if rest[end..].trim().is_empty() { None } else { fault("tests that are not at its end") }
}

#[test]
fn unit_tests_stand_where_contributing_says() {
    let files = sources(&["src"]);
    assert!(files.len() > 150, "{} files", files.len());
    let faults: Vec<_> = files.iter().filter_map(|(file, text)| misplaced(file, text)).collect();
    assert!(faults.is_empty(), "{faults:#?}");

    let path = Path::new("src/a.rs");
    let wrong = |text: &str| misplaced(path, text).is_some();
    assert!(wrong("#[test]\nfn a() {}\n"));
    assert!(wrong("#[cfg(test)]\nmod tests;\n"));
    assert!(wrong("#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() {}\n}\n\nfn b() {}\n"));
    assert!(!wrong("#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\n"));
}

#[test]
fn no_file_is_too_long() {
    for (file, text) in sources(&["src", "tests", "tools/dev", "examples", "python/src"]) {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{}: {lines} lines", file.display());
    }
}
