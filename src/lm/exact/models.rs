//! Models of the exact engine for the pipeline: by hash, from a file or embedded.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::super::identity::hex;
use super::super::interleaved::Sequences;
use super::super::{EMBEDDED, LanguageModel, ModelProvider, ModelSource};
use super::{ARITHMETIC, ExactIdentity, ExactModel};
use crate::error::{Error, Result};
use crate::float_environment::standard;

/// Segments that a thread decodes side by side: twice as many would be 5 % faster (`docs/measurements.md`),
/// and hold twice as much memory.
const INTERLEAVED: usize = 4;

/// Longest GGUF file that is read: more than any model within the engine's limits.
const MAX_FILE: u64 = 1 << 30;

/// The embedded model and, if one is named, that of a file, each read when it is first needed.
#[derive(Debug, Default)]
pub struct ExactModels {
    file: Option<PathBuf>,
    named: OnceLock<Arc<ExactModel>>,
    embedded: OnceLock<Arc<ExactModel>>,
}

impl ExactModels {
    /// The embedded model and that of the GGUF file `file`.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        ExactModels { file, ..ExactModels::default() }
    }

    /// The model to compress with: that of the file if one is named, else the embedded one.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine does not run it, [`Error::Io`] when its file cannot be read.
    pub fn provider(&self) -> Result<Arc<dyn ModelProvider>> {
        let model = standard(|| if self.file.is_some() { self.named() } else { self.embedded() })?;
        Ok(Arc::new(Provider(model)))
    }

    fn named(&self) -> Result<Arc<ExactModel>> {
        if let Some(model) = self.named.get() {
            return Ok(Arc::clone(model));
        }
        let path = self.file.as_ref().ok_or_else(|| Error::model("no file is named"))?;
        if std::fs::metadata(path)?.len() > MAX_FILE {
            return Err(Error::model(format!(
                "{} is larger than any model that the exact engine runs; --engine llama.cpp may run it",
                path.display()
            )));
        }
        let model = Arc::new(ExactModel::from_bytes(&std::fs::read(path)?)?);
        // If another thread was faster, its model is used.
        Ok(Arc::clone(self.named.get_or_init(|| model)))
    }

    fn embedded(&self) -> Result<Arc<ExactModel>> {
        if let Some(model) = self.embedded.get() {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(ExactModel::from_bytes(EMBEDDED)?);
        Ok(Arc::clone(self.embedded.get_or_init(|| model)))
    }
}

impl ModelSource for ExactModels {
    fn interleaved(&self, fingerprint: &[u8]) -> usize {
        if ExactIdentity::from_bytes(fingerprint).is_some() { INTERLEAVED } else { 1 }
    }

    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        let mismatch = |reason: String| Err(Error::ModelMismatch(reason));
        let Some(wanted) = ExactIdentity::from_bytes(fingerprint) else {
            return mismatch("the file was made with another engine".to_owned());
        };
        if wanted.arithmetic != ARITHMETIC {
            return mismatch(format!(
                "the file was made with arithmetic {} of the exact engine, but this lmz has {ARITHMETIC}; \
                 a newer lmz may decode it",
                wanted.arithmetic
            ));
        }
        let embedded = self.embedded()?;
        if wanted.names(embedded.blake3()) {
            return Ok(Arc::new(Provider(embedded)));
        }
        if self.file.is_some() {
            let named = self.named()?;
            if wanted.names(named.blake3()) {
                return Ok(Arc::new(Provider(named)));
            }
        }
        mismatch(format!(
            "the model is missing; name the file whose BLAKE3 starts with {} with --model",
            hex(&wanted.model)
        ))
    }
}

/// A model that hands out sequences.
struct Provider(Arc<ExactModel>);

impl ModelProvider for Provider {
    fn fingerprint(&self) -> Vec<u8> {
        ExactIdentity::new(self.0.blake3()).to_bytes()
    }

    fn session(&self, _lane: usize) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(self.0.session()))
    }

    fn sequences(&self, count: usize) -> Result<Option<Box<dyn Sequences>>> {
        Ok(Some(Box::new(self.0.lanes(count))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn models_are_found_by_their_hash() {
        let numbers = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/numbers.gguf");
        let named = ExactModels::new(Some(numbers.into()));
        let made_with_named = named.provider().unwrap().fingerprint();
        let made_with_embedded = ExactModels::default().provider().unwrap().fingerprint();
        assert_ne!(made_with_named, made_with_embedded);
        for fingerprint in [&made_with_named, &made_with_embedded] {
            assert_eq!(&named.open(fingerprint).unwrap().fingerprint(), fingerprint);
        }
        let refusal = |fingerprint: &[u8]| {
            let opened = ExactModels::default().open(fingerprint).map(|_| ());
            opened.unwrap_err().to_string()
        };
        assert!(refusal(&made_with_named).contains("--model"));
        let mut newer = made_with_embedded.clone();
        newer[1] += 1;
        assert!(refusal(&newer).contains("arithmetic 2"));
        assert!(refusal(b"llama.cpp").contains("another engine"));
    }
}
