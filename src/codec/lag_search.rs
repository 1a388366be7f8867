//! The encoder's search for repeated passages (§8.9).
//!
//! Where the file looks back to is the encoder's choice alone, and yet it is the same on every machine:
//! correlations are of small integers, and what the Fourier transform makes of them is rounded to the
//! integers that they are.

use super::correlation::Correlator;
use super::lags::{LagTable, PERIOD};
use super::levels::WHITENING;
use crate::error::Result;
use crate::math::log2;
use crate::observer::Watch;
use crate::predict::{Cascade, History, Lags, SLOTS};

/// Bits that looking back to one more passage must save in a period. Coding its place takes up to
/// 24, and what the predictor has not learnt yet takes its share.
const LEAST_GAIN: f64 = 60.0;
/// Bits that all of them must save per sample of the segment: what the predictor costs where it has little
/// to learn from, by the clips of `docs/measurements.md` that it made larger.
const LEAST_GAIN_PER_SAMPLE: f64 = 0.045;
/// What a lag gains by not having to be coded again, in bits.
const KEPT: f64 = 20.0;
/// One period in so many is looked at first, but no fewer than [`LEAST_SAMPLED`]: if none of them is a
/// repetition, none of the others is likely to be one.
const SAMPLED: usize = 8;
/// See [`SAMPLED`]. Shorter segments are looked at as a whole.
const LEAST_SAMPLED: usize = 16;
/// Passages found in a period, and lags used recently, among which is chosen.
const FOUND: usize = 8;
/// See [`FOUND`].
const RECENT: usize = 8;
/// Largest code of a residual.
const LOUDEST: f64 = 3.0;

/// Where to look back to from each period, at most `reach` periods, or nothing if that is not worth it.
/// `channels` are one or two channels of equal length.
///
/// # Errors
/// [`Error::Interrupted`](crate::Error::Interrupted) by `watch`.
pub fn search(channels: &[&[i32]], reach: usize, watch: &Watch) -> Result<Option<LagTable>> {
    let frames = channels[0].len();
    if frames < 2 * PERIOD || reach == 0 {
        return Ok(None);
    }
    let whitened = whiten(channels, watch)?;
    let mut search = Search {
        correlator: Correlator::new(whitened, reach, watch)?,
        channels: channels.len(),
        last: [0; SLOTS],
        recent: Vec::new(),
        saved: 0.0,
    };
    let periods = frames / PERIOD;
    if !search.is_promising(periods, watch)? {
        return Ok(None);
    }
    let mut table = LagTable::with_capacity(periods);
    for period in 0..periods {
        watch.look()?;
        table.push(search.choose(period));
    }
    let samples = (frames * search.channels) as f64;
    if search.saved < LEAST_GAIN_PER_SAMPLE * samples {
        return Ok(None);
    }
    // The rest behind the last whole period keeps its lags.
    table.resize(frames.div_ceil(PERIOD), search.last);
    Ok(Some(table))
}

/// What a simple predictor leaves over, in units of its mean magnitude: loud passages count no more
/// than quiet ones. `(channels, frames)`.
fn whiten(channels: &[&[i32]], watch: &Watch) -> Result<Vec<Vec<f32>>> {
    let count = channels.len();
    let mut histories = vec![History::<f64>::new(WHITENING.own); count];
    let mut cascades = vec![Cascade::new(&WHITENING, count > 1); count];
    let mut deviations = vec![1.0; count];
    let mut codes = vec![Vec::with_capacity(channels[0].len()); count];
    for frame in 0..channels[0].len() {
        for (i, channel) in channels.iter().enumerate() {
            let sample = f64::from(channel[frame]);
            let (own, partner) = (histories[i].window(), histories[count - 1 - i].window());
            cascades[i].predict(own, partner, f64::from(u32::MAX));
            let error = sample - cascades[i].outputs().iter().sum::<f64>();
            cascades[i].update(sample);
            histories[i].push(sample);
            let deviation: &mut f64 = &mut deviations[i];
            let code = (error / (*deviation + 0.1)).clamp(-LOUDEST, LOUDEST);
            codes[i].push((code + 0.5).floor() as f32);
            *deviation += (error.abs() - *deviation) * 0.005;
        }
        watch.step(count)?;
    }
    Ok(codes)
}

