//! Outputs that appear complete or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use tempfile::{NamedTempFile, TempPath};

use crate::failure;
use crate::metadata::Kept;
use crate::names::{Job, Place, shown};
use crate::stdout;

/// The temporary files there are at the moment, for the signal handler to remove. The lock is
/// also held while a file gets its final name, so that the handler cannot come between.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of temporary files there is at the moment, if any.
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Lets the signal handler remove a folder too, until what this returns is dropped. One at a time.
#[cfg(feature = "bench")]
pub fn remove_on_signal(folder: &Path) -> impl Drop {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            *SCRATCH.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
    *SCRATCH.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder.to_owned());
    Guard
}

/// Makes ^C and requests to terminate end the program at once, with nothing left behind.
///
/// # Errors
/// When the system refuses the handler.
pub fn clean_up_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        if let Some(folder) = &*SCRATCH.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = fs::remove_dir_all(folder);
        }
        // Held until the exit: no thread must start another file.
        let paths = unfinished();
        for path in &*paths {
            // Removed by its thread in this very moment at worst.
            let _ = std::fs::remove_file(path);
        }
        process::exit(i32::from(failure::INTERRUPTED));
    })
    .context("cannot install the signal handler")?;
    // Without a handler, a file beyond `ulimit -f` ends the program on the spot; with one, that
    // is an error of a write like any other.
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())
        .context("cannot install the SIGXFSZ handler")?;
    Ok(())
}

/// Where one result goes, and how many bytes went there.
pub struct Output {
    sink: Sink,
    /// Bytes of all outputs of the run.
    pub count: Arc<AtomicU64>,
}

enum Sink {
    Pipe(BufWriter<StdoutLock<'static>>),
    File(Unfinished),
}

/// A file without its name.
struct Unfinished {
    /// Removed before the writer is closed and gives up its lock.
    temporary: TempPath,
    writer: BufWriter<File>,
    target: PathBuf,
    replace: bool,
}

impl Output {
    /// Opens the output of `job`; an existing file is refused unless `replace`. With `private`,
    /// nobody else may read the file until [`Output::keep`] says who.
    ///
    /// # Errors
    /// When it exists or its folder cannot be written to.
    pub fn open(job: &Job, replace: bool, private: bool) -> Result<Self> {
        let sink = match &job.output {
            Place::Pipe => Sink::Pipe(BufWriter::new(stdout::open()?)),
            Place::File(path) => {
                refuse(path, replace)?;
                if job.make_folders {
                    let folder = folder_of(path);
                    fs::create_dir_all(folder)
                        .with_context(|| format!("cannot create the folder {}", shown(folder)))?;
                }
                let (file, temporary) = temporary_beside(path, private)?;
                let target = path.clone();
                Sink::File(Unfinished { writer: BufWriter::new(file), temporary, target, replace })
            }
        };
        Ok(Output { sink, count: Arc::default() })
    }

    /// Gives the file what it is to have of its input; returns what it could not keep.
    ///
    /// # Errors
    /// When the last bytes cannot be written: later ones would change the time again.
    pub fn keep(&mut self, kept: &Kept) -> Result<Vec<String>> {
        let Sink::File(unfinished) = &mut self.sink else { return Ok(Vec::new()) };
        unfinished.flush()?;
        Ok(kept.give_to(unfinished.writer.get_ref()))
    }

    /// A second view of what has been written, from its start; `None` for a pipe.
    ///
    /// # Errors
    /// When it cannot be written or opened.
    pub fn reread(&mut self) -> Result<Option<File>> {
        let Sink::File(unfinished) = &mut self.sink else { return Ok(None) };
        unfinished.flush()?;
        Ok(Some(File::open(&unfinished.temporary)?))
    }

    /// Like [`Output::finish`], and returns only when the file would survive a loss of power.
    ///
    /// # Errors
    /// Those of [`Output::finish`], and when the system cannot promise it.
    pub fn finish_durably(mut self) -> Result<()> {
        let Sink::File(unfinished) = &mut self.sink else { return self.finish() };
        unfinished.flush()?;
        unfinished.writer.get_ref().sync_all()?;
        // For the name itself; other systems have no call for it.
        #[cfg(unix)]
        let folder = File::open(folder_of(&unfinished.target))?;
        self.finish()?;
        #[cfg(unix)]
        folder.sync_all()?;
        Ok(())
    }

