//! Correlation of each period of a signal with all that came before it.
//!
//! The signal is cut into pieces of a period. The correlation of one with two others that follow each
//! other takes one product of spectra and one inverse transform of two periods' length, whose first
//! half is free of wrapping (overlap-save). Those of two channels are summed as spectra, so that one
//! inverse transform serves both.
//!
//! Exact, so that it is the same on every machine: with codes of at most 3, a correlation is an integer
//! below 2^16 and the transform's error far below 1/2.

use phastft::options::Options;
use phastft::planner::PlannerR2c32;
use phastft::{c2r_fft_f32_with_planner_and_opts, r2c_fft_f32_with_planner};
use pulp::NullaryFnOnce;

use super::lags::PERIOD;
use crate::error::Result;
use crate::math::{LANES, add_products, sum, vectorized};
use crate::observer::Watch;
use crate::predict::LEAST_LAG;

/// Length of the transforms.
const SIZE: usize = 2 * PERIOD;
/// Frequencies of the transform of a real signal.
const BINS: usize = SIZE / 2 + 1;

/// The passage most like a period, among those that begin in one earlier period.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    /// Squared coefficient of correlation, 0 to 1.
    pub score: f32,
    /// Frames from there to the period.
    pub lag: u32,
}

/// Half the spectrum of a real signal: the other half mirrors it.
#[derive(Clone, Debug)]
struct Spectrum {
    /// `(BINS)` each.
    re: Vec<f32>,
    im: Vec<f32>,
}

impl Spectrum {
    fn zeros() -> Self {
        Spectrum { re: vec![0.0; BINS], im: vec![0.0; BINS] }
    }

    fn clear(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
    }
}

/// A signal and the spectra of its periods.
pub struct Correlator {
    /// `(channels, frames)`, small integers.
    signal: Vec<Vec<f32>>,
    /// Periods that are looked back over.
    reach: usize,
    planner: PlannerR2c32,
    options: Options,
    /// `(periods, channels)`: of each period and the one behind it.
    spectra: Vec<Vec<Spectrum>>,
    /// Energy of the `PERIOD` frames from each frame on, inverse; 0 where there are none.
    inverse_energy: Vec<f32>,
    /// Working memory of the inverse transform.
    scratch: [Vec<f32>; 2],
}

impl Correlator {
    /// For channels of equal length, at least a period, of integers from -3 to 3, and peaks in the latest
    /// `reach` periods.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted) by `watch`.
    pub fn new(signal: Vec<Vec<f32>>, reach: usize, watch: &Watch) -> Result<Self> {
        let periods = signal[0].len() / PERIOD;
        let mut correlator = Correlator {
            inverse_energy: inverse_energy(&signal),
            signal,
            reach,
            planner: PlannerR2c32::new(SIZE),
            options: Options::guess_options(SIZE / 2),
            spectra: Vec::with_capacity(periods),
            scratch: [vec![0.0; SIZE / 2], vec![0.0; SIZE / 2]],
        };
        for period in 0..periods {
            watch.look()?;
            let spectra = correlator.spectra_of(period * PERIOD, SIZE);
            correlator.spectra.push(spectra);
        }
        Ok(correlator)
    }

    /// Of up to `length` frames from frame `first` on, filled up with zeros; one of each channel.
    fn spectra_of(&self, first: usize, length: usize) -> Vec<Spectrum> {
        let of_channel = |signal: &Vec<f32>| {
            let end = (first + length).min(signal.len());
            let mut passage = signal[first..end].to_vec();
            passage.resize(SIZE, 0.0);
            let mut spectrum = Spectrum::zeros();
            let Spectrum { re, im } = &mut spectrum;
            r2c_fft_f32_with_planner(&passage, re, im, &self.planner);
            spectrum
        };
        self.signal.iter().map(of_channel).collect()
    }

