//! What each level runs.

use super::Level;
use crate::density::EXPERTS;
use crate::predict::{CascadeConfig, LeastSquaresConfig, NlmsConfig};

/// The forecasts of one channel that a distribution can be centred on.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// All stages of all cascades, weighed by the combiner.
    Combined,
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

/// Composition of a level.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Cascades run side by side.
    pub cascades: &'static [CascadeConfig],
    /// Weighs the outputs of all stages.
    pub combiner: LeastSquaresConfig,
    /// Distributions mixed.
    pub experts: [ExpertConfig; EXPERTS],
}

/// Weighs the outputs of all stages.
const COMBINER: LeastSquaresConfig = LeastSquaresConfig {
    lambda: 0.998,
    interval: 4,
    ridge: 1e-4,
    common_ridge: 0.0,
    rate: 0.15,
    power: 2,
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

use Source::{Cascade, Combined, LeastSquares};

const FAST: Profile = Profile {
    cascades: &[cascade(16, 8, 0.998, 32, Weighting::Robust, &[nlms(256, 0.02), nlms(16, 0.01)])],
    combiner: LeastSquaresConfig { interval: 8, ..COMBINER },
    experts: [
        expert(Combined, 0.1),
        expert(Combined, 0.03),
        expert(Combined, 0.005),
        expert(Cascade(0), 0.1),
        expert(Cascade(0), 0.03),
        expert(Cascade(0), 0.005),
        expert(LeastSquares(0), 0.03),
        expert(LeastSquares(0), 0.005),
    ],
};

/// Follows quick changes, then spends long filters on what is left.
const LONG: CascadeConfig = cascade(
    16,
    16,
    0.999,
    8,
    Weighting::Slow,
    &[nlms(1024, 0.2), nlms(512, 0.1), nlms(256, 0.1), nlms(32, 0.05), nlms(16, 0.03)],
);
/// Forgets within a hundred samples.
const QUICK: CascadeConfig = cascade(16, 8, 0.99, 8, Weighting::Robust, &[nlms(16, 0.005)]);
/// Long memory and small steps, for tones that last.
const STEADY: CascadeConfig = cascade(
    16,
    8,
    0.9995,
    16,
    Weighting::Robust,
    &[nlms(2048, 0.01), nlms(256, 0.02), nlms(16, 0.01)],
);
/// Longer memory still, and more regressors.
const VERY_LONG: CascadeConfig = cascade(
    32,
    16,
    0.9998,
    16,
    Weighting::Slow,
    &[nlms(2048, 0.05), nlms(512, 0.02), nlms(32, 0.01), nlms(16, 0.01)],
);
/// Between `QUICK` and `STEADY`.
const MIDDLE: CascadeConfig =
    cascade(24, 16, 0.998, 8, Weighting::Robust, &[nlms(32, 0.01), nlms(16, 0.01)]);

const DEFAULT: Profile = Profile {
    cascades: &[LONG, QUICK, STEADY],
    combiner: COMBINER,
    experts: [
        expert(Combined, 0.03),
        expert(Combined, 0.005),
        expert(Cascade(0), 0.02),
        expert(Cascade(1), 0.02),
        expert(Cascade(2), 0.02),
        expert(Cascade(1), 0.1),
        expert(Cascade(2), 0.1),
        expert(LeastSquares(0), 0.02),
    ],
};

const BEST: Profile = Profile {
    cascades: &[LONG, QUICK, STEADY, VERY_LONG, MIDDLE],
    combiner: LeastSquaresConfig { interval: 2, ..COMBINER },
    experts: [
        expert(Combined, 0.03),
        expert(Combined, 0.005),
        expert(Cascade(0), 0.02),
        expert(Cascade(1), 0.05),
        expert(Cascade(2), 0.05),
        expert(Cascade(3), 0.02),
        expert(Cascade(4), 0.05),
        expert(LeastSquares(0), 0.02),
    ],
};

/// The composition of `level`.
pub fn profile(level: Level) -> &'static Profile {
    match level {
        Level::Fast => &FAST,
        Level::Default => &DEFAULT,
        Level::Best => &BEST,
    }
}
