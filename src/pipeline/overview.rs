//! What programs want to know of an lmz file before they decode it.

use std::io::Read;

use super::Summary;
use crate::codec::Level;
use crate::container::Reader;
use crate::error::{Error, Result};
use crate::wav::AudioFormat;

/// What an lmz file says of itself: result of [`info()`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Format of the audio; `None` if no samples were recognised in the original.
    pub format: Option<AudioFormat>,
    /// Number of frames: samples of each channel.
    pub frames: u64,
    /// Largest number of frames in a segment, the part that is decoded to reach any frame of it; 0 where
    /// there are no samples.
    pub segment_frames: u32,
    /// How much prediction the file was made with.
    pub level: Level,
    /// What compressing it came to.
    pub summary: Summary,
}

/// Reads the lmz file `input` and checks its structure and the checksums of its coded
/// parts, but decodes nothing: samples may still be undecodable for want of the model.
///
/// # Errors
/// [`Error::NotLmz`], [`Error::Unsupported`], [`Error::Corrupt`], [`Error::Limit`] and
/// [`Error::Io`], as for [`Decoder::decode_to`](super::Decoder::decode_to).
pub fn info(input: impl Read) -> Result<Info> {
    let mut reader = Reader::new(input)?;
    let mut summary = Summary::default();
    while let Some((_, block)) = reader.next_block()? {
        summary.count(&block);
    }
    let end = reader.position();
    let header = reader.header();
    let trailer = reader.trailer().ok_or_else(|| Error::corrupt(end, "no trailer"))?;
    summary.close(trailer, end, &header.fingerprint);
    Ok(Info {
        format: header.audio.map(|audio| AudioFormat::from(&audio.format)),
        frames: trailer.frames,
        segment_frames: header.audio.map_or(0, |audio| audio.segment_frames),
        level: header.level,
        summary,
    })
}
