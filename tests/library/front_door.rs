//! The types that programs use: what comes out of them, wherever one stops, seeks or errs.

use std::io::{self, Cursor, Read};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::wav;
use lmz::lm::{BINS, Input, LanguageModel, Recorder};
use lmz::pcm::Pcm;
use lmz::{AudioFormat, Decoder, Encoder, Error, FrameReader, Level, LmUse};
use lmz::{ModelProvider, Result, SampleKind, Watch, codec};

/// The shortest segments there are have this many samples.
const SEGMENT: usize = 1 << 17;

fn encoder() -> Encoder {
    Encoder::new().level(Level::Fast).threads(2)
}

/// Three segments and a bit, of one channel at a rate so low that segments are short.
fn samples() -> Vec<i32> {
    wav::sine(1, 3 * SEGMENT + 1_000).iter().map(|&sample| sample.into()).collect()
}

fn pack(samples: &[i32], frames: Option<u64>) -> Vec<u8> {
    let mut lmz = Vec::new();
    let format = AudioFormat::integer(1, 100, 16);
    let mut writer = encoder().for_samples(format, frames, &mut lmz).unwrap();
    for part in samples.chunks(77_777) {
        writer.write_frames(part).unwrap();
    }
    let summary = writer.finish().unwrap();
    assert_eq!(summary.compressed_bytes, lmz.len() as u64);
    lmz
}

fn open(lmz: &[u8]) -> FrameReader<Cursor<&[u8]>> {
    Decoder::new(Cursor::new(lmz)).unwrap().frames(..).unwrap()
}

#[test]
fn samples_written_are_those_of_the_wav_file() {
    let samples = samples();
    let original: Vec<i16> = samples.iter().map(|&sample| sample as i16).collect();
    let plain = wav::pcm16(1, 100, &original);
    let promised = pack(&samples, Some(samples.len() as u64));
    let restored = lmz::decompress_to_vec(&promised, u64::MAX).unwrap();
    assert!(restored == plain, "a promise makes the plain header");
    let mut of_file = Vec::new();
    encoder().encode_wav(plain.as_slice(), &mut of_file).unwrap();
    assert!(of_file == promised, "the same file either way");

    // Without a promise, a file of more than a segment has its sizes left open.
    let open = lmz::decompress_to_vec(&pack(&samples, None), u64::MAX).unwrap();
    assert_eq!((&open[4..8], &open[40..44]), (&[0xff; 4][..], &[0xff; 4][..]));
    assert!(open[44..] == plain[44..]);
    let short = lmz::decompress_to_vec(&pack(&samples[..SEGMENT], None), u64::MAX).unwrap();
    assert!(short == wav::pcm16(1, 100, &original[..SEGMENT]));
}

#[test]
fn wrong_samples_are_refused_and_nothing_of_them_is_kept() {
    let mut lmz = Vec::new();
    let format = AudioFormat::integer(2, 8_000, 8);
    let mut writer = encoder().for_samples(format, Some(2), &mut lmz).unwrap();
    let out_of_range = |outcome: Result<()>| matches!(outcome, Err(Error::OutOfRange(_)));
    assert!(out_of_range(writer.write_frames(&[1, 2, 3])));
    assert!(out_of_range(writer.write_frames(&[1, 128])));
    assert!(out_of_range(writer.write_float_frames(&[0.0, 0.0])));
    writer.write_frames(&[1, -128]).unwrap();
    assert!(out_of_range(writer.finish().map(drop)), "a frame is missing");

    let mut writer = encoder().for_samples(format, Some(1), &mut lmz).unwrap();
    writer.write_frames(&[1, -128]).unwrap();
    writer.finish().unwrap();
    let mut back = [0; 2];
    assert_eq!(open(&lmz).read_frames(&mut back).unwrap(), 1);
    assert_eq!(back, [1, -128]);
}

#[test]
fn floats_come_back() {
    let samples = [0.0, -0.5, f32::MIN_POSITIVE, 1e30, -0.0, 0.3];
    let mut lmz = Vec::new();
    let mut writer = encoder().for_samples(AudioFormat::float(3, 48_000), None, &mut lmz).unwrap();
    writer.write_float_frames(&samples).unwrap();
    assert!(writer.write_frames(&[1, 2, 3]).is_err());
    writer.finish().unwrap();
    let mut reader = open(&lmz);
    assert_eq!(reader.format().samples, SampleKind::Float(32));
    assert!(reader.read_frames(&mut [0; 3]).is_err(), "floats are no integers");
    let mut back = [0.0; 6];
    assert_eq!(reader.read_float_frames(&mut back).unwrap(), 2);
    assert_eq!(back.map(f32::to_bits), samples.map(f32::to_bits));
}

