//! Foreign bytes: an adaptive context model for whatever is not samples.

use crate::error::{Error, Result};

/// Codes `bytes`; `stride` is the distance in bytes at which values repeat their meaning
/// (the frame size of a sample format that is not predicted, 1 for text and headers).
pub fn encode_bytes(bytes: &[u8], stride: usize) -> Vec<u8> {
    let _ = stride;
    bytes.to_vec()
}

/// Inverse of [`encode_bytes`]; `len` is the number of bytes to decode.
///
/// # Errors
/// [`Error::Corrupt`] (offset relative to `coded`) when the stream ends early or is not used up.
pub fn decode_bytes(coded: &[u8], stride: usize, len: usize) -> Result<Vec<u8>> {
    let _ = stride;
    if coded.len() != len {
        return Err(Error::corrupt(0, "length"));
    }
    Ok(coded.to_vec())
}
