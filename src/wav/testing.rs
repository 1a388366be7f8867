//! A builder of WAV files for tests, able to build wrong ones.

/// The first 16 bytes of a little-endian `fmt ` body.
pub(crate) fn fmt_body(tag: u16, channels: u16, rate: u32, block: u16, bits: u16) -> Vec<u8> {
    let byte_rate = rate * u32::from(block);
    let mut body = Vec::new();
    body.extend(tag.to_le_bytes());
    body.extend(channels.to_le_bytes());
    body.extend(rate.to_le_bytes());
    body.extend(byte_rate.to_le_bytes());
    body.extend(block.to_le_bytes());
    body.extend(bits.to_le_bytes());
    body
}

/// A chunk header with any size.
pub(crate) fn header(id: &str, size: u32) -> Vec<u8> {
    [id.as_bytes(), &size.to_le_bytes()].concat()
}

/// A chunk with its pad byte.
pub(crate) fn chunk(id: &str, body: &[u8]) -> Vec<u8> {
    let pad: &[u8] = if body.len() % 2 == 1 { &[0] } else { &[] };
    [&header(id, body.len() as u32), body, pad].concat()
}

/// A `fmt ` chunk of 16-bit integers.
pub(crate) fn fmt16(channels: u16) -> Vec<u8> {
    chunk("fmt ", &fmt_body(1, channels, 8000, 2 * channels, 16))
}

/// A whole RIFF file.
pub(crate) fn riff(parts: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WAVE", parts.concat().as_slice()].concat();
    [header("RIFF", body.len() as u32), body].concat()
}

/// Bytes that look like no chunk header: all above 0x80.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|i| 0x80 | (i * i % 113) as u8).collect()
}
