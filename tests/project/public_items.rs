//! How much there is to learn: what a program can name without the feature `unstable`.
//!
//! Counted as `cargo public-api -sss` lists it: every type, trait and function that `src/lib.rs` exports, and
//! each of their public methods, constants, fields and variants, and fields of variants. What is hidden from
//! the documentation is left out, and so are implementations of traits, which add no names.

#![allow(clippy::print_stdout, reason = "a test says what it has counted")]

use std::fs;
use std::path::Path;

use crate::support::files::rust_sources;

const MOST: usize = 120;

/// Whether an attribute takes what follows out of the documentation of a build without `unstable`.
fn hides(attribute: &str) -> bool {
    attribute.contains("doc(hidden)") || attribute.contains("feature = \"unstable\"")
}

/// Names that `src/lib.rs` re-exports for everybody.
fn exported(library: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut hidden = false;
    let mut statement = String::new();
    for line in library.lines() {
        if line.starts_with("#[") {
            hidden |= hides(line);
            continue;
        }
        if statement.is_empty() && !line.starts_with("pub use ") {
            hidden = false;
            continue;
        }
        statement.push_str(line);
        if !line.ends_with(';') {
            continue;
        }
        let list = std::mem::take(&mut statement);
        let list = list.rsplit("::").next().unwrap().trim_matches(|c| "{};".contains(c));
        if !hidden {
            names.extend(list.split(',').map(|name| name.trim().to_owned()));
        }
        hidden = false;
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The text of blocks whose first line starts with `head` followed by no letter, up to the brace that
/// closes them.
fn blocks<'a>(source: &'a str, head: &str) -> Vec<&'a str> {
    let starts =
        source.match_indices(head).filter(|&(at, _)| at == 0 || source[..at].ends_with('\n'));
    starts
        .map(|(at, _)| &source[at..])
        .filter(|rest| !rest[head.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        .map(|rest| rest.split("\n}").next().unwrap())
        .filter(|block| block.contains("{\n"))
        .collect()
}

/// Lines of a block that declare something, by `declares`, and are not hidden.
fn shown(block: &str, declares: impl Fn(&str) -> bool) -> usize {
    let (mut count, mut hidden) = (0, false);
    for line in block.lines().skip(1) {
        if line.trim_start().starts_with("#[") {
            hidden |= hides(line);
        } else if !line.trim_start().starts_with("//") {
            count += usize::from(declares(line) && !hidden);
            hidden = false;
        }
    }
    count
}

/// Variants and their named fields.
fn variant(line: &str) -> bool {
    let name = line.trim_start();
    let first = name.chars().next().unwrap_or(' ');
    match line.len() - name.len() {
        4 => first.is_uppercase(),
        8 => first.is_lowercase(),
        _ => false,
    }
}

/// Number of the methods, constants, fields and variants of an exported name.
fn members(name: &str, sources: &[String]) -> usize {
    let mut count = 0;
    for source in sources {
        for block in blocks(source, &format!("pub trait {name}")) {
            count += shown(block, |line| line.starts_with("    fn "));
        }
        for block in blocks(source, &format!("pub struct {name}")) {
            count += shown(block, |line| line.starts_with("    pub "));
        }
        for block in blocks(source, &format!("pub enum {name}")) {
            count += shown(block, variant);
        }
        let inherent = source.split("\nimpl").skip(1).filter(|rest| {
            let head = rest.split(" {\n").next().unwrap();
            let named = head.rsplit("> ").next().unwrap().trim_start();
            !head.contains(" for ") && named.split('<').next().unwrap() == name
        });
        for rest in inherent {
            let block = rest.split("\n}").next().unwrap();
            count += shown(block, |line| {
                ["    pub fn ", "    pub const "].iter().any(|start| line.starts_with(start))
            });
        }
    }
    count
}

/// The exported names, and the sources of the library.
fn names_and_sources() -> (Vec<String>, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    rust_sources(&root, &mut paths);
    let sources = paths
        .into_iter()
        .filter(|path| !path.starts_with(root.join("bin")))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    (exported(&fs::read_to_string(root.join("lib.rs")).unwrap()), sources)
}

/// So that a variant or a field can be added in any release.
#[test]
fn enums_and_structs_with_fields_are_non_exhaustive() {
    let (names, sources) = names_and_sources();
    let mut seen = 0;
    for name in &names {
        for (kind, source) in
            sources.iter().flat_map(|source| [("enum", source), ("struct", source)])
        {
            for block in blocks(source, &format!("pub {kind} {name}")) {
                let open = kind == "enum" || shown(block, |line| line.starts_with("    pub ")) > 0;
                let at = source.find(block).unwrap();
                let attributes =
                    source[..at].lines().rev().take_while(|line| line.starts_with('#'));
                let marked = attributes.into_iter().any(|line| line == "#[non_exhaustive]");
                assert!(marked || !open, "{name}");
                seen += usize::from(open);
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn the_public_interface_is_small() {
    let (names, sources) = names_and_sources();
    assert!(names.len() > 20 && names.contains(&"Encoder".to_owned()), "{names:?}");
    let mut items = names.len();
    for name in &names {
        let members = members(name, &sources);
        println!("{name}: {members}");
        items += members;
    }
    println!("{items} public items");
    // Methods, fields, variants with their fields, and what is hidden.
    assert!(members("Encoder", &sources) >= 8 && members("Summary", &sources) == 7);
    assert!(members("SampleKind", &sources) == 5 && members("ModelProvider", &sources) == 0);
    assert!(items <= MOST, "{items} public items");
}
