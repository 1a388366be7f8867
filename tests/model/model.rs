//! The pipeline with a language model that is not Llama: lanes, fingerprints, refusals.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support;
use crate::support::wav;
use lmz::lm::lanes::{Batch, Lanes};
use lmz::lm::{AudioToken, BINS, Input, LanguageModel, ModelProvider, ModelSource, Recorder};
use lmz::pcm::Pcm;
use lmz::pipeline::{self, CompressOptions, DecompressOptions, Gap, LmUse, Position, TokenMapping};
use lmz::{Decoder, Error, Level, Result, Watch, codec};

/// Favours the bins near the last one.
struct Neighbours {
    lanes: usize,
}

impl Batch for Neighbours {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn reset(&mut self, _lane: usize) -> Result<()> {
        Ok(())
    }

    fn step(&mut self, inputs: &[Input], logits: &mut [[f32; BINS]]) -> Result<()> {
        for (input, row) in inputs.iter().zip(logits) {
            let Input::After(AudioToken { bin, .. }) = *input else {
                *row = [0.0; BINS];
                continue;
            };
            for (other, logit) in row.iter_mut().enumerate() {
                *logit = -0.1 * (other as f32 - f32::from(bin)).abs();
            }
        }
        Ok(())
    }
}

struct Provider {
    lanes: Lanes<Neighbours>,
    count: usize,
}

impl ModelProvider for Provider {
    fn fingerprint(&self) -> Vec<u8> {
        vec![self.count as u8]
    }

    fn lanes(&self) -> usize {
        self.count
    }

    fn session(&self, lane: usize) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(self.lanes.take(lane)?))
    }
}

fn provider(count: usize) -> Provider {
    Provider { lanes: Lanes::new(Neighbours { lanes: count }), count }
}

struct Source;

impl ModelSource for Source {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        fingerprint.first().map_or(1, |&lanes| usize::from(lanes))
    }

    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        match fingerprint {
            [lanes] => Ok(Arc::new(provider(usize::from(*lanes)))),
            _ => Err(Error::ModelMismatch("strange".to_owned())),
        }
    }
}

/// Segments of different lengths, and foreign bytes between them.
fn original() -> Vec<u8> {
    let start = wav::pcm16(1, 100, &wav::sine(1, 300_000));
    wav::with_chunk(&start, b"LIST", &[b'x'; 100])
}

#[test]
fn lanes_round_trip_and_sizes_tell_who_saved_what() {
    let original = original();
    for lanes in [1, 2, 3] {
        for lm in [LmUse::Auto, LmUse::On] {
            let provider = provider(lanes);
            let options = CompressOptions {
                mapping: TokenMapping::Quantile,
                level: Level::Fast,
                lm,
                model: Some(Arc::new(provider)),
                threads: 1, // a session on a lane at a time
                ..Default::default()
            };
            let lmz = support::compress_with(&original, &options);
            let decoding =
                DecompressOptions::default().with_models(Arc::new(Source)).with_threads(1);
            let mut restored = Vec::new();
            pipeline::decompress(lmz.as_slice(), &mut restored, &decoding, &mut ()).unwrap();
            assert!(restored == original, "{lanes} lanes, {lm:?}");
            let info = pipeline::inspect(lmz.as_slice()).unwrap();
            assert!(info.segments >= 3);
            // A model that was tried in vain leaves no trace.
            assert_eq!(info.lm.model.is_some(), info.lm.segments > 0);
            assert_eq!(info.lm.saved_bytes > 0, info.lm.segments > 0);
        }
    }
}

#[test]
fn a_file_that_uses_no_model_decodes_without_one() {
    let original = wav::build(1, 1, 8_000, 16, &wav::bytes(2_000));
    let provider = provider(1);
    let options =
        CompressOptions { model: Some(Arc::new(provider)), threads: 1, ..Default::default() };
    let lmz = support::compress_with(&original, &options);
    assert_eq!(pipeline::inspect(lmz.as_slice()).unwrap().lm.segments, 0);
    assert!(support::decompress(&lmz).unwrap() == original);
}

#[test]
fn without_a_model_the_header_names_none() {
    let original = original();
    let provider = provider(2);
    let options =
        CompressOptions { lm: LmUse::Off, model: Some(Arc::new(provider)), ..Default::default() };
    let lmz = support::compress_with(&original, &options);
    assert!(pipeline::inspect(lmz.as_slice()).unwrap().lm.model.is_none());
}

/// Samples in the shortest segments that are cut, whatever the rate.
const SEGMENT: usize = 1 << 17;

/// Bins of a segment that [`PerLane`] knows.
const KNOWN: usize = 3_000;

