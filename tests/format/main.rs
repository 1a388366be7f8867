//! What pins the format: golden files, conformance sets, sizes, the example of the specification, and the
//! decoder that was written from it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod conformance;
mod crafted;
mod determinism;
mod independent_decoder;
mod sizes;
mod spec_example;
