//! Compresses a WAV file with a progress bar, and gives up after a time.
//!
//! ```text
//! cargo run --release --example progress -- song.wav song.lmz
//! ```

use std::env::args;
use std::error::Error;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use lmz::{Encoder, Progress};

/// Writes `lmz` from `wav`, if that takes no longer than `patience`.
pub fn compress(wav: &Path, lmz: &Path, patience: Duration) -> Result<(), Box<dyn Error>> {
    let input = File::open(wav)?;
    let total = input.metadata()?.len().max(1);
    let start = Instant::now();
    let mut observer = |progress: Progress| {
        eprint!("\r{:3} %", 100 * progress.bytes / total);
        match start.elapsed() < patience {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    };
    Encoder::new().encode_wav_observed(input, File::create(lmz)?, &mut observer)?;
    eprintln!();
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (wav, lmz) = (args().nth(1).ok_or("a WAV file?")?, args().nth(2).ok_or("an lmz file?")?);
    compress(wav.as_ref(), lmz.as_ref(), Duration::from_secs(60))
}
