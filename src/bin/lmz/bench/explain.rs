//! A look into one file: bits per sample over time, with and without the language model, levels,
//! and where the bytes went.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use lmz::codec::{FrameCost, SegmentPlan};
use lmz::container::{Block, BlockKind, Reader};
use lmz::lm::{ModelProvider, ModelSource};
use lmz::pipeline::{
    self, AudioInfo, CompressOptions, DecompressOptions, TokenMapping, segment_limit,
};
use lmz::wav::{self, Span, WavFormat, WavReader};
use lmz::{Decoder, Watch};
use serde::Serialize;

use super::coders::{Parts, parts};
use super::publish::write;
use super::report::today;
use super::spectrogram::Spectrogram;
use super::{formats, html};
use crate::args::{BenchArgs, Lm};
use crate::models::{self, Models};
use crate::report::channels as channel_count;
use crate::stdout;

/// Points of the curves at most.
const POINTS: usize = 800;

/// What is reported about a file.
#[derive(Debug, Default, Serialize)]
struct Explained {
    file: String,
    version: String,
    /// Day of the run in UTC, as 2026-01-31.
    date: String,
    level: &'static str,
    format: String,
    channels: u16,
    sample_rate: u32,
    seconds: f64,
    samples: u64,
    original_bytes: u64,
    coded_bytes: u64,
    bits_per_sample: f64,
    /// Largest sample and root mean square of all channels in dBFS; absent for silence, and where
    /// samples are not understood.
    peak: Option<f64>,
    rms: Option<f64>,
    parts: Parts,
    /// Name of the language model, if one takes part.
    model: Option<String>,
    segments: Vec<Segment>,
    /// Of the whole file.
    mean: Point,
    /// Equal steps of time, all of `curve_seconds`.
    points: Vec<Point>,
    curve_seconds: f64,
    /// Of the mean of all channels.
    spectrogram: Option<Spectrogram>,
}

/// One block of samples.
#[derive(Debug, Serialize)]
struct Segment {
    start_seconds: f64,
    seconds: f64,
    original_bytes: u64,
    coded_bytes: u64,
    /// predicted, byte-modelled or stored
    coding: &'static str,
    uses_lm: bool,
    /// Bytes without the language model, where it takes part.
    without_lm_bytes: Option<u64>,
}

/// Means over a stretch of time, all channels together.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Point {
    /// Bits per sample without a language model.
    predictor: f64,
    /// Bits per sample with one; absent where none was run.
    with_lm: Option<f64>,
    /// Those bits of `predictor` that are in the LSB block.
    lsb: f64,
    /// Smallest and largest sample, with a full scale of 1; 0 where samples are not understood.
    low: f32,
    high: f32,
}

/// One frame's account.
#[derive(Clone, Copy)]
struct Frame {
    predictor: FrameCost,
    with_lm: Option<FrameCost>,
}

/// Looks into `file` and writes what `args` says.
///
/// # Errors
/// When the file or the model cannot be read, or a report not be written.
pub fn run(args: &BenchArgs, file: &Path) -> Result<()> {
    let [level] = args.level[..] else { bail!("--explain takes one --level") };
    let [lm] = args.lm[..] else { bail!("--explain takes one --lm") };
    let models = Models::new(args.model.model.clone());
    let model = match lm {
        Lm::Auto | Lm::On => Some(models.usual()?),
        Lm::Off => None,
    };
    let options = CompressOptions {
        level: level.level(),
        lm: lm.into(),
        mapping: TokenMapping::default(),
        model,
        threads: args.threads,
        ..CompressOptions::default()
    };
    let content = fs::read(file)?;
    // Someone who asks for the model wants to see what it does even where it does not pay.
    let mut explained = explain(&content, &options, models::as_source(&models), lm == Lm::On)?;
    explained.file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    explained.level = level.name();
    if !args.quiet {
        stdout::open()?.write_all(text(&explained).as_bytes())?;
    }
    if let Some(path) = &args.json {
        write(path, args.force, &formats::json(&explained)?)?;
    }
    if let Some(path) = &args.html {
        write(path, args.force, &html::page(html::EXPLAIN, &explained)?)?;
    }
    Ok(())
}

