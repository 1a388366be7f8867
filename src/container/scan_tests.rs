//! Markers are found wherever they stand, also across the edges of the buffer.

use std::io::Cursor;

use super::*;

#[test]
fn a_marker_is_found_at_every_offset() {
    for offset in (0..40).chain(8_180..8_200) {
        let mut bytes = vec![BLOCK_MARKER[0]; offset];
        bytes.extend_from_slice(&BLOCK_MARKER);
        bytes.extend_from_slice(&BLOCK_MARKER[..3]);
        let mut input = BufReader::new(Cursor::new(bytes));
        let found = find(&mut input, 0, u64::MAX, &BLOCK_MARKER).unwrap();
        assert_eq!(found, Some(offset as u64));
        assert_eq!(find(&mut input, offset as u64 + 1, u64::MAX, &BLOCK_MARKER).unwrap(), None);
    }
}

#[test]
fn nothing_is_an_error_and_not_a_scan() {
    for bytes in [&b""[..], b"RIFF", &[0xB7; 1000]] {
        assert!(Scan::new(Cursor::new(bytes)).is_err());
    }
}
