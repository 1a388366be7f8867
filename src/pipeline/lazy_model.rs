//! The language model of a file, which most files do not need.

use std::sync::{Arc, OnceLock};

use crate::error::Result;
use crate::fault::Fault;
use crate::float_environment::standard;
use crate::lm::{ModelProvider, ModelSource, NoModels};

/// The model that the file header names, opened when a block uses it.
pub(super) struct LazyModel {
    source: Arc<dyn ModelSource>,
    fingerprint: Vec<u8>,
    opened: OnceLock<Arc<dyn ModelProvider>>,
}

impl LazyModel {
    /// The model of a file whose header has `fingerprint`.
    pub(super) fn new(source: Arc<dyn ModelSource>, fingerprint: &[u8]) -> Self {
        LazyModel { source, fingerprint: fingerprint.to_vec(), opened: OnceLock::new() }
    }

    /// `model`, if there is one: for the encoder's own decoder.
    pub(super) fn opened(model: Option<Arc<dyn ModelProvider>>) -> Self {
        let lazy = LazyModel::new(Arc::new(NoModels), &[]);
        if let Some(model) = model {
            let _ = lazy.opened.set(model);
        }
        lazy
    }

    /// Number of lanes that the fingerprint requires.
    pub(super) fn lanes(&self) -> usize {
        self.source.lanes(&self.fingerprint)
    }

    /// Most blocks that a thread should decode side by side.
    pub(super) fn interleaved(&self) -> usize {
        self.source.interleaved(&self.fingerprint)
    }

    /// Opens the model, unless it is open.
    ///
    /// # Errors
    /// Those of [`ModelSource::open`].
    pub(super) fn open(&self) -> Result<()> {
        if self.opened.get().is_none() {
            let _ = self.opened.set(standard(|| self.source.open(&self.fingerprint))?);
        }
        Ok(())
    }

    /// The model of a block that uses it.
    ///
    /// # Errors
    /// [`crate::Error::Payload`] if the header names none.
    pub(super) fn get(&self) -> Result<&dyn ModelProvider> {
        let opened = self.opened.get().map(|model| &**model);
        opened.ok_or_else(|| Fault::Contradiction("a model is used but none is named").into())
    }
}
