//! What llama.cpp may be handed. It aborts the process on many a file that it does not expect, so
//! everything that its loader and its graph of a Llama assert is checked before it sees one.
//!
//! No call of llama.cpp is made here: it compiles, and is tested, without.

use std::collections::HashSet;

use super::gguf::{Encoding, Gguf, Tensor, Value};
use crate::error::{Error, Result};

/// `LLAMA_MAX_LAYERS`.
const MAX_LAYERS: u32 = 512;

/// Far more than any model has; bounds the products of the checks.
const MAX_WIDTH: u32 = 1 << 20;

/// Keys of the architecture that lmz vouches for; others can send llama.cpp anywhere.
const KEYS: [&str; 20] = [
    "vocab_size",
    "context_length",
    "embedding_length",
    "block_count",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "attention.layer_norm_rms_epsilon",
    "rope.dimension_count",
    "rope.freq_base",
    "rope.scale_linear",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scaling.original_context_length",
    "rope.scaling.finetuned",
    "tensor_data_layout",
    "expert_count",
    "expert_used_count",
];

/// Hyperparameters that shapes follow from.
struct Shape {
    layers: u32,
    width: u64,
    query: u64,
    key: u64,
    ffn: u64,
    head: u64,
}

/// Refuses a model that llama.cpp could stumble over.
///
/// # Errors
/// [`Error::Model`] with what is wrong.
pub fn check(gguf: &Gguf<'_>) -> Result<()> {
    let architecture = gguf.text("general.architecture").unwrap_or_default();
    if architecture != "llama" {
        return Err(Error::model(format!(
            "its architecture is '{}'; lmz runs models of the architecture 'llama'",
            super::identity::bounded(architecture)
        )));
    }
    if gguf.keys().any(|key| key.starts_with("split.")) {
        return Err(Error::model("it is a part of a model that has been split; merge the parts"));
    }
    check_keys(gguf)?;
    let shape = shape(gguf)?;
    check_tokens(gguf)?;
    let vocabulary = check_tensors(gguf, &shape)?;
    match gguf.number("llama.vocab_size")? {
        Some(size) if u64::from(size) != vocabulary => Err(Error::model(format!(
            "its vocabulary has {size} tokens by its metadata, {vocabulary} by its tensors"
        ))),
        _ => Ok(()),
    }
}

/// Keys that lmz does not vouch for.
fn check_keys(gguf: &Gguf<'_>) -> Result<()> {
    for key in gguf.keys() {
        if key.strip_prefix("llama.").is_some_and(|rest| !KEYS.contains(&rest)) {
            return Err(Error::model(format!(
                "its metadata has '{}', which lmz does not run",
                super::identity::bounded(key)
            )));
        }
    }
    for key in ["llama.expert_count", "llama.expert_used_count"] {
        if gguf.number(key)?.unwrap_or(0) > 0 {
            return Err(Error::model("it is a mixture of experts, which lmz does not run"));
        }
    }
    Ok(())
}

/// A number that must be within bounds; `default` where there is none.
fn number(gguf: &Gguf<'_>, key: &str, default: Option<u32>, most: u32) -> Result<u32> {
    let key = format!("llama.{key}");
    let found = gguf.number(&key)?.or(default);
    let found = found.ok_or_else(|| Error::model(format!("its metadata lacks the key '{key}'")))?;
    if (1..=most).contains(&found) {
        return Ok(found);
    }
    Err(Error::model(format!("its metadata key '{key}' is {found}; 1 to {most} are possible")))
}

/// A binary32 that must be positive and finite, if it is there.
fn positive(gguf: &Gguf<'_>, key: &str) -> Result<Option<f32>> {
    match gguf.value(key) {
        None => Ok(None),
        Some(Value::F32(x)) if x > 0.0 && x.is_finite() => Ok(Some(x)),
        Some(_) => Err(Error::model(format!("its metadata key '{key}' is not a positive float32"))),
    }
}

fn shape(gguf: &Gguf<'_>) -> Result<Shape> {
    number(gguf, "context_length", None, u32::MAX)?;
    let layers = number(gguf, "block_count", None, MAX_LAYERS)?;
    let width = number(gguf, "embedding_length", None, MAX_WIDTH)?;
    let ffn = number(gguf, "feed_forward_length", None, MAX_WIDTH)?;
    let heads = number(gguf, "attention.head_count", None, MAX_WIDTH)?;
    let shared = number(gguf, "attention.head_count_kv", Some(heads), heads)?;
    if !heads.is_multiple_of(shared) {
        return Err(Error::model(format!("{heads} heads cannot share {shared} keys and values")));
    }
    let head = number(gguf, "attention.key_length", Some(width / heads), MAX_WIDTH)?;
    for key in ["attention.value_length", "rope.dimension_count"] {
        let found = number(gguf, key, Some(head), MAX_WIDTH)?;
        if found != head || !head.is_multiple_of(2) {
            return Err(Error::model(format!(
                "its metadata key 'llama.{key}' is {found}, the size of a head {head}; they must \
                 be one even number"
            )));
        }
    }
    let eps = "llama.attention.layer_norm_rms_epsilon";
    positive(gguf, eps)?
        .ok_or_else(|| Error::model(format!("its metadata lacks the key '{eps}'")))?;
    for key in ["rope.freq_base", "rope.scale_linear", "rope.scaling.factor"] {
        positive(gguf, &format!("llama.{key}"))?;
    }
    let scaling = "llama.rope.scaling.type";
    if gguf.value(scaling).is_some()
        && !matches!(gguf.text(scaling), Some("none" | "linear" | "yarn" | "longrope"))
    {
        return Err(Error::model("its RoPE is scaled in a way that lmz does not know"));
    }
    Ok(Shape {
        layers,
        width: width.into(),
        query: u64::from(heads) * u64::from(head),
        key: u64::from(shared) * u64::from(head),
        ffn: ffn.into(),
        head: head.into(),
    })
}

