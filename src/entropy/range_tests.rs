//! The range coder: exact, close to the entropy, and calm about streams that were cut.

use proptest::prelude::*;

use super::*;

type Decisions = Vec<(bool, u32)>;

fn encode(decisions: &[(bool, u32)]) -> Vec<u8> {
    let mut encoder = RangeEncoder::default();
    for &(decision, p) in decisions {
        encoder.code(decision, p);
    }
    encoder.finish()
}

/// Decodes and checks every decision, that the stream is used up and that no byte is spare.
fn check(decisions: &[(bool, u32)]) -> usize {
    let bytes = encode(decisions);
    let mut decoder = RangeDecoder::new(&bytes);
    for (i, &(decision, p)) in decisions.iter().enumerate() {
        assert_eq!(decoder.code(p), decision, "decision {i} of {}", decisions.len());
        assert!(!decoder.overrun(), "overrun at {i}");
    }
    decoder.finish().unwrap();
    bytes.len()
}

/// Bits that `decisions` are worth.
fn entropy(decisions: &[(bool, u32)]) -> f64 {
    let cost = |&(decision, p): &(bool, u32)| {
        let p = f64::from(p) / 2f64.powi(32);
        -(if decision { p } else { 1.0 - p }).log2()
    };
    decisions.iter().map(cost).sum()
}

/// Uniform 64-bit numbers (splitmix64).
fn numbers(mut seed: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(z ^ z >> 31)
    })
}

/// Decisions that follow their probabilities.
fn typical(count: usize, seed: u64) -> Decisions {
    let mut numbers = numbers(seed);
    let mut next = || numbers.next().unwrap();
    (0..count)
        .map(|_| {
            // Skewed towards 0 and 1: between 1 and 32 leading bits alike.
            let p = ((next() >> 32) as u32 >> (next() % 32)).max(1);
            let p = if next() & 1 == 0 { p } else { u32::MAX - p + 1 };
            ((next() as u32) < p, p)
        })
        .collect()
}

#[test]
fn an_empty_stream_is_empty() {
    assert_eq!(check(&[]), 0);
}

#[test]
fn typical_decisions_cost_their_entropy() {
    let decisions = typical(200_000, 1);
    let (bits, ideal) = (8.0 * check(&decisions) as f64, entropy(&decisions));
    // A range of 48 bits or more: what rounding costs is far below the last byte.
    assert!(bits > ideal - 64.0 && bits < ideal + 64.0, "{bits} bits for {ideal}");
}

#[test]
fn the_unlikeliest_and_the_likeliest_decisions() {
    for p in [1, 2, 1 << 10, 1 << 31, u32::MAX - 1, u32::MAX] {
        for decision in [false, true] {
            for count in [1, 2, 3, 7, 8, 9, 500] {
                check(&vec![(decision, p); count]);
            }
        }
    }
    // All extremes mixed, each as surprising as can be.
    let mixed: Decisions = (0..3_000).map(|i| [(true, 1), (false, u32::MAX)][i % 2]).collect();
    assert!(check(&mixed) as f64 * 8.0 <= entropy(&mixed) + 64.0);
}

#[test]
fn a_long_stream_of_certainties_costs_nothing() {
    assert!(check(&vec![(true, u32::MAX); 1_000_000]) <= 7);
    assert!(check(&vec![(false, 1); 1_000_000]) <= 7);
}

/// `low` stays just below a carry for a long time, then the carry happens or does not.
#[test]
fn carries_run_through_long_runs_of_ff() {
    for last in [false, true] {
        // Always the upper part: the code value creeps towards the end of the first range.
        let mut decisions = vec![(false, u32::MAX); 100];
        decisions.extend(vec![(false, 1 << 31); 400]);
        decisions.push((last, 1 << 31));
        decisions.extend(typical(50, 7));
        check(&decisions);
    }
    for seed in 0..300 {
        let mut decisions = vec![(false, 1 << 31); seed as usize % 70];
        decisions.extend(typical(20, seed));
        check(&decisions);
    }
}

#[test]
fn every_truncation_is_an_error_or_other_data() {
    let decisions = typical(2_000, 3);
    let bytes = encode(&decisions);
    for length in 0..bytes.len() {
        let mut decoder = RangeDecoder::new(&bytes[..length]);
        let same = decisions.iter().all(|&(decision, p)| decoder.code(p) == decision);
        // Decisions after the cut follow from zeros; only zeros at the end may be missed, and
        // the encoder leaves those out.
        assert!(!same || decoder.finish().is_err(), "{length} of {}", bytes.len());
    }
    // The window of a decoder is seven bytes, which look like the stream's own end.
    let longer = [&bytes[..], &[0x55; 8]].concat();
    let mut decoder = RangeDecoder::new(&longer);
    assert!(decisions.iter().all(|&(decision, p)| decoder.code(p) == decision));
    assert!(decoder.finish().is_err(), "bytes left over");
}

