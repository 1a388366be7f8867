//! Normalised least-mean-squares filter (§8.5; Widrow and Hoff; normalised after Nagumo and Noda).
//!
//! Errors count up to a few times their usual size, so that a click does not upset a filter
//! that has taken seconds to settle (Huber's loss).
//!
//! The filters of a channel do not fit into the first level of the cache, and moving weights and history
//! through it is what takes the time. So two samples are learnt in one pass, which also makes the next
//! forecast and all of the one after it that is known by then. What the first of the two would have changed
//! in the weights is added to the latter: its gain times the product of two windows, which follows from the
//! one before (exact block processing: Benesty and Duhamel, "A fast exact least mean square adaptive
//! algorithm", 1992).

use super::history::History;
use crate::math::{LANES, add_products, learn_two, limited, sum, vectorized};

/// Errors are clipped at this multiple of their running mean.
const CLIP: f32 = 3.0;
/// Weight of the newest error in that mean.
const DEVIATION_RATE: f32 = 0.01;
/// Passes after which the correlation is computed anew, so that rounding does not add up.
const RENEWAL: usize = 1024;

/// Length and step of one filter.
#[derive(Clone, Copy, Debug)]
pub struct NlmsConfig {
    /// Number of taps, a multiple of 16.
    pub taps: usize,
    /// Step size relative to the energy under the taps; below 2 the filter is stable.
    pub step: f32,
}

/// One filter over one signal.
#[derive(Clone, Debug)]
pub struct Nlms {
    step: f32,
    /// `(taps)`, without what is pending.
    weights: Vec<f32>,
    /// Gain of the newest sample, where the weights have not learnt it.
    pending: Option<f32>,
    /// Running mean of the absolute error.
    deviation: f32,
    /// `(taps + 3)`: the place of the next value, which is zero; what the next forecast is made from; and
    /// two values more, as the windows of the two forecasts before reach back to.
    history: History<f32>,
    forecast: f32,
    /// The scalar product of weights and history for the forecast after the next, without its newest value.
    partial: f32,
    /// Sum of squares over the history. In double precision, so that what is left of a loud
    /// passage after it has gone is far below one sample step squared.
    energy: f64,
    /// Scalar product of the window and the one before, and passes since it was computed anew.
    correlation: f64,
    passes: usize,
}

impl Nlms {
    /// A filter with zero weights and history.
    pub fn new(config: NlmsConfig) -> Self {
        Nlms {
            step: config.step,
            weights: vec![0.0; config.taps],
            pending: None,
            deviation: 1.0,
            history: History::new(config.taps + 3),
            forecast: 0.0,
            partial: 0.0,
            energy: 0.0,
            correlation: 0.0,
            passes: 0,
        }
    }

    /// Forecast of the signal's next value.
    pub fn forecast(&self) -> f32 {
        self.forecast
    }

    /// Adapts to `error`, the next value less the forecast, and takes in the value; makes the next forecast.
    #[inline(always)]
    pub fn update(&mut self, error: f32, value: f32) {
        let taps = self.weights.len();
        let limit = CLIP * self.deviation;
        self.deviation += (error.abs() - self.deviation) * DEVIATION_RATE;
        let error = error.clamp(-limit, limit);
        let gain = self.step * error / (self.energy as f32 + 1.0 + 0.03 * taps as f32);

        *self.history.newest_mut() = value;
        self.history.push(0.0);
        let window = self.history.window();
        let product = |a: f32, b: f32| f64::from(a) * f64::from(b);
        let (oldest, before) = (window[taps + 1], window[taps + 2]);
        let energy_before = self.energy;
        self.energy = (self.energy + (product(value, value) - product(oldest, oldest))).max(0.0);
        self.correlation += product(value, window[2]) - product(oldest, before);

        match self.pending.take() {
            None => {
                // What rounding has left of a loud passage may be more than two quiet windows can have.
                let most = 0.5 * (energy_before + self.energy);
                let correlation = limited(self.correlation, most) as f32;
                let known = self.partial + self.weights[0] * value;
                self.forecast = known + gain * correlation;
                self.pending = Some(gain);
            }
            Some(first) => {
                [self.forecast, self.partial] = learn_two(&mut self.weights, [first, gain], window);
                self.passes += 1;
                if self.passes == RENEWAL {
                    self.passes = 0;
                    let mut lanes = [0.0; LANES];
                    add_products(&mut lanes, &window[1..=taps], &window[2..taps + 2]);
                    self.correlation = sum(lanes).into();
                }
            }
        }
    }
}

/// Adapts a chain of filters, each over what the one before left of `target`, after each has forecast
/// the number of `forecasts` in its place.
pub fn update_chain(filters: &mut [Nlms], forecasts: &[f64], target: f64) {
    vectorized(UpdateChain { filters, forecasts, target });
}

/// Adapts filters side by side that have forecast `target`, and takes `newest` into the history of each.
pub fn update_all(filters: &mut [Nlms], forecasts: &[f64], target: f64, newest: f64) {
    vectorized(UpdateAll { filters, forecasts, target, newest });
}

struct UpdateChain<'a> {
    filters: &'a mut [Nlms],
    forecasts: &'a [f64],
    target: f64,
}

impl pulp::NullaryFnOnce for UpdateChain<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut target = self.target;
        for (filter, forecast) in self.filters.iter_mut().zip(self.forecasts) {
            let error = target - forecast;
            filter.update(error as f32, target as f32);
            target = error;
        }
    }
}

struct UpdateAll<'a> {
    filters: &'a mut [Nlms],
    forecasts: &'a [f64],
    target: f64,
    newest: f64,
}

impl pulp::NullaryFnOnce for UpdateAll<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (filter, forecast) in self.filters.iter_mut().zip(self.forecasts) {
            filter.update((self.target - forecast) as f32, self.newest as f32);
        }
    }
}

#[cfg(test)]
#[path = "nlms_tests.rs"]
mod tests;