/// The vocabulary: of a kind that lmz reads, and no text twice.
fn check_tokens(gguf: &Gguf<'_>) -> Result<()> {
    match gguf.text("tokenizer.ggml.model") {
        None | Some("no_vocab" | "none" | "llama" | "gpt2") => {}
        Some(other) => {
            return Err(Error::model(format!(
                "its vocabulary is of the kind '{}'; lmz reads 'gpt2' and 'llama'",
                super::identity::bounded(other)
            )));
        }
    }
    let texts = match gguf.value("tokenizer.ggml.tokens") {
        None => return Ok(()),
        Some(Value::Array(array)) => array.texts(),
        Some(_) => None,
    };
    let Some(texts) = texts else {
        return Err(Error::model("its vocabulary is no array of texts"));
    };
    let mut seen = HashSet::new();
    for (id, text) in texts.enumerate() {
        // llama.cpp gives an empty one a name.
        let named = if text.is_empty() { format!("[EMPTY_{id}]").into() } else { text.to_vec() };
        if !seen.insert(named) {
            return Err(Error::model(format!(
                "token {id} of its vocabulary has the text of another"
            )));
        }
    }
    Ok(())
}

/// All tensors, against the shape; the number of tokens.
fn check_tensors(gguf: &Gguf<'_>, shape: &Shape) -> Result<u64> {
    let vocabulary = match gguf.tensor("token_embd.weight").map(|t| t.dimensions.as_slice()) {
        Some(&[_, rows]) if (1..=u64::from(MAX_WIDTH)).contains(&rows) => rows,
        _ => return Err(Error::model("it lacks the matrix 'token_embd.weight'")),
    };
    let mut required = 0;
    for (name, tensor) in gguf.tensors() {
        let Some((expected, optional)) = expected(name, shape, vocabulary) else {
            return Err(Error::model(format!(
                "it has tensor '{}', which no Llama has that lmz runs",
                super::identity::bounded(name)
            )));
        };
        if tensor.dimensions != expected {
            return Err(Error::model(format!(
                "tensor '{name}' has the shape {:?} instead of {expected:?}",
                tensor.dimensions
            )));
        }
        check_type(name, tensor)?;
        required += u32::from(!optional);
    }
    // Names are unique, so the right number of them is all of them.
    let all = 2 + 9 * shape.layers;
    if required != all {
        return Err(Error::model(format!(
            "it has {required} of the {all} tensors that {} layers need",
            shape.layers
        )));
    }
    Ok(vocabulary)
}

/// Shape of the tensor of this name, and whether it may be missing.
fn expected(name: &str, shape: &Shape, vocabulary: u64) -> Option<(Vec<u64>, bool)> {
    let &Shape { width, query, key, ffn, head, .. } = shape;
    Some(match name {
        "token_embd.weight" => (vec![width, vocabulary], false),
        "output.weight" => (vec![width, vocabulary], true),
        "output_norm.weight" => (vec![width], false),
        "rope_freqs.weight" => (vec![head / 2], true),
        _ => {
            let (layer, part) = name.strip_prefix("blk.")?.split_once('.')?;
            let number: u32 = layer.parse().ok()?;
            if number >= shape.layers || number.to_string() != layer {
                return None;
            }
            match part {
                "attn_norm.weight" | "ffn_norm.weight" => (vec![width], false),
                "attn_q.weight" => (vec![width, query], false),
                "attn_k.weight" | "attn_v.weight" => (vec![width, key], false),
                "attn_output.weight" => (vec![query, width], false),
                "ffn_gate.weight" | "ffn_up.weight" => (vec![width, ffn], false),
                "ffn_down.weight" => (vec![ffn, width], false),
                "attn_q.bias" => (vec![query], true),
                "attn_k.bias" | "attn_v.bias" => (vec![key], true),
                "attn_output.bias" | "ffn_down.bias" => (vec![width], true),
                "ffn_gate.bias" | "ffn_up.bias" => (vec![ffn], true),
                _ => return None,
            }
        }
    })
}

/// Whether llama.cpp computes with tensors of this type, in this place.
fn check_type(name: &str, tensor: &Tensor) -> Result<()> {
    let block = match tensor.encoding {
        Encoding::F32 => Some(1),
        // It adds vectors and multiplies by them, in binary32 only.
        _ if tensor.dimensions.len() == 1 => None,
        Encoding::Q8_0 => Some(32),
        Encoding::Other(number) => elements_in_block(number),
    };
    match block {
        Some(block) if tensor.dimensions[0].is_multiple_of(block) => Ok(()),
        _ => Err(Error::model(format!(
            "tensor '{name}' is stored in a way ({:?}) that llama.cpp cannot compute with there",
            tensor.encoding
        ))),
    }
}

/// Elements that matrices of a `ggml_type` hold in a block; `None` for what is no type of weights.
fn elements_in_block(number: u32) -> Option<u64> {
    match number {
        // F16, BF16.
        1 | 30 => Some(1),
        // Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4.
        2 | 3 | 6 | 7 | 20 | 39 => Some(32),
        // Q2_K to Q6_K, IQ2 to IQ4, IQ1_M, TQ1_0, TQ2_0.
        10..=14 | 16..=19 | 21..=23 | 29 | 34 | 35 => Some(256),
        _ => None,
    }
}

#[cfg(test)]
#[path = "llama_check_tests.rs"]
mod tests;
