//! Decodes as a player does: a little at a time, from anywhere, as floats.
//!
//! `cargo run --release --example play -- song.lmz 30 | aplay -f FLOAT_LE -r 44100 -c 2`

use std::env::args;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Write, stdout};
use std::path::Path;

use lmz::Decoder;

/// Writes the samples from `seconds` on as native-endian floats.
pub fn play(lmz: &Path, seconds: u64, mut sound: impl Write) -> Result<(), Box<dyn Error>> {
    let mut reader = Decoder::new(BufReader::new(File::open(lmz)?))?.frames(..)?;
    let format = reader.format();
    eprintln!("{} channels, {} Hz", format.channels, format.sample_rate);
    reader.seek((seconds * u64::from(format.sample_rate)).min(reader.range().end))?;
    let mut buffer = vec![0.0; 1024 * usize::from(format.channels)];
    loop {
        let frames = reader.read_float_frames(&mut buffer)?;
        if frames == 0 {
            return Ok(());
        }
        for sample in &buffer[..frames * usize::from(format.channels)] {
            sound.write_all(&sample.to_le_bytes())?;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let lmz = args().nth(1).ok_or("an lmz file?")?;
    let seconds = args().nth(2).map_or(Ok(0), |seconds| seconds.parse())?;
    play(lmz.as_ref(), seconds, stdout().lock())
}