#[test]
fn any_frame_can_be_sought() {
    let samples = samples();
    let lmz = pack(&samples, None);
    let mut reader = open(&lmz);
    assert_eq!(reader.range(), 0..samples.len() as u64);
    let mut buffer = vec![0; 5_000];
    for start in [2 * SEGMENT - 2_000, 5, SEGMENT, 3 * SEGMENT + 999, 3 * SEGMENT - 1, 0] {
        reader.seek(start as u64).unwrap();
        let frames = reader.read_frames(&mut buffer).unwrap();
        let end = (start + buffer.len()).min(samples.len());
        assert_eq!(frames, end - start);
        assert!(buffer[..frames] == samples[start..end], "from {start}");
        assert_eq!(reader.position(), end as u64);
    }
    assert!(reader.seek(samples.len() as u64 + 1).is_err());
    reader.seek(samples.len() as u64).unwrap();
    assert_eq!(reader.read_frames(&mut buffer).unwrap(), 0);

    let decoder = || Decoder::new(Cursor::new(&lmz)).unwrap();
    let mut part = decoder().frames(SEGMENT as u64 - 1..=SEGMENT as u64).unwrap();
    assert_eq!(part.read_frames(&mut buffer).unwrap(), 2);
    assert!(buffer[..2] == samples[SEGMENT - 1..=SEGMENT]);
    assert_eq!(part.read_frames(&mut buffer).unwrap(), 0);
    assert!(part.seek(0).is_err(), "outside of the part");
    assert!(matches!(decoder().frames(..1 << 40), Err(Error::OutOfRange(_))));
}

