//! How the file header stores the fingerprint of a language model (§4.4).
//!
//! It names a model, an engine and instruction sets in words, which most files have in common, and
//! it is in the file twice. So it goes through the byte model, which learns the words first.

use byteorder::{ByteOrder, LE};

use super::layout::MAX_FINGERPRINT;
use crate::byte_model::{BytesContext, decode_bytes, encode_bytes};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::float_environment::standard;
use crate::observer::Watch;

/// Words of back ends that may occur.
const WORDS: [&str; 2] = [
    "aarch64 macos linux CPU NEON ARM_FMA FP16_VA MATMUL_INT8 SVE DOTPROD SVE_CNT SME LLAMAFILE \
     ACCELERATE KLEIDIAI OPENMP REPACK; MTL0 Apple M; CUDA0 NVIDIA GeForce RTX; Vulkan0 AMD Radeon",
    "x86_64 windows macos linux CPU SSE3 SSSE3 AVX AVX_VNNI AVX2 F16C FMA BMI2 AVX512 AVX512_VBMI \
     AVX512_VNNI AVX512_BF16 AMX_INT8 LLAMAFILE OPENMP REPACK",
];
/// Back ends of usual fingerprints; what comes twice is all but certain.
const USUAL: [&str; 3] = [ARM, X86, X86];
const ARM: &str = "aarch64 macos CPU NEON ARM_FMA FP16_VA DOTPROD LLAMAFILE REPACK";
const X86: &str = "x86_64 linux CPU SSE3 SSSE3 AVX AVX2 F16C FMA BMI2 LLAMAFILE REPACK";

/// Appends a string as fingerprints hold it.
fn put(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A usual fingerprint, with the two hashes left to `hash`.
fn usual(out: &mut Vec<u8>, backend: &str, mut hash: impl FnMut(&mut Vec<u8>, usize)) {
    put(out, "lmz-3");
    hash(out, 32);
    put(out, "audio 2: 32 bins, 43 features");
    out.extend([128, 0, 0, 0, 1, 0, 0, 0]); // window and lanes
    put(out, "llama-cpp-2 0.1.160 / llama-cpp-sys-2 0.1.161");
    put(out, backend);
    out.extend([0; 4]); // GPU layers
    hash(out, 16);
}

/// What the byte model learns first (§10.7).
fn primer() -> Vec<u8> {
    let mut out = Vec::new();
    for words in WORDS {
        put(&mut out, words);
    }
    for backend in USUAL {
        usual(&mut out, backend, |_, _| {});
    }
    out
}

/// Length of the fingerprint, u16, then the fingerprint through the byte model. It must not be
/// longer than [`MAX_FINGERPRINT`].
///
/// # Errors
/// None: nothing ends a watch that belongs to no run.
pub(crate) fn encode(fingerprint: &[u8]) -> Result<Vec<u8>> {
    let mut stored = (fingerprint.len() as u16).to_le_bytes().to_vec();
    let primer = &primer();
    let context = BytesContext { stride: primer.len(), primer };
    stored.extend(standard(|| encode_bytes(fingerprint, context, &Watch::default()))?);
    Ok(stored)
}

/// Refuses a fingerprint of more than [`MAX_FINGERPRINT`] bytes at `offset` of the lmz file.
///
/// # Errors
/// [`Error::Limit`].
pub(super) fn check_length(length: usize, offset: u64) -> Result<()> {
    if length > MAX_FINGERPRINT {
        let reason =
            format!("model fingerprint of {length} bytes, at most {MAX_FINGERPRINT} allowed");
        return Err(Error::Limit { offset, reason });
    }
    Ok(())
}

/// Inverse of [`encode`].
///
/// # Errors
/// [`Error::Payload`], [`Error::Limit`].
pub(crate) fn decode(stored: &[u8]) -> Result<Vec<u8>> {
    let Some((length, coded)) = stored.split_at_checked(2) else {
        return Err(Fault::Fingerprint("a coded fingerprint without its length").into());
    };
    let length = usize::from(LE::read_u16(length));
    if length == 0 {
        return Err(Fault::Fingerprint("a coded fingerprint of no bytes").into());
    }
    check_length(length, 0)?;
    let primer = &primer();
    let context = BytesContext { stride: primer.len(), primer };
    standard(|| decode_bytes(coded, context, length, &Watch::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look like hashes.
    fn noise(out: &mut Vec<u8>, length: usize) {
        let mut state = length as u32;
        out.extend((0..length).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }));
    }

    #[test]
    fn what_is_common_costs_little() {
        let windows = "x86_64 windows CPU SSE3 SSSE3 AVX AVX2 F16C FMA BMI2 LLAMAFILE REPACK";
        for (backend, most) in [(X86, 75), (ARM, 80), (windows, 80)] {
            let mut fingerprint = Vec::new();
            usual(&mut fingerprint, backend, noise);
            let stored = encode(&fingerprint).unwrap();
            // 48 bytes are hashes.
            assert!(stored.len() <= most, "{} of {}", stored.len(), fingerprint.len());
            assert_eq!(decode(&stored).unwrap(), fingerprint);
        }
    }

    #[test]
    fn anything_comes_back() {
        for fingerprint in [vec![0], vec![255; MAX_FINGERPRINT], (0..=255).collect()] {
            assert_eq!(decode(&encode(&fingerprint).unwrap()).unwrap(), fingerprint);
        }
    }

    #[test]
    fn damage_yields_an_error_or_bytes() {
        assert!(decode(&[]).is_err() && decode(&[1]).is_err() && decode(&[0, 0]).is_err());
        let error = decode(&[1, 16, 0, 0, 0, 0, 0]).unwrap_err();
        assert!(matches!(error, Error::Limit { .. }), "{error}");
        // More is missing than a decoder reads beyond the end of any stream.
        let mut hashes = Vec::new();
        noise(&mut hashes, 100);
        let stored = encode(&hashes).unwrap();
        assert!(decode(&stored[..stored.len() / 2]).is_err());
        let stored = encode(b"some words, CPU SSE3 and others").unwrap();
        for i in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[i] ^= 0x55;
            if let Ok(fingerprint) = decode(&damaged) {
                assert!(fingerprint.len() <= MAX_FINGERPRINT);
            }
        }
    }
}
