//! The program `lmz`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "bench")]
mod bench;
mod cli;
mod cli_files;
#[cfg(unix)]
mod faults;
mod fingerprint;
#[cfg(unix)]
mod terminal;
