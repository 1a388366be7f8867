//! The levels (§8.8): one row for each, with all that they differ by.

use super::Level;
use super::profile::Centre::{self, Cascade, LeastSquares, Polished};
use super::profile::{Composition, Effort, ExpertConfig, FeatureExperts, Profile};
use crate::density::{Depth, MixingConfig};
use crate::predict::{CascadeConfig, LeastSquaresConfig, LongTermConfig, NlmsConfig, PolishConfig};

/// By the number of the level.
pub static LEVELS: [Profile<'static>; Level::ALL.len()] = [FAST, DEFAULT, BEST];

const FAST: Profile<'static> = Profile {
    level: Level::Fast,
    composition: Composition {
        cascades: &[FAST_LONG, FAST_QUICK],
        combiner: LeastSquaresConfig { lambda: 0.998, interval: 16, ..COMBINER },
        long_term: LONG_TERM,
        polish: PolishConfig {
            least_squares: LeastSquaresConfig { interval: 16, ..POLISH.least_squares },
            own: &[],
            partner: &[],
        },
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
        mixing: MixingConfig { depth: Depth::Plain, first_rate: 0.0015, ..MIXING },
        features: FeatureExperts {
            locations: [3, 9, 9, 3, 3, 9, 14, 14],
            scales: [0, 1, 2, 3, 5, 8, 9, 10, 12, 9, 10, 11, 11, 9, 14, 13],
        },
    },
    // A search for orders and for repeated passages would cost too much of the time saved.
    effort: Effort {
        segment_seconds: 20,
        orders: false,
        trial: 16,
        short_trial: 1 << 13,
        compares_with: None,
        reach: 0,
    },
};

const DEFAULT: Profile<'static> = Profile {
    level: Level::Default,
    composition: Composition {
        cascades: &[LONG, QUICK, VERY_LONG, SHORT, SLOPE],
        combiner: COMBINER,
        long_term: LONG_TERM,
        polish: POLISH,
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
        mixing: MIXING,
        features: FeatureExperts {
            locations: [3, 5, 9, 11, 3, 12, 14, 15],
            scales: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 3, 12, 14, 15],
        },
    },
    effort: Effort {
        segment_seconds: 30,
        orders: true,
        trial: 32,
        short_trial: 1 << 13,
        compares_with: None,
        reach: 512,
    },
};

const BEST: Profile<'static> = Profile {
    level: Level::Best,
    composition: Composition {
        cascades: &[LONG, QUICK, VERY_LONG, SHORT, NIMBLE, SLOPE, STEADY, MIDDLE, LONGER, STATIC],
        combiner: COMBINER,
        long_term: LONG_TERM,
        polish: POLISH,
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
        mixing: MIXING,
        features: FeatureExperts {
            locations: [3, 5, 7, 8, 9, 10, 15, 15],
            scales: [0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 7, 8, 9, 10, 15, 15],
        },
    },
    effort: Effort {
        segment_seconds: 60,
        orders: true,
        trial: 16,
        short_trial: 1 << 16,
        compares_with: Some(Level::Default),
        reach: 2048,
    },
};

/// Weighs the outputs of all stages.
const COMBINER: LeastSquaresConfig = LeastSquaresConfig {
    lambda: 0.999,
    interval: 32,
    ridge: 1e-4,
    common_ridge: 0.0,
    rate: 0.15,
    power: 2,
};

/// Filters over errors: what is left of a tone, of an echo, and of the sample before.
const OVER_ERRORS: &[NlmsConfig] = &[nlms(2048, 0.02), nlms(256, 0.02), nlms(32, 0.02)];

/// Improves on the combiner's forecast.
const POLISH: PolishConfig = PolishConfig {
    least_squares: LeastSquaresConfig { lambda: 0.998, ..COMBINER },
    own: OVER_ERRORS,
    partner: OVER_ERRORS,
};

/// Of repeated passages (§8.9). The filters are for what in the new is no repetition and yet a tone.
const LONG_TERM: LongTermConfig = LongTermConfig {
    least_squares: LeastSquaresConfig { lambda: 0.997, interval: 32, ridge: 1e-6, ..COMBINER },
    nlms: &[nlms(256, 0.005), nlms(16, 0.005)],
};

/// Of decisions (§9.6): two layers.
const MIXING: MixingConfig = MixingConfig {
    depth: Depth::Layered,
    first_rate: 0.003,
    second_rate: 0.002,
    late_rate: 0.003,
    map_rate: 0.005,
    share_rate: 0.01,
    blend: [0.6, 0.2],
    decays: [0.9, 0.98],
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

const fn expert(centre: Centre, rate: f32) -> ExpertConfig {
    ExpertConfig { centre, rate }
}

/// Long memory; what is left goes to filters of some milliseconds.
const FAST_LONG: CascadeConfig =
    cascade(16, 8, 0.9995, 32, Weighting::Slow, &[nlms(256, 0.1), nlms(16, 0.02)]);
/// Follows changes within a few hundred samples.
const FAST_QUICK: CascadeConfig = cascade(16, 8, 0.995, 32, Weighting::Robust, &[nlms(16, 0.01)]);

/// What the search for repeated passages looks at is what this one leaves over.
pub const WHITENING: CascadeConfig = FAST_QUICK;

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
const QUICK: CascadeConfig = cascade(16, 8, 0.995, 16, Weighting::Robust, &[nlms(16, 0.005)]);
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
    64,
    Weighting::Robust,
    &[nlms(2048, 0.01), nlms(256, 0.02), nlms(16, 0.01)],
);
/// Longer memory still, and more regressors.
const VERY_LONG: CascadeConfig = cascade(
    32,
    16,
    0.9999,
    64,
    Weighting::Slow,
    &[nlms(2048, 0.05), nlms(512, 0.02), nlms(32, 0.01), nlms(16, 0.01)],
);
/// Hardly forgets, hardly moves.
const STATIC: CascadeConfig = cascade(
    32,
    16,
    0.99995,
    64,
    Weighting::Robust,
    &[nlms(2048, 0.003), nlms(512, 0.003), nlms(32, 0.003), nlms(16, 0.003)],
);
/// Takes off little more than the slope, so that the filters see nearly the signal itself.
const SLOPE: CascadeConfig = cascade(
    2,
    1,
    0.995,
    16,
    Weighting::Robust,
    &[nlms(1024, 0.02), nlms(256, 0.005), nlms(16, 0.005)],
);
