//! Compresses a WAV file, and checks every block before it is written.
//!
//! ```text
//! cargo run --release --example compress_file -- song.wav song.lmz
//! ```

use std::env::args;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use lmz::{Encoder, Level};

/// Writes `lmz` from `wav`.
pub fn compress(wav: &Path, lmz: &Path) -> Result<(), Box<dyn Error>> {
    let input = BufReader::new(File::open(wav)?);
    let output = BufWriter::new(File::create(lmz)?);
    let summary = Encoder::new().level(Level::Default).verify(true).encode_wav(input, output)?;
    println!("{} of {} bytes", summary.compressed_bytes, summary.original_bytes);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (wav, lmz) = (args().nth(1).ok_or("a WAV file?")?, args().nth(2).ok_or("an lmz file?")?);
    compress(wav.as_ref(), lmz.as_ref())
}
