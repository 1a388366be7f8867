//! What the byte model starts from (§10.7), the same in both directions.

use crate::byte_model::BytesContext;
use crate::container::Audio;
use crate::wav::{self, WavFormat};

/// What foreign bytes at `offset` of the original are likely to resemble: at the start of
/// the file, the header that its format calls for.
pub(super) fn primer(audio: Option<&Audio>, offset: u64) -> Vec<u8> {
    match audio {
        Some(audio) if offset == 0 => wav::canonical_header(&audio.format, 0),
        _ => Vec::new(),
    }
}

/// Foreign bytes after `primer` repeat their meaning at its length: byte for byte, they are
/// compared with it.
pub(super) fn foreign(primer: &[u8]) -> BytesContext<'_> {
    BytesContext { stride: primer.len().max(1), primer }
}

/// Samples that are not predicted repeat their meaning with every frame.
pub(super) fn audio(format: &WavFormat) -> BytesContext<'static> {
    BytesContext { stride: format.frame_bytes(), primer: &[] }
}
