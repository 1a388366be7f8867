//! WAV files made from nothing.

/// Bytes of a WAV file with one `fmt ` and one `data` chunk.
///
/// `tag` is the format tag: 1 PCM, 3 float, 6 A-law, 7 µ-law; `bits` the bits per sample,
/// from which the container follows by rounding up to bytes.
pub fn build(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    in_pieces(tag, channels, rate, bits, &[data])
}

/// As [`build`], with a `data` chunk for each of `pieces`: each of them is at least one segment,
/// however short.
pub fn in_pieces(tag: u16, channels: u16, rate: u32, bits: u16, pieces: &[&[u8]]) -> Vec<u8> {
    let align = channels * bits.div_ceil(8);
    let mut fmt = Vec::new();
    fmt.extend_from_slice(&tag.to_le_bytes());
    fmt.extend_from_slice(&channels.to_le_bytes());
    fmt.extend_from_slice(&rate.to_le_bytes());
    fmt.extend_from_slice(&(rate.wrapping_mul(u32::from(align))).to_le_bytes());
    fmt.extend_from_slice(&align.to_le_bytes());
    fmt.extend_from_slice(&bits.to_le_bytes());
    let mut chunks: Vec<(&[u8; 4], &[u8])> = vec![(b"fmt ", &fmt)];
    chunks.extend(pieces.iter().map(|&piece| (b"data", piece)));
    riff(&chunks)
}

/// A RIFF/WAVE file of these chunks, with pad bytes.
pub fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (id, data) in chunks {
        body.extend_from_slice(*id);
        body.extend_from_slice(&(data.len() as u32).to_le_bytes());
        body.extend_from_slice(data);
        if data.len() % 2 == 1 {
            body.push(0);
        }
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(body.len() as u32).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

/// `file` with a chunk appended; its pad byte is left out, as some writers do.
pub fn with_chunk(file: &[u8], id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    file.extend_from_slice(id);
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    file.extend_from_slice(data);
    let riff_size = (file.len() as u32 - 8).to_le_bytes();
    file[4..8].copy_from_slice(&riff_size);
    file
}

/// A 16-bit file of interleaved samples.
pub fn pcm16(channels: u16, rate: u32, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    build(1, channels, rate, 16, &data)
}

/// As [`pcm16`], in `pieces` segments of nearly the same length.
pub fn pcm16_in_pieces(channels: u16, samples: &[i16], pieces: usize) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let frame = 2 * usize::from(channels);
    let frames = (data.len() / frame).div_ceil(pieces);
    in_pieces(1, channels, 8_000, 16, &data.chunks(frames * frame).collect::<Vec<_>>())
}

/// A sine with a little noise, `frames` frames of `channels` channels.
pub fn sine(channels: usize, frames: usize) -> Vec<i16> {
    let noise = noise(channels * frames);
    (0..channels * frames)
        .map(|i| {
            let t = (i / channels) as f64;
            (9_000.0 * (t * 0.05 + (i % channels) as f64).sin()) as i16 + noise[i] / 512
        })
        .collect()
}

/// Full-scale noise.
pub fn noise(samples: usize) -> Vec<i16> {
    bytes(2 * samples).chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// Bytes that do not compress.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..count)
        .map(|_| {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}
