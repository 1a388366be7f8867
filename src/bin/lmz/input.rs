//! Inputs: opened, watched for changes while they are read, and deleted once they are not needed.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use lmz::Level;
use lmz::container::{Reader, Tail};
use lmz::pipeline::segment_limit;
use lmz::wav::WavReader;

use crate::metadata::Kept;
use crate::names::{Direction, Place};

/// Bytes of a pipe that are copied to a temporary file at most, where an input has to be read in any
/// order: a day of music.
const MAX_COPY: u64 = 16 << 30;

/// An input that is open.
pub struct Input {
    /// `None` for standard input.
    file: Option<File>,
    /// Of a regular file: its name and state when it was opened.
    before: Option<(PathBuf, State)>,
    metadata: Option<Metadata>,
}

impl Input {
    /// # Errors
    /// When it cannot be opened, or is a folder.
    pub fn open(place: &Place) -> Result<Self> {
        let Place::File(path) = place else {
            return Ok(Input { file: None, before: None, metadata: None });
        };
        // Before it is opened: that would wait for the writer of a named pipe.
        ensure!(!fs::metadata(path)?.is_dir(), "is a folder");
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Input { file: Some(file), before: None, metadata: None });
        }
        let before = Some((path.clone(), State::of(&metadata)));
        Ok(Input { file: Some(file), before, metadata: Some(metadata) })
    }

    /// Length in bytes, if it is a regular file.
    pub fn length(&self) -> Option<u64> {
        self.metadata.as_ref().map(Metadata::len)
    }

    /// What its output is to keep; `None` for other than regular files.
    pub fn kept(&self) -> Option<Kept> {
        self.metadata.as_ref().map(Kept::of)
    }

    /// What is in it, from front to back.
    ///
    /// # Errors
    /// When the system refuses a second handle.
    pub fn reader(&self) -> Result<Box<dyn Read>> {
        Ok(match &self.file {
            Some(file) => Box::new(file.try_clone()?),
            None => Box::new(io::stdin().lock()),
        })
    }

    /// What is in it, in any order: what is not a regular file is copied to a temporary one
    /// first, which has no name.
    ///
    /// # Errors
    /// When there is no room for the copy, it would have more than [`MAX_COPY`] bytes, or the input is
    /// a device that may never end.
    pub fn seekable(&self) -> Result<File> {
        if let (Some(file), Some(_)) = (&self.file, &self.before) {
            return Ok(file.try_clone()?);
        }
        ensure!(!self.is_device()?, "a device may never end: copy its contents to a file first");
        let mut copy = tempfile::tempfile()?;
        copy_at_most(MAX_COPY, self.reader()?, &mut copy)?;
        copy.rewind()?;
        Ok(copy)
    }

    /// Whether it is a device that is read byte by byte, such as `/dev/zero` or a terminal.
    #[cfg(unix)]
    fn is_device(&self) -> Result<bool> {
        use std::os::fd::AsFd;
        use std::os::unix::fs::FileTypeExt;
        let file = match &self.file {
            Some(file) => file.try_clone()?,
            None => File::from(io::stdin().as_fd().try_clone_to_owned()?),
        };
        Ok(file.metadata()?.file_type().is_char_device())
    }

    #[cfg(not(unix))]
    fn is_device(&self) -> Result<bool> {
        Ok(false)
    }

    /// Whether it is not what it was when it was opened.
    pub fn has_changed(&self) -> bool {
        let (Some(file), Some((_, before))) = (&self.file, &self.before) else { return false };
        file.metadata().map_or(true, |now| State::of(&now) != *before)
    }

    /// Deletes the file, unless it has changed meanwhile, or another one has taken its name.
    ///
    /// # Errors
    /// When it has, or cannot be deleted.
    pub fn delete(self) -> Result<()> {
        let changed = self.has_changed();
        let (Some(file), Some((path, _))) = (self.file, self.before) else { return Ok(()) };
        let opened = same_file::Handle::from_file(file)?;
        if changed || !is_still(&path, &opened) {
            bail!("the file changed while it was being compressed, so it was not deleted");
        }
        fs::remove_file(&path).context("compressed, but the original cannot be deleted")
    }
}

/// Copies all of `input`, which must not have more than `most` bytes.
fn copy_at_most(most: u64, input: impl Read, copy: &mut impl Write) -> Result<()> {
    let copied = io::copy(&mut input.take(most.saturating_add(1)), copy)?;
    ensure!(
        copied <= most,
        "the pipe has more than {most} bytes: save its contents to a file first"
    );
    Ok(())
}

