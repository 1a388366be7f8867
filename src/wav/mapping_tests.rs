//! Tests of the mappings: exhaustive where that is possible.

use super::*;
use crate::wav::Container;
use proptest::prelude::*;

fn format(sample: SampleFormat, channels: u16) -> WavFormat {
    WavFormat {
        tag: 0,
        channels,
        sample_rate: 8000,
        byte_rate: 0,
        valid_bits: 0,
        channel_mask: 0,
        container: Container::Wav,
        sample,
    }
}

/// Maps there and back, through the serialised mapping; returns what was in between.
fn round_trip(bytes: &[u8], sample: SampleFormat) -> (Vec<i32>, Mapping) {
    let mapped = map(bytes, &format(sample, 1)).unwrap();
    let stored = Mapping::from_byte(mapped.mapping.to_byte()).unwrap();
    let mapped = Mapped { mapping: stored, ..mapped };
    assert_eq!(unmap(&mapped, sample).unwrap(), bytes);
    (mapped.pcm.samples, mapped.mapping)
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

const LITTLE: Endian = Endian::Little;
const F32: SampleFormat = SampleFormat::Float32 { endian: LITTLE };
const F64: SampleFormat = SampleFormat::Float64 { endian: LITTLE };

#[test]
fn all_256_codes_of_one_byte() {
    let bytes: Vec<u8> = (0..=255).collect();
    let (samples, _) = round_trip(&bytes, SampleFormat::Integer { width: 1, endian: LITTLE });
    assert_eq!(samples, (-128..=127).collect::<Vec<_>>());
    // From 0 to 127 and then from -128 on; smoother in offset binary.
    let (samples, mapping) = round_trip(&bytes, SampleFormat::SignedByte);
    assert_eq!((samples, mapping), ((-128..=127).collect::<Vec<_>>(), Mapping::Offset));
    round_trip(&bytes, SampleFormat::ALaw);
    round_trip(&bytes, SampleFormat::MuLaw);
}

#[test]
fn all_65536_values_of_two_bytes() {
    let values: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    let expected: Vec<i32> = values.iter().map(|&v| i32::from(v)).collect();
    let little: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let big: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    for (bytes, endian) in [(little, LITTLE), (big, Endian::Big)] {
        let (samples, mapping) = round_trip(&bytes, SampleFormat::Integer { width: 2, endian });
        assert_eq!((samples, mapping), (expected.clone(), Mapping::Integer));
    }
}

#[test]
fn three_bytes_are_signed() {
    let bytes = [0xff, 0xff, 0x7f, 0x00, 0x00, 0x80, 0xfe, 0xff, 0xff];
    let sample = SampleFormat::Integer { width: 3, endian: LITTLE };
    round_trip(&bytes, sample);
    let declared = to_pcm(&bytes, &format(sample, 1)).unwrap().0.samples;
    assert_eq!(declared, [0x7f_ffff, -0x80_0000, -2]);
}

#[test]
fn doubles_of_single_precision_are_singles() {
    for value in [0.0, -0.0, 0.1, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-42] {
        let (samples, mapping) = round_trip(&floats(&[0.5, value]), F32);
        assert_eq!(mapping, Mapping::Float(Precision::Single));
        let wide: Vec<u8> = [0.5, value].iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect();
        assert_eq!(round_trip(&wide, F64), (samples, mapping), "{value}");
    }
    for value in [0.1, f64::NAN, f64::MAX, 5e-324] {
        let wide: Vec<u8> = [0.5, value].iter().flat_map(|v| v.to_be_bytes()).collect();
        let big = SampleFormat::Float64 { endian: Endian::Big };
        assert_eq!(round_trip(&wide, big).1, Mapping::Float(Precision::Double), "{value}");
    }
}

#[test]
fn nan_in_widened_singles_is_damage() {
    let bits = vec![u64::from(f32::NAN.to_bits())];
    let floats = Floats { precision: Precision::Single, factor: 1.0, bits };
    assert!(write_floats(&floats, F32).is_ok());
    assert!(write_floats(&floats, F64).is_err());
    let floats = Floats { precision: Precision::Double, ..floats };
    assert!(write_floats(&floats, F64).is_ok() && write_floats(&floats, F32).is_err());
}

#[test]
fn partial_frames_and_opaque_blocks_have_no_mapping() {
    let stereo = format(SampleFormat::Integer { width: 2, endian: LITTLE }, 2);
    assert_eq!(map(&[0; 6], &stereo), None);
    assert_eq!(to_pcm(&[0; 8], &stereo).unwrap().0.frames(), 2);
    assert_eq!(map(&[0; 8], &format(SampleFormat::Opaque { stride: 4 }, 2)), None);
}

#[test]
fn values_beyond_the_format_are_errors() {
    let pcm = |value| Pcm { channels: 1, samples: vec![value] };
    let int = |width| SampleFormat::Integer { width, endian: LITTLE };
    for (value, width) in [(128, 1), (-129, 1), (32768, 2), (-0x80_0001, 3), (i32::MAX, 1)] {
        assert!(from_pcm(&pcm(value), int(width), Mapping::Integer).is_err());
    }
    assert!(from_pcm(&pcm(0), SampleFormat::ALaw, Mapping::ALaw).is_err());
    assert!(from_pcm(&pcm(3), SampleFormat::MuLaw, Mapping::MuLaw).is_err());
    assert!(from_pcm(&pcm(0), F64, Mapping::Float(Precision::Double)).is_err());
    assert!(check_mapping(F32, Mapping::Float(Precision::Double)).is_err());
    assert!(from_pcm(&pcm(0), int(2), Mapping::ALaw).is_err());
    let extended = |bits| Mapping::ZeroExtended { bits };
    for (value, width, bits) in [(0x80_0000, 4, 24), (0, 3, 24), (0, 1, 8), (2, 2, 2)] {
        assert!(from_pcm(&pcm(value), int(width), extended(bits)).is_err(), "{value} {width}");
    }
    assert_eq!(from_pcm(&pcm(-2), int(4), extended(24)).unwrap(), [0xfe, 0xff, 0xff, 0]);
    assert_eq!(from_pcm(&pcm(0), int(2), Mapping::Offset).unwrap(), [0, 0x80]);
    assert_eq!(from_pcm(&pcm(-1), int(1), Mapping::Offset).unwrap(), [0xff]);
    assert!(from_pcm(&pcm(0), SampleFormat::SignedByte, extended(7)).is_err());
    assert!(from_pcm(&pcm(0), F32, Mapping::Offset).is_err());
}

#[test]
fn mapping_bytes_are_canonical() {
    let accepted = (0..=255).filter(|&b| Mapping::from_byte(b).is_ok_and(|m| m.to_byte() == b));
    let expected: Vec<u8> = (0..=5).chain(0x22..=0x3F).collect();
    assert_eq!(accepted.collect::<Vec<u8>>(), expected);
    assert_eq!((0..=255).filter(|&b| Mapping::from_byte(b).is_ok()).count(), expected.len());
}

proptest! {
    #[test]
    fn any_bytes_round_trip(words in proptest::collection::vec(any::<u32>(), 0..50)) {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let whole = |width: usize| &bytes[..bytes.len() / width * width];
        for endian in [LITTLE, Endian::Big] {
            for width in 1..=4 {
                let sample = SampleFormat::Integer { width, endian };
                round_trip(whole(usize::from(width)), sample);
            }
            round_trip(&bytes, SampleFormat::Float32 { endian });
            round_trip(whole(8), SampleFormat::Float64 { endian });
        }
        round_trip(&bytes, SampleFormat::ALaw);
        round_trip(&bytes, SampleFormat::MuLaw);
        round_trip(&bytes, SampleFormat::SignedByte);
    }
}
