//! The byte model: exact, and worth having on what it is for.

use proptest::prelude::*;

use super::*;

fn unprimed(stride: usize) -> BytesContext<'static> {
    BytesContext { stride, primer: &[] }
}

fn round_trip(bytes: &[u8], stride: usize) -> usize {
    round_trip_in(bytes, unprimed(stride))
}

fn round_trip_in(bytes: &[u8], context: BytesContext<'_>) -> usize {
    let coded = encode_bytes(bytes, context, &Watch::default()).unwrap();
    assert_eq!(decode_bytes(&coded, context, bytes.len(), &Watch::default()).unwrap(), bytes);
    coded.len()
}

#[test]
fn what_the_primer_told_is_almost_free() {
    let primer = b"RIFF....WAVEfmt ....data is not what it was";
    let mut bytes = primer.to_vec();
    bytes[4..8].copy_from_slice(b"4711");
    let context = BytesContext { stride: primer.len(), primer };
    let (with, without) = (round_trip_in(&bytes, context), round_trip(&bytes, 1));
    assert!(with * 5 < without * 2, "{with} against {without}");
    round_trip_in(&[], context);
    round_trip_in(&bytes[..5], context);
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(round_trip(&[], 1), 0);
    // A decoder looks seven bytes ahead.
    assert!(decode_bytes(&[1; 8], unprimed(1), 0, &Watch::default()).is_err());
}

#[test]
fn text_and_repetition_shrink() {
    let text = b"LIST....INFOISFT....recorded in the kitchen, played in the hall. ".repeat(20);
    assert!(round_trip(&text, 1) * 4 < text.len());
    assert!(round_trip(&[0; 10_000], 1) < 40);
    // Distinct words, so that it is the letters that are learnt.
    let words: Vec<u8> =
        (0..4_000u32).flat_map(|i| format!("{} ", i * i % 977).into_bytes()).collect();
    assert!(round_trip(&words, 1) * 2 < words.len());
}

#[test]
fn records_of_the_stride_shrink_more_than_with_another() {
    // Columns of 7 bytes: a counter, a constant and noise.
    let table: Vec<u8> = (0..3_000u32)
        .flat_map(|i| [(i / 9) as u8, 3, (i.wrapping_mul(2_654_435_761) >> 24) as u8, 0, 0, 9, 1])
        .collect();
    let (right, wrong) = (round_trip(&table, 7), round_trip(&table, 5));
    assert!(right < wrong, "{right} against {wrong}");
    assert!(right < 3_000 * 3 / 2, "{right}: noise is a byte of each record, the rest almost free");
}

#[test]
fn noise_hardly_grows() {
    let mut state = 9u32;
    let noise: Vec<u8> = (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    assert!(round_trip(&noise, 1) < noise.len() * 103 / 100);
}

#[test]
fn a_wrong_length_is_noticed() {
    let bytes = b"0123456789".repeat(30);
    let coded = encode_bytes(&bytes, unprimed(1), &Watch::default()).unwrap();
    assert!(decode_bytes(&coded, unprimed(1), 20, &Watch::default()).is_err(), "left over");
    assert!(
        decode_bytes(&coded[..coded.len() / 2], unprimed(1), bytes.len(), &Watch::default())
            .is_err(),
        "too short"
    );
    assert!(
        decode_bytes(&[], unprimed(1), 1 << 30, &Watch::default()).is_err(),
        "stops long before a gigabyte"
    );
}

proptest! {
    #[test]
    fn any_bytes_and_stride(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        stride in prop_oneof![0..9_usize, Just(65_535), Just(524_280)],
    ) {
        round_trip(&bytes, stride);
    }

    #[test]
    fn damage_does_not_panic(coded in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(bytes) = decode_bytes(&coded, unprimed(2), 100, &Watch::default()) {
            prop_assert_eq!(bytes.len(), 100);
        }
    }
}
