//! Test vectors of `format-spec/exact-engine.md` on every path of the machine, lanes and batches, and
//! files that are no models.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::{AudioToken, EMBEDDED, Features};
use super::*;

/// Input `step` of the probe.
fn probe(step: u32) -> Input {
    if step == 0 {
        return Input::Start;
    }
    let feature = |i: usize| ((step * 37 + i as u32 * 11) % 255) as i32 - 127;
    Input::After(AudioToken {
        bin: (step * 13 % 32) as u8,
        class: 0,
        features: Features(std::array::from_fn(|i| feature(i) as i8)),
    })
}

/// The first 16 bytes of BLAKE3 over the logits of the probe.
fn hash(logits: &[[f32; BINS]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for logit in logits.iter().flatten() {
        hasher.update(&logit.to_le_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

fn logits(model: &Arc<ExactModel>, steps: u32) -> Vec<[f32; BINS]> {
    let mut session = model.session();
    (0..steps).map(|step| session.step(probe(step)).unwrap()).collect()
}

#[test]
fn every_path_yields_the_test_vectors() {
    for path in Path::all() {
        let model = Arc::new(ExactModel::on_path(EMBEDDED, path).unwrap());
        let logits = logits(&model, 600);
        for (steps, expected) in [
            (64, "eef6ff9b8391347c8017b952f6816b3e"),
            (300, "6fd2e6e4b41d9964365b908e7767c2ae"),
            (600, "2840da5bb618475cd8327adc1a02d164"),
        ] {
            assert_eq!(hash(&logits[..steps]), expected, "{steps} steps, {}", path.name());
        }
    }
}

/// A model, and after how many steps of the probe its logits have which hash.
type Vectors = (&'static [u8], [(usize, &'static str); 3]);

/// Small models of other shapes: several heads for each head of keys, a head of its own for the output.
const OTHERS: [Vectors; 2] = [
    (
        include_bytes!("../../../fixtures/models/numbers.gguf"),
        [
            (64, "de68baed1a828201c8aeba32ee6d1685"),
            (300, "4177adb7cee76ec11319a756c84eff5a"),
            (600, "ae0e713b07e65fe56e39231c80e748e7"),
        ],
    ),
    (
        include_bytes!("../../../fixtures/models/grouped.gguf"),
        [
            (64, "b652cbdd3e0ed3255e8b0e3c7bf6418f"),
            (300, "96060d81c375ea7e3468c94b2f2d4539"),
            (600, "589ec3677e138599c221525a6c5333d5"),
        ],
    ),
];

#[test]
fn other_shapes_yield_their_test_vectors() {
    for (bytes, hashes) in OTHERS {
        for path in Path::all() {
            let logits = logits(&Arc::new(ExactModel::on_path(bytes, path).unwrap()), 600);
            for (steps, expected) in hashes {
                assert_eq!(hash(&logits[..steps]), expected, "{steps} steps, {}", path.name());
            }
        }
    }
}

#[test]
fn lanes_and_batches_change_no_bit() {
    // The embedded model holds 512 tokens, so its context moves once.
    const STEPS: usize = 545;
    for path in Path::all() {
        let model = Arc::new(ExactModel::on_path(EMBEDDED, path).unwrap());
        let expected = logits(&model, STEPS as u32 + 1);
        for batch in [2, 3, 5, 6, 7, 8, 64] {
            let mut session = model.session();
            let mut batched = vec![[0.0; BINS]; expected.len()];
            for (n, logits) in batched.chunks_mut(batch).enumerate() {
                let inputs: Vec<_> =
                    (0..logits.len()).map(|i| probe((n * batch + i) as u32)).collect();
                session.steps(&inputs, logits).unwrap();
            }
            assert!(batched == expected, "batches of {batch}, {}", path.name());
        }
        // Lane l starts l steps late, and again after STEPS steps. So 1 to 8 of them step together.
        let mut lanes = model.lanes(8);
        let mut got = vec![Vec::new(); 8];
        for step in 0..STEPS + 9 {
            let mut rows = Vec::new();
            for (lane, got) in got.iter_mut().enumerate().take(step + 1) {
                if got.len() == STEPS {
                    lanes.reset(lane);
                    got.clear();
                }
                rows.push((lane, probe(got.len() as u32)));
            }
            let mut logits = vec![[0.0; BINS]; rows.len()];
            lanes.step(&rows, &mut logits).unwrap();
            for ((lane, _), logits) in rows.iter().zip(&logits) {
                got[*lane].push(*logits);
                assert_eq!(*logits, expected[got[*lane].len() - 1], "lane {lane}, step {step}");
            }
        }
    }
}

/// Changes `count` bytes, most of them in the head of the file.
fn mutated(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below
    };
    let mut bytes = EMBEDDED.to_vec();
    for _ in 0..count {
        let place = if next(4) > 0 { next(2600) } else { next(bytes.len()) };
        bytes[place] = match next(4) {
            0 => 0,
            1 => 255,
            2 => bytes[place] ^ 1 << next(8),
            _ => next(256) as u8,
        };
    }
    if next(8) == 0 {
        bytes.truncate(next(bytes.len()));
    }
    bytes
}

/// Reads `count` mutated models, and runs those that are sound.
fn read_mutated(count: u64) -> u64 {
    let mut accepted = 0;
    for seed in 0..count {
        let bytes = mutated(seed, 1 + seed as usize % 3);
        if let Ok(model) = ExactModel::from_bytes(&bytes) {
            accepted += 1;
            let mut session = Arc::new(model).session();
            for step in 0..3 {
                if session.step(probe(step)).is_err() {
                    break;
                }
            }
        }
    }
    accepted
}

#[test]
fn mutated_models_are_refused_or_run() {
    let accepted = read_mutated(500);
    assert!((1..500).contains(&accepted), "{accepted}");
}

/// `cargo test --release -- --ignored a_hundred_thousand`
#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_mutated_models_are_refused_or_run() {
    let accepted = read_mutated(100_000);
    println!("{accepted} of 100000 accepted");
}

