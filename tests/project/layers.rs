//! The table "Who may import whom" of `docs/architecture.md`, held against the `use` lines.

use std::collections::{BTreeMap, BTreeSet};
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

/// The modules of `edges` that lie on a circle, or on a path between two.
fn in_circles(mut edges: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let before = edges.len();
        // First those that import nothing that is left, then those that nothing left imports.
        let left: BTreeSet<String> = edges.keys().cloned().collect();
        edges.retain(|_, targets| targets.iter().any(|target| left.contains(target)));
        let imported: BTreeSet<String> = edges.values().flatten().cloned().collect();
        edges.retain(|module, _| imported.contains(module));
        if edges.len() == before {
            return edges.into_keys().collect();
        }
    }
}

/// The code of each module of the program without its tests: `bench::plan`, and `` for `main.rs`.
fn program_modules() -> BTreeMap<String, String> {
    let folder = root().join("src/bin/lmz");
    let mut files = Vec::new();
    rust_sources(&folder, &mut files);
    let mut modules = BTreeMap::new();
    for file in files {
        let path = file.strip_prefix(&folder).unwrap().with_extension("");
        let mut parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
        let last = *parts.last().unwrap();
        if last == "tests" || last.ends_with("_tests") {
            continue;
        }
        if last == "mod" || path.as_os_str() == "main" {
            parts.pop();
        }
        let text = fs::read_to_string(&file).unwrap();
        // Tests stand at the end of a file.
        let tests =
            |line: &&str| line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test");
        let code = text.lines().take_while(|line| !tests(line));
        let code = code.filter(|line| !line.trim_start().starts_with("//"));
        modules.insert(parts.join("::"), code.collect::<Vec<_>>().join("\n"));
    }
    modules
}

/// The paths in `code` that begin with `crate` or `super`, with groups in braces written out.
fn named_paths(code: &str) -> Vec<String> {
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(in_name) {
                continue;
            }
            let rest = &code[at..];
            let path: String = rest.chars().take_while(|&c| in_name(c)).collect();
            match rest[path.len()..].strip_prefix('{') {
                Some(group) => paths.extend(members(group).iter().map(|m| format!("{path}{m}"))),
                None => paths.push(path),
            }
        }
    }
    paths
}

/// The members of a group of imports, given what follows its opening brace. Groups within it count as
/// what they are groups of.
fn members(group: &str) -> Vec<String> {
    let mut members = vec![String::new()];
    let mut depth = 0;
    for c in group.chars().filter(|c| !c.is_whitespace()) {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ if depth == 0 => members.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    members.retain(|member| !member.is_empty());
    members
}

/// The module that `path` in `module` leads to.
fn resolved(module: &str, path: &str, modules: &BTreeMap<String, String>) -> String {
    let mut at = Some(module.to_owned());
    let mut rest = path;
    if let Some(below) = rest.strip_prefix("crate::") {
        (at, rest) = (Some(String::new()), below);
    }
    while let Some(below) = rest.strip_prefix("super::") {
        (at, rest) = (at.and_then(|at| parent(&at)), below);
    }
    let mut at = at.unwrap_or_else(|| panic!("{path} in {module} leads out of the program"));
    for part in rest.split("::") {
        let deeper = if at.is_empty() { part.to_owned() } else { format!("{at}::{part}") };
        if !modules.contains_key(&deeper) {
            break;
        }
        at = deeper;
    }
    at
}

/// The module that declares `module`; `None` for that of `main.rs`.
fn parent(module: &str) -> Option<String> {
    let above = module.rsplit_once("::").map_or("", |(above, _)| above);
    (!module.is_empty()).then(|| above.to_owned())
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
    let table = table("Module of `src/bin/lmz`");
    assert!(table.len() > 10, "{table:?}");
    let offences = offences("src/bin/lmz", &table);
    assert!(offences.is_empty(), "against docs/architecture.md:\n{}", offences.join("\n"));
    let edges = table.into_iter().map(|(module, names)| (module, names.into_iter().collect()));
    let circle = in_circles(edges.collect());
    assert!(circle.is_empty(), "in docs/architecture.md: {circle:?}");
}

#[test]
fn no_files_of_the_program_import_each_other_in_a_circle() {
    let modules = program_modules();
    assert!(modules.len() > 40, "{:?}", modules.keys());
    let edges = modules.iter().map(|(module, code)| {
        let named = named_paths(code).into_iter().map(|path| resolved(module, &path, &modules));
        // A module declares those below it, and may use and re-export all that is in them.
        let below = modules.keys().filter(|other| parent(other).as_ref() == Some(module));
        let mut targets: BTreeSet<String> = named.chain(below.cloned()).collect();
        targets.remove(module);
        (module.clone(), targets)
    });
    let circle = in_circles(edges.collect());
    assert!(circle.is_empty(), "these files import each other: {circle:?}");
}

#[test]
fn the_program_uses_only_the_public_interface() {
    let mut files = Vec::new();
    rust_sources(&root().join("src/bin"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let beyond = |line: &str| line.contains("#[path") && line.contains('/');
        assert!(!text.lines().any(beyond), "{} takes a library file in", file.display());
    }
}

#[test]
fn names_are_found_in_code_and_not_in_comments() {
    assert_eq!(named("use crate::density::{EXPERTS, Mixer};"), ["density"]);
    assert_eq!(named("use crate::codec::Values;"), ["codec::Values"]);
    assert_eq!(named("    f(crate::a::b(), crate::c)"), ["a::b", "c"]);
    assert!(named("/// See [`crate::Error::Model`].").is_empty());
}

#[test]
fn circles_are_found_through_groups_and_parents() {
    let code = "use super::{html, table::{a, b}};\nlet x = crate::args::bench::Level;";
    assert_eq!(named_paths(code), ["crate::args::bench::Level", "super::html", "super::table::"]);
    let names = ["", "args", "args::bench", "bench", "bench::html", "bench::table"];
    let modules = names.map(|name| (name.to_owned(), String::new())).into();
    let found = named_paths(code).into_iter().map(|path| resolved("bench::html", &path, &modules));
    assert_eq!(found.collect::<Vec<_>>(), ["args::bench", "bench::html", "bench::table"]);
    assert_eq!(resolved("bench::html", "super::write", &modules), "bench");

    let edges = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")];
    let edges = edges.map(|(from, to)| (from.to_owned(), to.to_owned()));
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in edges {
        graph.entry(from).or_default().insert(to);
    }
    assert_eq!(in_circles(graph), ["b", "c"]);
}
