//! Files of all containers, built field by field from their specifications, able to be wrong.

/// A chunk as a file has it: identifier, size, body and whatever follows.
pub type Chunk = Vec<u8>;

/// A RIFF chunk of a declared `size`, with no pad byte.
pub fn riff_chunk(id: &[u8; 4], size: u32, body: &[u8]) -> Chunk {
    [&id[..], &size.to_le_bytes(), body].concat()
}

/// A RIFF/WAVE file of chunks.
pub fn riff(chunks: &[Chunk]) -> Vec<u8> {
    let body = chunks.concat();
    let size = (4 + body.len()) as u32;
    [b"RIFF", &size.to_le_bytes()[..], b"WAVE", &body].concat()
}

/// A `fmt ` chunk of integers.
pub fn fmt(channels: u16, rate: u32, bits: u16) -> Chunk {
    let block = channels * bits.div_ceil(8);
    let mut body = [1_u16.to_le_bytes(), channels.to_le_bytes()].concat();
    body.extend(rate.to_le_bytes());
    body.extend((rate * u32::from(block)).to_le_bytes());
    body.extend([block.to_le_bytes(), bits.to_le_bytes()].concat());
    riff_chunk(b"fmt ", 16, &body)
}

/// A chunk of AIFF with its pad byte.
pub fn aiff_chunk(id: &[u8; 4], body: &[u8]) -> Chunk {
    let pad: &[u8] = if body.len() % 2 == 1 { &[0] } else { &[] };
    [&id[..], &(body.len() as u32).to_be_bytes(), body, pad].concat()
}

/// An AIFF or AIFF-C file of chunks.
pub fn form(kind: &[u8; 4], chunks: &[Chunk]) -> Vec<u8> {
    let body = chunks.concat();
    let size = (4 + body.len()) as u32;
    [b"FORM", &size.to_be_bytes()[..], kind, &body].concat()
}

/// A `COMM` body for 44,100 Hz; `compression` in AIFF-C.
pub fn comm(channels: u16, frames: u32, bits: u16, compression: Option<&[u8; 4]>) -> Vec<u8> {
    let mut body = channels.to_be_bytes().to_vec();
    body.extend(frames.to_be_bytes());
    body.extend(bits.to_be_bytes());
    body.extend([0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]);
    if let Some(kind) = compression {
        body.extend(kind);
        body.extend(b"\x0enot compressed\0");
    }
    body
}

/// A whole AIFF file, or AIFF-C with a compression type.
pub fn aiff(channels: u16, bits: u16, compression: Option<&[u8; 4]>, samples: &[u8]) -> Vec<u8> {
    let frames = samples.len() as u32 / u32::from(channels * bits.div_ceil(8));
    let ssnd = [&[0; 8], samples].concat();
    let comm = aiff_chunk(b"COMM", &comm(channels, frames, bits, compression));
    let name = aiff_chunk(b"NAME", b"a name of odd length!");
    let chunks = [comm, name, aiff_chunk(b"SSND", &ssnd)];
    match compression {
        None => form(b"AIFF", &chunks),
        Some(_) => {
            let version = aiff_chunk(b"FVER", &[0xa2, 0x80, 0x51, 0x40]);
            form(b"AIFC", &[&[version][..], &chunks].concat())
        }
    }
}

/// A chunk of CAF.
pub fn caf_chunk(id: &[u8; 4], size: i64, body: &[u8]) -> Chunk {
    [&id[..], &size.to_be_bytes(), body].concat()
}

/// A CAF file at 48,000 Hz. `flags`: 1 float, 2 little-endian. `size` of `data`; -1 is until the end.
pub fn caf(channels: u32, bits: u32, flags: u32, size: Option<i64>, samples: &[u8]) -> Vec<u8> {
    let mut desc = 48_000_f64.to_be_bytes().to_vec();
    desc.extend(b"lpcm");
    for field in [flags, channels * bits.div_ceil(8), 1, channels, bits] {
        desc.extend(field.to_be_bytes());
    }
    let data = [&[0; 4], samples].concat();
    let size = size.unwrap_or(data.len() as i64);
    let chunks = [
        caf_chunk(b"desc", 32, &desc),
        caf_chunk(b"free", 5, &[0; 5]),
        caf_chunk(b"data", size, &data),
    ];
    [b"caff\0\x01\0\0", &chunks.concat()[..]].concat()
}

const W64_TAIL: [u8; 12] = *b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a";

/// A chunk of Wave64: the size counts the header, and chunks start at multiples of 8.
pub fn w64_chunk(id: &[u8; 4], body: &[u8]) -> Chunk {
    let mut out = [&id[..], &W64_TAIL, &(24 + body.len() as u64).to_le_bytes(), body].concat();
    out.resize(out.len().next_multiple_of(8), 0);
    out
}

/// A Wave64 file of integers.
pub fn w64(channels: u16, rate: u32, bits: u16, samples: &[u8]) -> Vec<u8> {
    let fmt = &fmt(channels, rate, bits)[8..];
    let chunks =
        [w64_chunk(b"fmt ", fmt), w64_chunk(b"fact", &[1; 8]), w64_chunk(b"data", samples)];
    let body = chunks.concat();
    let riff = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";
    let size = (40 + body.len() as u64).to_le_bytes();
    [riff, &size[..], b"wave", &W64_TAIL, &body].concat()
}
