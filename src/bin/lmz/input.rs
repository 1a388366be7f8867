//! Inputs: opened, and deleted once they are no longer needed.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek};
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

use crate::args::CommonArgs;
use crate::names::Place;
use crate::progress::Bar;

/// Opens an input, with a bar for its progress.
pub fn open(place: &Place, common: &CommonArgs) -> Result<(Box<dyn Read>, Bar)> {
    let (input, length) = source(place)?;
    let bar = Bar::new(&place.name(), length, !common.quiet);
    Ok((input, bar))
}

/// An input and its length in bytes, if known.
pub fn source(place: &Place) -> Result<(Box<dyn Read>, Option<u64>)> {
    match place {
        Place::Pipe => Ok((Box::new(io::stdin().lock()), None)),
        Place::File(path) => {
            let metadata = fs::metadata(path)?;
            ensure!(!metadata.is_dir(), "it is a folder");
            let length = metadata.is_file().then_some(metadata.len());
            Ok((Box::new(File::open(path)?), length))
        }
    }
}

/// An input that can seek: what is not a regular file is copied to a temporary one first,
/// which has no name.
pub fn open_seekable(place: &Place, common: &CommonArgs) -> Result<(File, Bar)> {
    let (mut input, length) = source(place)?;
    let file = match (place, length) {
        (Place::File(path), Some(_)) => File::open(path)?,
        _ => {
            let mut copy = tempfile::tempfile()?;
            io::copy(&mut input, &mut copy)?;
            copy.rewind()?;
            copy
        }
    };
    let length = file.metadata()?.len();
    Ok((file, Bar::new(&place.name(), Some(length), !common.quiet)))
}

/// An input as it was before it was read.
pub struct Source {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl Source {
    /// Notes the state of a file.
    ///
    /// # Errors
    /// When it is no regular file.
    pub fn new(place: &Place) -> Result<Self> {
        let Place::File(path) = place else { bail!("not a file that could be deleted") };
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            bail!("not a regular file: it would not be deleted");
        }
        let (length, modified) = state(&metadata);
        Ok(Source { path: path.clone(), length, modified })
    }

    /// Deletes the file, unless it has changed meanwhile.
    ///
    /// # Errors
    /// When it has, or cannot be deleted.
    pub fn delete(self) -> Result<()> {
        if state(&fs::metadata(&self.path)?) != (self.length, self.modified) {
            bail!("it changed while it was compressed, and is kept");
        }
        fs::remove_file(&self.path).context("it is compressed, but cannot be deleted")
    }
}

fn state(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}
