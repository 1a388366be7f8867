//! The exact engine against llama.cpp, with the embedded model on the tokens of a recording: two
//! computations of the same function, so their distributions must be close.

use lmz::lm::exact::ExactModels;
use lmz::lm::{BINS, Input, LlamaModels, ModelProvider, Recorder};
use lmz::pipeline::segment_limit;
use lmz::wav::{Span, WavReader, to_pcm};
use lmz::{Level, Watch, codec};

/// Tokens that are compared: more than three times what the context holds.
const TOKENS: usize = 1600;

/// Bits a token that the exact engine's distribution may differ by. Quantisation costs 0.003 against real
/// numbers (`format-spec/exact-engine.md`, appendix B), llama.cpp's own 0.001 (`training/README.md`).
const BOUND: f64 = 0.01;

/// What the codec asks a model while it codes a recording.
fn inputs() -> Vec<Input> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wav/guitar_mono.wav");
    let mut reader = WavReader::new(std::fs::File::open(path).unwrap()).unwrap();
    while let Some(span) = reader.next_span(segment_limit(Level::Default)).unwrap() {
        let (Span::Audio { bytes }, Some(format)) = (span, reader.format()) else { continue };
        let (pcm, _) = to_pcm(&bytes, format).unwrap();
        let mut recorder = Recorder::default();
        codec::encode_pcm(&pcm, Level::Default, Some(&mut recorder), &Watch::default()).unwrap();
        return recorder.into_inputs();
    }
    panic!("no samples in {path}");
}

/// Logarithms of the probabilities, natural.
fn log_probabilities(logits: [f32; BINS]) -> [f64; BINS] {
    let logits = logits.map(f64::from);
    let largest = logits.into_iter().fold(f64::MIN, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    logits.map(|logit| logit - largest - sum.ln())
}

/// Kullback-Leibler divergence of `q` from `p`, in bits.
fn divergence(p: &[f64; BINS], q: &[f64; BINS]) -> f64 {
    p.iter().zip(q).map(|(p, q)| p.exp() * (p - q)).sum::<f64>() / std::f64::consts::LN_2
}

fn distributions(provider: &dyn ModelProvider, inputs: &[Input]) -> Vec<[f64; BINS]> {
    let mut session = provider.session(0).unwrap();
    session.reset().unwrap();
    inputs.iter().map(|&input| log_probabilities(session.step(input).unwrap())).collect()
}

#[test]
fn the_exact_engine_computes_what_llama_cpp_does() {
    let inputs = inputs();
    let inputs = &inputs[..TOKENS];
    let exact = distributions(&*ExactModels::default().provider().unwrap(), inputs);
    let llama = LlamaModels::new(None).provider(1, Default::default()).unwrap();
    let llama = distributions(&*llama, inputs);
    let sum: f64 = exact.iter().zip(&llama).map(|(exact, llama)| divergence(exact, llama)).sum();
    let mean = sum / TOKENS as f64;
    println!("{mean:.6} bits a token");
    assert!((0.0..BOUND).contains(&mean), "{mean} bits a token");
}
