//! Prediction: what the next sample of a channel will be, seen by several experts.

mod cascade;
#[cfg(test)]
mod cascade_tests;
mod cholesky;
mod history;
mod least_squares;
mod nlms;

pub use cascade::{Cascade, CascadeConfig};
pub use history::History;
pub use least_squares::{LeastSquares, LeastSquaresConfig};
pub use nlms::NlmsConfig;
