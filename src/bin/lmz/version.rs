//! What `-V` says: the versions of the program, of the format and of the engine for models.

use lmz::container::layout::{DRAFT, VERSION};

/// The answer to `-V`, without the name of the program.
pub fn line() -> String {
    let draft = if DRAFT == 0 { String::new() } else { format!(" draft {DRAFT}") };
    format!("{} (format {VERSION}{draft}, {})", env!("CARGO_PKG_VERSION"), engine())
}

/// What runs other language models than the embedded one, and its version.
#[cfg(feature = "llama")]
pub fn engine() -> String {
    format!("llama.cpp of {}", lmz::lm::llama::ENGINE)
}

/// What runs other language models than the embedded one: nothing.
#[cfg(not(feature = "llama"))]
pub fn engine() -> String {
    "without llama.cpp".to_owned()
}
