//! The reader reads from the plain header what it was made of.

use super::*;
use crate::wav::{SampleFormat, SegmentLimit, Span, WavReader};

const LIMIT: SegmentLimit = SegmentLimit { seconds: 1, samples: 1 << 20 };

fn format(sample: SampleFormat, tag: u16, channels: u16, channel_mask: u32) -> WavFormat {
    let frame_bytes = sample.frame_bytes(channels) as u32;
    WavFormat {
        tag,
        channels,
        sample_rate: 8_000,
        byte_rate: 8_000 * frame_bytes,
        valid_bits: u16::from(sample.width()) * 8,
        channel_mask,
        container: crate::wav::Container::Wav,
        sample,
    }
}

fn formats() -> Vec<WavFormat> {
    let mut formats = Vec::new();
    for endian in [Endian::Little, Endian::Big] {
        for channels in [1, 2, 5] {
            for mask in [0, 3] {
                for width in 1..=4 {
                    let sample = SampleFormat::Integer { width, endian };
                    formats.push(format(sample, 1, channels, mask));
                }
                formats.push(format(SampleFormat::Float32 { endian }, 3, channels, mask));
                formats.push(format(SampleFormat::Float64 { endian }, 3, channels, mask));
            }
        }
    }
    formats.push(format(SampleFormat::ALaw, 6, 1, 0));
    formats.push(format(SampleFormat::MuLaw, 7, 3, 0));
    formats.push(format(SampleFormat::Opaque { stride: 36 }, 17, 1, 0));
    formats
}

/// The formats that a container can hold, for those that are not WAV.
fn formats_of(container: Container) -> Vec<WavFormat> {
    let (little, big) = (Endian::Little, Endian::Big);
    let integers = |endian| (2..=4).map(move |width| SampleFormat::Integer { width, endian });
    let floats = |endian| [SampleFormat::Float32 { endian }, SampleFormat::Float64 { endian }];
    let laws = [SampleFormat::ALaw, SampleFormat::MuLaw];
    let samples: Vec<SampleFormat> = match container {
        Container::Wave64 => {
            let byte = SampleFormat::Integer { width: 1, endian: little };
            integers(little).chain(floats(little)).chain(laws).chain([byte]).collect()
        }
        Container::Aiff => integers(big).chain([SampleFormat::SignedByte]).collect(),
        Container::AiffC => {
            let bytes = [SampleFormat::SignedByte, SampleFormat::Integer { width: 1, endian: big }];
            let all = integers(big).chain(integers(little)).chain(floats(big));
            all.chain(laws).chain(bytes).collect()
        }
        Container::Caf => {
            let all =
                integers(big).chain(integers(little)).chain(floats(big)).chain(floats(little));
            all.chain(laws).chain([SampleFormat::SignedByte]).collect()
        }
        _ => Vec::new(),
    };
    let channels = [1, 2, 5].into_iter();
    let of = |channels| {
        samples.iter().map(move |&sample| WavFormat {
            container,
            ..format(sample, sample.usual_tag(), channels, 0)
        })
    };
    channels.flat_map(of).collect()
}

/// All containers but raw.
fn all_formats() -> Vec<WavFormat> {
    Container::ALL.into_iter().flat_map(formats_of).chain(formats()).collect()
}

#[test]
fn the_reader_finds_format_and_frames() {
    for format in all_formats() {
        for frames in [1, 2, 7] {
            let mut file = canonical_header(&format, frames);
            if format.container == Container::Wav {
                assert_eq!(file.len(), if format.channel_mask == 0 { 44 } else { 68 });
            }
            let data = vec![1; frames as usize * format.frame_bytes()];
            file.extend_from_slice(&data);
            file.resize(file.len() + padding(&format, frames) as usize, 0);
            let start = Grammar::of_file(&file).unwrap().declared_length(&file);
            assert!(start.is_none_or(|length| length == file.len() as u64), "{format:?}");
            let mut reader = WavReader::new(file.as_slice()).unwrap();
            let Some(Span::Foreign(header)) = reader.next_span(LIMIT).unwrap() else { panic!() };
            assert!(file.starts_with(&header));
            let span = reader.next_span(LIMIT).unwrap();
            assert_eq!(span, Some(Span::Audio { bytes: data }), "{format:?}");
            assert_eq!(reader.format(), Some(&format));
            assert_eq!(reader.declared_frames(), Some(frames));
            let rest = reader.next_span(LIMIT).unwrap();
            assert_eq!(rest.is_some(), padding(&format, frames) > 0, "{rest:?}");
        }
    }
}

#[test]
fn headers_of_any_length_are_read() {
    for format in all_formats() {
        let plain = canonical_header(&format, 8).len() as u64;
        // Chunks of Wave64 start at multiples of 8, of RIFF and AIFF at even offsets.
        for space in [0, 2, 4, 6, 8, 10, 16, 24, 32, 100, 104].into_iter().map(|n| n / 8 * 8) {
            let total = plain + space + 8 * format.frame_bytes() as u64;
            let header = header_of_length(&format, 8, plain + space, total);
            assert_eq!(header.len() as u64, plain + space);
            let data = vec![1; 8 * format.frame_bytes()];
            let file = [header, data.clone()].concat();
            let mut reader = WavReader::new(file.as_slice()).unwrap();
            reader.next_span(LIMIT).unwrap();
            let span = reader.next_span(LIMIT).unwrap();
            assert_eq!(span, Some(Span::Audio { bytes: data }), "{format:?} {space}");
            assert_eq!(reader.format(), Some(&format));
        }
        assert_eq!(header_of_length(&format, 8, 20, 1000), [0; 20]);
    }
}

#[test]
fn lost_chunks_become_chunks_that_are_skipped() {
    for format in all_formats() {
        for lost in [0_usize, 1, 7, 8, 24, 40, 1000] {
            let header = canonical_header(&format, 8);
            let data = vec![1; 8 * format.frame_bytes()];
            let body = [header, data.clone()].concat();
            let filler = filler(Some(&format), body.len() as u64, lost as u64);
            assert!(filler.len() <= lost || filler.is_empty());
            let mut file = [body, filler].concat();
            file.resize(file.len().max(8), 0);
            let mut reader = WavReader::new(file.as_slice()).unwrap();
            let mut read = Vec::new();
            while let Some(span) = reader.next_span(LIMIT).unwrap() {
                let (Span::Foreign(bytes) | Span::Audio { bytes }) = span;
                read.extend(bytes);
            }
            assert_eq!(read, file);
            assert_eq!(reader.frames(), 8);
        }
    }
    let raw = WavFormat { container: Container::Raw, ..formats()[0] };
    assert!(canonical_header(&raw, 8).is_empty() && filler(Some(&raw), 3, 100).is_empty());
    assert_eq!(padding(&raw, 3), 0);
}

#[test]
fn large_files_are_rf64() {
    let format = format(SampleFormat::Integer { width: 2, endian: Endian::Little }, 1, 2, 0);
    let largest_riff = (u64::from(u32::MAX) - 36 - 4) / 4;
    assert!(canonical_header(&format, largest_riff).starts_with(b"RIFF"));
    let frames = largest_riff + 10;
    let header = canonical_header(&format, frames);
    assert!(header.starts_with(b"RF64\xff\xff\xff\xffWAVEds64"));
    assert_eq!(header.len(), 80);
    let mut reader = WavReader::new([&header[..], &[0; 4]].concat().leak() as &[u8]).unwrap();
    while reader.next_span(LIMIT).unwrap().is_some() {}
    assert_eq!(reader.declared_frames(), Some(frames));
}
