//! Whatever a WAV file says and holds, it comes back, by the same bytes on any number of threads.

use std::io::{self, Read};

use crate::support::{compress_with, decompress, round_trip, wav};
use lmz::Level;
use lmz::pipeline::{self, CompressOptions, DecompressOptions};
use proptest::prelude::*;

/// Bits per sample and format tag of everything that is not opaque, and some that is.
fn specs() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![
        4 => prop_oneof![Just(8), Just(12), Just(16), Just(20), Just(24), Just(32)]
            .prop_map(|bits| (1, bits)),
        2 => prop_oneof![Just((3, 32)), Just((3, 64)), Just((6, 8)), Just((7, 8))],
        // ADPCM and tags that nobody has defined: the byte path.
        1 => (any::<u16>(), 1..=64_u16),
    ]
}

/// Sample bytes: noise, silence, a repeated pattern, or a wave of one byte in each frame.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..600);
    prop_oneof![
        bytes(),
        (any::<u8>(), 0..2_000_usize).prop_map(|(byte, count)| vec![byte; count]),
        (proptest::collection::vec(any::<u8>(), 1..40), 0..60_usize)
            .prop_map(|(pattern, times)| pattern.repeat(times)),
        (1..400_usize, -300.0..300.0_f64).prop_map(|(count, size)| {
            let value = |i: usize| ((i as f64 * 0.1).sin() * size) as i16;
            (0..count).flat_map(|i| value(i).to_le_bytes()).collect()
        }),
    ]
}

/// A file of any sample format, any channel count, with or without damage to its structure.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let channels = prop_oneof![8 => 1..=2_u16, 4 => 3..=8_u16, 1 => 9..=40_u16];
    let rate = prop_oneof![Just(44_100), Just(8_000), Just(0), any::<u32>()];
    (specs(), channels, rate, data(), 0..6, any::<u32>()).prop_map(
        |((tag, bits), channels, rate, data, shape, at)| {
            let mut file = wav::build(tag, channels, rate, bits, &data);
            match shape {
                0 => file = wav::with_chunk(&file, b"LIST", &data[..data.len() / 3]),
                1 => file.truncate(12 + at as usize % (file.len() - 11)),
                // Any field of the `fmt ` chunk, or of what is around it.
                2 => {
                    let byte = 12 + at as usize % 32;
                    file[byte] ^= (at >> 16) as u8;
                }
                _ => {}
            }
            file
        },
    )
}

fn levels() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Fast), Just(Level::Default), Just(Level::Best)]
}

/// Hands out as many bytes at a time as a list says, over and over.
struct Trickle<'a> {
    bytes: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
}

impl<'a> Trickle<'a> {
    fn new(bytes: &'a [u8], sizes: &'a [usize]) -> Self {
        Trickle { bytes, sizes: sizes.iter().cycle() }
    }
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.next().map_or(1, |&size| size);
        let wanted = buffer.len().min(size);
        self.bytes.read(&mut buffer[..wanted])
    }
}

fn read_sizes() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(prop_oneof![Just(1), 1..9_usize, 1..5_000_usize], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_file_comes_back(file in files()) {
        round_trip(&file, "a generated file");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn at_every_level(file in files(), level in levels()) {
        let lmz = compress_with(&file, &CompressOptions { level, ..Default::default() });
        prop_assert!(decompress(&lmz).unwrap() == file);
    }

    /// Nothing is left over from one run to the next, and nothing else takes part.
    #[test]
    fn the_output_is_a_function_of_input_and_options(
        file in files(),
        other in files(),
        level in levels(),
    ) {
        let options = CompressOptions { level, ..Default::default() };
        let first = compress_with(&file, &options);
        compress_with(&other, &CompressOptions::default());
        prop_assert!(compress_with(&file, &options) == first);
    }

    /// The output is a function of input and level alone. Blocks are few here; `roundtrip.rs` has
    /// a file of several segments, which is long.
    #[test]
    fn threads_and_read_sizes_do_not_change_bytes(
        file in files(),
        sizes in read_sizes(),
    ) {
        let options = |threads| CompressOptions { level: Level::Fast, threads, ..Default::default() };
        let expected = compress_with(&file, &options(1));
        for threads in [1, 2, 5] {
            let mut lmz = Vec::new();
            let input = Trickle::new(&file, &sizes);
            pipeline::compress(input, &mut lmz, &options(threads), &mut ()).unwrap();
            prop_assert!(lmz == expected, "{} threads, reads of {:?}", threads, sizes);

            let mut restored = Vec::new();
            let decoding = DecompressOptions::default().with_threads(threads);
            let input = Trickle::new(&expected, &sizes);
            pipeline::decompress(input, &mut restored, &decoding, &mut ()).unwrap();
            prop_assert!(restored == file, "{} threads, reads of {:?}", threads, sizes);
        }
    }

    /// Bytes that start like a WAV file are one or are refused; the refusal says so.
    #[test]
    fn anything_that_starts_like_a_wav(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        round_trip(&[b"RIFF\x10\0\0\0WAVE", &tail[..]].concat(), "arbitrary chunks");
        round_trip(&wav::riff(&[(b"fmt ", &tail), (b"data", &tail)]), "an arbitrary format");
    }

    #[test]
    fn anything_else_is_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decompress(&bytes).is_err());
        let mut sink = Vec::new();
        let outcome =
            pipeline::compress(bytes.as_slice(), &mut sink, &CompressOptions::default(), &mut ());
        prop_assert!(outcome.is_err());
    }
}
