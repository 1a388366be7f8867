//! Outputs that appear complete or not at all.

use std::fs::File;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::process;
#[cfg(unix)]
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use tempfile::{NamedTempFile, TempPath};

use crate::failure;
use crate::names::{Place, shown};

/// The temporary file there is at the moment, for the signal handler to remove. The lock is
/// also held while the file gets its final name, so that the handler cannot come between.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
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
/// The library could end a run by itself, but only between segments, and a segment can take
/// a minute; nobody wants to wait for that.
///
/// # Errors
/// When the system refuses the handler.
pub fn clean_up_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        if let Some(folder) = &*SCRATCH.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = std::fs::remove_dir_all(folder);
        }
        // Held until the exit: the main thread must not start another file.
        let path = unfinished();
        if let Some(path) = &*path {
            // Removed by the main thread in this very moment at worst.
            let _ = std::fs::remove_file(path);
        }
        process::exit(i32::from(failure::INTERRUPTED));
    })
    .context("cannot install the signal handler")?;
    // Without a handler, a file beyond `ulimit -f` ends the program on the spot; with one, that
    // is an error of a write like any other.
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())
        .context("cannot install the handler of SIGXFSZ")?;
    Ok(())
}

/// Where one result goes.
pub enum Output {
    Pipe(BufWriter<StdoutLock<'static>>),
    File { writer: BufWriter<File>, temporary: TempPath, target: PathBuf, replace: bool },
}

impl Output {
    /// Opens `place`; an existing file is refused unless `replace`.
    ///
    /// # Errors
    /// When it exists or its folder cannot be written to.
    pub fn open(place: &Place, replace: bool) -> Result<Self> {
        let target = match place {
            Place::Pipe => return Ok(Output::Pipe(BufWriter::new(io::stdout().lock()))),
            Place::File(path) => path.clone(),
        };
        if target.symlink_metadata().is_ok() && !replace {
            bail!("{} exists; -f replaces it", shown(&target));
        }
        if target.is_dir() {
            bail!("{} is a folder", shown(&target));
        }
        // A device would be replaced by a file.
        if target.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            bail!("{} is no regular file; -o - writes to standard output", shown(&target));
        }
        let (file, temporary) = temporary_beside(&target)?;
        Ok(Output::File { writer: BufWriter::new(file), temporary, target, replace })
    }

    /// A second view of what has been written, from its start; `None` for a pipe.
    ///
    /// # Errors
    /// When it cannot be written or opened.
    pub fn reread(&mut self) -> Result<Option<File>> {
        let Output::File { writer, temporary, .. } = self else { return Ok(None) };
        writer.flush()?;
        Ok(Some(File::open(temporary)?))
    }

    /// As [`Output::finish`], and returns only when the file would survive a loss of power.
    ///
    /// # Errors
    /// Those of [`Output::finish`], and when the system cannot promise it.
    pub fn finish_durably(mut self) -> Result<()> {
        let Output::File { writer, target, .. } = &mut self else { return self.finish() };
        writer.flush()?;
        writer.get_ref().sync_all()?;
        let folder = folder_of(target).to_owned();
        self.finish()?;
        // The name itself; other systems have no way to ask for it.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    }

    /// Makes a complete file appear under its name.
    ///
    /// # Errors
    /// When the last bytes cannot be written, or the name has been taken meanwhile.
    pub fn finish(self) -> Result<()> {
        let (mut writer, temporary, target, replace) = match self {
            Output::Pipe(mut stdout) => return Ok(stdout.flush()?),
            Output::File { writer, temporary, target, replace } => {
                (writer, temporary, target, replace)
            }
        };
        writer.flush()?;
        drop(writer);
        let mut unfinished = unfinished();
        let persisted = match replace {
            true => temporary.persist(&target),
            false => temporary.persist_noclobber(&target),
        };
        *unfinished = None;
        persisted.map_err(|e| e.error).with_context(|| format!("cannot create {}", shown(&target)))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Pipe(writer) => writer.write(bytes),
            Output::File { writer, .. } => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Pipe(writer) => writer.flush(),
            Output::File { writer, .. } => writer.flush(),
        }
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A temporary file in the folder of `target`, so that renaming it is atomic.
fn temporary_beside(target: &Path) -> Result<(File, TempPath)> {
    let folder = folder_of(target);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lmz-").suffix(".part");
    #[cfg(unix)]
    {
        // As for any new file; the umask still applies. The default is private.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut unfinished = unfinished();
    let file: NamedTempFile = builder
        .tempfile_in(folder)
        .with_context(|| format!("cannot write to the folder {}", shown(folder)))?;
    let parts = file.into_parts();
    *unfinished = Some(parts.1.to_path_buf());
    Ok(parts)
}
