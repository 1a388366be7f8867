//! The language model of a file, which most files do not need.

use std::sync::OnceLock;

use crate::error::Result;
use crate::lm::{ModelProvider, ModelSource};

/// The model that the file header names, opened when a block uses it.
pub(super) struct LazyModel<'a> {
    source: &'a dyn ModelSource,
    opened: OnceLock<Box<dyn ModelProvider + 'a>>,
}

impl<'a> LazyModel<'a> {
    pub(super) fn new(source: &'a dyn ModelSource) -> Self {
        LazyModel { source, opened: OnceLock::new() }
    }

    /// Opens the model that `fingerprint` names, unless it is open.
    pub(super) fn open(&self, fingerprint: &[u8]) -> Result<()> {
        if self.opened.get().is_none() {
            let _ = self.opened.set(self.source.open(fingerprint)?);
        }
        Ok(())
    }

    /// The model, if a block has asked for it.
    pub(super) fn get(&self) -> Option<&(dyn ModelProvider + 'a)> {
        self.opened.get().map(|model| &**model)
    }
}
