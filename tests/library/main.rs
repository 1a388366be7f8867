//! The library: whole files, parts and damaged ones, through its public interface.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod characters;
mod containers;
mod corpus;
mod damage;
mod decoded_parts;
mod examples;
mod extract;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod float_environment;
mod front_door;
mod headers;
mod kinds;
mod limits;
mod observer;
mod parts;
mod properties;
mod roundtrip;
mod salvage;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod vector_instructions;
mod wav_corpus;
