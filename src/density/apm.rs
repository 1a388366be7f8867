//! Adaptive probability map (§9.6; secondary symbol estimation, after Mahoney's PAQ).

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_start_it_changes_little() {
        let mut map = Apm::new(3, 0.02);
        for i in -60..=60 {
            let logit = i as f32 / 10.0;
            for context in 0..3 {
                // The curve is bent between the points; at them it is met.
                let bound = if i % 5 == 0 { 1e-5 } else { 0.004 };
                let error = (map.refine(context, logit) - logistic(logit)).abs();
                assert!(error < bound, "{logit}: {error}");
            }
        }
        // Beyond the last point it stays there.
        for logit in [12.0, 1e30, f32::INFINITY] {
            assert!((map.refine(0, logit) - logistic(6.0)).abs() < 1e-5);
            assert!((map.refine(2, -logit) - logistic(-6.0)).abs() < 1e-5);
        }
    }

    #[test]
    fn it_learns_the_share_in_its_context_only() {
        let mut map = Apm::new(2, 0.02);
        for i in 0..5_000 {
            map.refine(1, 0.2);
            map.update(if i % 10 == 0 { 1.0 } else { 0.0 });
        }
        let learnt = map.refine(1, 0.2);
        assert!((learnt - 0.1).abs() < 0.05, "{learnt}");
        assert!((map.refine(0, 0.2) - logistic(0.2)).abs() < 0.01);
        assert!((map.refine(1, 3.0) - logistic(3.0)).abs() < 1e-5, "points far off are untouched");
        // Never certain, whatever it sees.
        for _ in 0..100_000 {
            let p = map.refine(0, -6.0);
            assert!((0.0..1.0).contains(&p));
            map.update(0.0);
        }
    }
}
