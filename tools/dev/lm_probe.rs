//! Looks at a model through the library, as training/ needs it.
//!
//! `lm_probe speed MODEL…` prints tokens per second of processor time, the best of twelve runs.
//! `lm_probe logits MODEL < TOKENS` reads inputs as `start` or `bin feature…` per line
//! and prints the 32 logits after each, with all their digits.
//! `lm_probe gain MODEL CLIP…` prints for each WAV file the bytes of its segments at the default
//! level without the model and with it, whether it saves anything or not.

use std::fs::File;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use lmz::Watch;
use lmz::lm::llama::{Model, ModelOptions, Session};
use lmz::lm::{AudioToken, FEATURES, Features, Input, LanguageModel};
use lmz::pipeline::segment_limit;
use lmz::wav::{self, Span, WavReader};
use lmz::{Level, codec};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((mode, models)) if mode == "speed" => models.iter().try_for_each(|m| speed(m)),
        Some((mode, [model])) if mode == "logits" => logits(model),
        Some((mode, [model, clips @ ..])) if mode == "gain" => gain(model, clips),
        _ => bail!("usage: lm_probe speed MODEL… | logits MODEL < TOKENS | gain MODEL CLIP…"),
    }
}

fn load(path: &str) -> Result<Model> {
    Model::from_file(Path::new(path), ModelOptions::default()).context(path.to_owned())
}

/// Seconds this thread has run: on a busy machine the clock on the wall tells little.
fn processor_time(start: Instant) -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|s| s.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(|| start.elapsed().as_secs_f64(), |ns| ns * 1e-9)
}

fn speed(path: &str) -> Result<()> {
    let model = load(path)?;
    let mut session = model.session()?;
    let run = |session: &mut Session, tokens: u32| -> Result<f64> {
        session.reset()?;
        let start = Instant::now();
        let before = processor_time(start);
        session.step(Input::Start)?;
        for i in 1..tokens {
            let x = i.wrapping_mul(0x9e37_79b9) >> 16;
            let features = Features(std::array::from_fn(|i| (x >> (i % 12)) as i8));
            let (bin, class) = ((x % 32) as u8, (x / 32 % 32) as u8);
            session.step(Input::After(AudioToken { bin, class, features }))?;
        }
        Ok(f64::from(tokens) / (processor_time(start) - before))
    };
    run(&mut session, 500)?;
    let mut best = 0.0_f64;
    for _ in 0..12 {
        best = best.max(run(&mut session, 2000)?);
    }
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    println!("{name}\t{}\t{best:.0}", model.parameters());
    Ok(())
}

fn logits(path: &str) -> Result<()> {
    let model = load(path)?;
    let mut session = model.session()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let token = match line.split_once(' ') {
            None if line == "start" => Input::Start,
            Some((bin, rest)) => {
                let numbers: std::result::Result<Vec<i8>, _> =
                    rest.split(' ').map(str::parse).collect();
                let Ok(features) = <[i8; FEATURES]>::try_from(numbers?) else {
                    bail!("'{line}' is not a bin and {FEATURES} features");
                };
                Input::After(AudioToken {
                    bin: bin.parse()?,
                    class: 0,
                    features: Features(features),
                })
            }
            None => bail!("'{line}' is neither 'start' nor 'bin feature…'"),
        };
        let row = session.step(token)?.map(|v| format!("{v:e}"));
        writeln!(out, "{}", row.join(" "))?;
    }
    Ok(())
}

fn gain(model: &str, clips: &[String]) -> Result<()> {
    let model = load(model)?;
    for clip in clips {
        let mut reader = WavReader::new(File::open(clip).context(clip.to_owned())?)?;
        let (mut without, mut with) = (0, 0);
        while let Some(span) = reader.next_span(segment_limit(Level::Default))? {
            let (Span::Audio { bytes }, Some(format)) = (span, reader.format()) else { continue };
            let Some((pcm, _)) = wav::to_pcm(&bytes, format) else { continue };
            let mut session = model.session()?;
            let coded = codec::encode_pcm(&pcm, Level::Default, None, &Watch::default())?;
            without += coded.stream.len() + coded.lsb.len();
            let coded =
                codec::encode_pcm(&pcm, Level::Default, Some(&mut session), &Watch::default())?;
            with += coded.stream.len() + coded.lsb.len();
        }
        let name = Path::new(clip).file_stem().unwrap_or_default().to_string_lossy();
        println!("{name}\t{without}\t{with}");
    }
    Ok(())
}