/// `models` are those to decode with; `always_lm` runs the model on every segment, not only where it
/// takes part.
fn explain(
    content: &[u8],
    options: &CompressOptions,
    models: Arc<dyn ModelSource>,
    always_lm: bool,
) -> Result<Explained> {
    let mut packed = Vec::new();
    pipeline::compress(content, &mut packed, options, &mut ())?;
    let info = pipeline::inspect(packed.as_slice())?;
    let mut explained = Explained {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        date: today(),
        original_bytes: info.original_bytes,
        coded_bytes: info.compressed_bytes,
        parts: parts(&packed)?,
        ..Explained::default()
    };
    let channels = describe(info.audio.context("the file has no samples")?, &mut explained);
    let mut frames: Vec<Frame> = Vec::new();
    let mut spans = WavReader::new(content)?;
    let mut blocks = Reader::new(packed.as_slice())?;
    let limit = segment_limit(options.level);
    // A span becomes a block.
    while let (Some(span), Some((place, block))) = (spans.next_span(limit)?, blocks.next_block()?) {
        let (Span::Audio { bytes }, Some(format)) = (span, spans.format()) else { continue };
        let start = format.seconds(frames.len() as u64);
        let coded_bytes = block.coded_length(place.original_offset);
        explained.segments.push(segment(&block, format, start, coded_bytes));
        let model = options.model.as_deref().filter(|_| always_lm || block.uses_lm);
        frames.extend(account(&bytes, format, &block, coded_bytes, options, model)?);
    }
    if explained.segments.iter().any(|segment| segment.uses_lm) || always_lm {
        // The exact engine knows its model by its hash alone.
        explained.model = info.lm.model.map(|model| match model.name.is_empty() {
            true => format!("with BLAKE3 {:.12}…, exact engine", model.blake3),
            false => model.name,
        });
    }
    let options = DecompressOptions::default().with_models(models).with_threads(options.threads);
    let samples = samples(&packed, &options, explained.samples)?;
    curves(&frames, &samples, channels, &mut explained);
    Ok(explained)
}

/// Fills in what `audio` has; returns the number of channels.
fn describe(audio: AudioInfo, explained: &mut Explained) -> usize {
    explained.format = audio.sample_format;
    explained.channels = audio.channels;
    explained.sample_rate = audio.sample_rate;
    explained.seconds = audio.seconds;
    explained.bits_per_sample = audio.bits_per_sample.unwrap_or_default();
    explained.samples = audio.frames * u64::from(audio.channels);
    usize::from(audio.channels)
}