/// Refuses inputs that could not be deleted safely. Before they are opened, because opening a
/// named pipe waits for its writer.
///
/// # Errors
/// When it is not a regular file, or a link to one.
pub fn check_deletable(place: &Place) -> Result<()> {
    let Place::File(path) = place else { bail!("cannot be deleted: not a file") };
    let metadata = path.symlink_metadata()?;
    ensure!(!metadata.is_symlink(), "cannot be deleted: a link; name the file itself");
    ensure!(metadata.is_file(), "cannot be deleted: not a regular file");
    Ok(())
}

fn is_still(path: &Path, opened: &same_file::Handle) -> bool {
    same_file::Handle::from_path(path).is_ok_and(|now| now == *opened)
}

/// What changes when somebody writes to a file.
#[derive(PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
    /// Seconds and nanoseconds of the last change of any kind: nobody can set it back.
    #[cfg(unix)]
    changed: (i64, i64),
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        State {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            changed: {
                use std::os::unix::fs::MetadataExt;
                (metadata.ctime(), metadata.ctime_nsec())
            },
        }
    }
}

/// Length of the audio in a file, for the progress; `None` if that is not known at once.
pub fn seconds(place: &Place, direction: Direction) -> Option<f64> {
    let Place::File(path) = place else { return None };
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok().filter(Metadata::is_file)?.len();
    match direction {
        Direction::Compress => {
            let mut reader = WavReader::new(BufReader::new(file)).ok()?;
            reader.next_span(segment_limit(Level::Default)).ok()?;
            let format = reader.format()?;
            Some(format.seconds(length / format.frame_bytes().max(1) as u64))
        }
        Direction::Decompress => {
            let tail = Tail::read(&mut file).ok()?;
            let audio = tail.file_header(&mut file).ok()?.audio?;
            Some(audio.format.seconds(tail.trailer.frames))
        }
    }
}

/// The fingerprint in the header of an lmz file, if it can be read.
pub fn fingerprint(place: &Place) -> Option<Vec<u8>> {
    let Place::File(path) = place else { return None };
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|m| m.is_file()))?;
    Some(Reader::new(BufReader::new(file)).ok()?.header().fingerprint.clone())
}

/// Whether a file starts as lmz files do.
pub fn is_lmz(path: &Path) -> bool {
    let regular = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut start = [0; lmz::container::layout::MAGIC.len()];
    regular
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && start == lmz::container::layout::MAGIC
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_an_end() {
        let mut copy = Vec::new();
        copy_at_most(100, &[1; 100][..], &mut copy).unwrap();
        assert_eq!(copy, [1; 100]);
        let refused = copy_at_most(100, io::repeat(0), &mut Vec::new()).unwrap_err();
        assert!(refused.to_string().contains("more than 100 bytes"), "{refused}");
    }

    /// A file of the same length and time that another program puts under the name meanwhile, and the
    /// same file rewritten with its time set back.
    #[test]
    fn only_the_file_that_was_read_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.wav");
        let place = Place::File(path.clone());
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let write = |to: &Path, text: &str| {
            fs::write(to, text).unwrap();
            File::options().write(true).open(to).unwrap().set_modified(time).unwrap();
        };
        write(&path, "read");
        let input = Input::open(&place).unwrap();
        let other = folder.path().join("other");
        write(&other, "anew");
        fs::rename(&other, &path).unwrap();
        let refused = input.delete().unwrap_err();
        assert!(refused.to_string().contains("changed"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "anew");

        let input = Input::open(&place).unwrap();
        // The clock of a file system may take its time.
        std::thread::sleep(std::time::Duration::from_millis(50));
        write(&path, "also");
        if cfg!(unix) {
            assert!(input.has_changed());
            input.delete().unwrap_err();
            assert_eq!(fs::read_to_string(&path).unwrap(), "also");
        }

        Input::open(&place).unwrap().delete().unwrap();
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("song.wav"), "samples").unwrap();
        let link = folder.path().join("link.wav");
        std::os::unix::fs::symlink("song.wav", &link).unwrap();
        let refused = check_deletable(&Place::File(link)).unwrap_err();
        assert!(refused.to_string().contains("a link"), "{refused}");
        check_deletable(&Place::File(folder.path().join("song.wav"))).unwrap();
    }
}
