//! Density: from several forecasts of a sample to the probabilities of binary decisions.

mod apm;
mod experts;
mod mixer;
mod tree;
#[cfg(test)]
mod tree_tests;

pub use experts::{EXPERTS, Experts};
pub use mixer::Mixer;
pub use tree::{BinForecast, Forecast, SampleCoder};
