//! What programs want to know of an lmz file before they decode it.

use std::io::{Read, Seek};

use super::Summary;
use super::extract::open_ends;
use crate::codec::Level;
use crate::container::Reader;
use crate::error::{Error, Result};
use crate::wav::AudioFormat;

/// Overview of an lmz file: the result of [`info()`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Format of the audio; `None` if no samples were found in the original.
    pub format: Option<AudioFormat>,
    /// Number of frames: samples of each channel.
    pub frames: u64,
    /// Largest number of frames in a segment, which has to be decoded from its start to reach a frame; 0 if
    /// there are no samples.
    pub segment_frames: u32,
    /// Level of prediction.
    pub level: Level,
    /// Sizes, and what the language model saved.
    pub summary: Summary,
}

/// Reads the lmz file `input` and checks its structure and the checksums of its coded
/// parts, but decodes nothing: samples may still be undecodable if the model is missing.
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

/// The samples of an lmz file, as its two ends describe them: the result of [`outline()`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// Format of the audio.
    pub format: AudioFormat,
    /// Bytes of a frame of the original.
    pub frame_bytes: usize,
    /// Number of frames in the file.
    pub frames: u64,
    /// Largest number of frames in a segment, which has to be decoded from its start to reach a frame.
    pub segment_frames: u32,
}

/// Reads both ends of an lmz file, and nothing between; `None` if it has no samples.
///
/// # Errors
/// [`Error::NotLmz`], [`Error::Corrupt`], [`Error::Unsupported`], [`Error::Io`].
pub fn outline(mut input: impl Read + Seek) -> Result<Option<Outline>> {
    let (tail, header) = open_ends(&mut input)?;
    Ok(header.audio.map(|audio| Outline {
        format: AudioFormat::from(&audio.format),
        frame_bytes: audio.format.frame_bytes(),
        frames: tail.trailer.frames,
        segment_frames: audio.segment_frames,
    }))
}
