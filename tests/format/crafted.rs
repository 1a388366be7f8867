//! Blocks with sound checksums whose payload no encoder wrote: errors, but no panics.

use crate::support::{decompress, wav};
use lmz::container::{Audio, Block, BlockKind, FileHeader, Writer};
use lmz::wav::{Endian, SampleFormat, WavFormat};
use lmz::{Error, Level};

/// An lmz file of one predicted block with this payload.
fn file(level: Level, channels: u16, width: u8, stream: Vec<u8>, lsb: Vec<u8>) -> Vec<u8> {
    let format = WavFormat {
        tag: 1,
        channels,
        sample_rate: 8_000,
        byte_rate: 0,
        valid_bits: u16::from(width) * 8,
        channel_mask: 0,
        container: lmz::wav::Container::Wav,
        sample: SampleFormat::Integer { width, endian: Endian::Little },
    };
    let audio = Some(Audio { format, segment_frames: 200 });
    let header = FileHeader { level, audio, fingerprint: Vec::new(), fingerprint_coded: false };
    let block = Block {
        kind: BlockKind::AudioCoded,
        uses_lm: false,
        long_term: false,
        original_length: 200 * u32::from(channels) * u32::from(width),
        frames: 200,
        mapping: 0,
        length_without_lm: 0,
        original_crc: 0,
        stream,
        lsb,
    };
    let mut lmz = Vec::new();
    let mut writer = Writer::new(&mut lmz, &header).unwrap();
    writer.write_block(&block).unwrap();
    writer.finish(lmz::ContentHash::default()).unwrap();
    lmz
}

#[test]
fn arbitrary_payloads_are_refused() {
    let random = wav::bytes(70_000);
    for (round, chunk) in random.chunks_exact(700).enumerate() {
        let mut chunk = chunk.to_vec();
        match round % 4 {
            // A sparse set comes from a stream that starts low: `true` is the lower part.
            1 => chunk[..2].fill(0),
            2 => chunk[0] = 0x30,
            3 => chunk[..round % 50].fill(0xFF),
            _ => {}
        }
        let width = [1, 2, 4][round % 3];
        let channels = 1 + (round % 5) as u16;
        let level = if round % 20 == 0 { Level::Best } else { Level::Fast };
        let stream = chunk[..100].to_vec();
        let lsb = chunk[100..100 + round % 90].to_vec();
        match decompress(&file(level, channels, width, stream, lsb)) {
            Err(Error::Corrupt { .. }) => {}
            other => panic!("round {round}: {other:?}"),
        }
    }
}

#[test]
fn constant_payloads_are_refused() {
    for fill in [0x00, 0x01, 0x7F, 0x80, 0xFF] {
        for length in [0, 1, 8, 199] {
            for channels in [1, 2] {
                let lmz = file(Level::Fast, channels, 4, vec![fill; length], vec![fill; 200]);
                assert!(matches!(decompress(&lmz), Err(Error::Corrupt { .. })), "{fill} {length}");
            }
        }
    }
}

#[test]
fn prediction_of_too_many_channels_is_refused() {
    for (channels, refused) in [(64, false), (1_024, false), (1_025, true), (20_000, true)] {
        let lmz = file(Level::Fast, channels, 1, vec![0; 10], Vec::new());
        let limit = matches!(decompress(&lmz), Err(Error::Limit { .. }));
        assert_eq!(limit, refused, "{channels} channels");
    }
}
