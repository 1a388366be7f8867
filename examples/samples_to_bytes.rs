//! Samples in, bytes out.
use lmz::{AudioFormat, Encoder, Error};

/// An lmz file of interleaved stereo at 44.1 kHz, 16 bits.
pub fn pack(stereo: &[i32]) -> Result<Vec<u8>, Error> {
    let mut lmz = Vec::new();
    let mut writer =
        Encoder::new().for_samples(AudioFormat::integer(2, 44_100, 16), None, &mut lmz)?;
    writer.write_frames(stereo)?;
    writer.finish()?;
    Ok(lmz)
}

fn main() -> Result<(), Error> {
    pack(&[0; 88_200]).map(|lmz| println!("{} bytes", lmz.len()))
}
