//! What each level runs.

use super::Level;
use crate::density::{Depth, EXPERTS};
use crate::predict::{CascadeConfig, LeastSquaresConfig, NlmsConfig, Pace, PolishConfig};

/// The forecasts of one channel that a distribution can be centred on.
#[derive(Clone, Copy, Debug)]
pub enum Source {
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
    pub source: Source,
    /// Weight of the newest absolute error in the scale's running mean.
    pub rate: f32,
}

/// Experts that language models are told of, by what they stand for (`features.rs`). A model
/// trained on one level then understands the others, where an expert without a counterpart is stood
/// for by the nearest one.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// Whose locations are told: cascades that are quick, long, very long, short, nimble and that take
    /// off the slope, then the least squares of the long and of the very long one.
    pub locations: [usize; 8],
    /// Whose scales are told: one for each expert of the default level, in its order.
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

/// What the encoder takes the time to look for. The stream says what was found, so a decoder of any level
/// reads it.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// The better order of the channels.
    pub orders: bool,
    /// The best composition and [`Memory`]: the share of the segment that they are tried on, as a divisor.
    pub trial: usize,
    /// Segments of up to so many frames are tried as a whole, and of longer ones a quarter up to so many.
    pub short_trial: usize,
    /// A level whose choice whole segments are coded with as well: what an excerpt says of many predictors is
    /// not always true of the rest.
    pub compares_with: Option<Level>,
    /// Periods ([`PERIOD`](super::lags::PERIOD)) back from each that are searched for passages like it; 0
    /// for no search. It bounds the search's time.
    pub reach: usize,
}

/// Composition of a level.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    /// The level that it is of.
    pub level: Level,
    /// Longest segment in seconds. In a longer one there is more to look back to, a shorter one leaves
    /// more threads something to do, and is sooner decoded up to a place in it.
    pub segment_seconds: u32,
    /// What the encoder looks for.
    pub effort: Effort,
    /// Cascades run side by side.
    pub cascades: &'a [CascadeConfig],
    /// Weighs the outputs of all stages.
    pub combiner: LeastSquaresConfig,
    /// Improves on what the combiner makes of them.
    pub polish: PolishConfig,
    /// How decisions are mixed.
    pub depth: Depth,
    /// Distributions mixed. The first four have a second task each (`channel.rs`): the final
    /// forecast with a fast, a slow and a very slow scale, and that of a cascade with a short memory.
    pub experts: [ExpertConfig; EXPERTS],
    /// Experts that language models are told of.
    pub outlook: Outlook,
}

/// Weighs the outputs of all stages.
const COMBINER: LeastSquaresConfig = LeastSquaresConfig {
    lambda: 0.999,
    interval: 8,
    ridge: 1e-4,
    common_ridge: 0.0,
    rate: 0.15,
    power: 2,
};

/// Filters over errors: what is left of a tone, of an echo, and of the sample before.
const OVER_ERRORS: &[NlmsConfig] = &[nlms(2048, 0.02), nlms(256, 0.02), nlms(32, 0.02)];

/// Improves on the combiner's forecast.
const POLISH: PolishConfig = PolishConfig {
    least_squares: LeastSquaresConfig { lambda: 0.998, interval: 16, ..COMBINER },
    own: OVER_ERRORS,
    partner: OVER_ERRORS,
};

/// How first stages discount passages with large errors.
#[derive(Clone, Copy)]
enum Weighting {
    /// Follows the loudness over some milliseconds.
    Slow,
    /// Follows single outliers: for jumps and clicks.
    Robust,
}

/// A cascade: regressors from the own and the partner channel, forgetting factor and interval
/// of the solution, then the NLMS stages.
const fn cascade(
    own: usize,
    partner: usize,
    lambda: f64,
    interval: usize,
    weighting: Weighting,
    nlms: &'static [NlmsConfig],
) -> CascadeConfig {
    let (rate, power) = match weighting {
        Weighting::Slow => (0.005, 1),
        Weighting::Robust => (0.3, 2),
    };
    let least_squares =
        LeastSquaresConfig { lambda, interval, ridge: 0.0, common_ridge: 1e-6, rate, power };
    CascadeConfig { own, partner, least_squares, nlms }
}

