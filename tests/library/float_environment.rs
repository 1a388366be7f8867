//! A host program with its own settings for floating-point numbers: the bytes are the same.

#![allow(unsafe_code, reason = "nothing safe changes these settings")]

use std::arch::asm;
use std::io::{Cursor, Read};
use std::sync::Arc;

use crate::support;
use crate::support::wav;
use lmz::pipeline::{CompressOptions, LmUse, Position, extract};
use lmz::{AudioFormat, Decoder, DecompressOptions, Encoder, Gap, Level, Models, info, salvage};

/// Settings: rounding down, up and to zero; the smallest numbers taken for zero; all of it.
#[cfg(target_arch = "x86_64")]
const STRANGE: [u64; 5] = [0x3f80, 0x5f80, 0x7f80, 0x9fc0, 0xdfc0];
#[cfg(target_arch = "aarch64")]
const STRANGE: [u64; 5] = [2 << 22, 1 << 22, 3 << 22, 1 << 24, 1 << 24 | 1 << 22];

#[cfg(target_arch = "x86_64")]
fn settings() -> u64 {
    let mut value = 0_u32;
    // SAFETY: writes the four bytes that the pointer is to.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut value) };
    u64::from(value & !0x3f)
}

#[cfg(target_arch = "x86_64")]
fn set(value: u64) {
    let value = value as u32;
    // SAFETY: reads the four bytes that the pointer is to.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const value) };
}

#[cfg(target_arch = "aarch64")]
fn settings() -> u64 {
    let value;
    // SAFETY: every program may read it.
    unsafe { asm!("mrs {}, fpcr", out(reg) value) };
    value
}

#[cfg(target_arch = "aarch64")]
fn set(value: u64) {
    // SAFETY: every program may write it.
    unsafe { asm!("msr fpcr, {}", in(reg) value) };
}

/// All that a program can have computed: files with and without a model, floats, samples, parts.
fn everything(original: &[u8]) -> Vec<Vec<u8>> {
    let models = Arc::new(Models::default());
    let options = CompressOptions {
        level: Level::Fast,
        lm: LmUse::Always,
        model: Some(models.provider().unwrap()),
        threads: 2,
        ..CompressOptions::default()
    };
    let modelled = support::compress_with(original, &options);
    assert!(info(modelled.as_slice()).unwrap().summary.segments_with_lm > 0);
    let decoding = DecompressOptions::default().with_models(models).with_threads(2);
    let mut back = Vec::new();
    Decoder::with_options(modelled.as_slice(), &decoding).unwrap().read_to_end(&mut back).unwrap();
    assert!(back == original);

    let mut packed = Vec::new();
    let format = AudioFormat::integer(1, 8_000, 32);
    let samples: Vec<i32> = (0..1_000).map(|i| i * 700_001 % 1_999_999_973).collect();
    let mut writer = Encoder::new().for_samples(format, None, &mut packed).unwrap();
    writer.write_frames(&samples).unwrap();
    writer.finish().unwrap();
    let mut floats = vec![0.0; 1_000];
    let decoder = Decoder::new(Cursor::new(&packed)).unwrap();
    decoder.frames(..).unwrap().read_float_frames(&mut floats).unwrap();
    let floats = floats.iter().flat_map(|sample: &f32| sample.to_le_bytes()).collect();

    let options = DecompressOptions::default();
    let (mut part, mut rest) = (Vec::new(), Vec::new());
    let from = (Some(Position::Frame(100)), None);
    extract(Cursor::new(&packed), &mut part, from, &options, &mut ()).unwrap();
    let gap = Gap::Silence;
    assert!(salvage(Cursor::new(&packed), &mut rest, gap, &options, &mut ()).unwrap().complete);
    vec![modelled, packed, floats, part, rest]
}

#[test]
fn bytes_do_not_depend_on_the_settings_of_the_host() {
    // Tones that fade into the smallest values, and floats smaller still.
    let fading: Vec<i16> = wav::sine(1, 700).iter().map(|s| s / 64).collect();
    let original = wav::pcm16(1, 8_000, &[fading, vec![0; 700]].concat());
    let expected = everything(&original);
    let before = settings();
    for strange in STRANGE {
        set(strange);
        let result = everything(&original);
        let after = settings();
        set(before);
        assert!(result == expected, "{strange:#x}");
        assert_eq!(after, strange);
    }
}