/// Knows by heart how segments of noise begin, is less certain of it on each lane, and counts how many
/// lanes are taken at a time.
#[derive(Clone)]
struct PerLane {
    lanes: usize,
    bins: Arc<[u8]>,
    taken: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl PerLane {
    fn new(lanes: usize, segment: &[i16]) -> Self {
        let samples = segment.iter().map(|&s| i32::from(s)).collect();
        let pcm = Pcm { channels: 1, samples };
        let mut recorder = Recorder::default();
        codec::encode_pcm(&pcm, Level::Fast, Some(&mut recorder), &Watch::default()).unwrap();
        let bins = recorder.pairs().take(KNOWN).map(|(_, bin)| bin).collect();
        PerLane { lanes, bins, taken: Arc::default(), most: Arc::default() }
    }
}

struct LaneSession {
    model: PerLane,
    lane: usize,
    next: usize,
}

impl LanguageModel for LaneSession {
    fn reset(&mut self) -> Result<()> {
        self.next = 0;
        Ok(())
    }

    fn step(&mut self, _token: Input) -> Result<[f32; BINS]> {
        let mut logits = [0.0; BINS];
        if let Some(&bin) = self.model.bins.get(self.next) {
            logits[usize::from(bin)] = 6.0 - 0.5 * self.lane as f32;
        }
        self.next += 1;
        Ok(logits)
    }
}

impl Drop for LaneSession {
    fn drop(&mut self) {
        self.model.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ModelProvider for PerLane {
    fn fingerprint(&self) -> Vec<u8> {
        vec![self.lanes as u8]
    }

    fn lanes(&self) -> usize {
        self.lanes
    }

    fn session(&self, lane: usize) -> Result<Box<dyn LanguageModel>> {
        let taken = 1 + self.taken.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(taken, Ordering::Relaxed);
        Ok(Box::new(LaneSession { model: self.clone(), lane, next: 0 }))
    }
}

impl ModelSource for PerLane {
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        usize::from(fingerprint[0])
    }

    fn open(&self, _fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        Ok(Arc::new(self.clone()))
    }
}

/// The lane of a block follows from its number in the file, wherever decoding begins; how many are
/// taken at a time is for the threads to say, not for the file.
#[test]
fn blocks_keep_their_lanes_on_any_number_of_threads() {
    let segment: Vec<i16> = wav::noise(SEGMENT).iter().map(|s| s / 256).collect();
    let original = wav::pcm16(1, 100, &segment.repeat(4));
    let model = PerLane::new(200, &segment);
    let compressing = |threads| CompressOptions {
        level: Level::Fast,
        lm: LmUse::Always,
        model: Some(Arc::new(model.clone())),
        threads,
        ..Default::default()
    };
    let lmz = support::compress_with(&original, &compressing(2));
    assert_eq!(pipeline::inspect(lmz.as_slice()).unwrap().lm.segments, 4);
    assert!((1..=2).contains(&model.most.swap(0, Ordering::Relaxed)));
    assert!(support::compress_with(&original, &compressing(1)) == lmz);
    assert_eq!(model.most.load(Ordering::Relaxed), 1);
    let decompressing = |threads| {
        DecompressOptions::default().with_models(Arc::new(model.clone())).with_threads(threads)
    };
    for threads in [1, 3] {
        let mut restored = Vec::new();
        let options = decompressing(threads);
        pipeline::decompress(lmz.as_slice(), &mut restored, &options, &mut ()).unwrap();
        assert!(restored == original);
        assert!(model.most.swap(0, Ordering::Relaxed) <= threads);
    }
    // The third segment, by every way to get there.
    let options = decompressing(1);
    let first = 2 * SEGMENT;
    let part = (Some(Position::Frame(first as u64)), Some(Position::Frame(first as u64 + 5_000)));
    let mut out = Vec::new();
    pipeline::extract(Cursor::new(&lmz), &mut out, part, &options, &mut ()).unwrap();
    assert!(out[44..] == original[44 + 2 * first..][..10_000]);
    let decoder = Decoder::with_options(Cursor::new(&lmz), &options).unwrap();
    let mut frames = vec![0; 1_000];
    decoder.frames(first as u64..).unwrap().read_frames(&mut frames).unwrap();
    assert!(frames.iter().zip(&segment).all(|(&frame, &sample)| frame == i32::from(sample)));
    // With the first segment lost.
    let mut damaged = lmz.clone();
    let second_block = lmz.windows(4).enumerate().filter(|(_, w)| w == b"\xB7lb\n").nth(1);
    damaged[second_block.unwrap().0 + 50] ^= 1;
    let (gap, mut out) = (Gap::Silence, Vec::new());
    let report =
        pipeline::salvage(Cursor::new(&damaged), &mut out, gap, &options, &mut ()).unwrap();
    assert_eq!((report.segments, report.damage.len()), (3, 1));
    assert!(out[44 + 2 * SEGMENT..] == original[44 + 2 * SEGMENT..]);
}