const fn nlms(taps: usize, step: f32) -> NlmsConfig {
    NlmsConfig { taps, step }
}

const fn expert(source: Source, rate: f32) -> ExpertConfig {
    ExpertConfig { source, rate }
}

use Source::{Cascade, LeastSquares, Polished};

/// Long memory; what is left goes to filters of some milliseconds.
const FAST_LONG: CascadeConfig =
    cascade(16, 8, 0.9995, 32, Weighting::Slow, &[nlms(256, 0.1), nlms(16, 0.02)]);
/// Follows changes within a few hundred samples.
const FAST_QUICK: CascadeConfig = cascade(16, 8, 0.995, 32, Weighting::Robust, &[nlms(16, 0.01)]);

/// What the search for repeated passages looks at is what this one leaves over.
pub const WHITENING: CascadeConfig = FAST_QUICK;

const FAST: Profile<'static> = Profile {
    level: Level::Fast,
    segment_seconds: 20,
    // Orders and passages that come again would cost too much of the time saved.
    effort: Effort {
        orders: false,
        trial: 16,
        short_trial: 1 << 13,
        compares_with: None,
        reach: 0,
    },
    cascades: &[FAST_LONG, FAST_QUICK],
    combiner: LeastSquaresConfig { lambda: 0.998, interval: 8, ..COMBINER },
    polish: PolishConfig {
        least_squares: LeastSquaresConfig { interval: 8, ..POLISH.least_squares },
        own: &[],
        partner: &[],
    },
    depth: Depth::Plain,
    experts: [
        expert(Polished, 0.03),
        expert(Polished, 0.005),
        expert(Polished, 0.001),
        expert(Cascade(1), 0.05),
        expert(Polished, 0.01),
        expert(Polished, 0.1),
        expert(Polished, 0.3),
        expert(Cascade(0), 0.001),
        expert(Cascade(0), 0.005),
        expert(Cascade(0), 0.03),
        expert(Cascade(0), 0.1),
        expert(Cascade(1), 0.02),
        expert(Cascade(1), 0.2),
        expert(LeastSquares(0), 0.005),
        expert(LeastSquares(0), 0.03),
        expert(LeastSquares(0), 0.1),
    ],
    outlook: Outlook {
        locations: [3, 9, 9, 3, 3, 9, 14, 14],
        scales: [0, 1, 2, 3, 5, 8, 9, 10, 12, 9, 10, 11, 11, 9, 14, 13],
    },
};

/// Follows changes of the tone, then spends long filters on what is left.
const LONG: CascadeConfig = cascade(
    16,
    16,
    0.9995,
    16,
    Weighting::Slow,
    &[nlms(1024, 0.2), nlms(512, 0.1), nlms(256, 0.1), nlms(32, 0.05), nlms(16, 0.03)],
);
/// The same with a longer memory and more regressors.
const LONGER: CascadeConfig = CascadeConfig {
    own: 32,
    least_squares: LeastSquaresConfig { lambda: 0.9998, ..LONG.least_squares },
    ..LONG
};
/// The same with a shorter memory: for speech and quick melodies.
const SHORT: CascadeConfig = cascade(
    16,
    8,
    0.9985,
    16,
    Weighting::Slow,
    &[nlms(512, 0.1), nlms(256, 0.1), nlms(32, 0.05), nlms(16, 0.03)],
);
/// Forgets within a hundred samples.
const QUICK: CascadeConfig = cascade(16, 8, 0.995, 8, Weighting::Robust, &[nlms(16, 0.005)]);
/// Forgets within fifty, and is up to date sooner.
const NIMBLE: CascadeConfig = cascade(12, 4, 0.99, 4, Weighting::Robust, &[]);
/// Between `QUICK` and `STEADY`.
const MIDDLE: CascadeConfig =
    cascade(24, 16, 0.999, 16, Weighting::Robust, &[nlms(32, 0.01), nlms(16, 0.01)]);
