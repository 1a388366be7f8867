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
    pub combiner: LeastSquaresConfig,
    /// Distributions mixed.
    pub experts: [ExpertConfig; EXPERTS],
}

const COMBINER: LeastSquaresConfig = LeastSquaresConfig { lambda: 0.998, interval: 4, ridge: 1e-4, common_ridge: 0.0, rate: 0.15, power: 2 };

const fn cascade(own: usize, partner: usize, lambda: f64, interval: usize, (rate, power): (f64, u32), nlms: &'static [NlmsConfig]) -> CascadeConfig {
    CascadeConfig { own, partner, least_squares: LeastSquaresConfig { lambda, interval, ridge: 0.0, common_ridge: 1e-6, rate, power }, nlms }
}

const fn nlms(taps: usize, step: f32) -> NlmsConfig {
    NlmsConfig { taps, step }
}

const fn expert(source: Source, rate: f32) -> ExpertConfig {
    ExpertConfig { source, rate }
}

use Source::{Cascade, Combined, LeastSquares};

const FAST: Profile = Profile {
    cascades: &[
        cascade(16, 8, 0.998, 32, (0.3, 2), &[nlms(256, 0.02), nlms(16, 0.01)]),
    ],
    combiner: COMBINER,
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

const LONG: CascadeConfig = cascade(
    16,
    16,
    0.999,
    8,
    (0.005, 1),
    &[nlms(1024, 0.1), nlms(256, 0.05), nlms(32, 0.03), nlms(16, 0.02)],
);
const QUICK: CascadeConfig = cascade(16, 8, 0.99, 8, (0.3, 2), &[nlms(16, 0.005)]);
const STEADY: CascadeConfig =
    cascade(16, 8, 0.9995, 8, (0.3, 2), &[nlms(256, 0.01), nlms(16, 0.01)]);
const VERY_LONG: CascadeConfig = cascade(
    32,
    16,
    0.9998,
    8,
    (0.005, 1),
    &[nlms(2048, 0.05), nlms(512, 0.02), nlms(32, 0.01), nlms(16, 0.01)],
);
const MIDDLE: CascadeConfig =
    cascade(24, 16, 0.998, 8, (0.15, 2), &[nlms(32, 0.01), nlms(16, 0.01)]);

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
    combiner: COMBINER,
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
    if let Some(p) = env_profile() { return p; }
    match level {
        Level::Fast => &FAST,
        Level::Default => &DEFAULT,
        Level::Best => &BEST,
    }
}

fn env_profile() -> Option<&'static Profile> {
    static P: std::sync::OnceLock<Option<&'static Profile>> = std::sync::OnceLock::new();
    *P.get_or_init(|| {
        let text = std::env::var("P").ok()?;
        let mut cascades = vec![];
        for part in text.split('|') {
            let mut it = part.split(' ').filter(|s| !s.is_empty());
            let ls: Vec<f64> = it.next()?.split(',').map(|x| x.parse().unwrap()).collect();
            let nl: Vec<NlmsConfig> = it.map(|x| { let v: Vec<f64> = x.split(',').map(|x| x.parse().unwrap()).collect(); nlms(v[0] as usize, v[1] as f32) }).collect();
            cascades.push({let mut c = cascade(ls[0] as usize, ls[1] as usize, ls[2], ls[3] as usize, (0.005, 1), nl.leak()); if ls.len() > 4 {c.least_squares.rate = ls[4]; c.least_squares.power = ls[5] as u32;} c});
        }
        let ex = std::env::var("E").unwrap_or("c.1 c.03 c.005 00.02 00.005 00.1 00.02 l0.02".into());
        let mut experts = [expert(Combined, 0.1); EXPERTS];
        for (i, e) in ex.split(' ').enumerate() {
            let b = e.as_bytes();
            experts[i] = match b[0] { b'c' => expert(Combined, e[1..].parse().unwrap()), b'l' => expert(LeastSquares((b[1]-b'0') as usize), e[2..].parse().unwrap()), d => expert(Cascade((d-b'0') as usize), e[1..].parse().unwrap()) };
        }
        Some(Box::leak(Box::new(Profile { cascades: cascades.leak(), combiner: LeastSquaresConfig{lambda: crate::tune::tune(5, 0.998), rate: crate::tune::tune(18,0.15), power: crate::tune::tune(19,2.0) as u32, interval: crate::tune::tune(20,4.0) as usize, ..COMBINER}, experts })) as &'static Profile)
    })
}
