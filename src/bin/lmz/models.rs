//! Which language model to use, and what runs it.

use std::path::PathBuf;
use std::sync::Arc;

use lmz::{ModelProvider, ModelSource};

use crate::args::{CompressArgs, Engine, Lm, ModelArgs};
use crate::failure::Usage;

/// The model for compressing; `None` when none is to be used.
///
/// # Errors
/// [`Usage`] when a model is required that cannot be had, or `--portable` forbids it.
pub fn for_compressing(
    args: &CompressArgs,
    models: &Models,
) -> Result<Option<Arc<dyn ModelProvider>>, Usage> {
    let required = args.lm == Some(Lm::On)
        || args.engine.is_some()
        || args.model.model.is_some()
        || args.mapping.needs_model();
    if args.mapping.needs_model() && args.lm() == Lm::Off {
        return Err(Usage("--experts lm with --lm off leaves no expert".to_owned()));
    }
    if args.lm() == Lm::Off || !args.mapping.may_use_model() {
        return Ok(None);
    }
    let window = args.mapping.window();
    let provider = match args.engine() {
        Engine::Exact if window.is_some() || args.lanes > 1 || args.gpu_layers > 0 => {
            return Err(Usage(
                "--mapping ascii, --lanes and --gpu-layers need --engine llama.cpp".to_owned(),
            ));
        }
        Engine::Exact => models.exact(),
        // By default only, so it is left out.
        Engine::LlamaCpp if !required && (args.portable || !WITH_LLAMA) => return Ok(None),
        Engine::LlamaCpp if args.portable => {
            return Err(Usage(
                "--portable: files made with llama.cpp decode only with the same build on the same kind \
                 of processor; with --engine exact, the embedded model runs anywhere"
                    .to_owned(),
            ));
        }
        Engine::LlamaCpp => models.llama(args.lanes, args.gpu_layers, window),
    };
    provider.map(Some).map_err(|error| Usage(error.to_string()))
}

/// The models that files may name.
pub fn all(args: &ModelArgs) -> Models {
    Models::new(args.model.clone())
}

/// As the pipeline takes them when decoding.
pub fn as_source(models: &Models) -> Arc<dyn ModelSource> {
    Arc::clone(&models.loadable) as Arc<dyn ModelSource>
}

/// Whether llama.cpp is part of this build.
const WITH_LLAMA: bool = cfg!(feature = "llama");

/// The models of this run.
pub struct Models {
    loadable: Arc<lmz::Models>,
    /// Whether a file is named.
    #[cfg(feature = "bench")]
    named: bool,
}

impl Models {
    pub fn new(file: Option<PathBuf>) -> Self {
        Models {
            #[cfg(feature = "bench")]
            named: file.is_some(),
            loadable: Arc::new(lmz::Models::new(file)),
        }
    }

    /// The model as it is used unless other settings are given.
    #[cfg(feature = "bench")]
    pub fn usual(&self) -> lmz::Result<Arc<dyn ModelProvider>> {
        if self.named { self.llama(1, 0, None) } else { self.exact() }
    }

    /// Run by the exact engine.
    fn exact(&self) -> lmz::Result<Arc<dyn ModelProvider>> {
        self.loadable.provider()
    }

    /// Run by llama.cpp. With a window, a model of characters; without, one of quantile bins.
    #[cfg(feature = "llama")]
    fn llama(
        &self,
        lanes: u32,
        gpu_layers: u32,
        window: Option<u32>,
    ) -> lmz::Result<Arc<dyn ModelProvider>> {
        use lmz::lm::llama::{Alphabet, ModelOptions};
        let alphabet = window.map_or(Alphabet::Bins, |window| Alphabet::Characters { window });
        self.loadable.llama().provider(lanes, ModelOptions { gpu_layers, alphabet })
    }

    /// Not in this build.
    #[cfg(not(feature = "llama"))]
    fn llama(
        &self,
        _lanes: u32,
        _gpu_layers: u32,
        _window: Option<u32>,
    ) -> lmz::Result<Arc<dyn ModelProvider>> {
        Err(lmz::Error::Unsupported("this build of lmz does not include llama.cpp".to_owned()))
    }
}
