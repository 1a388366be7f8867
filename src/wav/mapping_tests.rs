//! Tests of the mappings: exhaustive where that is possible.

use super::*;
use proptest::prelude::*;

fn format(sample: SampleFormat, channels: u16) -> WavFormat {
    WavFormat {
        tag: 0,
        channels,
        sample_rate: 8000,
        byte_rate: 0,
        valid_bits: 0,
        channel_mask: 0,
        sample,
    }
}

/// Maps there and back, through the serialised mapping; returns what was in between.
fn round_trip(bytes: &[u8], sample: SampleFormat) -> (Vec<i32>, Mapping) {
    let (pcm, mapping) = to_pcm(bytes, &format(sample, 1)).unwrap();
    let stored = Mapping::from_byte(mapping.to_byte()).unwrap();
    assert_eq!(from_pcm(&pcm, sample, stored).unwrap(), bytes);
    (pcm.samples, mapping)
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
    let (samples, _) = round_trip(&bytes, SampleFormat::Integer { width: 3, endian: LITTLE });
    assert_eq!(samples, [0x7f_ffff, -0x80_0000, -2]);
}

#[test]
fn floats_take_the_integer_path_at_the_smallest_exact_scale() {
    for (values, shift, expected) in [
        (vec![0.0, 3.0, -2_147_483_648.0], 0, vec![0, 3, i32::MIN]),
        (vec![0.5, -1.0, 1.0 / 128.0], 7, vec![64, -128, 1]),
        (vec![0.5, 1.0 / 32768.0, 1.0], 15, vec![16384, 1, 32768]),
        (vec![-0.5, 1.0 / 8_388_608.0], 23, vec![-(1 << 22), 1]),
        (vec![-1.0, 2_f32.powi(-31)], 31, vec![i32::MIN, 1]),
    ] {
        let (samples, mapping) = round_trip(&floats(&values), F32);
        assert_eq!((samples, mapping), (expected.clone(), Mapping::ScaledFloat { shift }));
        let wide: Vec<u8> = values.iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect();
        assert_eq!(round_trip(&wide, F64), (expected, mapping));
    }
}

#[test]
fn floats_that_are_not_scaled_integers_are_kept_as_bits() {
    let odd = [-0.0, f32::NAN, f32::INFINITY, 2_f32.powi(-32), f32::MAX, f32::MIN_POSITIVE, 0.001];
    for value in odd {
        assert_eq!(round_trip(&floats(&[0.5, value]), F32).1, Mapping::OrderedFloat);
        let wide = f64::from(value).to_le_bytes();
        assert_eq!(to_pcm(&wide, &format(F64, 1)), None);
    }
    // 1.0 and 2^-31 together need 33 bits.
    assert_eq!(round_trip(&floats(&[1.0, 2_f32.powi(-31)]), F32).1, Mapping::OrderedFloat);
    assert_eq!(to_pcm(&f64::MIN_POSITIVE.to_be_bytes(), &format(F64, 1)), None);
}

#[test]
fn order_is_monotone_and_its_own_inverse() {
    let ascending = [f32::NEG_INFINITY, -1.5, -1e-40, -0.0, 0.0, 1e-40, 0.1, 1.0, f32::INFINITY];
    let ordered: Vec<i32> = ascending.iter().map(|f| order(f.to_bits() as i32)).collect();
    assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
    for bits in [0, -1, i32::MIN, i32::MAX, 12345, -12345] {
        assert_eq!(order(order(bits)), bits);
    }
}

#[test]
fn partial_frames_and_opaque_blocks_have_no_mapping() {
    let stereo = format(SampleFormat::Integer { width: 2, endian: LITTLE }, 2);
    assert_eq!(to_pcm(&[0; 6], &stereo), None);
    assert_eq!(to_pcm(&[0; 8], &stereo).unwrap().0.frames(), 2);
    assert_eq!(to_pcm(&[0; 8], &format(SampleFormat::Opaque { stride: 4 }, 2)), None);
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
    assert!(from_pcm(&pcm(0), F64, Mapping::OrderedFloat).is_err());
    assert!(from_pcm(&pcm(0), int(2), Mapping::ALaw).is_err());
}

#[test]
fn mapping_bytes_are_canonical() {
    let accepted = (0..=255).filter(|&b| Mapping::from_byte(b).is_ok_and(|m| m.to_byte() == b));
    assert_eq!(accepted.collect::<Vec<u8>>(), [0, 1, 2, 3, 0x80, 0x87, 0x8f, 0x97, 0x9f]);
    assert_eq!((0..=255).filter(|&b| Mapping::from_byte(b).is_ok()).count(), 9);
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
            let wide = SampleFormat::Float64 { endian };
            if to_pcm(whole(8), &format(wide, 1)).is_some() {
                round_trip(whole(8), wide);
            }
        }
        round_trip(&bytes, SampleFormat::ALaw);
        round_trip(&bytes, SampleFormat::MuLaw);
    }

    #[test]
    fn scaled_integers_are_found(
        values in proptest::collection::vec(-8_388_608_i32..8_388_608, 1..50),
        shift in prop::sample::select(vec![0_u8, 7, 15, 23, 31]),
    ) {
        let exact: Vec<f64> = values.iter().map(|&v| unscale(v, shift)).collect();
        let narrow: Vec<u8> = exact.iter().flat_map(|&v| (v as f32).to_be_bytes()).collect();
        let wide: Vec<u8> = exact.iter().flat_map(|v| v.to_be_bytes()).collect();
        for (bytes, sample) in [
            (narrow, SampleFormat::Float32 { endian: Endian::Big }),
            (wide, SampleFormat::Float64 { endian: Endian::Big }),
        ] {
            let mapping = round_trip(&bytes, sample).1;
            let found = matches!(mapping, Mapping::ScaledFloat { shift: s } if s <= shift);
            prop_assert!(found);
        }
    }
}
