//! What the plain header says is what the reader reads.

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

#[test]
fn the_reader_finds_format_and_frames() {
    for format in formats() {
        for frames in [1, 2, 7] {
            let mut file = canonical_header(&format, frames);
            assert_eq!(file.len(), if format.channel_mask == 0 { 44 } else { 68 });
            let data = vec![1; frames as usize * format.frame_bytes()];
            file.extend_from_slice(&data);
            file.resize(file.len() + padding(&format, frames) as usize, 0);
            let mut reader = WavReader::new(file.as_slice()).unwrap();
            let Some(Span::Foreign(header)) = reader.next_span(LIMIT).unwrap() else { panic!() };
            assert!(file.starts_with(&header));
            assert_eq!(reader.next_span(LIMIT).unwrap(), Some(Span::Audio { bytes: data }));
            assert_eq!(reader.format(), Some(&format));
            assert_eq!(reader.declared_frames(), Some(frames));
            let rest = reader.next_span(LIMIT).unwrap();
            assert_eq!(rest.is_some(), padding(&format, frames) == 1, "{rest:?}");
        }
    }
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
