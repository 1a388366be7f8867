//! Which output belongs to which input; decided for the whole command line before any work.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::args::OutputArgs;
use crate::failure::Usage;

/// Extension of compressed files.
const LMZ: &str = "lmz";

/// Endings that `decompress` takes for those of a WAV file. To other names it adds ".wav".
const WAV_ENDINGS: [&str; 5] = [".wav", ".wave", ".bwf", ".rf64", ".bw64"];

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

    /// For programs: as it is, but for bytes that are no UTF-8.
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
}

/// Pairs every input with its output.
pub fn plan(
    inputs: &[PathBuf],
    wanted: &OutputArgs,
    direction: Direction,
) -> Result<Vec<Job>, Usage> {
    let folder = wanted.output.as_deref().filter(|out| out.is_dir());
    if let (Some(out), None, 2..) = (&wanted.output, folder, inputs.len()) {
        return Err(Usage(format!("{} inputs, but {} is no folder", inputs.len(), shown(out))));
    }
    let mut jobs = Vec::new();
    let mut outputs = HashSet::new();
    for path in inputs {
        let input = Place::new(path);
        let output = match (&wanted.output, folder, &input) {
            (_, Some(folder), Place::File(path)) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                Place::File(folder.join(output_name(name, direction)?))
            }
            (_, Some(folder), Place::Pipe) => {
                return Err(Usage(format!(
                    "standard input has no name to give to a file in {}",
                    shown(folder)
                )));
            }
            (Some(out), None, _) => Place::new(out),
            (None, _, Place::File(path)) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                Place::File(path.with_file_name(output_name(name, direction)?))
            }
            (None, _, Place::Pipe) => Place::Pipe,
        };
        check(&input, &output, wanted.force)?;
        if !outputs.insert(resolved(&output)) {
            return Err(Usage(format!("two inputs have the same output: {}", output.name())));
        }
        jobs.push(Job { input, output });
    }
    Ok(jobs)
}

fn check(input: &Place, output: &Place, force: bool) -> Result<(), Usage> {
    match (input, output) {
        (_, Place::Pipe) if io::stdout().is_terminal() && !force => {
            Err(Usage("this would write binary data to a terminal; -f does it anyway".to_owned()))
        }
        (Place::File(input), Place::File(output)) if same_file(input, output) => {
            Err(Usage(format!("{} is both input and output", shown(input))))
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
    // waits for one. A file that does not exist is no other.
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
            let lower = out.to_string_lossy().to_lowercase();
            if !WAV_ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
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
