//! The repository: its layers, its public interface, what it is made of.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod conventions;
mod layers;
mod public_items;
mod supply_chain;
