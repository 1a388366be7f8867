//! Correlation of each period of a signal with all that came before it.
//!
//! The signal is cut into pieces of a period. The correlation of one with two others that follow each
//! other takes one product of spectra and one inverse transform of two periods' length, whose first
//! half is free of wrapping (overlap-save). Two channels are the real and the imaginary part of one
//! signal: the real part of its correlation is the sum of theirs.
//!
//! Exact, so that it is the same on every machine: with codes of at most 3, a correlation is an integer
//! below 2^16 and the transform's error far below 1/2.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::lags::PERIOD;
use crate::math::{LANES, add_products, sum};
use crate::predict::LEAST_LAG;

/// Length of the transforms.
const SIZE: usize = 2 * PERIOD;

/// The passage most like a period, among those that begin in one earlier period.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    /// Squared coefficient of correlation, 0 to 1.
    pub score: f32,
    /// Frames from there to the period.
    pub lag: u32,
}

/// A signal and the spectra of its periods.
pub struct Correlator {
    /// Small integers.
    signal: Vec<Complex32>,
    /// Periods that are looked back over.
    reach: usize,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// `(periods, SIZE)`: of each period and the one behind it.
    spectra: Vec<Complex32>,
    /// Energy of the `PERIOD` frames from each frame on, inverse; 0 where there are none.
    inverse_energy: Vec<f32>,
    /// Working memory of the transforms.
    scratch: Vec<Complex32>,
}

impl Correlator {
    /// For a signal of integers from -3 to 3 in both parts, at least a period long, and peaks in the
    /// latest `reach` periods.
    pub fn new(signal: Vec<Complex32>, reach: usize) -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(SIZE), planner.plan_fft_inverse(SIZE));
        let longest = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        let mut correlator = Correlator {
            inverse_energy: inverse_energy(&signal),
            signal,
            reach,
            forward,
            inverse,
            spectra: Vec::new(),
            scratch: vec![Complex32::default(); longest],
        };
        for period in 0..correlator.signal.len() / PERIOD {
            let spectrum = correlator.spectrum(period * PERIOD, SIZE);
            correlator.spectra.extend(spectrum);
        }
        correlator
    }

    /// Of up to `length` frames from frame `first` on, filled up with zeros.
    fn spectrum(&mut self, first: usize, length: usize) -> Vec<Complex32> {
        let end = (first + length).min(self.signal.len());
        let mut buffer = self.signal[first..end].to_vec();
        buffer.resize(SIZE, Complex32::default());
        self.forward.process_with_scratch(&mut buffer, &mut self.scratch);
        buffer
    }

    /// For each earlier period in reach, the passage beginning there that is most like `period`.
    pub fn peaks(&mut self, period: usize) -> Vec<Peak> {
        let start = period * PERIOD;
        let target = self.spectrum(start, PERIOD);
        let energy_inverse = self.inverse_energy[start];
        let mut buffer = vec![Complex32::default(); SIZE];
        let mut peaks = Vec::new();
        for piece in period.saturating_sub(self.reach)..period {
            let spectrum = &self.spectra[piece * SIZE..][..SIZE];
            for ((out, a), b) in buffer.iter_mut().zip(spectrum).zip(&target) {
                *out = a * b.conj();
            }
            self.inverse.process_with_scratch(&mut buffer, &mut self.scratch);
            let first = piece * PERIOD;
            let end = (first + PERIOD).min(start + 1 - LEAST_LAG as usize);
            let mut best = (0.0, 0);
            for at in first..end {
                let correlation = nearest(buffer[at - first].re * (1.0 / SIZE as f32));
                let score = correlation * correlation * self.inverse_energy[at];
                if score > best.0 {
                    best = (score, at);
                }
            }
            if best.0 > 0.0 {
                let score = best.0 * energy_inverse;
                peaks.push(Peak { score, lag: (start - best.1) as u32 });
            }
        }
        peaks
    }

    /// Scalar products of the passages `lags` frames before a period with each other and, last, with
    /// the period itself: `(lags + 1, lags + 1)`.
    pub fn products(&self, period: usize, lags: &[u32]) -> Vec<Vec<f64>> {
        let start = period * PERIOD;
        let passage = |lag: usize| -> Vec<f32> {
            let passage = &self.signal[start - lag..][..PERIOD];
            passage.iter().flat_map(|frame| [frame.re, frame.im]).collect()
        };
        let passages: Vec<_> =
            lags.iter().map(|&lag| lag as usize).chain([0]).map(passage).collect();
        let product = |a: &[f32], b: &[f32]| {
            let mut lanes = [0.0; LANES];
            add_products(&mut lanes, a, b);
            f64::from(sum(lanes))
        };
        passages.iter().map(|a| passages.iter().map(|b| product(a, b)).collect()).collect()
    }
}

