//! One segment of PCM. Placeholder until the codec lands: verbatim little-endian samples.

use super::{CodedPcm, Level};
use crate::error::{Error, Result};
use crate::lm::LanguageModel;
use crate::pcm::Pcm;

/// Codes a segment; with a model, the model's forecast of each quantile bin takes part.
///
/// # Errors
/// Only those of the model.
pub fn encode_pcm(pcm: &Pcm, level: Level, lm: Option<&mut dyn LanguageModel>) -> Result<CodedPcm> {
    let _ = (level, lm);
    let tokens = pcm.samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    Ok(CodedPcm { tokens, lsb: Vec::new(), bits_without_lm: 0 })
}

/// Inverse of [`encode_pcm`] for `frames` frames of `channels` channels.
///
/// # Errors
/// [`Error::Corrupt`] (offset relative to `tokens`) when a stream ends early or is not used
/// up; errors of the model.
pub fn decode_pcm(
    tokens: &[u8],
    lsb: &[u8],
    channels: usize,
    frames: usize,
    level: Level,
    lm: Option<&mut dyn LanguageModel>,
) -> Result<Pcm> {
    let _ = (lsb, level, lm);
    if tokens.len() != 4 * channels * frames {
        return Err(Error::corrupt(0, "length"));
    }
    let samples = tokens.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok(Pcm { channels, samples: samples.collect() })
}
