//! Which language model to use: the only place of the program that knows of engines.

use std::sync::Arc;

use lmz::lm::{ModelProvider, ModelSource};

use crate::args::{CompressArgs, Lm, ModelArgs};
use crate::failure::Usage;

pub use engine::{Models, engine};

/// The model for compressing; `None` when none is to be used.
///
/// # Errors
/// [`Usage`] when a model is asked for that cannot be had.
pub fn for_compressing(
    args: &CompressArgs,
    models: &Models,
) -> Result<Option<Arc<dyn ModelProvider>>, Usage> {
    let asked = args.lm() == Lm::On || args.model.model.is_some() || args.mapping.needs_model();
    if args.mapping.needs_model() && args.lm() == Lm::Off {
        return Err(Usage("--experts lm and --lm off leave no expert".to_owned()));
    }
    if args.lm() == Lm::Off || !args.mapping.may_use_model() || !(asked || models.is_available()) {
        return Ok(None);
    }
    let window = args.mapping.window();
    let provider = models.provider(args.lanes, args.gpu_layers, window);
    provider.map(Some).map_err(|error| Usage(error.to_string()))
}

/// The models that files may name.
pub fn all(args: &ModelArgs) -> Models {
    Models::new(args.model.clone())
}

/// As what the pipeline asks for when decoding.
pub fn as_source(models: &Models) -> Arc<dyn ModelSource> {
    models.source()
}

#[cfg(feature = "llama")]
mod engine {
    use std::path::PathBuf;
    use std::sync::Arc;

    use lmz::Result;
    use lmz::lm::llama::{Alphabet, ENGINE, ModelOptions};
    use lmz::lm::{LlamaModels, ModelProvider, ModelSource};

    /// The engine and its version, for `-V`.
    pub fn engine() -> String {
        format!("llama.cpp of {ENGINE}")
    }

    /// Models run by llama.cpp.
    pub struct Models(Arc<LlamaModels>);

    impl Models {
        pub fn new(file: Option<PathBuf>) -> Self {
            Models(Arc::new(LlamaModels::new(file)))
        }

        pub fn is_available(&self) -> bool {
            self.0.is_available()
        }

        /// With a window, a model of characters; without, one of quantile bins.
        pub fn provider(
            &self,
            lanes: u32,
            gpu_layers: u32,
            window: Option<u32>,
        ) -> Result<Arc<dyn ModelProvider>> {
            let alphabet = window.map_or(Alphabet::Bins, |window| Alphabet::Characters { window });
            self.0.provider(lanes, ModelOptions { gpu_layers, alphabet })
        }

        pub fn source(&self) -> Arc<dyn ModelSource> {
            Arc::clone(&self.0) as Arc<dyn ModelSource>
        }
    }
}

#[cfg(not(feature = "llama"))]
mod engine {
    use std::path::PathBuf;
    use std::sync::Arc;

    use lmz::lm::{ModelProvider, ModelSource, NoModels};
    use lmz::{Error, Result};

    /// What there is instead of an engine, for `-V`.
    pub fn engine() -> String {
        "without llama.cpp".to_owned()
    }

    /// No models.
    pub struct Models;

    impl Models {
        pub fn new(_file: Option<PathBuf>) -> Self {
            Models
        }

        pub fn is_available(&self) -> bool {
            false
        }

        pub fn provider(
            &self,
            _lanes: u32,
            _gpu_layers: u32,
            _window: Option<u32>,
        ) -> Result<Arc<dyn ModelProvider>> {
            Err(Error::Unsupported {
                reason: "this build of lmz is without language models".to_owned(),
            })
        }

        pub fn source(&self) -> Arc<dyn ModelSource> {
            Arc::new(NoModels)
        }
    }
}
