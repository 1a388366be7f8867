#![allow(clippy::unwrap_used)]
use llama_cpp_2::token::LlamaToken;

use super::super::lanes::split;
use super::super::{BINS, FEATURES, Features};
use super::*;

const TINY: &[u8] = include_bytes!("../../fixtures/models/tiny.gguf");

/// A model of interface 2.
const NUMBERS: &[u8] = include_bytes!("../../fixtures/models/numbers.gguf");

fn load(bytes: &[u8]) -> Model {
    Model::from_bytes(bytes, ModelOptions::default()).unwrap()
}

fn tiny() -> Model {
    load(TINY)
}

/// A token sequence without short periods.
fn token(i: u32) -> Input {
    if i == 0 {
        return Input::Start;
    }
    let x = i.wrapping_mul(0x9e37_79b9) >> 16;
    let features = Features(std::array::from_fn(|f| x.wrapping_mul(2 * f as u32 + 1) as i8));
    Input::After(AudioToken { bin: (x % 32) as u8, class: (x / 32 % 32) as u8, features })
}

fn bits(lane: &mut impl LanguageModel, from: u32, steps: u32) -> Vec<u32> {
    (from..from + steps).flat_map(|i| lane.step(token(i)).unwrap().map(f32::to_bits)).collect()
}

#[test]
fn metadata_is_read() {
    let model = tiny();
    assert_eq!(model.name(), "random-1");
    let interface = model.interface();
    assert_eq!(interface.inputs, Inputs::Classes { classes: 8, base: 0, start: 288 });
    assert_eq!((interface.window, interface.readout[0], interface.readout[31]), (32, 256, 287));
    // 32 classes fold to 8 by their leading bits.
    assert_eq!(interface.token(bin(5, 31)), LlamaToken(7 * 32 + 5));
    assert_eq!(interface.token(bin(5, 3)), LlamaToken(5));

    let model = load(NUMBERS);
    assert_eq!(model.interface().inputs, Inputs::Vector(96));
    assert_eq!(model.interface().readout, (0..32).collect::<Vec<_>>());
    assert_eq!(model.interface().describe(), "audio 2: 32 bins, 43 features");
}

/// An input without features.
fn bin(bin: u8, class: u8) -> Input {
    Input::After(AudioToken { bin, class, features: Features::default() })
}

/// Long enough for the context to move on several times.
const STEPS: u32 = 500;

#[test]
fn sessions_and_resets_give_the_same_bits() {
    for bytes in [TINY, NUMBERS] {
        let model = load(bytes);
        let mut first = model.session().unwrap();
        let expected = bits(&mut first, 0, STEPS);
        assert_eq!(bits(&mut model.session().unwrap(), 0, STEPS), expected);
        assert_eq!(bits(&mut load(bytes).session().unwrap(), 0, STEPS), expected);
        for before in [0, 1, 63, 64, 65, 100] {
            bits(&mut first, 7, before);
            first.reset().unwrap();
            assert_eq!(bits(&mut first, 0, STEPS), expected, "reset after {before} more steps");
        }
    }
}

/// Logits after the start and `inputs`.
fn after(model: &Model, inputs: &[Input]) -> [f32; BINS] {
    let mut session = model.session().unwrap();
    let mut last = session.step(Input::Start).unwrap();
    for &input in inputs {
        last = session.step(input).unwrap();
    }
    last
}

#[test]
fn logits_depend_on_bins_classes_and_the_past() {
    let model = tiny();
    let one = after(&model, &[bin(3, 0), bin(4, 0)]);
    assert_ne!(one, after(&model, &[bin(3, 0), bin(5, 0)]));
    assert_ne!(one, after(&model, &[bin(3, 0), bin(4, 40)]));
    assert_ne!(one, after(&model, &[bin(9, 0), bin(4, 0)]));
}

#[test]
fn logits_of_a_model_of_numbers_depend_on_each_and_on_no_class() {
    let model = load(NUMBERS);
    let one = after(&model, &[bin(3, 0), bin(4, 0)]);
    assert_eq!(one, after(&model, &[bin(3, 7), bin(4, 9)]));
    assert_ne!(one, after(&model, &[bin(3, 0), bin(5, 0)]));
    assert_ne!(one, after(&model, &[bin(9, 0), bin(4, 0)]));
    for i in 0..FEATURES {
        let mut features = Features::default();
        features.0[i] = -1;
        let other = Input::After(AudioToken { bin: 4, class: 0, features });
        assert_ne!(one, after(&model, &[bin(3, 0), other]), "feature {i}");
    }
}

#[test]
fn sessions_run_in_parallel() {
    let model = tiny();
    let expected = bits(&mut model.session().unwrap(), 0, 100);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut session = model.session().unwrap();
                assert_eq!(bits(&mut session, 0, 100), expected);
            });
        }
    });
}

