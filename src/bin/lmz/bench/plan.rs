//! What a run measures, decided before any work: files with their classes, coders, chunks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::chunks::Choice;
use super::coders::{Scope, Spec, Variant, baselines};
use super::report::LeftOut;
use crate::args::{BenchArgs, Lm};
use crate::failure::Usage;
use crate::models::Models;

/// One file to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    /// Name in reports: the path within its folder on the command line, or the file's alone.
    pub name: String,
    /// What kind of file it is; see [`class`].
    pub class: String,
}

#[derive(Debug)]
pub struct Plan {
    /// Files and folders of the command line.
    pub inputs: Vec<String>,
    pub files: Vec<File>,
    /// Variants of lmz first.
    pub coders: Vec<Spec>,
    pub left_out: Vec<LeftOut>,
    /// Absent for whole files.
    pub chunks: Option<Choice>,
    pub threads: usize,
}

impl Plan {
    /// # Errors
    /// When there is nothing to measure, or a coder that is named is not there.
    pub fn new(args: &BenchArgs) -> Result<Self, Usage> {
        let files = files(&args.inputs).map_err(|error| Usage(format!("{error:#}")))?;
        let mut coders = variants(args)?;
        let mut left_out = Vec::new();
        match &args.baseline {
            Some(names) => coders.extend(named(names)?),
            None => {
                for (name, spec) in baselines() {
                    match spec {
                        Some(spec) => coders.push(spec),
                        None => left_out.push(LeftOut {
                            name: name.to_owned(),
                            reason: "not installed".to_owned(),
                        }),
                    }
                }
            }
        }
        let choice = |count| Choice { count, bytes: args.chunk_size, seed: args.seed };
        let chunks = args.chunks.map(choice);
        let inputs = args.inputs.iter().map(|input| input.display().to_string()).collect();
        Ok(Plan { inputs, files, coders, left_out, chunks, threads: args.threads })
    }

    pub fn scope(&self) -> Scope {
        if self.chunks.is_some() { Scope::Chunks } else { Scope::WholeFiles }
    }
}

/// The variants of lmz that are to be measured.
fn variants(args: &BenchArgs) -> Result<Vec<Spec>, Usage> {
    let models = Models::new(args.model.model.clone());
    let mut variants = Vec::new();
    for level in &args.level {
        for &lm in &args.lm {
            let model = args.model.model.clone().filter(|_| lm != Lm::Off);
            let threads = args.threads;
            let variant = Spec::Lmz(Variant { level: *level, lm, model, threads });
            if !variants.contains(&variant) {
                variants.push(variant);
            }
        }
    }
    let required = args.lm.contains(&Lm::On) || args.model.model.is_some();
    if required && args.lm != [Lm::Off] {
        // Rather now than once for each file.
        models.usual().map_err(|error| Usage(error.to_string()))?;
    }
    Ok(variants)
}

/// The baselines in a list of names.
fn named(names: &[String]) -> Result<Vec<Spec>, Usage> {
    let all = baselines();
    let mut found = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|&name| name != "none") {
        match all.iter().find(|(known, _)| *known == name) {
            Some((_, Some(spec))) if found.contains(spec) => {}
            Some((_, Some(spec))) => found.push(spec.clone()),
            Some((_, None)) => {
                return Err(Usage(format!(
                    "baseline {name} is not installed (or not on the PATH)"
                )));
            }
            None => {
                let known: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
                return Err(Usage(format!("no baseline {name}; known: {}", known.join(", "))));
            }
        }
    }
    Ok(found)
}

/// The WAV files that `inputs` name, each once, in the order of the command line, folders sorted.
fn files(inputs: &[PathBuf]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for input in inputs {
        let mut paths = Vec::new();
        let folder = fs::metadata(input).with_context(|| input.display().to_string())?.is_dir();
        match folder {
            true => search(input, &mut paths)?,
            false => paths.push(input.clone()),
        }
        paths.sort();
        for path in paths {
            if seen.insert(fs::canonicalize(&path)?) {
                let below = if folder { path.strip_prefix(input).ok() } else { None };
                let last = Path::new(path.file_name().unwrap_or(path.as_os_str()));
                let name = below.unwrap_or(last).display().to_string();
                files.push(File { class: class(&path, below), name, path });
            }
        }
    }
    anyhow::ensure!(!files.is_empty(), "no .wav files found");
    tell_apart(&mut files);
    Ok(files)
}

/// Gives files that have a name in common their paths for names.
fn tell_apart(files: &mut [File]) {
    let mut names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    names.sort_unstable();
    let twice = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    for file in files.iter_mut().filter(|file| twice(&file.name)) {
        file.name = file.path.display().to_string();
    }
}

fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let path = entry.path();
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type()?.is_dir() {
            search(&path, found)?;
        } else if path.is_file()
            && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav"))
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The class of a file: the first folder below the one on the command line; without one, what
/// stands before `__` in its name; else the name of the folder that it lies in.
fn class(path: &Path, below: Option<&Path>) -> String {
    let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
    if let Some(below) = below
        && below.components().count() > 1
        && let Some(first) = below.components().next()
    {
        return text(first.as_os_str());
    }
    if let Some((class, _)) =
        path.file_name().unwrap_or_default().to_string_lossy().split_once("__")
        && !class.is_empty()
    {
        return class.to_owned();
    }
    let parent = fs::canonicalize(path).ok();
    let parent = parent.as_deref().and_then(Path::parent).and_then(Path::file_name);
    parent.map_or_else(|| "other".to_owned(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_folders_or_prefixes() {
        let class = |path, below: Option<&str>| class(Path::new(path), below.map(Path::new));
        assert_eq!(class("top/speech/a/b.wav", Some("speech/a/b.wav")), "speech");
        assert_eq!(class("top/speech__b.wav", Some("speech__b.wav")), "speech");
        assert_eq!(class("speech__b.wav", None), "speech");
        assert_eq!(class("no/such/folder/b.wav", None), "other");
        let folder = tempfile::tempdir().unwrap();
        let song = folder.path().join("bells").join("a.wav");
        fs::create_dir(song.parent().unwrap()).unwrap();
        fs::write(&song, "").unwrap();
        assert_eq!(super::class(&song, None), "bells");
    }

    #[test]
    fn folders_are_searched_and_files_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/2.WAV", "b/deep/1.wav", "a/3.wav", "a/notes.txt"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let inputs = [folder.path().to_owned(), folder.path().join("a/3.wav")];
        let found = files(&inputs).unwrap();
        assert_eq!(files(&inputs[1..]).unwrap()[0].name, "3.wav");
        let list: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.class.as_str())).collect();
        assert_eq!(list, [("a/3.wav", "a"), ("b/2.WAV", "b"), ("b/deep/1.wav", "b")]);
        assert!(files(&[folder.path().join("c")]).is_err());
    }

    #[test]
    fn names_tell_files_apart() {
        let file = |path: &str| {
            let path = PathBuf::from(path);
            File { name: "a.wav".to_owned(), class: String::new(), path }
        };
        let mut files = [file("x/a.wav"), file("y/a.wav")];
        tell_apart(&mut files);
        assert_eq!(files.map(|file| file.name), ["x/a.wav", "y/a.wav"]);
    }

    #[test]
    fn unknown_baselines_are_refused_and_none_is_none() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(named(&names(&["none"])).unwrap(), []);
        assert_eq!(named(&names(&["gzip", "xz", "gzip"])).unwrap().len(), 2);
        assert!(named(&names(&["gzip", "mp3"])).unwrap_err().0.contains("known: gzip"));
    }
}
