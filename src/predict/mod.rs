//! Prediction: what the next sample of a channel will be, seen by several experts.

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
