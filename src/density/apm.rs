//! Adaptive probability map (secondary symbol estimation, after Mahoney's PAQ).

use crate::math::logistic;

/// Interpolation points over the logit axis.
const POINTS: usize = 25;
/// Distance between two points.
const STEP: f32 = 0.5;

/// Corrects a probability by what happened before at this probability in this context.
#[derive(Clone, Debug)]
pub struct Apm {
    /// `(contexts, POINTS)`
    table: Vec<f32>,
    rate: f32,
    /// Index of the lower point used last and the weight of the upper one.
    index: usize,
    fraction: f32,
}

impl Apm {
    /// A map that changes nothing yet.
    pub fn new(contexts: usize, rate: f32) -> Self {
        let mut row = [0.0; POINTS];
        for (i, p) in row.iter_mut().enumerate() {
            *p = logistic((i as f32 - (POINTS / 2) as f32) * STEP);
        }
        Apm { table: row.repeat(contexts), rate, index: 0, fraction: 0.0 }
    }

    /// The corrected probability of a decision whose logit was `logit`.
    #[inline(always)]
    pub fn refine(&mut self, context: usize, logit: f32) -> f32 {
        let limit = (POINTS / 2) as f32 * STEP - 1e-3;
        let position = (logit.clamp(-limit, limit) + (POINTS / 2) as f32 * STEP) * (1.0 / STEP);
        let lower = position as usize;
        self.fraction = position - lower as f32;
        self.index = context * POINTS + lower;
        self.table[self.index] * (1.0 - self.fraction) + self.table[self.index + 1] * self.fraction
    }

    /// Moves the two points used last towards the decision (0 or 1).
    #[inline(always)]
    pub fn update(&mut self, decision: f32) {
        let (low, high) = (self.rate * (1.0 - self.fraction), self.rate * self.fraction);
        let a = &mut self.table[self.index];
        *a += (decision - *a) * low;
        let b = &mut self.table[self.index + 1];
        *b += (decision - *b) * high;
    }
}
