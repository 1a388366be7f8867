//! What each cascade and each expert is worth: size and time without it.
//!
//! ```sh
//! cargo run --release --no-default-features --example ablation -- DIR [fast|default|best] [SECONDS]
//! ```
//!
//! Codes up to SECONDS (default 3) from the middle of every WAV file in DIR, one after the other on
//! one core, with all parts of the level and with each part left out. Sizes are those of token
//! streams and LSB blocks. Every clip is coded with all variants in turn, so that a machine that
//! is busy for a while slows them all.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use lmz::Level;
use lmz::codec::ablation::{Part, encode_without};
use lmz::pcm::Pcm;
use lmz::wav::{self, SegmentLimit, Span, WavReader};

#[derive(Clone, Copy, Default)]
struct Cost {
    bytes: usize,
    time: Duration,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().context("usage: ablation DIR [fast|default|best] [SECONDS]")?;
    let level = match arguments.get(1).map_or("default", String::as_str) {
        "fast" => Level::Fast,
        "default" => Level::Default,
        "best" => Level::Best,
        other => bail!("no such level: {other}"),
    };
    let seconds: f64 = arguments.get(2).map_or("3", String::as_str).parse()?;

    let excerpts = excerpts(Path::new(folder), seconds)?;
    ensure!(!excerpts.is_empty(), "no audio in {folder}");
    let parts: Vec<Option<Part>> =
        [None].into_iter().chain(Part::all(level).into_iter().map(Some)).collect();
    let mut costs = vec![Cost::default(); parts.len()];
    for pcm in &excerpts {
        for (part, cost) in parts.iter().zip(&mut costs) {
            let start = Instant::now();
            let coded = encode_without(pcm, level, *part)?;
            cost.time += start.elapsed();
            cost.bytes += coded.stream.len() + coded.lsb.len();
        }
    }

    let full = costs[0];
    println!("{} excerpts of up to {seconds} s, level {level:?}", excerpts.len());
    println!("{:<72} {:>10} {:>8} {:>7}", "left out", "bytes", "size", "time");
    for (part, cost) in parts.iter().zip(&costs) {
        println!(
            "{:<72} {:>10} {:>+7.3}% {:>+6.1}%",
            part.map_or("nothing".to_owned(), |part| part.describe(level)),
            cost.bytes,
            100.0 * (cost.bytes as f64 / full.bytes as f64 - 1.0),
            100.0 * (cost.time.as_secs_f64() / full.time.as_secs_f64() - 1.0),
        );
    }
    Ok(())
}

/// The middle of every file that holds samples which can be predicted.
fn excerpts(folder: &Path, seconds: f64) -> Result<Vec<Pcm>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wav") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut excerpts = Vec::new();
    for path in paths {
        let mut reader = WavReader::new(File::open(&path)?)?;
        let limit = SegmentLimit { seconds: 20, samples: 1 << 22 };
        while let Some(span) = reader.next_span(limit)? {
            let (Span::Audio { bytes }, Some(format)) = (span, reader.format()) else { continue };
            let rate = f64::from(format.sample_rate);
            let Some((pcm, _)) = wav::to_pcm(&bytes, format) else { continue };
            excerpts.push(pcm.middle((rate * seconds) as usize));
            break;
        }
    }
    Ok(excerpts)
}
