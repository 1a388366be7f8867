//! Density: from several forecasts of a sample to the probabilities of binary decisions.

mod apm;
mod contexts;
mod experts;
mod mixer;
mod tree;
#[cfg(test)]
mod tree_tests;

pub use contexts::ContextMixer;
pub use experts::{EXPERTS, Edge, Experts, MAX_LOGIT, logits};
pub use mixer::Mixer;
pub use tree::{BinForecast, Forecast, SampleCoder, to_probability};
