//! Which output belongs to which input; decided for the whole command line before any work.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Component, Path, PathBuf};

use lmz::lm::identity::hex;

use crate::args::OutputArgs;
use crate::failure::Usage;

/// Extension of compressed files.
pub const LMZ: &str = "lmz";

/// Extensions of files whose headers describe their samples.
pub const AUDIO_ENDINGS: [&str; 10] =
    [".wav", ".wave", ".bwf", ".rf64", ".bw64", ".w64", ".aif", ".aiff", ".aifc", ".caf"];

/// Extensions of files with nothing but samples.
const RAW_ENDINGS: [&str; 2] = [".raw", ".pcm"];

/// Which way files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Compress,
    Decompress,
}

/// Where bytes come from or go to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Standard input or output.
    Pipe,
    File(PathBuf),
}

impl Place {
    pub fn new(path: &Path) -> Self {
        if path == Path::new("-") { Place::Pipe } else { Place::File(path.to_owned()) }
    }

    /// For messages.
    pub fn name(&self) -> String {
        shown(Path::new(&self.exact_name()))
    }

    /// Bytes of a name that is not UTF-8, in hexadecimal digits.
    pub fn odd_name(&self) -> Option<String> {
        let Place::File(path) = self else { return None };
        let bytes = path.as_os_str().as_encoded_bytes();
        path.to_str().is_none().then(|| hex(bytes))
    }

    /// For programs: as it is, but for bytes that are not UTF-8.
    pub fn exact_name(&self) -> String {
        match self {
            Place::Pipe => "-".to_owned(),
            Place::File(path) => path.display().to_string(),
        }
    }
}

/// A path for messages. A name may hold line ends and what terminals take for commands.
pub fn shown(path: &Path) -> String {
    let mut text = String::new();
    for c in path.display().to_string().chars() {
        match c.is_control() {
            true => text.extend(c.escape_debug()),
            false => text.push(c),
        }
    }
    text
}

/// One file to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub input: Place,
    pub output: Place,
    /// Length of the input in bytes, if it is a regular file.
    pub length: Option<u64>,
    /// Folders on the way to the output are made where they are missing.
    pub make_folders: bool,
}

impl Job {
    pub fn new(input: Place, output: Place) -> Self {
        let length = match &input {
            Place::Pipe => None,
            Place::File(path) => fs::metadata(path).ok().filter(|found| found.is_file()),
        };
        let length = length.map(|metadata| metadata.len());
        Job { input, output, length, make_folders: false }
    }
}

/// Pairs every input with its output; `mirrored` paths are those under an output folder.
///
/// # Errors
/// [`Usage`] when two inputs have one output, or an output is an input.
pub fn plan(
    inputs: &[(PathBuf, Option<PathBuf>)],
    wanted: &OutputArgs,
    direction: Direction,
) -> Result<Vec<Job>, Usage> {
    let out = if wanted.stdout { Some(Path::new("-")) } else { wanted.output.as_deref() };
    let any_mirrored = inputs.iter().any(|(_, mirrored)| mirrored.is_some());
    let folder = out.filter(|out| {
        *out != Path::new("-") && (out.is_dir() || any_mirrored || ends_in_separator(out))
    });
    if let (Some(out), None, 2..) = (out, folder, inputs.len()) {
        return Err(no_place_for(inputs.len(), out));
    }
    let flat = all_names_differ(inputs, direction);
    let mut jobs = Vec::new();
    let mut outputs = HashSet::new();
    for (path, mirrored) in inputs {
        let input = Place::new(path);
        let output = match (out, folder, &input) {
            (_, Some(folder), Place::File(path)) => {
                let below = match mirrored {
                    Some(mirrored) => mirrored.clone(),
                    None if flat => PathBuf::from(file_name(path)),
                    None => under_output(path),
                };
                let name = output_name(file_name(&below), direction)?;
                Place::File(folder.join(below.with_file_name(name)))
            }
            (_, Some(folder), Place::Pipe) => return Err(no_name_in(folder)),
            (Some(out), None, _) => Place::new(out),
            (None, _, Place::File(path)) => {
                Place::File(path.with_file_name(output_name(file_name(path), direction)?))
            }
            (None, _, Place::Pipe) => Place::Pipe,
        };
        check(&input, &output, wanted.force)?;
        if !outputs.insert(resolved(&output)) {
            return Err(Usage(format!("two inputs have the same output: {}", output.name())));
        }
        jobs.push(Job { make_folders: folder.is_some(), ..Job::new(input, output) });
    }
    Ok(jobs)
}

/// Several inputs with `out`, which is not a folder, for output.
fn no_place_for(count: usize, out: &Path) -> Usage {
    if out == Path::new("-") {
        return Usage(format!("{count} inputs cannot go to standard output together"));
    }
    let out = shown(out);
    Usage(format!(
        "{count} inputs need an output folder, but {out} is not one; -o {out}/ creates it"
    ))
}

fn no_name_in(folder: &Path) -> Usage {
    Usage(format!("standard input has no name: name the output file in {}", shown(folder)))
}

fn file_name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or(path.as_os_str())
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&b| std::path::is_separator(b.into()))
}