    /// Makes a complete file appear under its name.
    ///
    /// # Errors
    /// When the last bytes cannot be written, or the name has been taken meanwhile.
    pub fn finish(self) -> Result<()> {
        let Unfinished { mut writer, temporary, target, replace } = match self.sink {
            Sink::Pipe(mut stdout) => return Ok(stdout.flush().map_err(|e| named(None, e))?),
            Sink::File(unfinished) => unfinished,
        };
        writer.flush().map_err(|error| named(Some(&target), error))?;
        let mut unfinished = unfinished();
        let path = temporary.to_path_buf();
        let persisted = match replace {
            true => temporary.persist(&target),
            false => temporary.persist_noclobber(&target),
        };
        unfinished.remove(&path);
        // Its lock says that it is being written, so it is closed last.
        drop(writer);
        persisted.map_err(|e| e.error).with_context(|| format!("cannot create {}", shown(&target)))
    }
}

impl Unfinished {
    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|error| named(Some(&self.target), error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.sink {
            Sink::Pipe(writer) => writer.write(bytes).map_err(|error| named(None, error)),
            Sink::File(file) => {
                file.writer.write(bytes).map_err(|error| named(Some(&file.target), error))
            }
        }?;
        self.count.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    /// A pipe passes on what there is, so that its reader can play it.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Pipe(writer) => writer.flush().map_err(|error| named(None, error)),
            Sink::File(file) => file.flush(),
        }
    }
}

/// An error of writing, with the name of the output: errors are reported with that of the input.
fn named(target: Option<&Path>, error: io::Error) -> io::Error {
    let name = target.map_or_else(|| "standard output".to_owned(), shown);
    io::Error::new(error.kind(), format!("cannot write to {name}: {error}"))
}

/// Refuses targets that are not to be replaced.
fn refuse(target: &Path, replace: bool) -> Result<()> {
    if target.is_dir() {
        bail!("{} is a folder", shown(target));
    }
    if target.symlink_metadata().is_ok() && !replace {
        bail!("{} already exists; -f replaces it", shown(target));
    }
    // A device would be replaced by a file.
    if target.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        bail!("{} is not a regular file; -o - writes to standard output", shown(target));
    }
    Ok(())
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Name of the temporary file for `target`. Always the same, so that the next run finds what a
/// killed one left behind.
fn temporary_name(target: &Path) -> String {
    let name = target.file_name().unwrap_or(target.as_os_str());
    let hash = blake3::hash(name.as_encoded_bytes()).to_hex();
    format!(".lmz-{}.part", &hash[..16])
}

/// A temporary file in the folder of `target`, so that renaming it is atomic. It is locked for as
/// long as it is being written.
fn temporary_beside(target: &Path, private: bool) -> Result<(File, TempPath)> {
    let folder = folder_of(target);
    let name = temporary_name(target);
    remove_leavings(&folder.join(&name))
        .with_context(|| format!("cannot create {}", shown(target)))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).rand_bytes(0);
    #[cfg(unix)]
    {
        // As for any new file; the umask still applies.
        use std::os::unix::fs::PermissionsExt;
        let mode = if private { 0o600 } else { 0o666 };
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    // Other systems have no mode to give.
    #[cfg(not(unix))]
    let _ = private;
    let mut unfinished = unfinished();
    let file: NamedTempFile = builder
        .tempfile_in(folder)
        .with_context(|| format!("cannot write to the folder {}", shown(folder)))?;
    let parts = file.into_parts();
    unfinished.insert(parts.1.to_path_buf());
    if !is_ours(&parts.0, &parts.1)? {
        bail!("another run of lmz is writing {}", shown(target));
    }
    Ok(parts)
}

/// Locks `file`; whether that worked, and it still is the file at `path`. Where a file system has
/// no locks, two runs on one output at a time are not noticed.
fn is_ours(file: &File, path: &Path) -> Result<bool> {
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Ok(false);
    }
    let opened = same_file::Handle::from_file(file.try_clone()?)?;
    Ok(same_file::Handle::from_path(path).is_ok_and(|now| now == opened))
}

/// Removes the temporary file of a run that was killed.
fn remove_leavings(path: &Path) -> Result<()> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if metadata.is_file() {
        let file = File::options().write(true).open(path)?;
        if !is_ours(&file, path)? {
            bail!("another run of lmz is writing it");
        }
        // Nobody else removes or replaces it while it is locked.
        return Ok(fs::remove_file(path)?);
    }
    Ok(fs::remove_file(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leavings_are_removed_unless_they_are_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("song.lmz");
        let left = folder.path().join(temporary_name(&target));
        fs::write(&left, "left by a killed run").unwrap();
        let (file, path) = temporary_beside(&target, true).unwrap();
        assert_eq!(path.to_path_buf(), left);
        assert_eq!(file.metadata().unwrap().len(), 0);
        let refused = temporary_beside(&target, true).unwrap_err();
        assert!(format!("{refused:#}").contains("another run"), "{refused:#}");
        drop((path, file));
        temporary_beside(&target, true).unwrap();
    }
}
