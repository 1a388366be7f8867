//! lmz itself, in its variants.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use lmz::container::Reader;
use lmz::lm::{BINS, Input, LanguageModel, ModelProvider, ModelSource};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, TokenMapping};
use serde::{Deserialize, Serialize};

use super::coder::{Clock, Coder, Parts, in_memory};
use crate::args::{BenchLevel, Lm};
use crate::models::{self, Models};
use crate::version;

/// Settings of `compress`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub level: BenchLevel,
    /// [`Lm::Off`] where there is no model.
    pub lm: Lm,
    pub model: Option<PathBuf>,
    pub threads: usize,
}

impl Variant {
    /// The name for reports.
    pub fn label(&self) -> String {
        let lm = match self.lm {
            Lm::Off => "",
            Lm::Auto => ", lm auto",
            Lm::On => ", lm on",
        };
        format!("lmz {}{lm}", self.level.name())
    }

    /// The version, and the model.
    pub fn about(&self) -> String {
        let model = match (self.lm, &self.model) {
            (Lm::Off, _) => "no language model".to_owned(),
            (_, None) => "embedded model".to_owned(),
            (_, Some(path)) => {
                format!("model {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
        };
        format!("lmz {}, {}, {model}", env!("CARGO_PKG_VERSION"), version::engine())
    }

    fn options(&self, model: Option<Arc<dyn ModelProvider>>) -> CompressOptions {
        CompressOptions {
            level: self.level.level(),
            lm: self.lm.into(),
            mapping: TokenMapping::default(),
            model,
            threads: self.threads,
            ..CompressOptions::default()
        }
    }
}

pub struct Lmz {
    variant: Variant,
    models: Models,
    tokens: Arc<AtomicU64>,
}

impl Lmz {
    pub fn new(variant: Variant) -> Self {
        let models = Models::new(variant.model.clone());
        Lmz { variant, models, tokens: Arc::default() }
    }

    /// The model, loaded; `None` if none takes part.
    fn model(&self) -> Result<Option<Arc<dyn ModelProvider>>> {
        Ok(match self.variant.lm {
            Lm::Off => None,
            Lm::Auto | Lm::On => Some(self.models.usual()?),
        })
    }
}

impl Coder for Lmz {
    fn encode(&mut self, original: &Path, coded: &Path, clock: &mut Clock) -> Result<()> {
        let model = self.model()?;
        let options = self.variant.options(model);
        in_memory(original, coded, clock, |wav| {
            let mut packed = Vec::new();
            pipeline::compress(wav, &mut packed, &options, &mut ())?;
            Ok(packed)
        })
    }

    fn decode(&mut self, coded: &Path, restored: &Path, clock: &mut Clock) -> Result<()> {
        // Loads it outside of what is timed.
        drop(self.model()?);
        let tokens = Arc::clone(&self.tokens);
        let source = Counting { inner: models::as_source(&self.models), tokens };
        let options = DecompressOptions::default()
            .with_models(Arc::new(source))
            .with_threads(self.variant.threads);
        in_memory(coded, restored, clock, |packed| {
            let mut wav = Vec::new();
            pipeline::decompress(packed, &mut wav, &options, &mut ())?;
            Ok(wav)
        })
    }

    fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }
}

/// Where the bytes of the lmz file `packed` went.
///
/// # Errors
/// When it is none.
pub fn parts(packed: &[u8]) -> Result<Parts> {
    let mut with_lm = 0;
    let mut reader = Reader::new(packed)?;
    while let Some((_, block)) = reader.next_block()? {
        if block.uses_lm {
            with_lm += block.stream.len() as u64;
        }
    }
    Ok(Parts::new(&pipeline::inspect(packed)?.bytes, with_lm))
}

/// Models whose sessions count the tokens they read.
struct Counting {
    inner: Arc<dyn ModelSource>,
    tokens: Arc<AtomicU64>,
}

impl ModelSource for Counting {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        self.inner.lanes(fingerprint)
    }

    fn open(&self, fingerprint: &[u8]) -> lmz::Result<Arc<dyn ModelProvider>> {
        let (inner, tokens) = (self.inner.open(fingerprint)?, Arc::clone(&self.tokens));
        Ok(Arc::new(CountingProvider { inner, tokens }))
    }
}

struct CountingProvider {
    inner: Arc<dyn ModelProvider>,
    tokens: Arc<AtomicU64>,
}

impl ModelProvider for CountingProvider {
    fn fingerprint(&self) -> Vec<u8> {
        self.inner.fingerprint()
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    fn session(&self, lane: usize) -> lmz::Result<Box<dyn LanguageModel>> {
        let (inner, tokens) = (self.inner.session(lane)?, Arc::clone(&self.tokens));
        Ok(Box::new(CountingSession { inner, tokens }))
    }
}

struct CountingSession {
    inner: Box<dyn LanguageModel>,
    tokens: Arc<AtomicU64>,
}

impl LanguageModel for CountingSession {
    fn reset(&mut self) -> lmz::Result<()> {
        self.inner.reset()
    }

    fn step(&mut self, token: Input) -> lmz::Result<[f32; BINS]> {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        self.inner.step(token)
    }
}
