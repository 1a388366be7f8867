//! The `lmz` command.
fn main() {}
