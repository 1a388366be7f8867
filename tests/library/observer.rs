//! Progress within a segment, how often it is shown, and how soon a break ends the run.

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::support::wav;
use lmz::pipeline::{self, CompressOptions, DecompressOptions};
use lmz::{Error, Level};
use lmz::{Observer, Progress};

/// Longest time from a break to the end of the run: 0.1 s on an idle machine, and this one may
/// be busy.
const SOON: Duration = Duration::from_secs(1);

/// One segment that takes seconds.
fn original() -> Vec<u8> {
    let samples: Vec<i16> = wav::noise(2 * 8_000 * 15).iter().map(|sample| sample / 256).collect();
    wav::pcm16(2, 8_000, &samples)
}

/// Notes all progress and ends the run when `share` of `total` bytes are done.
struct Note {
    total: u64,
    share: f64,
    seen: Vec<u64>,
    broke: Option<Instant>,
}

impl Note {
    fn new(total: usize, share: f64) -> Self {
        Note { total: total as u64, share, seen: Vec::new(), broke: None }
    }

    /// Number of different stages strictly between the start and the end.
    fn stages(&mut self) -> usize {
        assert!(self.seen.is_sorted(), "{:?}", self.seen);
        assert!(self.seen.iter().all(|&bytes| bytes <= self.total));
        self.seen.dedup();
        self.seen.iter().filter(|&&bytes| bytes > 0 && bytes < self.total * 9 / 10).count()
    }
}

impl Observer for Note {
    fn observe(&mut self, progress: Progress) -> ControlFlow<()> {
        self.seen.push(progress.bytes);
        if progress.bytes as f64 >= self.share * self.total as f64 {
            self.broke = Some(Instant::now());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

#[test]
fn progress_moves_within_a_segment_and_a_break_ends_it() {
    let original = original();
    let options = CompressOptions { level: Level::Default, threads: 2, ..Default::default() };
    let mut lmz = Vec::new();
    let mut all = Note::new(original.len(), 2.0);
    pipeline::compress(original.as_slice(), &mut lmz, &options, &mut all).unwrap();
    assert!(*all.seen.last().unwrap() <= original.len() as u64);
    assert!(all.stages() >= 10, "{:?}", all.seen);
    assert_eq!(pipeline::inspect(lmz.as_slice()).unwrap().segments, 1);

    let mut some = Note::new(original.len(), 0.3);
    let mut unfinished = Vec::new();
    let outcome = pipeline::compress(original.as_slice(), &mut unfinished, &options, &mut some);
    assert!(matches!(outcome, Err(Error::Interrupted)));
    assert!(some.broke.unwrap().elapsed() < SOON);
    // The header of the original, and no segment.
    assert!(unfinished.len() < 1_000, "{} bytes written", unfinished.len());

    let options = DecompressOptions::default().with_threads(2);
    let mut all = Note::new(lmz.len(), 2.0);
    pipeline::verify(lmz.as_slice(), &options, &mut all).unwrap();
    assert!(all.stages() >= 10, "{:?}", all.seen);

    let mut some = Note::new(lmz.len(), 0.3);
    let outcome = pipeline::decompress(lmz.as_slice(), io::sink(), &options, &mut some);
    assert!(matches!(outcome, Err(Error::Interrupted)));
    assert!(some.broke.unwrap().elapsed() < SOON);
}

/// While a segment is coded, which takes seconds, on one thread.
#[test]
fn observers_are_called_every_50_ms() {
    const OFTEN: Duration = Duration::from_millis(50);
    let original = original();
    let check = |run: &mut dyn FnMut(&mut dyn Observer)| {
        let mut calls = vec![Instant::now()];
        run(&mut |_: Progress| {
            calls.push(Instant::now());
            ControlFlow::Continue(())
        });
        let gaps: Vec<_> = calls.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let late = gaps.iter().filter(|&&gap| gap > OFTEN).count();
        assert!(gaps.len() >= 10, "{gaps:?}");
        // A busy machine may stop the thread for longer now and then.
        assert!(late <= gaps.len() / 4, "{late} of {}: {gaps:?}", gaps.len());
    };
    let options = CompressOptions { threads: 1, ..Default::default() };
    let mut lmz = Vec::new();
    check(&mut |observer| {
        pipeline::compress(original.as_slice(), &mut lmz, &options, observer).unwrap();
    });
    let options = DecompressOptions::default().with_threads(1);
    check(&mut |observer| {
        pipeline::verify(lmz.as_slice(), &options, observer).unwrap();
    });
    check(&mut |observer| {
        pipeline::examine(io::Cursor::new(&lmz), &options, observer).unwrap();
    });
}
