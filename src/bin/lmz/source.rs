//! Inputs that are deleted once they are no longer needed.

use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::names::Place;

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
