//! What is measured: lmz, coders from libraries, programs on this machine.

mod external;
mod library;
mod lmz;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use ::lmz::pipeline::Bytes;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::report::Kind;
pub use external::External;
pub use library::Library;
pub use lmz::{Variant, parts};

/// Runs only while the coder does.
#[derive(Debug, Default)]
pub struct Clock(Duration);

impl Clock {
    /// Times `work`.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0 += start.elapsed();
        result
    }

    pub fn seconds(&self) -> f64 {
        self.0.as_secs_f64()
    }
}

/// A lossless coder of files. Paths in both directions, because programs take nothing else.
pub trait Coder {
    /// Codes the file `original`, a WAV file or, for coders of [`Input::Bytes`], anything.
    ///
    /// # Errors
    /// When the coder does not take the file.
    fn encode(&mut self, original: &Path, coded: &Path, clock: &mut Clock) -> Result<()>;

    /// Inverse of [`Coder::encode`].
    ///
    /// # Errors
    /// When it fails.
    fn decode(&mut self, coded: &Path, restored: &Path, clock: &mut Clock) -> Result<()>;

    /// Tokens that a language model has read since the coder was made, in decoding.
    fn tokens(&self) -> u64 {
        0
    }

    /// Whose memory is the coder's.
    fn runs(&self) -> Runs {
        Runs::Here
    }
}

/// Where a coder's work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// In the process that calls it.
    Here,
    /// In programs that it starts.
    InPrograms,
}

/// What a coder is given in chunked mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The bytes of the chunk.
    Bytes,
    /// A WAV file with nothing but the chunk in it.
    Wav,
}

/// What a coder promises to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restores {
    /// The file, byte for byte.
    File,
    /// The samples at least.
    Samples,
}

/// Whether the files of a run are whole ones, or made of chunks, whose header nobody misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    WholeFiles,
    Chunks,
}

/// A coder by name and settings: what is told to the process that runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spec {
    Lmz(Variant),
    Library(Library),
    External(External),
}

impl Spec {
    /// The coder itself.
    pub fn build(&self, scope: Scope) -> Box<dyn Coder> {
        match self {
            Spec::Lmz(variant) => Box::new(lmz::Lmz::new(variant.clone())),
            Spec::Library(library) => library.build(scope),
            Spec::External(external) => Box::new(external.coder(scope)),
        }
    }

    /// Name in reports: the program and its settings.
    pub fn label(&self) -> String {
        match self {
            Spec::Lmz(variant) => variant.label(),
            Spec::Library(library) => library.label().to_owned(),
            Spec::External(external) => external.label().to_owned(),
        }
    }

    /// Version, and what else a reader must know.
    pub fn about(&self) -> String {
        match self {
            Spec::Lmz(variant) => variant.about(),
            Spec::Library(library) => library.about(),
            Spec::External(external) => external.version(),
        }
    }

    pub fn is_lmz(&self) -> bool {
        self.kind() == Kind::Lmz
    }

    pub fn kind(&self) -> Kind {
        match (self, self.input()) {
            (Spec::Lmz(_), _) => Kind::Lmz,
            (_, Input::Wav) => Kind::Audio,
            (_, Input::Bytes) => Kind::General,
        }
    }

    pub fn input(&self) -> Input {
        match self {
            Spec::Library(library) => library.input(),
            Spec::Lmz(_) | Spec::External(_) => Input::Wav,
        }
    }

    pub fn restores(&self) -> Restores {
        match self {
            // Audio coders for people: many make the header again, or add a padding byte.
            Spec::External(_) => Restores::Samples,
            Spec::Lmz(_) | Spec::Library(_) => Restores::File,
        }
    }
}

/// All baselines: their names, and those that are there.
pub fn baselines() -> Vec<(&'static str, Option<Spec>)> {
    let libraries = Library::ALL.map(|library| (library.name(), Some(Spec::Library(library))));
    let programs = external::names().map(|name| (name, External::find(name).map(Spec::External)));
    libraries.into_iter().chain(programs).collect()
}

/// Where the bytes of an lmz file went, and what of them the language model answers for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// File header, block headers and trailer.
    pub container: u64,
    /// Bytes of the original that are no samples.
    pub foreign: u64,
    /// Token streams.
    pub tokens: u64,
    /// LSB blocks.
    pub lsb: u64,
    /// Samples that are stored or go through the byte model.
    pub plain: u64,
    /// Those of `tokens` that are of segments with a language model.
    pub tokens_with_lm: u64,
}

impl Parts {
    fn new(bytes: &Bytes, tokens_with_lm: u64) -> Self {
        Parts {
            container: bytes.header + bytes.block_headers + bytes.trailer,
            foreign: bytes.foreign,
            tokens: bytes.tokens,
            lsb: bytes.lsb,
            plain: bytes.byte_modelled + bytes.stored,
            tokens_with_lm,
        }
    }

    pub fn add(&mut self, other: &Parts) {
        self.container += other.container;
        self.foreign += other.foreign;
        self.tokens += other.tokens;
        self.lsb += other.lsb;
        self.plain += other.plain;
        self.tokens_with_lm += other.tokens_with_lm;
    }
}

/// From file to file with a coder that works in memory; only that is timed.
fn in_memory(
    input: &Path,
    output: &Path,
    clock: &mut Clock,
    work: impl FnOnce(&[u8]) -> Result<Vec<u8>>,
) -> Result<()> {
    let bytes = fs::read(input).with_context(|| input.display().to_string())?;
    let result = clock.time(|| work(&bytes))?;
    fs::write(output, result).with_context(|| output.display().to_string())
}
