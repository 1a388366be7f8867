//! Headers that are wrong: every byte comes back, and the samples are found all the same.

use crate::support::containers::{Chunk, aiff, caf, fmt, riff, riff_chunk, w64};
use crate::support::{compress, decompress, wav};
use lmz::wav::{SegmentLimit, Span, WavReader};
use proptest::prelude::*;

const LIMIT: SegmentLimit = SegmentLimit { seconds: 1, samples: 1 << 17 };

/// The audio of a file, concatenated; checks that the spans make up the file.
fn audio(file: &[u8]) -> Vec<u8> {
    let mut reader = WavReader::new(file).unwrap();
    let (mut all, mut audio) = (Vec::new(), Vec::new());
    while let Some(span) = reader.next_span(LIMIT).unwrap() {
        match span {
            Span::Foreign(bytes) => all.extend(bytes),
            Span::Audio { bytes } => {
                all.extend(&bytes);
                audio.extend(bytes);
            }
        }
    }
    assert!(all == file, "the spans do not make up the file");
    audio
}

/// 16-bit stereo that looks like music and not like text.
fn samples(frames: usize) -> Vec<u8> {
    wav::sine(2, frames).iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Bodies that chunks before the samples have in the field.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let long_text = b"Coding history: A=PCM,F=44100,W=16,M=stereo,T=metadata fmt data ".repeat(10);
    vec![
        ("empty", Vec::new()),
        ("info", b"INFOISFT\x04\0\0\0abc\0".to_vec()),
        ("zeros", vec![0; 602]),
        ("one letter", vec![b'A'; 858]),
        ("text", long_text),
        ("odd", b"INFOIART\x05\0\0\0artis".to_vec()),
        ("words", b"data\0\0\0\0fmt \0\0\0\0the data\0\0fmt \x10\0\0\0".to_vec()),
        ("high bytes", (0..999).map(|i| 0x80 | (i * i % 113) as u8).collect()),
    ]
}

/// Sizes that a chunk with a body of `right` bytes may declare, when `rest` bytes follow the body.
fn sizes(right: u32, rest: u32) -> Vec<(&'static str, u32)> {
    let mut sizes = vec![
        ("right", right),
        ("zero", 0),
        ("largest", u32::MAX),
        ("largest even", u32::MAX - 1),
        ("signed", i32::MAX as u32),
        ("text", u32::from_le_bytes(*b"soft")),
        ("to the end", right + rest),
        ("beyond the end", right + rest + 2),
        ("far beyond", right + 10 * rest),
        ("into the samples", right + rest / 2),
    ];
    for by in [1, 2, 3, 4, 8, 9, 20, 44] {
        sizes.push(("too large", right + by));
        sizes.push(("too small", right.saturating_sub(by)));
    }
    sizes
}

/// Where the wrong chunk stands among the others.
fn placed(wrong: &Chunk, samples: &[u8], place: usize) -> Vec<u8> {
    let (fmt, data) = (fmt(2, 44_100, 16), riff_chunk(b"data", samples.len() as u32, samples));
    let fact = riff_chunk(b"fact", 4, &[1; 4]);
    riff(&match place {
        0 => vec![wrong.clone(), fmt, data],
        1 => vec![fmt, wrong.clone(), data],
        2 => vec![fmt, wrong.clone(), fact, data],
        _ => vec![wrong.clone(), data, fmt],
    })
}

#[test]
fn sizes_of_chunks_before_the_samples_may_be_wrong() {
    let samples = samples(3000);
    let (mut count, mut lost) = (0, Vec::new());
    for id in [b"LIST", b"bext", b"iXML", b"abcd", b"JUNK", b"\0\0\0\0"] {
        for (body_name, mut body) in bodies() {
            let right = body.len() as u32;
            if body.len() % 2 == 1 {
                body.push(0);
            }
            for (size_name, size) in sizes(right, samples.len() as u32 + 32) {
                for place in 0..4 {
                    let file = placed(&riff_chunk(id, size, &body), &samples, place);
                    count += 1;
                    if audio(&file) != samples {
                        let id = id.escape_ascii();
                        lost.push(format!("{id} {body_name}, {size_name} {size}, place {place}"));
                    }
                }
            }
        }
    }
    assert!(lost.is_empty(), "{} of {count}: {:#?}", lost.len(), &lost[..lost.len().min(40)]);
}