/// Long memory and small steps, for tones that last.
const STEADY: CascadeConfig = cascade(
    16,
    8,
    0.99975,
    32,
    Weighting::Robust,
    &[nlms(2048, 0.01), nlms(256, 0.02), nlms(16, 0.01)],
);
/// Longer memory still, and more regressors.
const VERY_LONG: CascadeConfig = cascade(
    32,
    16,
    0.9999,
    32,
    Weighting::Slow,
    &[nlms(2048, 0.05), nlms(512, 0.02), nlms(32, 0.01), nlms(16, 0.01)],
);
/// Hardly forgets, hardly moves.
const STATIC: CascadeConfig = cascade(
    32,
    16,
    0.99995,
    32,
    Weighting::Robust,
    &[nlms(2048, 0.003), nlms(512, 0.003), nlms(32, 0.003), nlms(16, 0.003)],
);
/// Takes off little more than the slope, so that the filters see nearly the signal itself.
const SLOPE: CascadeConfig = cascade(
    2,
    1,
    0.995,
    8,
    Weighting::Robust,
    &[nlms(1024, 0.02), nlms(256, 0.005), nlms(16, 0.005)],
);

const DEFAULT: Profile<'static> = Profile {
    level: Level::Default,
    segment_seconds: 30,
    effort: Effort {
        orders: true,
        trial: 16,
        short_trial: 1 << 13,
        compares_with: None,
        reach: 512,
    },
    cascades: &[LONG, QUICK, VERY_LONG, SHORT, SLOPE],
    combiner: COMBINER,
    polish: POLISH,
    depth: Depth::Layered,
    experts: [
        expert(Polished, 0.03),
        expert(Polished, 0.005),
        expert(Polished, 0.001),
        expert(Cascade(1), 0.05),
        expert(Polished, 0.1),
        expert(Cascade(0), 0.005),
        expert(Cascade(0), 0.02),
        expert(Cascade(0), 0.1),
        expert(Cascade(1), 0.2),
        expert(Cascade(2), 0.02),
        expert(Cascade(2), 0.1),
        expert(Cascade(3), 0.02),
        expert(Cascade(4), 0.02),
        expert(Polished, 0.3),
        expert(LeastSquares(0), 0.02),
        expert(LeastSquares(2), 0.01),
    ],
    outlook: Outlook {
        locations: [3, 5, 9, 11, 3, 12, 14, 15],
        scales: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 3, 12, 14, 15],
    },
};

const BEST: Profile<'static> = Profile {
    level: Level::Best,
    segment_seconds: 60,
    effort: Effort {
        orders: true,
        trial: 8,
        short_trial: 1 << 16,
        compares_with: Some(Level::Default),
        reach: 2048,
    },
    cascades: &[LONG, QUICK, VERY_LONG, SHORT, NIMBLE, SLOPE, STEADY, MIDDLE, LONGER, STATIC],
    combiner: COMBINER,
    polish: POLISH,
    depth: Depth::Layered,
    experts: [
        expert(Polished, 0.03),
        expert(Polished, 0.005),
        expert(Polished, 0.001),
        expert(Cascade(1), 0.05),
        expert(Polished, 0.1),
        expert(Cascade(0), 0.02),
        expert(Cascade(1), 0.2),
        expert(Cascade(2), 0.02),
        expert(Cascade(3), 0.02),
        expert(Cascade(4), 0.02),
        expert(Cascade(5), 0.02),
        expert(Cascade(6), 0.02),
        expert(Cascade(7), 0.02),
        expert(Cascade(8), 0.02),
        expert(Cascade(9), 0.02),
        expert(LeastSquares(0), 0.02),
    ],
    outlook: Outlook {
        locations: [3, 5, 7, 8, 9, 10, 15, 15],
        scales: [0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 7, 8, 9, 10, 15, 15],
    },
};

/// The composition of `level`.
pub fn profile(level: Level) -> &'static Profile<'static> {
    match level {
        Level::Fast => &FAST,
        Level::Default => &DEFAULT,
        Level::Best => &BEST,
    }
}
