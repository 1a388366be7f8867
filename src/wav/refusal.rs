//! What kind of file this is when it is not one that lmz compresses, judged by its first bytes, and what
//! to do about it.

/// Says what starts with `start`, of at least 12 bytes if the file is as long.
pub(super) fn describe(start: &[u8]) -> String {
    let form = start.get(8..12).unwrap_or_default().escape_ascii();
    match (start.len(), start.first_chunk::<4>()) {
        (0, _) => "empty file".into(),
        (12.., Some(b"RIFF" | b"RIFX" | b"RF64" | b"BW64")) => {
            format!("RIFF file of type \"{form}\", not \"WAVE\"")
        }
        (12.., Some(b"FORM")) => format!("IFF file of type \"{form}\", not \"AIFF\" or \"AIFC\""),
        (12.., Some(b"caff")) => "CAF of an unknown version".into(),
        (12.., Some(b"riff")) => "Wave64, but not of type \"wave\", or cut short".into(),
        (12.., Some(magic)) => match named(start) {
            Some(name) => format!("this is {name}"),
            None => format!(
                "starts with \"{}\"; samples without a header need --raw FORMAT,RATE,CHANNELS",
                magic.escape_ascii()
            ),
        },
        (1, _) => "only 1 byte".into(),
        (length, _) => format!("only {length} bytes"),
    }
}

/// Other kinds of audio files that people may try to compress, by their first bytes.
fn named(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [b'f', b'L', b'a', b'C', ..] => "FLAC: decode it first (flac -d)",
        [b'w', b'v', b'p', b'k', ..] => "WavPack: decode it first (wvunpack)",
        [b'M', b'A', b'C', b' ', ..] => "Monkey's Audio: decode it first (mac -d)",
        [b'T', b'T', b'A', b'1' | b'2', ..] => "TTA: decode it first (ttaenc -d)",
        [b'O', b'F', b'R', b' ', ..] => "OptimFROG: decode it first (ofr --decode)",
        [b'O', b'g', b'g', b'S', ..] => "Ogg, already compressed: keep it as it is",
        [0xff, 0xfb | 0xf3 | 0xf2 | 0xfa, ..] => "MP3, already compressed: keep it as it is",
        [0xff, 0xf1 | 0xf9, ..] => "AAC, already compressed: keep it as it is",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            "MP4, already compressed: keep it as it is; if it holds ALAC, decode it first"
        }
        [b'I', b'D', b'3', ..] => "MP3 with an ID3 tag, already compressed: keep it as it is",
        [b'.', b's', b'n', b'd', ..] => {
            "Sun AU: convert it to WAV or AIFF first, for instance with sox"
        }
        [0x89, b'L', b'M', b'Z', ..] => "an lmz file: lmz decompress restores it",
        _ => return None,
    })
}
