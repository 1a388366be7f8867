//! Prediction (§8.4 to §8.10): forecasts of the next sample of a channel.

mod cascade;
#[cfg(test)]
mod cascade_tests;
mod cholesky;
mod history;
mod least_squares;
mod long_term;
mod nlms;
mod polish;

pub use cascade::{Cascade, CascadeConfig, Pace};
pub use history::History;
pub use least_squares::{LeastSquares, LeastSquaresConfig};
pub use long_term::{Correction, LEAST_LAG, Lags, LongTerm, LongTermConfig, Past, SLOTS};
pub use nlms::NlmsConfig;
pub use polish::{Errors, Polish, PolishConfig};
