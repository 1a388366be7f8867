//! The table "Who may import whom" of `docs/architecture.md`, held against the `use` lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::files::rust_sources;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Module and the modules, or `module::Name`s, that it may name; from the tables of the document
/// whose first column is headed `heading`.
fn table(heading: &str) -> BTreeMap<String, Vec<String>> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let section = page.split(&format!("\n| {heading} |")).nth(1).unwrap();
    let quoted = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let rows = section.lines().skip(1).take_while(|line| line.starts_with('|'));
    let mut table = BTreeMap::new();
    for row in rows.filter(|row| row.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').collect();
        for module in quoted(cells[1]) {
            table.insert(module, quoted(cells[3]));
        }
    }
    table
}

/// The paths below `crate` that a line of code names: `density`, or `codec::Values`. A group
/// in braces counts as its module alone.
fn named(line: &str) -> Vec<String> {
    // Links in documentation are no dependencies.
    if line.trim_start().starts_with("//") {
        return Vec::new();
    }
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    line.split("crate::")
        .skip(1)
        .map(|rest| {
            let module: String = rest.chars().take_while(|&c| letter(c)).collect();
            let item: String = match rest[module.len()..].strip_prefix("::") {
                Some(rest) => rest.chars().take_while(|&c| letter(c)).collect(),
                None => String::new(),
            };
            if item.is_empty() { module } else { format!("{module}::{item}") }
        })
        .collect()
}

/// What the files below `folder` name against `table`, one line each. Crate roots re-export
/// everything.
fn offences(folder: &str, table: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let folder = root().join(folder);
    let mut files = Vec::new();
    rust_sources(&folder, &mut files);
    let mut offences = Vec::new();
    for file in files {
        let path = file.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        // The program is another crate.
        if ["lib.rs", "main.rs"].contains(&path.as_str()) || path.starts_with("bin/") {
            continue;
        }
        let module = path.split('/').next().unwrap().trim_end_matches(".rs");
        let module = module.trim_end_matches("_tests");
        let Some(allowed) = table.get(module) else {
            offences.push(format!("{module} is not in the table"));
            continue;
        };
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            for name in named(line) {
                let target = name.split("::").next().unwrap();
                let fine = target == module || allowed.iter().any(|a| *a == target || *a == name);
                if !fine {
                    offences.push(format!("{path}:{}: {name}", number + 1));
                }
            }
        }
    }
    offences
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table = table("Module");
    assert!(table.len() > 10, "{table:?}");
    let offences = offences("src", &table);
    assert!(offences.is_empty(), "against docs/architecture.md:\n{}", offences.join("\n"));
}

#[test]
fn modules_of_the_program_form_layers() {
    let mut table = table("Module of `src/bin/lmz`");
    assert!(table.len() > 10, "{table:?}");
    let offences = offences("src/bin/lmz", &table);
    assert!(offences.is_empty(), "against docs/architecture.md:\n{}", offences.join("\n"));
    // No circles: module after module can be taken away whose imports are gone.
    while !table.is_empty() {
        let free = table.iter().find(|(_, names)| names.iter().all(|n| !table.contains_key(n)));
        let free = free.map(|(module, _)| module.clone());
        table.remove(&free.unwrap_or_else(|| panic!("a circle among {:?}", table.keys())));
    }
}

#[test]
fn the_program_uses_only_the_public_interface() {
    let mut files = Vec::new();
    rust_sources(&root().join("src/bin"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("#[path"), "{} takes a library file in", file.display());
    }
}

#[test]
fn names_are_found_in_code_and_not_in_comments() {
    assert_eq!(named("use crate::density::{EXPERTS, Mixer};"), ["density"]);
    assert_eq!(named("use crate::codec::Values;"), ["codec::Values"]);
    assert_eq!(named("    f(crate::a::b(), crate::c)"), ["a::b", "c"]);
    assert!(named("/// See [`crate::Error::Model`].").is_empty());
}
