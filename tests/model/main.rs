//! Language models: the choice, the exact engine, llama.cpp.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "llama")]
mod characters_llama;
mod exact;
#[cfg(feature = "llama")]
mod exact_llama;
#[cfg(feature = "llama")]
mod llama;
mod lm_choice;
mod model;