/// The nearest integer of a number below 2^22, without the library's function.
fn nearest(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23
    (x + ROUND) - ROUND
}

fn inverse_energy(signal: &[Complex32]) -> Vec<f32> {
    let mut energy: f32 = signal[..PERIOD].iter().map(|frame| frame.norm_sqr()).sum();
    let mut inverse = Vec::with_capacity(signal.len());
    for first in 0..signal.len() {
        inverse.push(if energy > 0.0 { 1.0 / energy } else { 0.0 });
        let Some(next) = signal.get(first + PERIOD) else { break };
        energy += next.norm_sqr() - signal[first].norm_sqr();
    }
    inverse.resize(signal.len(), 0.0);
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(frames: usize) -> Vec<Complex32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 % 7.0 - 3.0
        };
        (0..frames).map(|_| Complex32::new(next(), next())).collect()
    }

    /// Correlations as they are defined.
    fn slow_peak(signal: &[Complex32], start: usize, first: usize, end: usize) -> (f32, u32) {
        let dot = |a: usize, b: usize| -> f32 {
            (0..PERIOD).map(|i| (signal[a + i] * signal[b + i].conj()).re).sum()
        };
        let mut best = (0.0, 0);
        for at in first..end {
            let score = dot(at, start).powi(2) * (1.0 / dot(at, at));
            if score > best.0 {
                best = (score, (start - at) as u32);
            }
        }
        (best.0 * (1.0 / dot(start, start)), best.1)
    }

    #[test]
    fn correlations_are_exact() {
        let mut signal = noise(3 * PERIOD + 100);
        // A loud passage comes back upside down.
        for i in 0..1_500 {
            if i % 3 > 0 {
                signal[600 + i] = Complex32::new(3.0, -3.0);
            }
            signal[2 * PERIOD + 77 + i] = -signal[600 + i];
        }
        let mut correlator = Correlator::new(signal.clone(), 8);
        for period in 0..3 {
            let start = period * PERIOD;
            let peaks = correlator.peaks(period);
            assert_eq!(peaks.len(), period);
            for (piece, peak) in peaks.iter().enumerate() {
                let first = piece * PERIOD;
                let end = (first + PERIOD).min(start + 1 - LEAST_LAG as usize);
                let (score, lag) = slow_peak(&signal, start, first, end);
                assert_eq!((peak.score, peak.lag), (score, lag), "{period}, {piece}");
            }
        }
        let found = correlator.peaks(2);
        assert_eq!(found[0].lag, (2 * PERIOD + 77 - 600) as u32);
        assert!(found[0].score > 0.5);
    }

    #[test]
    fn products_are_of_all_passages() {
        let signal = noise(2 * PERIOD);
        let products = Correlator::new(signal.clone(), 8).products(1, &[16, 2_000]);
        let dot = |a: usize, b: usize| -> f64 {
            (0..PERIOD).map(|i| f64::from((signal[a + i] * signal[b + i].conj()).re)).sum()
        };
        let starts = [PERIOD - 16, PERIOD - 2_000, PERIOD];
        for (i, row) in products.iter().enumerate() {
            assert_eq!(*row, starts.map(|start| dot(starts[i], start)));
        }
    }

    #[test]
    fn silence_is_like_nothing() {
        let mut correlator = Correlator::new(vec![Complex32::default(); 3 * PERIOD], 8);
        assert!(correlator.peaks(2).is_empty());
    }
}
