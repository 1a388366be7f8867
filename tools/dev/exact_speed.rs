//! Tokens per second of processor time that the exact engine computes, on every kernel of this machine or on
//! one, with the embedded model or another: `exact_speed [TOKENS [KERNEL|all [MODEL.gguf]]]`.
//!
//! Of each kernel one line: one sequence step by step, 2, 4 and 8 sequences in lanes, and one sequence in
//! batches as an encoder runs it. The best of six runs each, kernels and modes in turn within a run, so that
//! other work on the machine hits all of them alike.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use lmz::lm::exact::ExactModel;
use lmz::lm::interleaved::Sequences;
use lmz::lm::{AudioToken, BINS, EMBEDDED, FEATURES, Features, Input, LanguageModel};

const RUNS: usize = 6;
const LANES: [usize; 4] = [1, 2, 4, 8];
/// As `Rehearsed` asks for them.
const BATCH: usize = 128;

fn main() -> Result<()> {
    let tokens = match std::env::args().nth(1) {
        Some(tokens) => tokens.parse().context("TOKENS")?,
        None => 8192,
    };
    let inputs: Vec<Input> = (0..tokens).map(input).collect();
    let kernel = std::env::args().nth(2).filter(|kernel| kernel != "all");
    let file = std::env::args().nth(3).map(std::fs::read).transpose().context("MODEL.gguf")?;
    let models: Vec<_> = ExactModel::on_every_kernel(file.as_deref().unwrap_or(EMBEDDED))?
        .into_iter()
        .filter(|(name, _)| kernel.as_ref().is_none_or(|kernel| kernel == name))
        .map(|(name, model)| (name, Arc::new(model)))
        .collect();
    let mut best = vec![[0.0_f64; LANES.len() + 1]; models.len()];
    for _ in 0..RUNS {
        for ((_, model), best) in models.iter().zip(&mut best) {
            for (best, lanes) in best.iter_mut().zip(LANES) {
                *best = best.max(in_lanes(model, &inputs, lanes)?);
            }
            let last = &mut best[LANES.len()];
            *last = last.max(in_batches(model, &inputs)?);
        }
    }
    println!("{:14}{:>9}{:>9}{:>9}{:>9}{:>9}", "kernel", "1 lane", "2", "4", "8", "batches");
    for ((name, _), best) in models.iter().zip(best) {
        print!("{name:14}");
        best.iter().for_each(|speed| print!("{speed:9.0}"));
        println!();
    }
    Ok(())
}

/// Inputs that differ; what they are does not change the speed.
fn input(i: u32) -> Input {
    if i == 0 {
        return Input::Start;
    }
    let x = i.wrapping_mul(0x9E37_79B9) >> 16;
    let features: [i8; FEATURES] = std::array::from_fn(|i| (x >> (i % 12)) as i8);
    Input::After(AudioToken { bin: (x % 32) as u8, class: 0, features: Features(features) })
}

fn in_lanes(model: &Arc<ExactModel>, inputs: &[Input], count: usize) -> Result<f64> {
    let mut lanes = model.lanes(count);
    let mut logits = vec![[0.0; BINS]; count];
    let mut rows = Vec::with_capacity(count);
    let start = Clock::start();
    for &input in &inputs[..inputs.len() / count] {
        rows.clear();
        rows.extend((0..count).map(|lane| (lane, input)));
        lanes.step(&rows, &mut logits)?;
    }
    Ok((inputs.len() / count * count) as f64 / start.seconds())
}

fn in_batches(model: &Arc<ExactModel>, inputs: &[Input]) -> Result<f64> {
    let mut session = model.session();
    let mut logits = [[0.0; BINS]; BATCH];
    let start = Clock::start();
    for inputs in inputs.chunks(BATCH) {
        session.steps(inputs, &mut logits[..inputs.len()])?;
    }
    Ok(inputs.len() as f64 / start.seconds())
}

/// Time that this thread has run: on a busy machine the clock on the wall tells little.
struct Clock(Instant, Option<f64>);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now(), processor_time())
    }

    fn seconds(&self) -> f64 {
        match (self.1, processor_time()) {
            (Some(before), Some(now)) => now - before,
            _ => self.0.elapsed().as_secs_f64(),
        }
    }
}

/// Seconds, where the system tells.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? * 1e-9)
}
