//! When a file names its language model: only if that saves more than the name takes.

use std::sync::Arc;

use crate::support;
use crate::support::wav;
use lmz::Watch;
use lmz::lm::{BINS, Input, LanguageModel, ModelProvider, ModelSource, Recorder};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse};
use lmz::wav::{self as spans, SegmentLimit, Span, WavReader};
use lmz::{Level, Result, codec};

/// The shortest segments that are cut, whatever the rate, have this many samples.
const RATE: u32 = 100;
const SEGMENT: usize = 1 << 17;
const SEGMENTS: u32 = 2;
/// Bins of a segment that the oracle knows: some per cent of its bytes.
const KNOWN: usize = 3_000;

/// Noise, which nothing predicts: a segment of it, and the start of the same again.
fn original() -> Vec<u8> {
    let mut samples: Vec<i16> = wav::noise(SEGMENT).iter().map(|s| s / 256).collect();
    samples.extend_from_within(..2 * KNOWN);
    wav::pcm16(1, RATE, &samples)
}

/// Knows how that noise begins by heart, so that it saves for certain.
#[derive(Clone)]
struct Oracle {
    bins: Arc<[usize]>,
    /// Length of its name.
    name: usize,
}

impl Oracle {
    fn new(name: usize) -> Self {
        let original = original();
        let mut reader = WavReader::new(original.as_slice()).unwrap();
        let limit = SegmentLimit { seconds: 20, samples: 1 << 22 };
        while let Some(span) = reader.next_span(limit).unwrap() {
            let Span::Audio { bytes } = span else { continue };
            let (pcm, _) = spans::to_pcm(&bytes, reader.format().unwrap()).unwrap();
            assert_eq!(pcm.samples.len(), SEGMENT);
            let mut recorder = Recorder::default();
            codec::encode_pcm(&pcm, Level::Fast, Some(&mut recorder), &Watch::default()).unwrap();
            let bins = recorder.pairs().take(KNOWN).map(|(_, bin)| usize::from(bin)).collect();
            return Oracle { bins, name };
        }
        panic!("no samples");
    }
}

impl ModelProvider for Oracle {
    fn fingerprint(&self) -> Vec<u8> {
        // A hash, so that it takes no fewer bytes in the header.
        let mut name = vec![0; self.name];
        blake3::Hasher::new().finalize_xof().fill(&mut name);
        name
    }

    fn session(&self, _lane: usize) -> Result<Box<dyn LanguageModel>> {
        Ok(Box::new(Session { bins: self.bins.clone(), next: 0 }))
    }
}

impl ModelSource for Oracle {
    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        assert_eq!(fingerprint, self.fingerprint());
        Ok(Arc::new(self.clone()))
    }
}

struct Session {
    bins: Arc<[usize]>,
    next: usize,
}

impl LanguageModel for Session {
    fn reset(&mut self) -> Result<()> {
        self.next = 0;
        Ok(())
    }

    fn step(&mut self, _token: Input) -> Result<[f32; BINS]> {
        let mut logits = [0.0; BINS];
        if let Some(&bin) = self.bins.get(self.next) {
            logits[bin] = 6.0;
        }
        self.next += 1;
        Ok(logits)
    }
}

/// Length of the file, number of segments that use the model, bytes that it saved in them.
fn size(lm: LmUse, name: usize) -> (usize, u32, u64) {
    let original = original();
    let oracle = Oracle::new(name);
    let options = CompressOptions {
        level: Level::Fast,
        lm,
        model: Some(Arc::new(oracle.clone())),
        threads: 1,
        ..Default::default()
    };
    let lmz = support::compress_with(&original, &options);
    let info = pipeline::inspect(lmz.as_slice()).unwrap();
    assert_eq!(info.lm.model.is_some(), info.lm.segments > 0);

    let decoding = DecompressOptions::default().with_models(Arc::new(oracle)).with_threads(1);
    let mut restored = Vec::new();
    pipeline::decompress(lmz.as_slice(), &mut restored, &decoding, &mut ()).unwrap();
    assert!(restored == original);
    (lmz.len(), info.lm.segments, info.lm.saved_bytes)
}

#[test]
fn a_model_that_does_not_pay_for_its_name_is_not_named() {
    let (without, ..) = size(LmUse::Off, 1);
    let (with, segments, saved) = size(LmUse::On, 1);
    assert_eq!(segments, SEGMENTS);
    assert!(saved > 100, "the oracle saves {saved} bytes");
    // To the byte: the header holds the name, and the trailer a copy of it.
    let gain = without - with + 2;
    let dearest = (gain - 1) / 2;
    assert!(dearest < 4_096, "a name may have 4,096 bytes, and the oracle saves {gain}");
    assert_eq!(size(LmUse::On, dearest), (without + 2 * dearest - gain, segments, saved));
    assert_eq!(size(LmUse::On, dearest + 1), (without, 0, 0));
}
