//! lmz itself, in its variants.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Result;
use lmz::container::Reader;
use lmz::lm::{BINS, InputToken, LanguageModel, ModelProvider, ModelSource};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, TokenMapping};
use serde::{Deserialize, Serialize};

use super::{Clock, Coder, Parts, in_memory};
use crate::args::Lm;
use crate::bench::args::BenchLevel;
use crate::models::{self, Models};

/// Signals end the process directly.
static NEVER: AtomicBool = AtomicBool::new(false);

/// What `compress` is asked to do.
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
        format!("lmz {}, {}, {model}", env!("CARGO_PKG_VERSION"), models::engine())
    }

    fn options<'a>(&self, model: Option<&'a dyn ModelProvider>) -> CompressOptions<'a> {
        CompressOptions {
            level: self.level.level(),
            lm: self.lm.into(),
            mapping: TokenMapping::default(),
            model,
            threads: self.threads,
        }
    }
}

pub struct Lmz {
    variant: Variant,
    models: Models,
    tokens: AtomicU64,
}

impl Lmz {
    pub fn new(variant: Variant) -> Self {
        let models = Models::new(variant.model.clone());
        Lmz { variant, models, tokens: AtomicU64::new(0) }
    }

    /// The model, loaded; `None` if none takes part.
    fn model(&self) -> Result<Option<Box<dyn ModelProvider + '_>>> {
        Ok(match self.variant.lm {
            Lm::Off => None,
            Lm::Auto | Lm::On => Some(self.models.provider(1, 0, None)?),
        })
    }
}

impl Coder for Lmz {
    fn encode(&mut self, original: &Path, coded: &Path, clock: &mut Clock) -> Result<()> {
        let model = self.model()?;
        let options = self.variant.options(model.as_deref());
        in_memory(original, coded, clock, |wav| {
            let mut packed = Vec::new();
            pipeline::compress(wav, &mut packed, &options, &(), &NEVER)?;
            Ok(packed)
        })
    }

    fn decode(&mut self, coded: &Path, restored: &Path, clock: &mut Clock) -> Result<()> {
        // Loads it outside of what is timed.
        drop(self.model()?);
        let source = Counting { inner: models::as_source(&self.models), tokens: &self.tokens };
        let options = DecompressOptions {
            models: &source,
            threads: self.variant.threads,
            ..Default::default()
        };
        in_memory(coded, restored, clock, |packed| {
            let mut wav = Vec::new();
            pipeline::decompress(packed, &mut wav, &options, &(), &NEVER)?;
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
            with_lm += block.tokens.len() as u64;
        }
    }
    Ok(Parts::new(&pipeline::info(packed)?.bytes, with_lm))
}

/// Models whose sessions count the tokens they read.
struct Counting<'a, M: ?Sized> {
    inner: &'a M,
    tokens: &'a AtomicU64,
}

impl ModelSource for Counting<'_, dyn ModelSource + '_> {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        self.inner.lanes(fingerprint)
    }

    fn open(&self, fingerprint: &[u8]) -> lmz::Result<Box<dyn ModelProvider + '_>> {
        Ok(Box::new(CountingProvider { inner: self.inner.open(fingerprint)?, tokens: self.tokens }))
    }
}

struct CountingProvider<'a> {
    inner: Box<dyn ModelProvider + 'a>,
    tokens: &'a AtomicU64,
}

impl ModelProvider for CountingProvider<'_> {
    fn fingerprint(&self) -> Vec<u8> {
        self.inner.fingerprint()
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    fn session(&self, lane: usize) -> lmz::Result<Box<dyn LanguageModel + '_>> {
        Ok(Box::new(CountingSession { inner: self.inner.session(lane)?, tokens: self.tokens }))
    }
}

struct CountingSession<'a> {
    inner: Box<dyn LanguageModel + 'a>,
    tokens: &'a AtomicU64,
}

impl LanguageModel for CountingSession<'_> {
    fn reset(&mut self) -> lmz::Result<()> {
        self.inner.reset()
    }

    fn step(&mut self, token: InputToken) -> lmz::Result<[f32; BINS]> {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        self.inner.step(token)
    }
}