/// All `count` samples of the file, with a full scale of 1; none where they are not understood.
fn samples(packed: &[u8], options: &DecompressOptions, count: u64) -> Result<Vec<f32>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut reader = Decoder::with_options(Cursor::new(packed), options)?.frames(..)?;
    let mut samples = vec![0.0; usize::try_from(count)?];
    let (mut filled, channels) = (0, usize::from(reader.format().channels));
    while filled < samples.len() {
        match reader.read_float_frames(&mut samples[filled..]) {
            Ok(0) => bail!("samples are missing"),
            Ok(frames) => filled += frames * channels,
            Err(lmz::Error::OutOfRange(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(samples)
}

/// Fills in what is drawn over time, and levels. `frames` `(frames)`, `samples` `(frames, channels)`
/// or empty.
fn curves(frames: &[Frame], samples: &[f32], channels: usize, explained: &mut Explained) {
    explained.curve_seconds = explained.seconds;
    explained.mean = mean(frames, samples, channels);
    let length = frames.len().div_ceil(POINTS).max(1);
    let mut parts = samples.chunks(length * channels);
    let point = |part| mean(part, parts.next().unwrap_or_default(), channels);
    explained.points = frames.chunks(length).map(point).collect();

    explained.peak = decibels(f64::from(explained.mean.high.max(-explained.mean.low)));
    let squares: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    explained.rms = decibels((squares / samples.len().max(1) as f64).sqrt());
    let mono = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
    let mixed: Vec<f32> = samples.chunks_exact(channels).map(mono).collect();
    explained.spectrogram = Spectrogram::new(&mixed, explained.sample_rate);
}

/// The level of an amplitude; `None` for silence, and for what is no number.
fn decibels(amplitude: f64) -> Option<f64> {
    Some(20.0 * amplitude.log10()).filter(|level| level.is_finite())
}

fn segment(block: &Block, format: &WavFormat, start_seconds: f64, coded_bytes: u64) -> Segment {
    Segment {
        start_seconds,
        seconds: format.seconds(u64::from(block.frames)),
        original_bytes: u64::from(block.original_length),
        coded_bytes,
        coding: match block.kind {
            BlockKind::AudioCoded => "predicted",
            BlockKind::AudioCharacters => "characters",
            BlockKind::AudioBytes | BlockKind::ForeignCoded => "byte-modelled",
            BlockKind::AudioStored | BlockKind::ForeignStored => "stored",
        },
        uses_lm: block.uses_lm,
        without_lm_bytes: block.uses_lm.then(|| coded_bytes + block.saved_by_lm()),
    }
}

/// What each frame of a block of `coded_bytes` bytes costs.
fn account(
    bytes: &[u8],
    format: &WavFormat,
    block: &Block,
    coded_bytes: u64,
    options: &CompressOptions,
    model: Option<&dyn ModelProvider>,
) -> Result<Vec<Frame>> {
    let level = options.level;
    let frames = block.frames as usize;
    let pcm = wav::map(bytes, format).map(|mapped| mapped.pcm);
    let (predictor, with_lm) = match &pcm {
        Some(pcm) if block.kind == BlockKind::AudioCoded => {
            let watch = Watch::default();
            let plan = SegmentPlan::new(pcm, level, &watch)?;
            let modelled = match model {
                Some(model) => Some(plan.cost(Some(&mut *model.session(0)?), &watch)?),
                None => None,
            };
            (plan.cost(None, &watch)?, modelled)
        }
        // Not predicted: every frame gets the same share.
        _ => {
            let each = 8.0 * coded_bytes as f32 / frames.max(1) as f32;
            (vec![FrameCost { stream: each, lsb: 0.0 }; frames], None)
        }
    };
    let frame = |i: usize| Frame {
        predictor: predictor[i],
        with_lm: with_lm.as_ref().map(|costs| costs[i]),
    };
    Ok((0..predictor.len()).map(frame).collect())
}

/// Means over `frames`, and the extremes of their `samples`.
fn mean(frames: &[Frame], samples: &[f32], channels: usize) -> Point {
    let count = (frames.len() * channels).max(1) as f64;
    let sum = |cost: fn(&Frame) -> f64| frames.iter().map(cost).sum::<f64>() / count;
    let bits = |cost: FrameCost| f64::from(cost.stream) + f64::from(cost.lsb);
    let with_lm: Option<f64> = frames.iter().map(|f| f.with_lm.map(bits)).sum();
    Point {
        predictor: sum(|f| f64::from(f.predictor.stream) + f64::from(f.predictor.lsb)),
        with_lm: with_lm.map(|bits| bits / count),
        lsb: sum(|f| f64::from(f.predictor.lsb)),
        low: samples.iter().copied().reduce(f32::min).unwrap_or_default(),
        high: samples.iter().copied().reduce(f32::max).unwrap_or_default(),
    }
}

/// For people without a browser.
fn text(explained: &Explained) -> String {
    let Explained { original_bytes, coded_bytes, parts, .. } = explained;
    let levels = match (explained.peak, explained.rms) {
        (Some(peak), Some(rms)) => format!(", peak {peak:.1} dBFS, RMS {rms:.1} dBFS"),
        _ => String::new(),
    };
    let share = |bytes: u64| 100.0 * bytes as f64 / (*coded_bytes).max(1) as f64;
    let mut out = format!(
        "{}: {}, {}, {} Hz, {:.3} s{levels}\n{original_bytes} -> {coded_bytes} bytes \
         ({:.2} %), {:.4} bits per sample, level {}\n",
        explained.file,
        explained.format,
        channel_count(explained.channels),
        explained.sample_rate,
        explained.seconds,
        100.0 * *coded_bytes as f64 / (*original_bytes).max(1) as f64,
        explained.bits_per_sample,
        explained.level,
    );
    for (name, bytes) in [
        ("streams", parts.streams),
        ("LSBs", parts.lsb),
        ("stored or byte-modelled", parts.plain),
        ("foreign", parts.foreign),
        ("container", parts.container),
    ] {
        out.push_str(&format!("  {name:<24} {bytes:>12} {:>7.2} %\n", share(bytes)));
    }
    if let Point { predictor, with_lm: Some(with_lm), .. } = explained.mean {
        out.push_str(&format!(
            "language model: {predictor:.4} bits per sample without, {with_lm:.4} with it \
             ({:+.2} %)\n",
            100.0 * (with_lm / predictor.max(f64::MIN_POSITIVE) - 1.0)
        ));
    }
    let strip = "▁▂▃▄▅▆▇█";
    let curve: Vec<f64> = explained.points.iter().map(|point| point.predictor).collect();
    let columns = curve.chunks(curve.len().div_ceil(72).max(1));
    let means: Vec<f64> = columns.map(|c| c.iter().sum::<f64>() / c.len() as f64).collect();
    let most = means.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let height = |bits: &f64| strip.chars().nth((bits / most * 7.0).round() as usize);
    let bar: String = means.iter().filter_map(height).collect();
    out.push_str(&format!("bits per sample over time, up to {most:.2}:\n{bar}\n"));
    out
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
