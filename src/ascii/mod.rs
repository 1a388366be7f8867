//! Audio as text: each byte of a sample is a 7-bit character and a least significant bit
//! (`format-spec/characters.md`).
//!
//! A language model for text can read and predict the characters, one token each. It does
//! not predict waveforms, so it is one expert of three: adaptive counts of what follows what, and
//! the predictor of the main codec, predict the same characters. A character is seven binary
//! decisions, its most significant bit first; every expert has a probability for each, and a
//! mixture weighs them by how they have done so far.

mod adaptive;
mod classical;
mod language;
mod layout;
mod mixture;
mod params;
mod scale;
mod segment;

pub use language::{Characters, tempered_floor};
pub use params::{Experts, Lsb, Params};
pub use segment::{Coded, decode, encode};
