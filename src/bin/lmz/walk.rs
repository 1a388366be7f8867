//! Folders on the command line become the files in them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use walkdir::{DirEntry, WalkDir};

use crate::args::WalkArgs;
use crate::failure::Usage;
use crate::names::{AUDIO_ENDINGS, Direction, LMZ, shown, under_output};

/// What a command line names.
#[derive(Debug, Default)]
pub struct Found {
    /// Files, and where those found in folders lie under an output folder.
    pub inputs: Vec<(PathBuf, Option<PathBuf>)>,
    /// What could not be read, by name.
    pub failures: Vec<(String, anyhow::Error)>,
    /// What has the name of a wanted file, but is a link, a pipe or the like.
    pub special: Vec<String>,
    /// What else was left out, for `-v`.
    pub notes: Vec<String>,
}

/// Expands the folders among `paths`, in the order of names.
///
/// # Errors
/// [`Usage`] for a pattern that is not one.
pub fn find(paths: &[PathBuf], args: &WalkArgs, direction: Direction) -> Result<Found, Usage> {
    let wanted = Wanted {
        include: if args.include.is_empty() { None } else { Some(patterns(&args.include)?) },
        exclude: patterns(&args.exclude)?,
        direction,
        recursive: args.recursive,
    };
    let mut found = Found::default();
    for path in paths {
        if path == Path::new("-") || !path.is_dir() {
            found.inputs.push((path.clone(), None));
            continue;
        }
        let before = found.inputs.len();
        found.folder(path, &wanted);
        if found.inputs.len() == before {
            let kind = match direction {
                Direction::Compress => "WAV, AIFF, Wave64 or CAF",
                Direction::Decompress => "lmz",
            };
            let deeper = if args.recursive { "" } else { " (-r searches its subfolders)" };
            found.failures.push((shown(path), anyhow!("no {kind} files in this folder{deeper}")));
        }
    }
    Ok(found)
}

/// Which files are taken from folders.
struct Wanted {
    /// In place of the usual endings.
    include: Option<GlobSet>,
    exclude: GlobSet,
    direction: Direction,
    recursive: bool,
}

impl Wanted {
    /// Whether the file at `below`, a path within a folder of the command line, is one.
    fn takes(&self, below: &Path) -> bool {
        let included = match &self.include {
            None => has_ending(below, self.direction),
            Some(include) => include.is_match(below),
        };
        included && !self.exclude.is_match(below)
    }
}

impl Found {
    /// Adds what is in `folder`.
    fn folder(&mut self, folder: &Path, wanted: &Wanted) {
        let depth = if wanted.recursive { usize::MAX } else { 1 };
        for entry in WalkDir::new(folder).min_depth(1).max_depth(depth).sort_by_file_name() {
            match entry {
                Ok(entry) => self.entry(folder, &entry, wanted),
                Err(error) => {
                    let name = error.path().map_or_else(|| shown(folder), shown);
                    let reason = error.io_error().map_or(error.to_string(), ToString::to_string);
                    self.failures.push((name, anyhow!(reason)));
                }
            }
        }
    }

    /// Adds `entry`, which is somewhere below `folder`.
    fn entry(&mut self, folder: &Path, entry: &DirEntry, wanted: &Wanted) {
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let kind = entry.file_type();
        if kind.is_dir() {
            if !wanted.recursive {
                let name = shown(entry.path());
                self.notes.push(format!("{name}: folder skipped; -r includes it"));
            }
        } else if kind.is_file() && wanted.takes(below) {
            let mirrored = Some(under_output(folder).join(below));
            self.inputs.push((entry.path().to_owned(), mirrored));
        } else if wanted.takes(below) {
            self.special.push(format!("{}: not a regular file, skipped", shown(entry.path())));
        } else {
            self.notes.push(format!("{}: skipped", shown(entry.path())));
        }
    }
}

/// Whether files of this name are taken unasked.
fn has_ending(path: &Path, direction: Direction) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    match direction {
        Direction::Compress => AUDIO_ENDINGS.iter().any(|ending| name.ends_with(ending)),
        Direction::Decompress => path.extension() == Some(OsStr::new(LMZ)),
    }
}

/// Patterns as in a `.gitignore`: one without a slash means names, in whatever folder.
fn patterns(globs: &[String]) -> Result<GlobSet, Usage> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let anywhere = if glob.contains('/') { glob.clone() } else { format!("**/{glob}") };
        let built = GlobBuilder::new(&anywhere).literal_separator(true).build();
        set.add(built.map_err(|error| Usage(format!("pattern '{glob}': {}", error.kind())))?);
    }
    set.build().map_err(|error| Usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_names_or_paths() {
        let set = patterns(&["take*.wav".to_owned(), "raw/*.wav".to_owned()]).unwrap();
        for (path, matches) in [
            ("take1.wav", true),
            ("a/b/take2.wav", true),
            ("raw/x.wav", true),
            ("raw/deep/x.wav", false),
            ("x.wav", false),
        ] {
            assert_eq!(set.is_match(path), matches, "{path}");
        }
        assert!(patterns(&["a[".to_owned()]).is_err());
    }
}
