//! The command line of `lmz bench` as plain data.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::shared::{Lm, ModelArgs};

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// WAV files, or folders of them (searched recursively)
    #[arg(required_unless_present = "explain", value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    /// Levels of lmz to measure
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "LEVELS",
        default_value = "default"
    )]
    pub level: Vec<BenchLevel>,

    /// When to use the language model; each value given adds a variant of lmz
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHEN", default_value = "auto")]
    pub lm: Vec<Lm>,

    #[command(flatten)]
    pub model: ModelArgs,

    /// Code this many chunks of each file, each on its own, instead of whole files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub chunks: Option<u32>,

    /// Bytes of sample data in a chunk, rounded down to whole frames
    #[arg(long, value_name = "BYTES", default_value_t = 2048, requires = "chunks",
          value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub chunk_size: u32,

    /// Seed for choosing chunks: the same seed gives the same chunks
    #[arg(long, value_name = "S", default_value_t = 1, requires = "chunks")]
    pub seed: u64,

    /// Coders to compare with: gzip, xz, zstd, flac-rs, flac, wavpack, mac, ofr, sac, tta, alac;
    /// or `none` [default: all that are installed]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub baseline: Option<Vec<String>>,

    /// Write all rows as CSV
    #[arg(long, value_name = "FILE", conflicts_with = "explain")]
    pub csv: Option<PathBuf>,

    /// Write the whole report as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write a report with charts as one self-contained HTML file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Examine one file instead of comparing coders: bits and levels over time, and where the bytes go
    #[arg(long, value_name = "FILE", conflicts_with_all = ["inputs", "chunks", "baseline"])]
    pub explain: Option<PathBuf>,

    /// Replace existing reports
    #[arg(short, long)]
    pub force: bool,

    /// Threads for lmz; 0 means one per processor. Coders always run one at a time
    #[arg(short = 'j', long, value_name = "N", default_value_t = 1)]
    pub threads: usize,

    /// Print no table and show no progress
    #[arg(short, long)]
    pub quiet: bool,
}

/// `--level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BenchLevel {
    /// Like `compress --fast`
    Fast,
    /// Like `compress`
    Default,
    /// Like `compress --best`
    Best,
}

impl BenchLevel {
    /// As the library calls it.
    pub fn level(self) -> lmz::Level {
        match self {
            BenchLevel::Fast => lmz::Level::Fast,
            BenchLevel::Default => lmz::Level::Default,
            BenchLevel::Best => lmz::Level::Best,
        }
    }

    /// For the name of a variant.
    pub fn name(self) -> &'static str {
        match self {
            BenchLevel::Fast => "fast",
            BenchLevel::Default => "default",
            BenchLevel::Best => "best",
        }
    }
}
