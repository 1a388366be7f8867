//! One segment of samples to and from its coded form (§8).

pub mod ablation;
mod alphabet;
mod channel;
mod content;
mod copies;
mod correlation;
mod cuts;
mod features;
mod floats;
mod forecaster;
mod grid;
mod lag_search;
mod lags;
mod layout;
mod levels;
mod meter;
mod order;
mod profile;
mod rehearsal;
mod segment;
mod training;
mod value_set;

pub(crate) use cuts::cuts;
pub use floats::{decode_floats, encode_floats, join_floats, split_floats};
pub(crate) use forecaster::{Expectation, Forecaster};
pub use meter::FrameCost;
pub(crate) use profile::{HISTORY, profile};
pub use rehearsal::Rehearsal;
pub use segment::{SegmentPlan, Shape, decode_pcm, decode_pcm_start, encode_pcm, training_pcm};
pub use training::TrainingToken;

/// How much prediction is run for each sample. The level is recorded in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Level {
    /// FLAC-like patience.
    Fast = 0,
    /// Several predictors side by side.
    #[default]
    Default = 1,
    /// All of them.
    Best = 2,
}

impl Level {
    /// All levels, from the fastest on.
    pub const ALL: [Level; 3] = [Level::Fast, Level::Default, Level::Best];

    /// Its name, as the program spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Fast => "fast",
            Level::Default => "default",
            Level::Best => "best",
        }
    }

    /// Longest segment that the encoder makes, in seconds.
    pub(crate) fn segment_seconds(self) -> u32 {
        profile(self).effort.segment_seconds
    }
}

/// A segment in coded form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodedPcm {
    /// Range-coded bytes.
    pub stream: Vec<u8>,
    /// Packed LSB block: low bits of samples that are coded as they are.
    pub lsb: Vec<u8>,
    /// Whether long-term prediction takes part.
    pub long_term: bool,
}

impl CodedPcm {
    /// Bytes of both.
    #[allow(clippy::len_without_is_empty, reason = "it is the length of a whole, not of a list")]
    pub fn len(&self) -> usize {
        self.stream.len() + self.lsb.len()
    }
}
