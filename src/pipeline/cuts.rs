//! Where a segment is better cut, because its samples are of another kind from there on: a segment has one
//! grid and one set of values for each channel (§8.3).

use crate::codec;
use crate::wav::{self, SampleFormat, WavFormat};

/// Bits that a cut must save: about what a block costs beside its samples, and what predictors lose that start
/// anew.
const COST: u32 = 1 << 16;

/// Bytes of each piece that `bytes`, a segment of `format`, are best cut into; their sum is the number of bytes.
pub(super) fn pieces(bytes: &[u8], format: &WavFormat) -> Vec<usize> {
    let mut rest = bytes;
    let mut lengths = Vec::new();
    for length in wav::pieces(bytes, format, COST.into()) {
        let (piece, after) = rest.split_at(length);
        lengths.extend(by_values(piece, format));
        rest = after;
    }
    lengths
}

/// The same, where the values of integers change.
fn by_values(bytes: &[u8], format: &WavFormat) -> Vec<usize> {
    let cuts = match format.sample {
        SampleFormat::Integer { .. } | SampleFormat::SignedByte => wav::to_pcm(bytes, format)
            .map(|(pcm, _)| codec::cuts(&pcm, COST.into()))
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    wav::lengths(&cuts, bytes, format)
}