/// Bits of three lanes, of which lane 1 reads `steps` tokens from `from` and the others go on
/// for different times.
fn in_lanes(model: &Model, from: u32, steps: u32) -> Vec<Vec<u32>> {
    let lanes = split(model.context::<AudioToken>(3).unwrap()).unwrap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = lanes
            .into_iter()
            .map(|mut lane| {
                scope.spawn(move || match lane.index() {
                    0 => bits(&mut lane, 0, 200),
                    1 => bits(&mut lane, from, steps),
                    _ => {
                        // A segment before the one that is compared.
                        bits(&mut lane, 5, 77);
                        lane.reset().unwrap();
                        bits(&mut lane, 0, 200)
                    }
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

#[test]
fn lanes_do_not_depend_on_each_other() {
    for model in [tiny(), load(NUMBERS)] {
        let one = in_lanes(&model, 0, 200);
        let other = in_lanes(&model, 900, 31);
        assert_eq!(one[0], other[0]);
        assert_eq!(one[2], other[2]);
        assert_ne!(one[1], other[1]);
    }
}

#[test]
fn fingerprint_is_stable_and_depends_on_the_lanes() {
    let fingerprint = tiny().fingerprint(1).unwrap();
    let again = tiny().fingerprint(1).unwrap();
    assert_eq!(fingerprint, again);
    assert_eq!(Fingerprint::from_bytes(&fingerprint.to_bytes()).unwrap(), fingerprint);
    assert_eq!(fingerprint.model_blake3, *blake3::hash(TINY).as_bytes());
    let mismatch = fingerprint.explain_mismatch(&tiny().fingerprint(2).unwrap()).unwrap();
    assert!(mismatch.contains("--lanes 1"), "{mismatch}");
}

#[test]
fn bad_models_are_refused() {
    let refusal =
        |bytes: &[u8]| Model::from_bytes(bytes, ModelOptions::default()).unwrap_err().to_string();
    refusal(b"");
    refusal(b"GGUF");
    refusal(&TINY[..TINY.len() / 2]);
    let replaced_in = |model: &[u8], from: &[u8], to: &[u8]| {
        assert_eq!(from.len(), to.len());
        let at = model.windows(from.len()).position(|w| w == from).unwrap();
        let mut bytes = model.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let replaced = |from: &[u8], to: &[u8]| replaced_in(TINY, from, to);
    let message = refusal(&replaced(b"lmz.classes", b"lmz.clusses"));
    assert!(message.contains("lacks the key 'lmz.classes'"), "{message}");
    let message = refusal(&replaced(b"lmz.interface", b"lmz.interfake"));
    assert!(message.contains("neither lmz.* metadata nor a vocabulary"), "{message}");
    // u32 values: key, type 4, value.
    let message = refusal(&replaced(b"lmz.bins\x04\0\0\0\x20", b"lmz.bins\x04\0\0\0\x10"));
    assert!(message.contains("16 bins"), "{message}");
    let message =
        refusal(&replaced(b"lmz.start\x04\0\0\0\x20\x01", b"lmz.start\x04\0\0\0\x21\x01"));
    assert!(message.contains("names token 289, its vocabulary has 289"), "{message}");
    let message = refusal(&replaced(b"lmz.window\x04\0\0\0\x20\0", b"lmz.window\x04\0\0\0\0\0"));
    assert!(message.contains("window is 0"), "{message}");
    let message =
        refusal(&replaced(b"lmz.interface\x04\0\0\0\x01", b"lmz.interface\x04\0\0\0\x03"));
    assert!(message.contains("understands 1 and 2"), "{message}");
    let features = [b"lmz.features\x04\0\0\0\x2b", b"lmz.features\x04\0\0\0\x2a"];
    let message = refusal(&replaced_in(NUMBERS, features[0], features[1]));
    assert!(message.contains("42 features"), "{message}");
}

#[test]
fn a_file_that_is_not_a_model_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"RIFF....").unwrap();
    let error = Model::from_file(file.path(), ModelOptions::default()).unwrap_err();
    assert!(error.to_string().contains("is not a GGUF file"), "{error}");
    assert!(matches!(
        Model::from_file(Path::new("/nonexistent"), ModelOptions::default()),
        Err(Error::Io(_))
    ));
}

#[test]
fn weights_that_yield_nan_are_refused() {
    // The scale of the last Q8_0 blocks, which belong to output.weight, becomes NaN.
    let mut bytes = TINY.to_vec();
    let end = bytes.len() - bytes.len() % 32;
    let block = 34;
    for at in (end - 40 * block..end - 1).step_by(2) {
        bytes[at..at + 2].copy_from_slice(&[0x00, 0x7e]);
    }
    let Ok(model) = Model::from_bytes(&bytes, ModelOptions::default()) else { return };
    let error = model.session().unwrap().step(Input::Start).unwrap_err();
    assert!(error.to_string().contains("not finite"), "{error}");
}

#[test]
fn engine_versions_match_the_lock_file() {
    let lock = include_str!("../../Cargo.lock");
    let version = |name: &str| {
        let start = lock.find(&format!("name = \"{name}\"\nversion = \"")).unwrap();
        lock[start..].split('"').nth(3).unwrap()
    };
    assert_eq!(
        ENGINE,
        format!(
            "llama-cpp-2 {} / llama-cpp-sys-2 {}",
            version("llama-cpp-2"),
            version("llama-cpp-sys-2")
        )
    );
}
