//! Models of llama.cpp for the pipeline: loading, checking, sessions and lanes.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::identity::Fingerprint;
use super::lanes::Lanes;
use super::llama::{Alphabet, CHARACTERS_INTERFACE, Context, MAX_LANES, Model, ModelOptions};
use super::{Character, EMBEDDED, LanguageModel, ModelProvider, ModelSource};
use crate::error::{Error, Result};

/// The model that a program works with, loaded when it is first needed.
#[derive(Debug, Default)]
pub struct LlamaModels {
    /// `None` means the embedded one.
    file: Option<PathBuf>,
    /// For bins, and for characters.
    loaded: [OnceLock<Arc<Model>>; 2],
}

impl LlamaModels {
    /// The model in the GGUF file `file`, or the embedded one.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        LlamaModels { file, loaded: Default::default() }
    }

    /// The model, to compress with, `lanes` segments in one batch.
    ///
    /// # Errors
    /// [`Error::Model`] when it cannot be loaded, or `lanes` is not from 1 to
    /// [`MAX_LANES`]; [`Error::Io`] when its file cannot be read.
    pub fn provider(&self, lanes: u32, options: ModelOptions) -> Result<Arc<dyn ModelProvider>> {
        Ok(Arc::new(Provider::new(self.load(options)?, lanes)?))
    }

    fn load(&self, options: ModelOptions) -> Result<Arc<Model>> {
        let loaded = &self.loaded[usize::from(options.alphabet != Alphabet::Bins)];
        if loaded.get().is_none() {
            let model = match &self.file {
                Some(path) => Model::from_file(path, options)?,
                None => Model::from_bytes(EMBEDDED, options)?,
            };
            // If another thread was faster, its model is used.
            let _ = loaded.set(Arc::new(model));
        }
        match loaded.get() {
            Some(model) if model.has_options(options) => Ok(Arc::clone(model)),
            _ => Err(Error::model(
                "it is in use with another context length or number of GPU layers; work on these \
                 files one by one",
            )),
        }
    }
}

impl ModelSource for LlamaModels {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        Fingerprint::from_bytes(fingerprint)
            .map_or(1, |fingerprint| fingerprint.lanes.clamp(1, MAX_LANES) as usize)
    }

    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        let wanted = Fingerprint::from_bytes(fingerprint)
            .map_err(|error| Error::ModelMismatch(error.to_string()))?;
        let alphabet = match wanted.interface.starts_with(CHARACTERS_INTERFACE) {
            true => Alphabet::Characters { window: wanted.window },
            false => Alphabet::Bins,
        };
        let options = ModelOptions { gpu_layers: wanted.gpu_layers, alphabet };
        let provider = Provider::new(self.load(options)?, wanted.lanes)?;
        match wanted.explain_mismatch(&provider.fingerprint) {
            None => Ok(Arc::new(provider)),
            Some(reason) => Err(Error::ModelMismatch(reason)),
        }
    }
}

/// A loaded model with its lanes.
struct Provider {
    model: Arc<Model>,
    fingerprint: Fingerprint,
    lanes: Sessions,
}

/// Where sessions come from.
enum Sessions {
    /// Each has a context of its own.
    Single,
    Bins(Lanes<Context>),
    Characters(Lanes<Context<Character>, Character>),
}

impl Provider {
    fn new(model: Arc<Model>, lanes: u32) -> Result<Self> {
        let fingerprint = model.fingerprint(lanes)?;
        let lanes = match (lanes, model.interface().alphabet) {
            (1, _) => Sessions::Single,
            (lanes, Alphabet::Bins) => Sessions::Bins(Lanes::new(model.context(lanes)?)),
            (lanes, Alphabet::Characters { .. }) => {
                Sessions::Characters(Lanes::new(model.context(lanes)?))
            }
        };
        Ok(Provider { model, fingerprint, lanes })
    }
}

impl ModelProvider for Provider {
    fn fingerprint(&self) -> Vec<u8> {
        self.fingerprint.to_bytes()
    }

    fn lanes(&self) -> usize {
        self.fingerprint.lanes as usize
    }

    fn session(&self, lane: usize) -> Result<Box<dyn LanguageModel>> {
        match &self.lanes {
            Sessions::Single => Ok(Box::new(self.model.session()?)),
            Sessions::Bins(lanes) => Ok(Box::new(lanes.take(lane)?)),
            Sessions::Characters(_) => Err(wrong_alphabet("characters, not quantile bins")),
        }
    }

    fn characters(&self, lane: usize) -> Result<Box<dyn LanguageModel<Character>>> {
        match &self.lanes {
            Sessions::Single => Ok(Box::new(self.model.characters()?)),
            Sessions::Characters(lanes) => Ok(Box::new(lanes.take(lane)?)),
            Sessions::Bins(_) => Err(wrong_alphabet("quantile bins, not characters")),
        }
    }
}

fn wrong_alphabet(what: &str) -> Error {
    Error::model(format!("it has been set up to read {what}"))
}
