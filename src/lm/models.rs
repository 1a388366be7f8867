//! Every engine of this build behind one [`ModelSource`]: which one runs a file's model follows from
//! the fingerprint, before anything is loaded.

use std::path::PathBuf;
use std::sync::Arc;

use super::exact::{ExactIdentity, ExactModels};
#[cfg(feature = "llama")]
use super::llama_models::LlamaModels;
use super::{ModelProvider, ModelSource};
#[cfg(not(feature = "llama"))]
use crate::error::Error;
use crate::error::Result;

/// The language models that a program uses, whatever engine runs them: the embedded one and, if
/// given, one from a file. Each is loaded when it is first needed.
///
/// ```
/// use std::sync::Arc;
///
/// use lmz::{DecompressOptions, Encoder, LmUse, Models};
///
/// let models = Arc::new(Models::default());
/// let encoder = Encoder::new().model(models.provider()?, LmUse::Auto);
/// let options = DecompressOptions::default().with_models(models);
/// # Ok::<(), lmz::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Models {
    /// Models with the same bits on every machine.
    exact: ExactModels,
    /// Models of any kind, for the machine at hand.
    #[cfg(feature = "llama")]
    llama: LlamaModels,
}

impl Models {
    /// The embedded model and the one in the GGUF file `file`.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Models {
            exact: ExactModels::new(file.clone()),
            #[cfg(feature = "llama")]
            llama: LlamaModels::new(file),
        }
    }

    /// The model to compress with: the one from the file, if given. The exact engine runs it, so
    /// the files decode on every machine.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) when that engine does not run it,
    /// [`Error::Io`](crate::Error::Io) when its file cannot be read.
    pub fn provider(&self) -> Result<Arc<dyn ModelProvider>> {
        self.exact.provider()
    }

    /// The models that llama.cpp runs.
    #[cfg(all(feature = "llama", feature = "unstable"))]
    #[must_use]
    pub fn llama(&self) -> &LlamaModels {
        &self.llama
    }
}

impl ModelSource for Models {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        if ExactIdentity::from_bytes(fingerprint).is_some() {
            return self.exact.lanes(fingerprint);
        }
        #[cfg(feature = "llama")]
        return self.llama.lanes(fingerprint);
        #[cfg(not(feature = "llama"))]
        1
    }

    fn interleaved(&self, fingerprint: &[u8]) -> usize {
        self.exact.interleaved(fingerprint)
    }

    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        if ExactIdentity::from_bytes(fingerprint).is_some() {
            return self.exact.open(fingerprint);
        }
        #[cfg(feature = "llama")]
        return self.llama.open(fingerprint);
        #[cfg(not(feature = "llama"))]
        Err(Error::Unsupported(
            "it was made with a language model that llama.cpp runs, and this build of lmz has none"
                .to_owned(),
        ))
    }
}
