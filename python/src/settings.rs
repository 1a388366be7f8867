//! What Python asks for, as options of the library.

use std::sync::{Arc, LazyLock};

use lmz::{DecompressOptions, Encoder, Level, LmUse, Models};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors;

/// The embedded model, read once in a process and not before it is needed.
static MODELS: LazyLock<Arc<Models>> = LazyLock::new(Arc::default);

/// How to compress; a dict in Python.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Settings {
    level: String,
    lm: String,
    /// Seconds; `None` is the level's.
    segment: Option<u32>,
    threads: usize,
}

impl Settings {
    /// # Errors
    /// `ValueError` for an unknown level or use of the model.
    pub fn encoder(&self, py: Python<'_>) -> PyResult<Encoder> {
        let level = level(&self.level)?;
        let mut encoder = Encoder::new().level(level).threads(self.threads);
        if let Some(seconds) = self.segment {
            encoder = encoder.segment_seconds(seconds);
        }
        if let Some(lm) = lm_use(&self.lm, level)? {
            let model = MODELS.provider().map_err(|error| errors::exception(py, error))?;
            encoder = encoder.model(model, lm);
        }
        Ok(encoder)
    }
}

/// Options of everything that decodes.
pub fn decoding(threads: usize, max_output: Option<u64>) -> DecompressOptions {
    DecompressOptions::default()
        .with_models(MODELS.clone())
        .with_threads(threads)
        .with_max_output(max_output.unwrap_or(u64::MAX))
}

fn level(name: &str) -> PyResult<Level> {
    match name {
        "fast" => Ok(Level::Fast),
        "default" => Ok(Level::Default),
        "best" => Ok(Level::Best),
        other => Err(PyValueError::new_err(format!(
            "level {other:?}; there are 'fast', 'default', 'best' and 'training'"
        ))),
    }
}

/// When the model takes part; 'auto' is what the program does at that level.
fn lm_use(name: &str, level: Level) -> PyResult<Option<LmUse>> {
    match (name, level) {
        ("off", _) | ("auto", Level::Fast) => Ok(None),
        ("auto", Level::Best) | ("on", _) => Ok(Some(LmUse::On)),
        ("auto", _) => Ok(Some(LmUse::Auto)),
        (other, _) => {
            Err(PyValueError::new_err(format!("lm {other:?}; there are 'auto', 'on' and 'off'")))
        }
    }
}