/// The same in the other grammars: the size of one chunk replaced.
#[test]
fn sizes_in_other_containers_may_be_wrong() {
    let samples = samples(3000);
    for (id, width, big, file) in [
        (b"NAME", 4, true, aiff(2, 16, None, &samples)),
        (b"NAME", 4, true, aiff(2, 16, Some(b"sowt"), &samples)),
        (b"free", 8, true, caf(2, 16, 2, None, &samples)),
        (b"free", 8, true, caf(2, 16, 0, Some(-1), &samples)),
        (b"fact", 8, false, w64(2, 44_100, 16, &samples)),
    ] {
        let id_bytes = if id == b"fact" { 16 } else { 4 };
        let at = file.windows(4).position(|window| window == id).unwrap() + id_bytes;
        for size in
            [0, 1, 3, 30, 1000, 1 << 20, 1 << 30, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX]
        {
            let mut wrong = file.clone();
            let bytes = if big { size.to_be_bytes() } else { size.to_le_bytes() };
            let low = if big && width == 4 { &bytes[4..] } else { &bytes[..width] };
            wrong[at..at + width].copy_from_slice(low);
            assert!(audio(&wrong) == samples, "{} {size:#x}", id.escape_ascii());
        }
    }
}

/// No chunk anywhere: each run of zeros could be one, and searching behind each would take hours.
#[test]
fn long_runs_of_nothing_are_searched_once() {
    let file = riff(&[vec![0; 8 << 20]]);
    assert!(audio(&file).is_empty());
}

#[test]
fn a_format_chunk_may_have_a_wrong_size() {
    let samples = samples(3000);
    for size in [14, 15, 17, 18, 40, 200, 5000, 1 << 20, u32::MAX] {
        let mut fmt = fmt(2, 44_100, 16);
        fmt[4..8].copy_from_slice(&size.to_le_bytes());
        let data = riff_chunk(b"data", samples.len() as u32, &samples);
        assert_eq!(audio(&riff(&[fmt, data])), samples, "{size}");
    }
}

/// Where the samples are cut off, those that are there are found.
#[test]
fn truncated_files_keep_their_samples() {
    let samples = samples(3000);
    let whole = placed(&riff_chunk(b"LIST", 1 << 30, b"INFO"), &samples, 1);
    for cut in [1, 2, 5, 4000, 11_000] {
        let left = (samples.len() - cut) / 4 * 4;
        assert_eq!(audio(&whole[..whole.len() - cut]), samples[..left], "{cut}");
    }
}

/// What was searched for is not found where nothing is wrong.
#[test]
fn sound_files_are_read_as_they_say() {
    let samples = samples(3000);
    let inner = riff(&[fmt(1, 8_000, 16), riff_chunk(b"data", 400, &[7; 400])]);
    for (id, length) in [(b"JUNK", inner.len()), (b"JUNK", 3 << 20), (b"id3 ", 70_000)] {
        let mut body = inner.clone();
        body.resize(length, 0);
        let file = placed(&riff_chunk(id, length as u32, &body), &samples, 1);
        // A chunk of more than a megabyte is searched, and one that holds a file is taken for it.
        if length < 1 << 20 {
            assert_eq!(audio(&file), samples, "{length}");
        }
        audio(&file);
    }
    // No samples at all.
    assert!(audio(&riff(&[fmt(2, 44_100, 16), riff_chunk(b"LIST", 900, &[b'x'; 900])])).is_empty());
}

