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
    /// Forgetting factor and interval of the combiner.
    pub combiner: (f64, usize),
    /// Distributions mixed.
    pub experts: [ExpertConfig; EXPERTS],
}

const fn least_squares(own: usize, partner: usize, lambda: f64, interval: usize) -> LeastSquaresConfig {
    LeastSquaresConfig { own, partner, lambda, interval, ridge: 1e-9 }
}

const fn nlms(taps: usize, step: f32) -> NlmsConfig {
    NlmsConfig { taps, step }
}

const fn expert(source: Source, rate: f32) -> ExpertConfig {
    ExpertConfig { source, rate }
}

use Source::{Cascade, Combined, LeastSquares};

const FAST: Profile = Profile {
    cascades: &[CascadeConfig {
        least_squares: least_squares(16, 8, 0.998, 16),
        nlms: &[nlms(256, 0.005), nlms(32, 0.01), nlms(16, 0.02)],
    }],
    combiner: (0.998, 8),
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

const DEFAULT: Profile = Profile {
    cascades: &[
        CascadeConfig {
            least_squares: least_squares(16, 16, 0.998, 8),
            nlms: &[nlms(1024, 0.002), nlms(256, 0.004), nlms(32, 0.008), nlms(16, 0.01)],
        },
        CascadeConfig {
            least_squares: least_squares(32, 16, 0.9995, 16),
            nlms: &[nlms(2048, 0.002), nlms(256, 0.005), nlms(16, 0.008)],
        },
        CascadeConfig {
            least_squares: least_squares(8, 8, 0.99, 8),
            nlms: &[nlms(256, 0.005), nlms(32, 0.008), nlms(16, 0.008)],
        },
    ],
    combiner: (0.998, 4),
    experts: [
        expert(Combined, 0.1),
        expert(Combined, 0.03),
        expert(Combined, 0.005),
        expert(Cascade(0), 0.02),
        expert(Cascade(1), 0.02),
        expert(Cascade(2), 0.02),
        expert(LeastSquares(0), 0.02),
        expert(LeastSquares(1), 0.02),
    ],
};

/// The composition of `level`.
pub fn profile(level: Level) -> &'static Profile {
    match level {
        Level::Fast => &FAST,
        Level::Default => &DEFAULT,
        Level::Best => &DEFAULT,
    }
}
