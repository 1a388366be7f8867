#![allow(clippy::unwrap_used)]
use super::*;

const EMBEDDED: &[u8] = include_bytes!("../../models/lmz.gguf");
const MODELS: [&[u8]; 5] = [
    EMBEDDED,
    include_bytes!("../../fixtures/models/tiny.gguf"),
    include_bytes!("../../fixtures/models/numbers.gguf"),
    include_bytes!("../../fixtures/models/grouped.gguf"),
    TEXTS,
];
const TEXTS: &[u8] = include_bytes!("../../fixtures/models/tiny-sentencepiece.gguf");

fn checked(bytes: &[u8]) -> Result<()> {
    check(&Gguf::parse(bytes, bytes.len() as u64)?)
}

/// `bytes` with what follows the first `name` replaced.
fn with(bytes: &[u8], name: &str, skip: usize, new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(name.len()).position(|w| w == name.as_bytes()).unwrap();
    let at = at + name.len() + skip;
    let mut out = bytes.to_vec();
    out[at..at + new.len()].copy_from_slice(new);
    out
}

/// `bytes` with all of `from` replaced, which is as long as `to`.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            out[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    out
}

fn refusal(bytes: &[u8]) -> String {
    checked(bytes).unwrap_err().to_string()
}

#[test]
fn models_of_the_repository_pass() {
    for bytes in MODELS {
        checked(bytes).unwrap();
    }
}

#[test]
fn numbers_that_make_llama_cpp_abort_are_refused() {
    // A value follows its key after 4 bytes of type.
    let eps = "llama.attention.layer_norm_rms_epsilon";
    for (key, value, word) in [
        ("llama.block_count", i32::MAX.to_le_bytes(), "2147483647; 1 to 512"),
        ("llama.block_count", 0_u32.to_le_bytes(), "1 to 512"),
        ("llama.block_count", 2_u32.to_le_bytes(), "which no Llama has"),
        ("llama.block_count", 4_u32.to_le_bytes(), "it has 29 of the 38 tensors"),
        ("llama.attention.head_count_kv", 0_u32.to_le_bytes(), "1 to 2"),
        ("llama.attention.head_count", 0_u32.to_le_bytes(), "head_count' is 0"),
        ("llama.embedding_length", u32::MAX.to_le_bytes(), "4294967295"),
        ("llama.rope.dimension_count", 16_u32.to_le_bytes(), "one even number"),
        ("llama.attention.key_length", 31_u32.to_le_bytes(), "one even number"),
        (eps, 0_f32.to_le_bytes(), "not a positive"),
        (eps, (-1_f32).to_le_bytes(), "not a positive"),
        (eps, f32::NAN.to_le_bytes(), "not a positive"),
        ("llama.rope.freq_base", f32::INFINITY.to_le_bytes(), "not a positive"),
        ("llama.vocab_size", 127_u32.to_le_bytes(), "127 tokens by its metadata, 128"),
    ] {
        let message = refusal(&with(EMBEDDED, key, 4, &value));
        assert!(message.contains(word), "{key}: {message}");
    }
}

#[test]
fn tensors_that_make_llama_cpp_abort_are_refused() {
    // Dimensions follow a name after their number, then the type.
    let q8_0 = 8_u32.to_le_bytes();
    let message = refusal(&with(EMBEDDED, "output_norm.weight", 4 + 8, &q8_0));
    assert!(message.contains("'output_norm.weight' is stored in a way"), "{message}");
    for unusable in [9_u32, 15, 24, 36, 1000] {
        let bytes = with(EMBEDDED, "blk.1.ffn_up.weight", 4 + 16, &unusable.to_le_bytes());
        let message = refusal(&bytes);
        assert!(message.contains("blk.1.ffn_up.weight"), "{unusable}: {message}");
    }
    // A type that is fine elsewhere, but not for rows of 192.
    let q4_k = with(EMBEDDED, "blk.1.ffn_up.weight", 4 + 16, &12_u32.to_le_bytes());
    assert!(refusal(&q4_k).contains("stored in a way"));
    let shape = with(EMBEDDED, "blk.1.attn_k.weight", 4 + 8, &64_u64.to_le_bytes());
    let message = refusal(&shape);
    assert!(message.contains("[192, 64] instead of [192, 32]"), "{message}");
    let name = renamed(EMBEDDED, "blk.1.attn_k.weight", "blk.1.attn_k.wright");
    assert!(refusal(&name).contains("'blk.1.attn_k.wright'"));
    assert!(refusal(&renamed(EMBEDDED, "blk.1.", "blk.0.")).contains("twice"));
    assert!(refusal(&renamed(EMBEDDED, "blk.1.", "blk.+1")).contains("no Llama"));
}

#[test]
fn other_keys_and_kinds_are_refused() {
    let key = renamed(EMBEDDED, "rope.freq_base", "pooling__type_");
    assert!(refusal(&key).contains("'llama.pooling__type_', which lmz does not run"));
    let other = with(EMBEDDED, "general.architecture", 4 + 8, b"gemma");
    assert!(refusal(&other).contains("'gemma'"));
    let kind = with(TEXTS, "tokenizer.ggml.model", 4 + 8, b"bertl");
    assert!(refusal(&kind).contains("'bertl'"));
}

#[test]
fn a_token_that_is_there_twice_is_refused() {
    // llama.cpp asserts that texts are unique.
    let bytes = renamed(TEXTS, "<0x41>", "<0x42>");
    assert!(refusal(&bytes).contains("has the text of another"));
}
