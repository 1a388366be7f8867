//! How far all files have come: one line, on a terminal only.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lmz::{Observer, Progress};

use crate::names::Job;

/// Time without a line, and between two changes of it.
const FIRST: Duration = Duration::from_millis(150);
const REDRAWN: Duration = Duration::from_millis(100);

/// What the files of a run have in common.
pub struct Status {
    bar: ProgressBar,
    start: Instant,
    drawn: Mutex<Instant>,
    files: usize,
    /// Bytes of all inputs; `None` if one has no known length.
    length: Option<u64>,
    bytes: AtomicU64,
    written: Arc<AtomicU64>,
    /// Audio that has been dealt with.
    milliseconds: AtomicU64,
    finished: AtomicUsize,
}

impl Status {
    /// Drawn on standard error if that is a terminal and `visible`.
    pub fn new(jobs: &[Job], visible: bool) -> Self {
        let target = match visible {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        // It cuts the text at the width of the terminal.
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        Status {
            bar,
            start: Instant::now(),
            drawn: Mutex::new(Instant::now()),
            files: jobs.len(),
            length: jobs.iter().map(|job| job.length).sum(),
            bytes: AtomicU64::new(0),
            written: Arc::default(),
            milliseconds: AtomicU64::new(0),
            finished: AtomicUsize::new(0),
        }
    }

    /// Whether anybody sees it.
    pub fn is_visible(&self) -> bool {
        !self.bar.is_hidden()
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Counts the bytes of all outputs.
    pub fn written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }

    /// Notes that `count` files are done.
    pub fn finished(&self, count: usize) {
        self.finished.store(count, Relaxed);
    }

    /// Writes other lines without spoiling this one.
    pub fn suspend(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn draw(&self) {
        if !self.is_visible() || self.elapsed() < FIRST {
            return;
        }
        // Another thread draws at the moment.
        let Ok(mut drawn) = self.drawn.try_lock() else { return };
        if drawn.elapsed() >= REDRAWN {
            *drawn = Instant::now();
            self.bar.set_message(self.line().to_string());
            self.bar.tick();
        }
    }

    fn line(&self) -> Line {
        Line {
            elapsed: self.elapsed().as_secs_f64(),
            bytes: self.bytes.load(Relaxed),
            length: self.length,
            written: self.written.load(Relaxed),
            seconds: self.milliseconds.load(Relaxed) as f64 / 1e3,
            file: (self.finished.load(Relaxed) + 1).min(self.files),
            files: self.files,
        }
    }
}

/// What the line says; the most wanted first, since its end may be cut off.
struct Line {
    /// Seconds since the start.
    elapsed: f64,
    bytes: u64,
    length: Option<u64>,
    written: u64,
    /// Seconds of audio.
    seconds: f64,
    file: usize,
    files: usize,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let done = self.length.map(|length| self.bytes as f64 / length.max(1) as f64);
        if let Some(done) = done {
            write!(f, "{:3.0} %  ", (100.0 * done).floor())?;
        }
        write!(f, "{}", megabytes(self.bytes))?;
        if let Some(length) = self.length {
            write!(f, " of {}", megabytes(length))?;
        }
        // The mean speed, since everything was read or decoded at much the same one.
        if let Some(done) = done.filter(|&done| done > 0.0) {
            write!(f, "  {} left", clock(self.elapsed * (1.0 - done).max(0.0) / done))?;
        }
        if self.files > 1 {
            write!(f, "  file {} of {}", self.file, self.files)?;
        }
        if self.seconds > 0.0 {
            let speed = self.seconds / self.elapsed.max(1e-3);
            write!(f, "  {} of audio, {speed:.1} x real time", clock(self.seconds))?;
        }
        if self.written > 0 && self.bytes > 0 {
            write!(f, "  ratio {:.1} %", 100.0 * self.written as f64 / self.bytes as f64)?;
        }
        write!(f, "  {} elapsed", clock(self.elapsed))
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Minutes and seconds, and hours if there are any.
pub fn clock(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole / 3600 {
        0 => format!("{}:{:02}", whole / 60, whole % 60),
        hours => format!("{hours}:{:02}:{:02}", whole / 60 % 60, whole % 60),
    }
}

/// Observes one pass over an input.
pub struct Watch<'a> {
    status: &'a Status,
    /// Bytes of the pass's input, and how many of the status's bytes the pass is worth.
    length: Option<u64>,
    worth: u64,
    counted: u64,
    /// Audio of the file, in milliseconds, of this pass.
    milliseconds: f64,
}

impl<'a> Watch<'a> {
    /// One of `passes` equal parts of the work on an input of `length` bytes.
    pub fn new(status: &'a Status, length: Option<u64>, passes: u64) -> Self {
        let worth = length.unwrap_or(0) / passes.max(1);
        Watch { status, length, worth, counted: 0, milliseconds: 0.0 }
    }

    /// The input lasts `seconds`, which are shared among the passes.
    #[must_use]
    pub fn lasting(mut self, seconds: Option<f64>, passes: u64) -> Self {
        self.milliseconds = seconds.unwrap_or(0.0) * 1e3 / passes.max(1) as f64;
        self
    }

    /// The pass reads another file of `length` bytes.
    #[must_use]
    pub fn over(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    fn count(&mut self, now: u64) {
        let before = self.counted;
        self.counted = now.max(before);
        self.status.bytes.fetch_add(self.counted - before, Relaxed);
        let share =
            |bytes: u64| (bytes as f64 / self.worth.max(1) as f64 * self.milliseconds) as u64;
        self.status.milliseconds.fetch_add(share(self.counted) - share(before), Relaxed);
    }
}

impl Observer for Watch<'_> {
    fn observe(&mut self, progress: Progress) -> ControlFlow<()> {
        let now = match self.length {
            Some(length) => {
                let share = progress.bytes as f64 / length.max(1) as f64;
                ((share * self.worth as f64) as u64).min(self.worth)
            }
            None => progress.bytes,
        };
        self.count(now);
        self.status.draw();
        // Signals end the program directly.
        ControlFlow::Continue(())
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if self.length.is_some() {
            self.count(self.worth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_all_there_is_to_say() {
        let mut line = Line {
            elapsed: 10.0,
            bytes: 25_000_000,
            length: Some(100_000_000),
            written: 10_000_000,
            seconds: 150.0,
            file: 2,
            files: 7,
        };
        assert_eq!(
            line.to_string(),
            " 25 %  25.0 MB of 100.0 MB  0:30 left  file 2 of 7  2:30 of audio, 15.0 x real time  \
             ratio 40.0 %  0:10 elapsed"
        );
        line.length = None;
        line.files = 1;
        assert!(line.to_string().starts_with("25.0 MB  2:30 of audio"), "{line}");
    }

    #[test]
    fn passes_add_up_to_the_input() {
        let status = Status::new(&[], false);
        for pass_length in [1_000, 300] {
            let mut watch = Watch::new(&status, Some(1_000), 2).lasting(Some(4.0), 2);
            watch = watch.over(pass_length);
            let mut progress = Progress::default();
            progress.bytes = pass_length / 2;
            assert!(watch.observe(progress).is_continue());
        }
        assert_eq!(status.bytes.load(Relaxed), 1_000);
        assert_eq!(status.milliseconds.load(Relaxed), 4_000);
    }
}
