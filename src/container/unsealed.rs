//! Where the checksums of a structure are, without a look at them: for fuzzing, which sets them right.

use super::block_header::BlockHeader;
use super::fields::Fields;
use super::layout::{BLOCK_PREFIX_LENGTH, CRC_LENGTH, TRAILER_MARKER};
use super::source::Source;
use super::table::{TableEntry, TableSum};
use super::trailer::TrailerStart;

/// What follows a block header.
pub(crate) struct Payload {
    /// In bytes.
    pub(crate) length: usize,
    /// Offset in the block of its CRC-32; `None` if it has none of its own.
    pub(crate) crc_at: Option<usize>,
}

/// The length of the block header at the start of `bytes`, and its payload.
pub(crate) fn block(bytes: &[u8]) -> Option<(usize, Payload)> {
    let fields_end = BLOCK_PREFIX_LENGTH + usize::from(*bytes.get(BLOCK_PREFIX_LENGTH - 1)?);
    let header_end = fields_end + CRC_LENGTH;
    if header_end > bytes.len() {
        return None;
    }
    let fields = Fields::new(&bytes[BLOCK_PREFIX_LENGTH..fields_end], 0, "block header");
    let payload = match BlockHeader::parse(fields) {
        Ok(header) => Payload {
            length: header.payload_length() as usize,
            crc_at: (!header.kind.is_stored()).then(|| fields_end - 2 * CRC_LENGTH),
        },
        Err(_) => Payload { length: 0, crc_at: None },
    };
    Some((header_end, payload))
}

/// The length of the trailer at the start of `bytes`, without the footer.
pub(crate) fn trailer(bytes: &[u8]) -> Option<usize> {
    let mut source = Source::new(bytes.get(TRAILER_MARKER.len()..)?);
    let start = TrailerStart::read(&mut source, 0).ok()?;
    for _ in 0..start.trailer.blocks {
        TableEntry::read(&mut source, &mut TableSum::default()).ok()?;
    }
    let end = TRAILER_MARKER.len() + source.position as usize + CRC_LENGTH;
    (end <= bytes.len()).then_some(end)
}