#[test]
fn a_tag_before_the_file_is_kept() {
    let samples = samples(3000);
    let file = riff(&[fmt(2, 44_100, 16), riff_chunk(b"data", samples.len() as u32, &samples)]);
    for (length, flags) in [(0, 0), (1, 0), (300, 0), (300, 0x10), (2 << 20, 0)] {
        let footer = if flags == 0 { 0 } else { 10 };
        let size = [21, 14, 7, 0].map(|shift| (length >> shift & 0x7f) as u8);
        let tag = [&[b'I', b'D', b'3', 3, 0, flags][..], &size, &vec![b't'; length + footer]];
        let tagged = [&tag.concat()[..], &file].concat();
        assert_eq!(audio(&tagged), samples, "{length}");
        if length == 300 {
            let lmz = compress(&tagged);
            assert!(decompress(&lmz).unwrap() == tagged);
            assert!(lmz.len() < compress(&file).len() + 200);
        }
        // Wrong about its length.
        let mut wrong = tagged.clone();
        wrong[9] ^= 1;
        assert!(WavReader::new(wrong.as_slice()).is_err());
    }
    let mp3 = b"ID3\x04\0\0\0\0\0\x02xx\xff\xfb\x90\0 and so on, for long enough to be a header";
    let error = WavReader::new(&mp3[..]).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("MP3 with an ID3 tag"), "{error}");
    let huge = b"ID3\x04\0\0\x7f\x7f\x7f\x7f and nothing";
    assert!(WavReader::new(&huge[..]).is_err());
}

/// The files from the field cost about what the sound one does.
#[test]
fn wrong_headers_cost_no_more_than_right_ones() {
    let samples = samples(20_000);
    let right = compress(&placed(&riff_chunk(b"LIST", 4, b"INFO"), &samples, 1)).len();
    let mut tag0 = placed(&riff_chunk(b"LIST", 4, b"INFO"), &samples, 1);
    tag0[20] = 0;
    for file in [
        placed(&riff_chunk(b"LIST", samples.len() as u32 + 50, b"INFO"), &samples, 1),
        placed(&riff_chunk(b"bext", 602, &[b'A'; 858]), &samples, 1),
        placed(&riff_chunk(b"bext", 602, &[b'A'; 858]), &samples, 0),
        tag0,
    ] {
        let lmz = compress(&file);
        assert!(decompress(&lmz).unwrap() == file);
        assert!(lmz.len() < right + 100, "{} instead of {right}", lmz.len());
    }
}

/// One file of each container.
fn files() -> Vec<Vec<u8>> {
    let samples = samples(200);
    vec![
        riff(&[fmt(2, 44_100, 16), riff_chunk(b"data", samples.len() as u32, &samples)]),
        aiff(2, 16, None, &samples),
        aiff(2, 16, Some(b"sowt"), &samples),
        caf(2, 16, 2, None, &samples),
        caf(2, 16, 0, Some(-1), &samples),
        w64(2, 44_100, 16, &samples),
    ]
}

#[test]
fn every_prefix_of_every_container_is_read_or_refused() {
    for file in files() {
        for length in 0..file.len().min(200) {
            if WavReader::new(&file[..length]).is_ok() {
                audio(&file[..length]);
            }
        }
    }
}

proptest! {
    /// Bytes of the header replaced, put in, left out.
    #[test]
    fn mutated_headers_reassemble(
        which in 0_usize..6,
        edits in proptest::collection::vec((0_usize..150, 0_u8..3, any::<u8>()), 1..12),
    ) {
        let mut file = files().swap_remove(which);
        for (at, what, byte) in edits {
            match what {
                0 => file[at] = byte,
                1 => file.insert(at, byte),
                _ => drop(file.remove(at)),
            }
        }
        if WavReader::new(file.as_slice()).is_ok() {
            audio(&file);
        }
    }

    /// Whole fields of all ones, zeros or large numbers: what is declared is not allocated.
    #[test]
    fn hostile_sizes_reassemble(
        which in 0_usize..6,
        fields in proptest::collection::vec((1_usize..36, any::<u32>()), 1..6),
    ) {
        let mut file = files().swap_remove(which);
        for (word, value) in fields {
            file[4 * word..4 * word + 4].copy_from_slice(&value.to_le_bytes());
        }
        if WavReader::new(file.as_slice()).is_ok() {
            audio(&file);
        }
    }

    #[test]
    fn random_bytes_behind_a_start_reassemble(
        which in 0_usize..6,
        kept in 8_usize..48,
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut file = files().swap_remove(which);
        file.truncate(kept);
        file.extend(bytes);
        if WavReader::new(file.as_slice()).is_ok() {
            audio(&file);
        }
    }
}
