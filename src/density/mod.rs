//! Density: from several forecasts of a sample to the probabilities of binary decisions.

mod apm;
mod experts;
mod mixer;
mod tree;

pub use experts::{Edge, Experts, EXPERTS};
pub use mixer::Mixer;
pub use apm::Apm;
pub use tree::{Forecast, SampleCoder};
