//! How much there is to learn: what a program can name without the feature `unstable`.

#![allow(clippy::print_stdout, reason = "a test says what it has counted")]

use std::fs;
use std::path::Path;

use crate::support::files::rust_sources;

/// Types, traits, functions and methods.
const MOST_ITEMS: usize = 120;
/// With the fields and variants of reports, errors and options, which are data.
const MOST_WITH_DATA: usize = 209;

/// Names that `src/lib.rs` re-exports for everybody.
fn exported(library: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut hidden = false;
    let mut statement = String::new();
    for line in library.lines() {
        if line.starts_with("#[") {
            hidden |= line.contains("\"unstable\"") || line.contains("doc(hidden)");
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

fn lines_with(block: &str, start: &[&str]) -> usize {
    block.lines().filter(|line| start.iter().any(|start| line.starts_with(start))).count()
}

/// Methods, and fields and variants, of an exported name.
fn members(name: &str, sources: &[String]) -> (usize, usize) {
    let (mut methods, mut data) = (0, 0);
    for source in sources {
        for block in blocks(source, &format!("pub trait {name}")) {
            methods += lines_with(block, &["    fn "]);
        }
        for block in blocks(source, &format!("pub struct {name}")) {
            data += lines_with(block, &["    pub "]);
        }
        for block in blocks(source, &format!("pub enum {name}")) {
            let of_data = |line: &&str| {
                let indent = line.len() - line.trim_start().len();
                let first = line.trim_start().chars().next().unwrap_or(' ');
                indent == 4 && first.is_uppercase() || indent == 8 && first.is_lowercase()
            };
            data += block.lines().filter(of_data).count();
        }
        let inherent = source.split("\nimpl").skip(1).filter(|rest| {
            let head = rest.split(" {\n").next().unwrap();
            let named = head.rsplit("> ").next().unwrap().trim_start();
            !head.contains(" for ") && named.split('<').next().unwrap() == name
        });
        for rest in inherent {
            let block = rest.split("\n}").next().unwrap();
            methods += lines_with(block, &["    pub fn ", "    pub const "]);
        }
    }
    (methods, data)
}

#[test]
fn the_public_interface_is_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    rust_sources(&root, &mut paths);
    let sources: Vec<String> = paths
        .into_iter()
        .filter(|path| !path.starts_with(root.join("bin")))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let names = exported(&fs::read_to_string(root.join("lib.rs")).unwrap());
    assert!(names.len() > 20 && names.contains(&"Encoder".to_owned()), "{names:?}");
    let (mut items, mut data) = (names.len(), 0);
    for name in &names {
        let (of_methods, of_data) = members(name, &sources);
        println!("{name}: {of_methods} methods, {of_data} fields and variants");
        items += of_methods;
        data += of_data;
    }
    println!("{items} public items, and {data} fields and variants");
    assert!(members("Encoder", &sources).0 >= 8 && members("Summary", &sources).1 >= 7);
    assert!(items <= MOST_ITEMS, "{items} public items");
    assert!(items + data <= MOST_WITH_DATA, "{} with fields and variants", items + data);
}