/// Replaces a value of the metadata that is four bytes long.
fn with_value(key: &str, value: [u8; 4]) -> Vec<u8> {
    let mut bytes = EMBEDDED.to_vec();
    let at = bytes.windows(key.len()).position(|w| w == key.as_bytes()).unwrap();
    bytes[at + key.len() + 4..][..4].copy_from_slice(&value);
    bytes
}

#[test]
fn what_this_engine_does_not_run_is_refused_with_a_word() {
    for (key, value, word) in [
        ("llama.block_count", 2_147_483_647u32, "block_count"),
        ("llama.block_count", 4, "blk.3"),
        ("llama.block_count", 2, "blk.2"),
        ("llama.embedding_length", 160, "shape"),
        ("llama.attention.head_count", 3, "attn_q"),
        ("llama.attention.head_count_kv", 0, "head_count_kv"),
        ("llama.attention.head_count", 40, "head_count"),
        ("llama.attention.key_length", 64, "heads"),
        ("llama.feed_forward_length", 0, "feed_forward_length"),
        ("llama.attention.layer_norm_rms_epsilon", (-1.0f32).to_bits(), "epsilon"),
        ("llama.attention.layer_norm_rms_epsilon", f32::NAN.to_bits(), "epsilon"),
        ("llama.rope.freq_base", f32::INFINITY.to_bits(), "freq_base"),
        ("lmz.window", 1 << 20, "window"),
        ("lmz.interface", 1, "interface"),
    ] {
        let message = ExactModel::from_bytes(&with_value(key, value.to_le_bytes()))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(message.contains(word) && message.contains("llama.cpp"), "{key}: {message}");
    }
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let gguf = super::super::gguf::Gguf::parse(EMBEDDED, EMBEDDED.len() as u64).unwrap();
    for (name, value) in [
        ("blk.1.ffn_down.weight", &[0x00, 0x7C][..]),
        ("blk.0.attn_q.weight", &[0x01, 0xFE][..]),
        ("output_norm.weight", &f32::NAN.to_le_bytes()[..]),
    ] {
        let start = gguf.range(gguf.tensor(name).unwrap()).unwrap().start as usize;
        let mut bytes = EMBEDDED.to_vec();
        bytes[start..][..value.len()].copy_from_slice(value);
        let message = ExactModel::from_bytes(&bytes).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains("finite"), "{message}");
    }
}
