//! Options that several commands have, and their values.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lmz::pipeline::{Gap, LmUse};
use serde::{Deserialize, Serialize};

/// Heading of the options that are only for experiments.
pub const RESEARCH: &str = "Research";

#[derive(Clone, Debug, Default, Args)]
pub struct OutputArgs {
    /// Output file, a folder, or - for standard output; the folder is created if an input is a
    /// folder or the name ends in a slash, and an input folder keeps its path below it
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,

    /// Write to standard output, like -o -
    #[arg(short = 'c', long, conflicts_with = "output")]
    pub stdout: bool,

    /// Replace existing outputs
    #[arg(short, long)]
    pub force: bool,

    /// Skip inputs whose output already exists
    #[arg(long, conflicts_with = "force")]
    pub skip_existing: bool,

    /// Keep the inputs: always on, accepted as in gzip
    #[arg(short, long)]
    pub keep: bool,

    /// Do not copy timestamps, permissions and owners from inputs to outputs
    #[arg(long)]
    pub no_preserve: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub struct WalkArgs {
    /// Include subfolders
    #[arg(short, long)]
    pub recursive: bool,

    /// In folders, take files that match instead of those with the usual extensions; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,

    /// In folders, leave out files that match; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct ModelArgs {
    /// Language model to use instead of the embedded one
    #[arg(long, value_name = "FILE.gguf")]
    pub model: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct CommonArgs {
    /// Number of threads, at most 256 per file; 0 means one per processor. It does not affect the
    /// result
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0)]
    pub threads: usize,

    /// Report only errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Report more: what was left out or not preserved, and all details in `info`
    #[arg(short, long)]
    pub verbose: bool,

    /// Report as JSON on standard output: one object per file, each on its own line
    #[arg(long)]
    pub json: bool,
}

/// `--gap`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GapArg {
    #[default]
    /// Silence of the same length, so that everything else stays in place
    Silence,
    /// Nothing: keep only the frames that were found, with a new header
    Drop,
}

impl From<GapArg> for Gap {
    fn from(gap: GapArg) -> Self {
        match gap {
            GapArg::Silence => Gap::Silence,
            GapArg::Drop => Gap::Drop,
        }
    }
}

/// `--engine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Runs small models with the same result on every machine
    Exact,
    /// Runs any model; the file decodes only with the same build on the same kind of processor
    #[value(name = "llama.cpp")]
    LlamaCpp,
}

/// `--lm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Lm {
    /// Where it saves at least 1 % on excerpts of a segment
    #[default]
    Auto,
    /// Wherever it saves anything
    On,
    /// Never
    Off,
}

impl From<Lm> for LmUse {
    fn from(lm: Lm) -> Self {
        match lm {
            Lm::Auto => LmUse::Auto,
            Lm::On => LmUse::On,
            Lm::Off => LmUse::Off,
        }
    }
}
