//! The level of each frequency over time.

use std::f32::consts::TAU;

use phastft::planner::PlannerR2c32;
use phastft::r2c_fft_f32_with_planner;
use serde::Serialize;

/// Frames of a transform.
const SIZE: usize = 2048;
/// Columns and bands at most.
const COLUMNS: usize = 400;
const BANDS: usize = 128;
/// Transforms whose mean a column is, at most.
const PER_COLUMN: usize = 8;
/// Levels of the first and the last digit, in dBFS.
const RANGE: (f32, f32) = (-120.0, 0.0);
/// The digits of base64.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Levels in dBFS: 0 is a sine of full scale.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spectrogram {
    pub columns: usize,
    pub bands: usize,
    /// Levels of the first and the last digit of base64, in dBFS.
    pub low: f32,
    pub high: f32,
    /// Upper end of the last band in Hz; all are equally wide, from 0 on.
    pub top_frequency: f64,
    /// The loudest frequency of each band as a digit of base64: `(columns, bands)`, low bands first.
    pub cells: String,
}

impl Spectrogram {
    /// Of a signal of one channel with a full scale of 1; `None` without any samples.
    pub fn new(signal: &[f32], sample_rate: u32) -> Option<Self> {
        if signal.is_empty() {
            return None;
        }
        let columns = signal.len().div_ceil(SIZE / 4).min(COLUMNS);
        let mut transform = Transform::new();
        let mut cells = String::with_capacity(columns * BANDS);
        for column in 0..columns {
            let (start, end) =
                (column * signal.len() / columns, (column + 1) * signal.len() / columns);
            let powers = transform.bands(signal, start, end);
            cells.extend(powers.iter().map(|&power| digit(10.0 * power.max(1e-30).log10())));
        }
        Some(Spectrogram {
            columns,
            bands: BANDS,
            low: RANGE.0,
            high: RANGE.1,
            top_frequency: f64::from(sample_rate) / 2.0,
            cells,
        })
    }
}

fn digit(level: f32) -> char {
    let share = (level - RANGE.0) / (RANGE.1 - RANGE.0);
    // A cast keeps within the numbers of its type.
    let index = (share * DIGITS.len() as f32) as usize;
    char::from(DIGITS[index.min(DIGITS.len() - 1)])
}

struct Transform {
    planner: PlannerR2c32,
    /// A Hann window, scaled so that a sine of full scale has a peak of power 1.
    window: Vec<f32>,
    /// `(SIZE)`.
    frames: Vec<f32>,
    /// `(SIZE / 2 + 1)` each.
    re: Vec<f32>,
    im: Vec<f32>,
}

impl Transform {
    fn new() -> Self {
        let hann = |i: usize| 0.5 - 0.5 * (TAU * (i as f32 + 0.5) / SIZE as f32).cos();
        Transform {
            planner: PlannerR2c32::new(SIZE),
            window: (0..SIZE).map(|i| hann(i) * 4.0 / SIZE as f32).collect(),
            frames: vec![0.0; SIZE],
            re: vec![0.0; SIZE / 2 + 1],
            im: vec![0.0; SIZE / 2 + 1],
        }
    }

    /// Power of the loudest frequency of each band, the mean of transforms between `start` and `end`.
    fn bands(&mut self, signal: &[f32], start: usize, end: usize) -> [f32; BANDS] {
        let count = ((end - start) / SIZE).clamp(1, PER_COLUMN);
        let mut power = [0.0; SIZE / 2];
        for i in 0..count {
            let middle = start + (end - start) * (2 * i + 1) / (2 * count);
            // Within the signal, whose ends would sound like clicks; silence follows a shorter one.
            let first = middle.saturating_sub(SIZE / 2).min(signal.len().saturating_sub(SIZE));
            let frames = signal[first..].iter().copied().chain(std::iter::repeat(0.0));
            for ((frame, weight), sample) in self.frames.iter_mut().zip(&self.window).zip(frames) {
                *frame = weight * sample;
            }
            r2c_fft_f32_with_planner(&self.frames, &mut self.re, &mut self.im, &self.planner);
            for (sum, (re, im)) in power.iter_mut().zip(self.re.iter().zip(&self.im)) {
                *sum += (re * re + im * im) / count as f32;
            }
        }
        let width = power.len() / BANDS;
        std::array::from_fn(|band| {
            power[band * width..][..width].iter().copied().fold(0.0, f32::max)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_of_full_scale_is_in_its_band_alone() {
        let sine: Vec<f32> = (0..40_000).map(|i| (TAU * i as f32 / 8.0).sin()).collect();
        let spectrogram = Spectrogram::new(&sine, 8_000).unwrap();
        assert_eq!(spectrogram.top_frequency, 4_000.0);
        let (columns, bands) = (spectrogram.columns, spectrogram.bands);
        assert_eq!(spectrogram.cells.len(), columns * bands);
        let level = |column: usize, band: usize| {
            let cell = spectrogram.cells.as_bytes()[column * bands + band];
            DIGITS.iter().position(|&digit| digit == cell).unwrap()
        };
        // An eighth of the sample rate is a quarter of the bands.
        for column in [0, columns / 2, columns - 1] {
            assert!(level(column, bands / 4) >= 62, "{column}");
            for band in (0..bands).filter(|&band| band.abs_diff(bands / 4) > 2) {
                assert!(level(column, band) < 32, "{column}, {band}");
            }
        }
        let silence = Spectrogram::new(&[0.0; 100], 8_000).unwrap();
        assert_eq!(silence.cells, "A".repeat(BANDS));
        assert!(Spectrogram::new(&[], 8_000).is_none());
    }
}