/// Whether inputs named one by one can lie in one folder. If not, they keep their folders.
fn all_names_differ(inputs: &[(PathBuf, Option<PathBuf>)], direction: Direction) -> bool {
    let mut seen = HashSet::new();
    let plain = inputs.iter().filter(|(_, mirrored)| mirrored.is_none());
    plain
        .map(|(path, _)| output_name(file_name(path), direction).ok())
        .all(|name| seen.insert(name))
}

/// A path as it appears under an output folder: what leads out of it is left out.
pub fn under_output(path: &Path) -> PathBuf {
    let mut kept = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => kept.push(name),
            Component::ParentDir => kept = PathBuf::new(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    kept
}

fn check(input: &Place, output: &Place, force: bool) -> Result<(), Usage> {
    match (input, output) {
        (_, Place::Pipe) if io::stdout().is_terminal() && !force => {
            Err(Usage("refusing to write binary data to a terminal; -f does it anyway".to_owned()))
        }
        (Place::File(input), Place::File(output)) if same_file(input, output) => {
            Err(Usage(format!("{} is both the input and the output", shown(input))))
        }
        _ => Ok(()),
    }
}

/// The output with its folder written in one way only, so that equal ones are equal.
fn resolved(output: &Place) -> Place {
    let Place::File(path) = output else { return Place::Pipe };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => Place::File(folder.join(name)),
        _ => output.clone(),
    }
}

/// Whether both paths name the same existing file, whatever the links on the way.
fn same_file(one: &Path, other: &Path) -> bool {
    // Comparing opens both, and opening a named pipe takes away what its writer has to say, or
    // waits for one. A missing file is not the same as another.
    let regular = |path: &Path| fs::metadata(path).is_ok_and(|found| found.is_file());
    regular(one) && regular(other) && same_file::is_same_file(one, other).unwrap_or(false)
}

/// Name of the output for an input called `name`.
fn output_name(name: &OsStr, direction: Direction) -> Result<OsString, Usage> {
    match direction {
        // Only the usual ending is dropped: `decompress` restores no other.
        Direction::Compress => {
            let mut out = without(name, "wav").unwrap_or_else(|| name.to_owned());
            out.push(".");
            out.push(LMZ);
            Ok(out)
        }
        Direction::Decompress => {
            let mut out = without(name, LMZ).ok_or_else(|| {
                Usage(format!(
                    "{} does not end in .{LMZ}: name the output with -o",
                    shown(Path::new(name))
                ))
            })?;
            // Names that had another ending than the usual one keep it.
            let lower = out.to_string_lossy().to_lowercase();
            if !AUDIO_ENDINGS.iter().chain(&RAW_ENDINGS).any(|ending| lower.ends_with(ending)) {
                out.push(".wav");
            }
            Ok(out)
        }
    }
}

/// `name` without its extension; `None` if it has another, or is nothing else.
fn without(name: &OsStr, extension: &str) -> Option<OsString> {
    let path = Path::new(name);
    let stem = path.file_stem().filter(|_| path.extension() == Some(OsStr::new(extension)));
    stem.map(OsStr::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str, direction: Direction) -> String {
        output_name(OsStr::new(name), direction).unwrap().into_string().unwrap()
    }

    #[test]
    fn names_cannot_command_a_terminal() {
        assert_eq!(shown(Path::new("a\n\u{1b}[31mé.wav")), "a\\n\\u{1b}[31mé.wav");
    }

    #[test]
    fn paths_stay_under_the_output() {
        for (path, kept) in [
            ("album", "album"),
            ("./album/", "album"),
            ("/mnt/a/b", "mnt/a/b"),
            ("../../x/y", "x/y"),
            ("a/../b", "b"),
            (".", ""),
        ] {
            assert_eq!(under_output(Path::new(path)), Path::new(kept), "{path}");
        }
    }

    #[test]
    fn equal_names_keep_their_folders() {
        let inputs = |names: &[&str]| -> Vec<_> {
            names.iter().map(|name| (PathBuf::from(name), None)).collect()
        };
        let wanted = OutputArgs { output: Some("out/".into()), ..OutputArgs::default() };
        let outputs = |names: &[&str]| -> Vec<String> {
            let jobs = plan(&inputs(names), &wanted, Direction::Compress).unwrap();
            jobs.iter().map(|job| job.output.name()).collect()
        };
        assert_eq!(outputs(&["a/x.wav", "b/y.wav"]), ["out/x.lmz", "out/y.lmz"]);
        assert_eq!(outputs(&["a/x.wav", "b/x.wav"]), ["out/a/x.lmz", "out/b/x.lmz"]);
    }

    #[test]
    fn names_come_back() {
        for (original, compressed) in [
            ("song.wav", "song.lmz"),
            ("my.song.wav", "my.song.lmz"),
            ("SONG.WAV", "SONG.WAV.lmz"),
            ("take.bwf", "take.bwf.lmz"),
            (".wav", ".wav.lmz"),
        ] {
            assert_eq!(name(original, Direction::Compress), compressed);
            assert_eq!(name(compressed, Direction::Decompress), original);
        }
        assert!(output_name(OsStr::new("song.wav"), Direction::Decompress).is_err());
        assert!(output_name(OsStr::new(".lmz"), Direction::Decompress).is_err());
    }
}