#[test]
fn a_decoder_that_reads_on_says_so() {
    let mut decoder = RangeDecoder::new(&[]);
    let mut read = 0;
    while !decoder.overrun() {
        decoder.code(1 << 31);
        read += 1;
        assert!(read < 1_000, "no overrun");
    }
    // The window of seven bytes and the one that the range starts with.
    assert!(read <= 16, "overrun after {read} bits only");
    assert!(decoder.finish().is_err());
}

proptest! {
    #[test]
    fn any_decisions_round_trip(
        decisions in proptest::collection::vec(
            (any::<bool>(), prop_oneof![1..=u32::MAX, 1..=4_u32, u32::MAX - 4..=u32::MAX]),
            0..400,
        ),
    ) {
        let bytes = check(&decisions);
        prop_assert!(8.0 * bytes as f64 <= entropy(&decisions) + 64.0);
    }

    /// Damage changes data; it must not panic or run away.
    #[test]
    fn any_bytes_decode_to_something(
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
        probabilities in proptest::collection::vec(1..=u32::MAX, 0..400),
    ) {
        let mut decoder = RangeDecoder::new(&bytes);
        let decoded: Decisions =
            probabilities.iter().map(|&p| (decoder.code(p), p)).collect();
        if decoder.finish().is_ok() {
            // What was accepted is what an encoder writes.
            let again = encode(&decoded);
            let mut decoder = RangeDecoder::new(&again);
            prop_assert!(decoded.iter().all(|&(decision, p)| decoder.code(p) == decision));
        }
    }
}

/// Codes the decisions, decodes them, and returns the stream.
fn round_trip(decisions: &[(bool, Probability)]) -> Vec<u8> {
    let mut encoder = RangeEncoder::default();
    for &(decision, p) in decisions {
        encoder.code(decision, p);
    }
    let stream = encoder.finish();
    let mut decoder = RangeDecoder::new(&stream);
    for (i, &(decision, p)) in decisions.iter().enumerate() {
        assert_eq!(decoder.code(p), decision, "decision {i}");
        assert!(!decoder.overrun(), "decision {i}");
    }
    assert!(decoder.finish().is_ok());
    stream
}

fn xorshift(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn runs_at_extreme_probabilities() {
    for p in [1, 2, 1 << 31, u32::MAX - 1, u32::MAX] {
        for decision in [false, true] {
            for count in [0, 1, 2, 7, 20_000] {
                round_trip(&vec![(decision, p); count]);
            }
        }
    }
    assert_eq!(round_trip(&[]), []);
    assert!(round_trip(&vec![(true, u32::MAX); 1_000_000]).len() <= 1);
    assert!(round_trip(&vec![(false, 1); 1_000_000]).len() <= 7);
}

#[test]
fn random_decisions() {
    const EXTREME: [u32; 6] = [1, 2, 1 << 10, 1 << 31, u32::MAX - 1, u32::MAX];
    let mut state = 0x9E37_79B9_7F4A_7C15;
    for round in 0..400 {
        let count = xorshift(&mut state) % 300;
        let decisions: Vec<_> = (0..count)
            .map(|_| {
                let random = xorshift(&mut state);
                let p = match random >> 32 & 3 {
                    0 => EXTREME[(random >> 40) as usize % EXTREME.len()],
                    _ => (random as u32).max(1),
                };
                // Half of the rounds follow the probabilities, the others do not.
                let threshold = if round % 2 == 0 { p } else { 1 << 31 };
                ((xorshift(&mut state) >> 32) as u32 <= threshold, p)
            })
            .collect();
        round_trip(&decisions);
    }
}

#[test]
fn any_bytes_can_be_read() {
    for fill in [0x00, 0x7F, 0xFF] {
        let bytes = vec![fill; 50];
        for p in [1, 1 << 31, u32::MAX] {
            let mut decoder = RangeDecoder::new(&bytes);
            for _ in 0..2_000 {
                decoder.code(p);
            }
        }
    }
}

#[test]
fn cut_and_extended_streams_are_refused() {
    let decisions: Vec<_> = (0..4_000).map(|i| (i % 3 == 0, 1 << 31)).collect();
    let stream = round_trip(&decisions);
    for stream in [&stream[..stream.len() - 20], &[&stream[..], &[1; 20]].concat()] {
        let mut decoder = RangeDecoder::new(stream);
        for &(_, p) in &decisions {
            decoder.code(p);
        }
        assert!(decoder.finish().is_err());
    }
}
