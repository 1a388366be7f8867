//! What a level consists of (§8.8): what a decoder runs, and what an encoder searches for. The levels
//! themselves are in `levels.rs`.

use super::Level;
use super::levels::LEVELS;
use crate::density::{EXPERTS, MixingConfig};
use crate::predict::{CascadeConfig, LeastSquaresConfig, LongTermConfig, Pace, PolishConfig};

/// The forecast of a channel that a distribution is centred on.
#[derive(Clone, Copy, Debug)]
pub enum Centre {
    /// All stages of all cascades, weighed by the combiner, and polished.
    Polished,
    /// The sum of one cascade's stages.
    Cascade(usize),
    /// One cascade's least-squares stage alone.
    LeastSquares(usize),
}

/// A distribution: where it is centred and how fast its scale adapts.
#[derive(Clone, Copy, Debug)]
pub struct ExpertConfig {
    /// Forecast that is the location.
    pub centre: Centre,
    /// Weight of the newest absolute error in the scale's running mean.
    pub rate: f32,
}

/// The experts that the features of language models are taken from, by what they stand for
/// (`features.rs`). A model trained on one level then fits the others, where the nearest expert takes
/// the place of one without a counterpart.
#[derive(Clone, Copy, Debug)]
pub struct FeatureExperts {
    /// Whose locations are features: cascades that are quick, long, very long, short, nimble and that take
    /// off the slope, then the least squares of the long and of the very long one.
    pub locations: [usize; 8],
    /// Whose scales are features: one for each expert of the default level, in its order.
    pub scales: [usize; EXPERTS],
}

/// How fast the predictors of a segment forget. What is best depends on the material and on the sample rate:
/// a voice in telephone quality changes within some hundred samples, a chord within ten thousands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Memory {
    /// As the level has it.
    #[default]
    Usual = 0,
    /// Half as long.
    Short = 1,
    /// A quarter as long.
    Shortest = 2,
    /// Twice as long.
    Long = 3,
}

impl Memory {
    /// By the number that stands in the stream.
    pub const ALL: [Memory; 4] = [Memory::Usual, Memory::Short, Memory::Shortest, Memory::Long];

    /// What it does to the predictors.
    pub fn pace(self) -> Pace {
        let (forgetting, step) = match self {
            Memory::Usual => (1.0, 1.0),
            Memory::Short => (2.0, 1.0),
            Memory::Shortest => (4.0, 2.0),
            Memory::Long => (0.5, 1.0),
        };
        Pace { forgetting, step }
    }
}

/// Values in the histories that least-squares stages read: the most that one of any level takes from a
/// channel (§8.3).
pub const HISTORY: usize = 32;

/// What both sides run: the parameters that a decoder has to know.
#[derive(Clone, Copy, Debug)]
pub struct Composition<'a> {
    /// Cascades run side by side.
    pub cascades: &'a [CascadeConfig],
    /// Weighs the outputs of all stages.
    pub combiner: LeastSquaresConfig,
    /// Predicts what the combiner left over from earlier passages, where the segment has such.
    pub long_term: LongTermConfig,
    /// Improves on what the combiner makes of them.
    pub polish: PolishConfig,
    /// Distributions mixed. The first four have a second task each (`channel.rs`): the final
    /// forecast with a fast, a slow and a very slow scale, and that of a cascade with a short memory.
    pub experts: [ExpertConfig; EXPERTS],
    /// How decisions are mixed.
    pub mixing: MixingConfig,
    /// Experts that the features of language models are taken from.
    pub features: FeatureExperts,
}

/// What the encoder takes the time to search for. The stream holds what was found, so a decoder of any level
/// reads it.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Longest segment in seconds. In a longer one there is more to look back to, a shorter one leaves
    /// more threads something to do, and is sooner decoded up to a place in it.
    pub segment_seconds: u32,
    /// The better order of the channels.
    pub orders: bool,
    /// The best composition and [`Memory`]: the share of the segment that they are tried on, as a divisor.
    pub trial: usize,
    /// Segments of up to so many frames are tried as a whole, and of longer ones a quarter up to so many.
    pub short_trial: usize,
    /// A level whose choice whole segments are coded with as well: what an excerpt shows of many predictors
    /// does not always hold for the rest.
    pub compares_with: Option<Level>,
    /// Periods ([`PERIOD`](super::lags::PERIOD)) back from each that are searched for passages like it; 0
    /// for no search. It bounds the search's time.
    pub reach: usize,
}

/// A level.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    /// Which one.
    pub level: Level,
    /// Decoder parameters.
    pub composition: Composition<'a>,
    /// What the encoder searches for.
    pub effort: Effort,
}

/// What `level` consists of.
pub fn profile(level: Level) -> &'static Profile<'static> {
    &LEVELS[level as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_level_in_its_place() {
        for level in Level::ALL {
            assert_eq!(profile(level).level, level);
        }
    }

    #[test]
    fn histories_are_as_long_as_the_longest_regression() {
        let cascades = LEVELS.iter().flat_map(|profile| profile.composition.cascades);
        let longest = cascades.map(|cascade| cascade.own.max(cascade.partner)).max();
        assert_eq!(longest, Some(HISTORY));
    }
}
