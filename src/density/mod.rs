//! Density (§9.1, §9.3 to §9.6): from several forecasts of a sample to the probabilities of binary decisions.

mod apm;
mod contexts;
mod experts;
mod mixer;
mod mixing;
mod posterior;
mod tree;
mod value_list;
mod values;

pub use contexts::ContextMixer;
pub use experts::{EXPERTS, Edge, Experts, Interval, MAX_LOGIT};
pub use mixer::Mixer;
#[cfg(any(test, fuzzing))]
pub use mixing::Mixing;
pub use mixing::{Contexts, Depth, MixingConfig};
pub use tree::{BinForecast, DECISIONS, Forecast, SampleCoder, bounded_probability};
pub use value_list::ValueList;
pub use values::Values;
