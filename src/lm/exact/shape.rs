//! What a model must be for this engine, and its sizes (`format-spec/exact-engine.md`, limits).

use super::super::gguf::{Gguf, Value};
use super::super::{BINS, FEATURES};
use crate::error::{Error, Result};

/// Sizes of a model, all within the limits of the specification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub layers: usize,
    /// Length of the vector that runs through the layers.
    pub width: usize,
    pub heads: usize,
    /// Heads of keys and values; each serves `heads / kv_heads` heads.
    pub kv_heads: usize,
    /// Length of a head's vectors.
    pub head: usize,
    /// Width of the feed-forward network.
    pub ffn: usize,
    /// Tokens kept when the context is full.
    pub window: usize,
    /// Added to the mean square before its root is taken.
    pub epsilon: f32,
    /// Base of the angles of rotation.
    pub base: f32,
}

impl Shape {
    /// Reads the metadata.
    ///
    /// # Errors
    /// [`Error::Model`] for a model that this engine does not run.
    pub fn read(gguf: &Gguf<'_>) -> Result<Shape> {
        let architecture = gguf.text("general.architecture").unwrap_or_default();
        if architecture != "llama" {
            return Err(unfit("its architecture is not 'llama'"));
        }
        for (key, ours) in
            [("lmz.interface", 2), ("lmz.bins", BINS as u32), ("lmz.features", FEATURES as u32)]
        {
            match gguf.number(key)? {
                Some(n) if n == ours => {}
                Some(n) => return Err(unfit(&format!("its {key} is {n}, not {ours}"))),
                None => return Err(unfit(&format!("it has no {key}"))),
            }
        }
        if gguf.number("llama.expert_count")?.is_some_and(|n| n > 0) {
            return Err(unfit("it has experts"));
        }
        let scaled = |key: &str| match key {
            "llama.rope.scaling.type" => gguf.text(key) != Some("none"),
            _ => key.starts_with("llama.rope.scaling."),
        };
        if gguf.keys().any(scaled) {
            return Err(unfit("its angles of rotation are scaled"));
        }
        let width = number(gguf, "llama.embedding_length", None, 96..=1024, 32)?;
        let heads = number(gguf, "llama.attention.head_count", None, 1..=32, 1)?;
        let kv_heads =
            number(gguf, "llama.attention.head_count_kv", Some(heads), 1..=heads as u32, 1)?;
        let size = |key: &str| number(gguf, key, Some(width / heads), 16..=128, 1);
        let head = size("llama.attention.key_length")?;
        let same = head == size("llama.attention.value_length")?
            && head == size("llama.rope.dimension_count")?;
        if !same || !head.is_power_of_two() {
            return Err(unfit("the sizes of its heads differ, or are not 16, 32, 64 or 128"));
        }
        let queries = heads * head;
        if !heads.is_multiple_of(kv_heads) || queries > 1024 || !queries.is_multiple_of(32) {
            return Err(unfit(&format!("it has {heads} heads of {head} and {kv_heads} for keys")));
        }
        Ok(Shape {
            layers: number(gguf, "llama.block_count", None, 1..=32, 1)?,
            width,
            heads,
            kv_heads,
            head,
            ffn: number(gguf, "llama.feed_forward_length", None, 32..=4096, 32)?,
            window: number(gguf, "lmz.window", None, 16..=512, 16)?,
            epsilon: float(
                gguf,
                "llama.attention.layer_norm_rms_epsilon",
                None,
                2f32.powi(-40)..=1.0,
            )?,
            base: float(gguf, "llama.rope.freq_base", Some(10_000.0), 1.0..=2f32.powi(30))?,
        })
    }

    /// Positions that a sequence holds.
    pub fn cells(&self) -> usize {
        2 * self.window
    }

    /// Length of the queries of all heads.
    pub fn queries(&self) -> usize {
        self.heads * self.head
    }

    /// Length of the keys, and of the values, of all heads.
    pub fn keys(&self) -> usize {
        self.kv_heads * self.head
    }
}

/// An error for what only another engine may run.
pub(super) fn unfit(reason: &str) -> Error {
    Error::model(format!("{reason}; the exact engine cannot run it, but --engine llama.cpp may"))
}

fn number(
    gguf: &Gguf<'_>,
    key: &str,
    default: Option<usize>,
    range: std::ops::RangeInclusive<u32>,
    step: u32,
) -> Result<usize> {
    let value = match (gguf.number(key)?, default) {
        (Some(n), _) => n as usize,
        (None, Some(n)) => n,
        (None, None) => return Err(unfit(&format!("it has no {key}"))),
    };
    match u32::try_from(value) {
        Ok(n) if range.contains(&n) && n.is_multiple_of(step) => Ok(value),
        _ => Err(unfit(&format!(
            "its {key} is {value}, not a multiple of {step} from {} to {}",
            range.start(),
            range.end()
        ))),
    }
}

fn float(
    gguf: &Gguf<'_>,
    key: &str,
    default: Option<f32>,
    range: std::ops::RangeInclusive<f32>,
) -> Result<f32> {
    let value = match (gguf.value(key), default) {
        (Some(Value::F32(x)), _) => x,
        (None, Some(x)) => x,
        _ => return Err(unfit(&format!("its {key} is missing, or not a float32"))),
    };
    match range.contains(&value) {
        true => Ok(value),
        false => Err(unfit(&format!(
            "its {key} is {value}, not from {} to {}",
            range.start(),
            range.end()
        ))),
    }
}
