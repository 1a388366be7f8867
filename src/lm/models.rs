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

/// The models that a program works with, whatever engine runs them.
#[derive(Debug, Default)]
pub struct Registry {
    /// Models with the same bits on every machine.
    pub exact: ExactModels,
    /// Models of any kind, for the machine at hand.
    #[cfg(feature = "llama")]
    pub llama: LlamaModels,
}

impl Registry {
    /// The embedded model and that of the GGUF file `file`.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Registry {
            exact: ExactModels::new(file.clone()),
            #[cfg(feature = "llama")]
            llama: LlamaModels::new(file),
        }
    }
}

impl ModelSource for Registry {
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
        Err(Error::Unsupported {
            reason: "it was made with a language model that llama.cpp runs, and this build of lmz has none"
                .to_owned(),
        })
    }
}