#[test]
fn a_decoder_can_be_dropped_at_any_time_and_checks_to_the_end() {
    let lmz = pack(&samples(), None);
    for read in [0, 1, 44, 300_000, 700_000] {
        let mut decoder = Decoder::new(lmz.as_slice()).unwrap();
        io::copy(&mut (&mut decoder).take(read), &mut io::sink()).unwrap();
        assert!(decoder.summary().is_none());
    }
    let mut decoder = Decoder::new(lmz.as_slice()).unwrap();
    let bytes = io::copy(&mut decoder, &mut io::sink()).unwrap();
    assert_eq!(decoder.summary().unwrap().original_bytes, bytes);

    // The last bytes before the footer are a part of the trailer.
    let mut damaged = lmz.clone();
    let at = damaged.len() - 20;
    damaged[at] ^= 1;
    let mut decoder = Decoder::new(damaged.as_slice()).unwrap();
    let error = io::copy(&mut decoder, &mut io::sink()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let source = error.get_ref().and_then(|source| source.downcast_ref::<Error>());
    assert!(matches!(source, Some(Error::Corrupt { .. })), "{error}");
    assert!(decoder.read(&mut [0]).is_err(), "it stays failed");
    assert!(decoder.summary().is_none());
}

#[test]
fn limits_and_files_of_other_kinds() {
    let lmz = pack(&[5; 1_000], None);
    assert!(matches!(lmz::decompress_to_vec(&lmz, 2_043), Err(Error::Limit { .. })));
    assert_eq!(lmz::decompress_to_vec(&lmz, 2_044).unwrap().len(), 2_044);
    assert!(matches!(Decoder::new(&b"RIFF"[..]), Err(Error::NotLmz(_))));
    assert!(matches!(lmz::compress_to_vec(b"\x89LMZ"), Err(Error::NotWav(_))));
    let nothing = lmz::compress_to_vec(b"RIFF\x04\0\0\0WAVE").unwrap();
    let decoder = Decoder::new(Cursor::new(nothing)).unwrap();
    assert!(decoder.format().is_none());
    assert!(matches!(decoder.frames(..), Err(Error::OutOfRange(_))));
}

#[test]
fn a_file_says_what_it_is() {
    let samples = samples();
    let lmz = pack(&samples, None);
    let info = lmz::info(lmz.as_slice()).unwrap();
    assert_eq!(info.format, Some(AudioFormat::integer(1, 100, 16)));
    assert_eq!((info.frames, info.segment_frames), (samples.len() as u64, SEGMENT as u32));
    assert_eq!(info.level, Level::Fast);
    assert_eq!(info.summary.compressed_bytes, lmz.len() as u64);
    let mut decoder = Decoder::new(lmz.as_slice()).unwrap();
    io::copy(&mut decoder, &mut io::sink()).unwrap();
    assert_eq!(Some(&info.summary), decoder.summary());

    let nothing = lmz::compress_to_vec(b"RIFF\x04\0\0\0WAVE").unwrap();
    let info = lmz::info(nothing.as_slice()).unwrap();
    assert_eq!((info.format, info.frames, info.segment_frames), (None, 0, 0));
    assert!(matches!(lmz::info(&lmz[..lmz.len() / 2]), Err(Error::Corrupt { .. })));
}

#[test]
fn a_part_is_a_file_of_its_own() {
    let samples = samples();
    let lmz = pack(&samples, None);
    let plain = |range: std::ops::Range<usize>| {
        let samples: Vec<i16> = samples[range].iter().map(|&sample| sample as i16).collect();
        wav::pcm16(1, 100, &samples)
    };
    let decoder = || Decoder::new(Cursor::new(&lmz)).unwrap();
    let mut part = Vec::new();
    let written = decoder().extract(SEGMENT as u64 - 5..=SEGMENT as u64, &mut part, &mut ());
    assert!(part == plain(SEGMENT - 5..SEGMENT + 1));
    assert_eq!(written.unwrap(), part.len() as u64);
    // What is past the end is the end.
    part.clear();
    let start = (Bound::Excluded(3 * SEGMENT as u64), Bound::Included(u64::MAX));
    decoder().extract(start, &mut part, &mut ()).unwrap();
    assert!(part == plain(3 * SEGMENT + 1..samples.len()));
    let nothing = decoder().extract(samples.len() as u64.., &mut part, &mut ());
    assert!(matches!(nothing, Err(Error::OutOfRange(_))));
}

/// A model that helps to encode, and then says something else.
struct Fickle {
    bins: Arc<[u8]>,
    sessions: AtomicU32,
}

struct Session {
    bins: Arc<[u8]>,
    next: usize,
    sure: f32,
}

impl ModelProvider for Fickle {
    fn fingerprint(&self) -> Vec<u8> {
        vec![1]
    }

    fn session(&self, _lane: usize) -> Result<Box<dyn LanguageModel>> {
        let sure = if self.sessions.fetch_add(1, Ordering::Relaxed) == 0 { 6.0 } else { 5.0 };
        Ok(Box::new(Session { bins: Arc::clone(&self.bins), next: 0, sure }))
    }
}

impl LanguageModel for Session {
    fn reset(&mut self) -> Result<()> {
        Ok(())
    }

    fn step(&mut self, _: Input) -> Result<[f32; BINS]> {
        let mut logits = [0.0; BINS];
        if let Some(&bin) = self.bins.get(self.next) {
            logits[usize::from(bin)] = self.sure;
        }
        self.next += 1;
        Ok(logits)
    }
}

#[test]
fn verify_finds_what_does_not_decode() {
    let noise: Vec<i16> = wav::noise(5_000).iter().map(|sample| sample / 256).collect();
    let file = wav::pcm16(1, 8_000, &noise);
    let mut verified = Vec::new();
    encoder().verify(true).encode_wav(file.as_slice(), &mut verified).unwrap();
    let mut plain = Vec::new();
    encoder().encode_wav(file.as_slice(), &mut plain).unwrap();
    assert!(verified == plain, "verifying changes nothing");

    let mut recorder = Recorder::default();
    let pcm = Pcm { channels: 1, samples: noise.into_iter().map(i32::from).collect() };
    codec::encode_pcm(&pcm, Level::Fast, Some(&mut recorder), &Watch::default()).unwrap();
    let bins: Arc<[u8]> = recorder.pairs().map(|(_, bin)| bin).collect();
    let encode = |verify: bool| {
        let fickle = Fickle { bins: Arc::clone(&bins), sessions: AtomicU32::new(0) };
        let encoder = encoder().verify(verify).model(Arc::new(fickle), LmUse::On);
        encoder.encode_wav(file.as_slice(), io::sink())
    };
    assert_eq!(encode(false).unwrap().segments_with_lm, 1);
    assert!(matches!(encode(true), Err(Error::Unverified { offset: 44 })));
}
