//! Loudest sample of a part of a file, of which only the segments needed are decoded.
//!
//! ```text
//! cargo run --release --example read_part -- song.lmz 44100 88200
//! ```

use std::env::args;
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

use lmz::Decoder;

/// The largest magnitude among `frames`, over all channels.
pub fn loudest(lmz: &Path, frames: Range<u64>) -> Result<i32, Box<dyn Error>> {
    let mut reader = Decoder::new(BufReader::new(File::open(lmz)?))?.frames(frames)?;
    let channels = usize::from(reader.format().channels);
    let mut samples = vec![0; 4096 * channels];
    let mut loudest = 0;
    loop {
        let frames = reader.read_frames(&mut samples)?;
        if frames == 0 {
            return Ok(loudest);
        }
        for &sample in &samples[..frames * channels] {
            loudest = loudest.max(sample.saturating_abs());
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let number = |n: usize| -> Result<u64, Box<dyn Error>> {
        Ok(args().nth(n).ok_or("first frame and end of the part?")?.parse()?)
    };
    let lmz = args().nth(1).ok_or("an lmz file?")?;
    println!("{}", loudest(lmz.as_ref(), number(2)?..number(3)?)?);
    Ok(())
}