    /// For each earlier period in reach, the passage beginning there that is most like `period`.
    pub fn peaks(&mut self, period: usize) -> Vec<Peak> {
        let start = period * PERIOD;
        let targets = self.spectra_of(start, PERIOD);
        let energy_inverse = self.inverse_energy[start];
        let mut product = Spectrum::zeros();
        let mut correlations = vec![0.0; SIZE];
        let mut peaks = Vec::new();
        for piece in period.saturating_sub(self.reach)..period {
            product.clear();
            for (spectrum, target) in self.spectra[piece].iter().zip(&targets) {
                vectorized(AddProduct { product: &mut product, spectrum, target });
            }
            let [scratch_re, scratch_im] = &mut self.scratch;
            let Spectrum { re, im } = &product;
            let (planner, options) = (&self.planner, &self.options);
            let out = &mut correlations;
            c2r_fft_f32_with_planner_and_opts(
                re, im, out, planner, options, scratch_re, scratch_im,
            );
            let first = piece * PERIOD;
            let end = (first + PERIOD).min(start + 1 - LEAST_LAG as usize);
            let energies = &self.inverse_energy[first..end];
            let scores = vectorized(Score { correlations: &mut correlations, energies });
            let mut best = (0.0, 0);
            for (at, &score) in scores.iter().enumerate() {
                if score > best.0 {
                    best = (score, first + at);
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
            self.signal
                .iter()
                .flat_map(|signal| &signal[start - lag..][..PERIOD])
                .copied()
                .collect()
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

/// Adds the spectrum of the correlation of a passage with a target.
struct AddProduct<'a> {
    product: &'a mut Spectrum,
    spectrum: &'a Spectrum,
    target: &'a Spectrum,
}

impl NullaryFnOnce for AddProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (a, b) = (self.spectrum, self.target);
        let inputs = a.re.iter().zip(&a.im).zip(b.re.iter().zip(&b.im));
        let outputs = self.product.re.iter_mut().zip(&mut self.product.im);
        for ((re, im), ((a_re, a_im), (b_re, b_im))) in outputs.zip(inputs) {
            *re += a_re * b_re + a_im * b_im;
            *im += a_im * b_re - a_re * b_im;
        }
    }
}

/// Puts squared correlations over energies in the place of correlations, of which the nearest integers
/// count.
struct Score<'a> {
    correlations: &'a mut [f32],
    energies: &'a [f32],
}

impl<'a> NullaryFnOnce for Score<'a> {
    type Output = &'a [f32];

    #[inline(always)]
    fn call(self) -> &'a [f32] {
        let scores = &mut self.correlations[..self.energies.len()];
        for (score, energy) in scores.iter_mut().zip(self.energies) {
            let correlation = nearest(*score);
            *score = correlation * correlation * energy;
        }
        scores
    }
}

/// The nearest integer of a number below 2^22, without the library's function.
#[inline(always)]
fn nearest(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23
    (x + ROUND) - ROUND
}

fn inverse_energy(signal: &[Vec<f32>]) -> Vec<f32> {
    let power = |at: usize| -> f32 { signal.iter().map(|signal| signal[at] * signal[at]).sum() };
    let frames = signal[0].len();
    let mut energy: f32 = (0..PERIOD).map(power).sum();
    let mut inverse = Vec::with_capacity(frames);
    for first in 0..frames {
        inverse.push(if energy > 0.0 { 1.0 / energy } else { 0.0 });
        if first + PERIOD == frames {
            break;
        }
        energy += power(first + PERIOD) - power(first);
    }
    inverse.resize(frames, 0.0);
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(frames: usize) -> Vec<Vec<f32>> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 % 7.0 - 3.0
        };
        (0..2).map(|_| (0..frames).map(|_| next()).collect()).collect()
    }

    /// Scalar product of two passages.
    fn product(signal: &[Vec<f32>], a: usize, b: usize) -> f32 {
        let of_channel = |s: &Vec<f32>| (0..PERIOD).map(|i| s[a + i] * s[b + i]).sum::<f32>();
        signal.iter().map(of_channel).sum()
    }

    /// Correlations as they are defined.
    fn slow_peak(signal: &[Vec<f32>], start: usize, first: usize, end: usize) -> (f32, u32) {
        let dot = |a: usize, b: usize| product(signal, a, b);
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
            for (channel, loud) in signal.iter_mut().zip([3.0, -3.0]) {
                if i % 3 > 0 {
                    channel[600 + i] = loud;
                }
                channel[2 * PERIOD + 77 + i] = -channel[600 + i];
            }
        }
        let mut correlator = Correlator::new(signal.clone(), 8, &Watch::default()).unwrap();
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
        let products = Correlator::new(signal.clone(), 8, &Watch::default())
            .unwrap()
            .products(1, &[16, 2_000]);
        let dot = |a: usize, b: usize| f64::from(product(&signal, a, b));
        let starts = [PERIOD - 16, PERIOD - 2_000, PERIOD];
        for (i, row) in products.iter().enumerate() {
            assert_eq!(*row, starts.map(|start| dot(starts[i], start)));
        }
    }

    #[test]
    fn silence_is_like_nothing() {
        let mut correlator =
            Correlator::new(vec![vec![0.0; 3 * PERIOD]], 8, &Watch::default()).unwrap();
        assert!(correlator.peaks(2).is_empty());
    }
}
