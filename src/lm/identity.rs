//! What exactly decides a model's logits, as the header of a file records it (§11, and
//! `lm-metadata.md`, section 6).
//!
//! Logits are float sums whose order depends on the build of llama.cpp, the processor and the
//! mathematics library, so a file that was made with a model can only be decoded where all of
//! that agrees. The fingerprint names what can be named, and the canary, a hash of logits,
//! covers the rest. This file compiles without llama.cpp, so that `info` can always read one.

use super::lanes::Batch;
use super::{AudioToken, CLASSES, Character, Features, Input, Token};
use crate::error::Result;

/// Longest string in a fingerprint, in bytes.
pub const MAX_STRING: usize = 512;

/// Tokens in the probe sequence of the canary.
const PROBE: u32 = 64;

/// Why bytes are no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// They end within a field.
    #[error(
        "the model's fingerprint ends in its field '{field}': {needed} bytes needed, {left} left"
    )]
    Short {
        /// Name of the field.
        field: &'static str,
        /// Bytes of the field.
        needed: usize,
        /// Bytes left for it.
        left: usize,
    },
    /// A string is longer than [`MAX_STRING`].
    #[error("'{field}' is {length} bytes long; {} are allowed", MAX_STRING)]
    LongString {
        /// Name of the field.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// The string of this field is not UTF-8.
    #[error("'{0}' is not UTF-8")]
    NotUtf8(&'static str),
    /// The string of this field holds a control character.
    #[error("'{0}' holds a control character")]
    ControlCharacter(&'static str),
    /// So many bytes follow the last field.
    #[error("{0} bytes left over after the model's fingerprint")]
    LeftOver(usize),
}

/// Instruction sets that llama.cpp is compiled for and the processor lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("llama.cpp needs a processor with {}; files made with --lm off do not need it", .0.join(", "))]
pub struct MissingInstructions(pub Vec<&'static str>);

/// Everything that must agree before a file made with a model is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Name of the model; a wrong name alone refuses nothing, the hash decides.
    pub model_name: String,
    /// BLAKE3 of the GGUF file.
    pub model_blake3: [u8; 32],
    /// Which tokens carry bins and classes, and which are read out.
    pub interface: String,
    /// Tokens kept when the context is full.
    pub window: u32,
    /// Sequences in one batch.
    pub lanes: u32,
    /// Version of the bindings and of the sources of llama.cpp.
    pub engine: String,
    /// Architecture, system, instruction sets that llama.cpp was compiled for, and GPU if any.
    pub backend: String,
    /// Layers on the GPU.
    pub gpu_layers: u32,
    /// Hash of the logits' bits over a fixed probe sequence, see [`canary`].
    pub canary: [u8; 16],
}

impl Fingerprint {
    /// Canonical form, for the header: fields in order, numbers little-endian, strings UTF-8
    /// after their length in bytes as u16.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_string(&mut out, &self.model_name);
        out.extend_from_slice(&self.model_blake3);
        put_string(&mut out, &self.interface);
        out.extend_from_slice(&self.window.to_le_bytes());
        out.extend_from_slice(&self.lanes.to_le_bytes());
        put_string(&mut out, &self.engine);
        put_string(&mut out, &self.backend);
        out.extend_from_slice(&self.gpu_layers.to_le_bytes());
        out.extend_from_slice(&self.canary);
        out
    }

    /// Reads the canonical form, all of `bytes`.
    ///
    /// # Errors
    /// Cut short, a string too long or not printable UTF-8, or bytes left over.
    pub fn from_bytes(bytes: &[u8]) -> std::result::Result<Self, FingerprintError> {
        let mut rest = bytes;
        let fingerprint = Fingerprint {
            model_name: take_string(&mut rest, "model name")?,
            model_blake3: take(&mut rest, "model hash")?,
            interface: take_string(&mut rest, "interface")?,
            window: u32::from_le_bytes(take(&mut rest, "window")?),
            lanes: u32::from_le_bytes(take(&mut rest, "lanes")?),
            engine: take_string(&mut rest, "engine")?,
            backend: take_string(&mut rest, "backend")?,
            gpu_layers: u32::from_le_bytes(take(&mut rest, "GPU layers")?),
            canary: take(&mut rest, "canary")?,
        };
        if rest.is_empty() { Ok(fingerprint) } else { Err(FingerprintError::LeftOver(rest.len())) }
    }

    /// Compares a file's fingerprint (`self`) with the one at hand. `None` when the file can be
    /// decoded here; otherwise each difference, both values, and what would work.
    #[must_use]
    pub fn explain_mismatch(&self, ours: &Fingerprint) -> Option<String> {
        let mut differences = Vec::new();
        let mut remedies = Vec::new();
        let mut compare = |field: &str, stored: String, here: String, remedy: &str| {
            if stored != here {
                differences.push(format!("{field} is {here}, the file needs {stored}"));
                if !remedies.contains(&remedy.to_owned()) {
                    remedies.push(remedy.to_owned());
                }
            }
        };
        let model = format!("name the model '{}' with --model", self.model_name);
        compare(
            "the model's BLAKE3",
            format!("{} ('{}')", hex(&self.model_blake3), self.model_name),
            format!(
                "{} ('{}')",
                hex(&ours.model_blake3),
                if self.model_blake3 == ours.model_blake3 {
                    &self.model_name // a renamed copy is the same model
                } else {
                    &ours.model_name
                }
            ),
            &model,
        );
        let same_lmz = "use the version of lmz that made the file";
        let quoted = |s: &str| format!("'{s}'");
        compare("the interface", quoted(&self.interface), quoted(&ours.interface), &model);
        compare("the window", self.window.to_string(), ours.window.to_string(), &model);
        let lanes = format!("run with --lanes {}", self.lanes);
        compare("the number of lanes", self.lanes.to_string(), ours.lanes.to_string(), &lanes);
        compare("the engine", quoted(&self.engine), quoted(&ours.engine), same_lmz);
        let same_build = "use a build of lmz for the same back end and instruction sets";
        compare("the back end", quoted(&self.backend), quoted(&ours.backend), same_build);
        let layers = format!("run with --gpu-layers {}", self.gpu_layers);
        compare(
            "the number of GPU layers",
            self.gpu_layers.to_string(),
            ours.gpu_layers.to_string(),
            &layers,
        );
        if differences.is_empty() && self.canary != ours.canary {
            differences.push(format!(
                "model, engine and settings match, but the model computes different bits here: \
                 canary {}, the file needs {}",
                hex(&ours.canary),
                hex(&self.canary)
            ));
            remedies.push(
                "decode on the machine that made the file, or one with the same processor and \
                 system libraries"
                    .to_owned(),
            );
        }
        if differences.is_empty() {
            return None;
        }
        Some(format!("{}. To decode it, {}", differences.join("; "), remedies.join("; ")))
    }
}

/// Hash of the logits' bits over a fixed probe sequence: the first 16 bytes of BLAKE3 over the
/// little-endian logits, step by step, lane by lane, bin by bin (or character by character).
///
/// Lanes are fed differently, so that a kernel which treats columns of a batch differently
/// cannot hide. All lanes are reset before and after.
///
/// # Errors
/// [`crate::Error::Model`] when the engine fails.
pub fn canary<T: Probe>(engine: &mut impl Batch<T>) -> Result<[u8; 16]> {
    let lanes = engine.lanes();
    let mut inputs = vec![Input::Start; lanes];
    let mut logits = vec![T::ALIKE; lanes];
    let mut hasher = blake3::Hasher::new();
    for lane in 0..lanes {
        engine.reset(lane)?;
    }
    for step in 0..PROBE {
        if step > 0 {
            for (lane, input) in (0u32..).zip(inputs.iter_mut()) {
                *input = Input::After(T::probe(step, lane));
            }
        }
        engine.step(&inputs, &mut logits)?;
        for logit in logits.iter().flat_map(T::Logits::as_ref) {
            hasher.update(&logit.to_le_bytes());
        }
    }
    for lane in 0..lanes {
        engine.reset(lane)?;
    }
    let mut canary = [0; 16];
    canary.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Ok(canary)
}

/// Tokens that the canary feeds.
pub trait Probe: Token {
    /// The one that `lane` reads in a step after the first.
    fn probe(step: u32, lane: u32) -> Self;
}

impl Probe for AudioToken {
    fn probe(step: u32, lane: u32) -> Self {
        let class = (step * 27 + lane * 11) % CLASSES as u32;
        let features = probe_features(step, lane);
        AudioToken { bin: probe_symbol::<Self>(step, lane), class: class as u8, features }
    }
}

impl Probe for Character {
    fn probe(step: u32, lane: u32) -> Self {
        Character(probe_symbol::<Self>(step, lane))
    }
}

/// Symbol fed by the canary. Its stride is odd, as that of the class is, so that the probe visits every one.
fn probe_symbol<T: Token>(step: u32, lane: u32) -> u8 {
    ((step * 13 + lane * 5) % T::SYMBOLS as u32) as u8
}

/// Features fed by the canary: each takes every value but -128 in turn.
fn probe_features(step: u32, lane: u32) -> Features {
    let feature = |i: usize| (step * 37 + lane * 19 + i as u32 * 11) % 255;
    Features(std::array::from_fn(|i| (feature(i) as i32 - 127) as i8))
}

/// Makes a string fit for a fingerprint: no control characters, since it ends up on terminals,
/// and at most [`MAX_STRING`] bytes.
#[must_use]
pub fn bounded(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().map(|c| if c.is_control() { '?' } else { c }) {
        if out.len() + c.len_utf8() > MAX_STRING {
            break;
        }
        out.push(c);
    }
    out
}

/// Turns llama.cpp's report (`CPU : AVX = 1 | AVX2 = 1 | … `) into the names that are on, after
/// the architecture and the system, whose mathematics library takes part.
#[must_use]
pub fn cpu_features(report: &str) -> String {
    let mut words = vec![std::env::consts::ARCH, std::env::consts::OS];
    for entry in report.split(['|', ':']) {
        match entry.trim().split_once(" = ") {
            Some((name, "1")) => words.push(name),
            Some((_, "0")) => {}
            // A value, or the name of the back end that the next features belong to.
            _ => words.extend(Some(entry.trim()).filter(|e| !e.is_empty())),
        }
    }
    words.join(" ")
}

/// Refuses a processor that lacks what llama.cpp is compiled for by default, before it meets
/// an illegal instruction.
///
/// # Errors
/// Which instruction sets are missing.
pub fn require_baseline() -> std::result::Result<(), MissingInstructions> {
    #[cfg(target_arch = "x86_64")]
    require(&[
        ("AVX2", std::arch::is_x86_feature_detected!("avx2")),
        ("FMA", std::arch::is_x86_feature_detected!("fma")),
        ("F16C", std::arch::is_x86_feature_detected!("f16c")),
        ("BMI2", std::arch::is_x86_feature_detected!("bmi2")),
    ])?;
    Ok(())
}

/// Refuses if one of these instruction sets is not there.
#[cfg(any(test, target_arch = "x86_64"))]
fn require(sets: &[(&'static str, bool)]) -> std::result::Result<(), MissingInstructions> {
    let missing: Vec<&'static str> =
        sets.iter().filter(|(_, has)| !has).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(MissingInstructions(missing))
}

/// Two digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Strings in a fingerprint went through [`bounded`]; doing so again costs nothing and keeps
/// `to_bytes` total.
fn put_string(out: &mut Vec<u8>, text: &str) {
    let text = bounded(text);
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn take<const N: usize>(
    rest: &mut &[u8],
    field: &'static str,
) -> std::result::Result<[u8; N], FingerprintError> {
    let Some((head, tail)) = rest.split_first_chunk::<N>() else {
        return Err(FingerprintError::Short { field, needed: N, left: rest.len() });
    };
    *rest = tail;
    Ok(*head)
}

fn take_string(
    rest: &mut &[u8],
    field: &'static str,
) -> std::result::Result<String, FingerprintError> {
    let length = usize::from(u16::from_le_bytes(take(rest, field)?));
    if length > MAX_STRING {
        return Err(FingerprintError::LongString { field, length });
    }
    let Some((head, tail)) = rest.split_at_checked(length) else {
        return Err(FingerprintError::Short { field, needed: length, left: rest.len() });
    };
    *rest = tail;
    let text = std::str::from_utf8(head).map_err(|_| FingerprintError::NotUtf8(field))?;
    if text.chars().any(char::is_control) {
        return Err(FingerprintError::ControlCharacter(field));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> Fingerprint {
        Fingerprint {
            model_name: "lmz-é".into(),
            model_blake3: [7; 32],
            interface: "audio 1".into(),
            window: 128,
            lanes: 1,
            engine: "llama".into(),
            backend: "x86_64 linux".into(),
            gpu_layers: 0,
            canary: [9; 16],
        }
    }

    #[test]
    fn round_trip() {
        let bytes = sample().to_bytes();
        assert_eq!(Fingerprint::from_bytes(&bytes).unwrap(), sample());
    }

    #[test]
    fn every_truncation_and_extension_is_refused() {
        let mut bytes = sample().to_bytes();
        for end in 0..bytes.len() {
            let error = Fingerprint::from_bytes(&bytes[..end]).unwrap_err();
            assert!(matches!(error, FingerprintError::Short { .. }), "cut at {end}: {error}");
        }
        bytes.push(0);
        assert_eq!(Fingerprint::from_bytes(&bytes), Err(FingerprintError::LeftOver(1)));
    }

    #[test]
    fn strings_are_checked() {
        let mut bytes = sample().to_bytes();
        bytes[2] = 0x1b; // first byte of the name: an escape sequence must not reach a terminal
        let field = "model name";
        assert_eq!(Fingerprint::from_bytes(&bytes), Err(FingerprintError::ControlCharacter(field)));
        bytes[2] = 0xff;
        assert_eq!(Fingerprint::from_bytes(&bytes), Err(FingerprintError::NotUtf8(field)));
        bytes[..2].copy_from_slice(&0xffff_u16.to_le_bytes());
        let error = FingerprintError::LongString { field, length: 0xffff };
        assert_eq!(Fingerprint::from_bytes(&bytes), Err(error));
    }

    #[test]
    fn bounded_cuts_between_characters() {
        let text = bounded(&"é".repeat(400));
        assert_eq!(text.len(), MAX_STRING);
        assert_eq!(bounded("a\nb"), "a?b");
        assert_eq!(bounded(&("x".to_owned() + &"é".repeat(400))).len(), MAX_STRING - 1);
    }

    #[test]
    fn mismatches_are_named() {
        let stored = sample();
        assert_eq!(stored.explain_mismatch(&stored), None);
        let renamed = Fingerprint { model_name: "other".into(), ..sample() };
        assert_eq!(stored.explain_mismatch(&renamed), None);
        let canary = Fingerprint { canary: [0; 16], ..sample() };
        assert!(stored.explain_mismatch(&canary).unwrap().contains("0909"));
        for (other, word) in [
            (Fingerprint { model_blake3: [8; 32], ..sample() }, "--model"),
            (Fingerprint { interface: "x".into(), ..sample() }, "interface is 'x'"),
            (Fingerprint { window: 64, ..sample() }, "window is 64, the file needs 128"),
            (Fingerprint { lanes: 4, ..sample() }, "--lanes 1"),
            (Fingerprint { engine: "new".into(), ..sample() }, "version of lmz"),
            (Fingerprint { backend: "avx512".into(), ..sample() }, "instruction sets"),
            (Fingerprint { gpu_layers: 9, ..sample() }, "--gpu-layers 0"),
        ] {
            let message = stored.explain_mismatch(&other).unwrap();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_processor_that_lacks_instructions_is_refused() {
        assert_eq!(require(&[("AVX2", true), ("FMA", true)]), Ok(()));
        let error = require(&[("AVX2", false), ("FMA", true), ("BMI2", false)]).unwrap_err();
        assert_eq!(error, MissingInstructions(vec!["AVX2", "BMI2"]));
        let message = error.to_string();
        assert!(message.contains("AVX2, BMI2;") && message.contains("--lm off"), "{message}");
    }

    #[test]
    fn features_that_are_on() {
        let names = cpu_features("CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | ");
        assert!(names.ends_with("CPU SSE3 AVX2"), "{names}");
    }
}