struct Search {
    correlator: Correlator,
    /// Channels that the correlations are of.
    channels: usize,
    /// Lags of the period before.
    last: Lags,
    /// Lags used recently, the latest first.
    recent: Vec<u32>,
    /// Bits that all lags chosen so far should save.
    saved: f64,
}

impl Search {
    /// Whether anything like one of the periods that are looked at first came before it.
    fn is_promising(&mut self, periods: usize, watch: &Watch) -> Result<bool> {
        for period in (1..periods).step_by((periods / LEAST_SAMPLED).clamp(1, SAMPLED)) {
            watch.look()?;
            if self.is_repeated(period) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether anything like a period came before it.
    fn is_repeated(&mut self, period: usize) -> bool {
        let found = self.correlator.peaks(period);
        found.iter().any(|peak| self.gain(f64::from(peak.score)) > LEAST_GAIN)
    }

    /// Bits saved in a period by a forecast whose squared correlation with it is `r`.
    fn gain(&self, r: f64) -> f64 {
        -0.5 * (PERIOD * self.channels) as f64 * log2((1.0 - r).max(1e-6))
    }

    /// The lags of the next period.
    fn choose(&mut self, period: usize) -> Lags {
        let mut peaks = self.correlator.peaks(period);
        peaks.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut candidates: Vec<u32> = peaks.iter().take(FOUND).map(|peak| peak.lag).collect();
        for &lag in self.last.iter().chain(&self.recent) {
            let reaches = lag != 0 && lag as usize <= period * PERIOD;
            if reaches && !candidates.contains(&lag) {
                candidates.push(lag);
            }
        }
        let chosen = self.pursue(period, candidates);
        self.last = in_slots(&chosen, &self.last);
        self.recent.retain(|lag| !chosen.contains(lag));
        self.recent.splice(0..0, chosen);
        self.recent.truncate(RECENT);
        self.last
    }

    /// Those of `candidates` that are worth it, the best one first, each by what it adds to those
    /// before: orthogonal matching pursuit (Pati, Rezaiifar, Krishnaprasad 1993).
    fn pursue(&mut self, period: usize, mut candidates: Vec<u32>) -> Vec<u32> {
        let mut products = self.correlator.products(period, &candidates);
        let mut chosen = Vec::new();
        while chosen.len() < SLOTS && !candidates.is_empty() {
            let n = candidates.len();
            let rest = products[n][n].max(1.0);
            let saved = |i: usize| {
                let r = products[i][n] * products[i][n] / ((products[i][i] + 1e-3) * rest);
                self.gain(r)
            };
            let worth =
                |i: usize| saved(i) + if self.last.contains(&candidates[i]) { KEPT } else { 0.0 };
            // The first of those that are worth the same.
            let mut best = (0, worth(0));
            for i in 1..n {
                let worth = worth(i);
                if worth > best.1 {
                    best = (i, worth);
                }
            }
            if best.1 < LEAST_GAIN {
                break;
            }
            self.saved += saved(best.0);
            chosen.push(candidates.remove(best.0));
            take_out(&mut products, best.0);
        }
        chosen
    }
}

/// Leaves of all products only what is orthogonal to vector `taken`, and drops it.
fn take_out(products: &mut Vec<Vec<f64>>, taken: usize) {
    let pivot = products.remove(taken);
    let inverse = 1.0 / (pivot[taken] + 1e-3);
    for row in products {
        let factor = row[taken] * inverse;
        for (product, &other) in row.iter_mut().zip(&pivot) {
            *product -= factor * other;
        }
        row.remove(taken);
    }
}

/// `chosen` with those that were in use in their old slots.
fn in_slots(chosen: &[u32], last: &Lags) -> Lags {
    let mut lags = last.map(|lag| if chosen.contains(&lag) { lag } else { 0 });
    for &lag in chosen.iter().filter(|lag| !last.contains(lag)) {
        if let Some(free) = lags.iter_mut().find(|free| **free == 0) {
            *free = lag;
        }
    }
    lags
}

#[cfg(test)]
#[path = "lag_search_tests.rs"]
mod tests;
