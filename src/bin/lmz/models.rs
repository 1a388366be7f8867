//! Which language model to use: the only place of the program that knows of engines.

use std::path::PathBuf;

use lmz::pipeline::{ModelProvider, ModelSource, NoModels};

use crate::args::{CompressArgs, Lm, ModelArgs};
use crate::failure::Usage;

/// The engine and its version, for `-V`.
pub fn engine() -> &'static str {
    "without llama.cpp"
}

/// The model for compressing.
///
/// # Errors
/// [`Usage`] when a model is asked for that cannot be had.
pub fn for_compressing(args: &CompressArgs) -> Result<Option<Box<dyn ModelProvider>>, Usage> {
    if args.lm == Lm::On || args.model.model.is_some() {
        return Err(Usage("this lmz was built without language models".to_owned()));
    }
    Ok(None)
}

/// Where to find the models that files name.
pub fn for_decompressing(args: &ModelArgs) -> Box<dyn ModelSource> {
    let _: &Option<PathBuf> = &args.model;
    Box::new(NoModels)
}
