//! The language model as an expert (`characters.md`, section 6): restricted to the most likely characters,
//! never certain, and tempered by how far it has been right.

use pulp::Simd;

use crate::density::Mixer;
use crate::error::Result;
use crate::lm::{CHARACTERS, Character, Input, LanguageModel};
use crate::math::{Lanes, exp_neg, ln};

/// A session over characters.
pub type Characters<'a> = dyn LanguageModel<Character> + 'a;

/// Least share of all characters outside the top k together.
const LEAST_ESCAPE: f32 = 1.0 / 1024.0;
/// Added to the probability of every character: none costs more than some 14 bits.
const FLOOR: f32 = 1.0 / 16384.0;
/// Weight of the model at the start.
const WEIGHT: f32 = 0.5;
/// Decisions that make a character.
const DEPTHS: usize = 7;

/// Probabilities of the characters (128) from a model's logits: the `top_k` with the highest
/// logits, lower characters first among equals, share what the model gives them; the others share
/// the escape alike. Its mass is known before the character.
///
/// ```
/// let mut logits = [0.0; 128];
/// logits[65] = 9.0;
/// let p = lmz::ascii::tempered_floor(&logits, 1);
/// assert!(p[65] > 0.98 && p[0] == p[127]);
/// ```
pub fn tempered_floor(logits: &[f32; CHARACTERS], top_k: usize) -> [f32; CHARACTERS] {
    let mut order: [u8; CHARACTERS] = std::array::from_fn(|i| i as u8);
    let logit = |character: u8| logits[usize::from(character)];
    order.sort_unstable_by(|&a, &b| logit(b).total_cmp(&logit(a)).then(a.cmp(&b)));
    let largest = logit(order[0]);
    let mut escaped = [true; CHARACTERS];
    for &character in &order[..top_k.min(CHARACTERS)] {
        escaped[usize::from(character)] = false;
    }
    let weights = logits.map(|logit| exp_neg((largest - logit).min(40.0)));
    // Sums run from the lowest character to the highest.
    let (mut kept, mut rest) = (0.0, 0.0);
    for (&weight, &escaped) in weights.iter().zip(&escaped) {
        *if escaped { &mut rest } else { &mut kept } += weight;
    }
    let others = CHARACTERS.saturating_sub(top_k);
    let escape = if others == 0 { 0.0 } else { (rest / (kept + rest)).max(LEAST_ESCAPE) };
    let mut shares = [0.0; CHARACTERS];
    for (share, (&weight, &escaped)) in shares.iter_mut().zip(weights.iter().zip(&escaped)) {
        let p = if escaped { escape / others as f32 } else { weight / kept * (1.0 - escape) };
        *share = p + FLOOR;
    }
    shares
}

/// The expert of a segment.
pub struct Language<'a, 'lm, S> {
    simd: S,
    model: &'a mut Characters<'lm>,
    top_k: usize,
    /// `(CHARACTERS + 1)`: sums of the shares of all characters below each one.
    below: [f32; CHARACTERS + 1],
    /// The last character, or `None` at the start of a chunk.
    last: Option<u8>,
    /// Weighs the model's logit alone: the reciprocal of a temperature.
    temper: Mixer<1>,
    /// The first of them; the others are zero.
    inputs: [Lanes; 1],
}

impl<'a, 'lm, S: Simd> Language<'a, 'lm, S> {
    /// The expert for samples of `width` bytes.
    pub fn new(simd: S, model: &'a mut Characters<'lm>, top_k: u8, width: usize) -> Self {
        let initial = [Lanes::from_slice(&[WEIGHT])];
        Language {
            simd,
            model,
            top_k: usize::from(top_k),
            below: [0.0; CHARACTERS + 1],
            last: None,
            temper: Mixer::new(width * DEPTHS, initial, 0.003),
            inputs: [Lanes::ZERO],
        }
    }

    /// Starts a chunk: the model forgets.
    pub fn restart(&mut self) -> Result<()> {
        self.last = None;
        self.model.reset()
    }

    /// Starts a character: the model reads the one before.
    #[inline(always)]
    pub fn start(&mut self) -> Result<()> {
        let token = self.last.map_or(Input::Start, |last| Input::After(Character(last)));
        let shares = tempered_floor(&self.model.step(token)?, self.top_k);
        for (i, share) in shares.iter().enumerate() {
            self.below[i + 1] = self.below[i] + share;
        }
        Ok(())
    }

    /// Logit of the next bit of the character of byte `position` of its sample; `partial` is a
    /// leading 1 and the `depth` bits known so far.
    #[inline(always)]
    pub fn logit(&mut self, partial: u64, depth: usize, position: usize) -> f32 {
        let width = CHARACTERS >> depth;
        let first = (partial as usize - (1 << depth)) * width;
        let middle = first + width / 2;
        let lower = self.below[middle] - self.below[first];
        let upper = self.below[first + width] - self.below[middle];
        // Above half a floor, whatever the rounding of the sums.
        let least = 0.5 * FLOOR;
        self.inputs[0].0[0] = ln(upper.max(least) / lower.max(least));
        self.temper.mix(self.simd, position * DEPTHS + depth, &self.inputs)
    }

    /// Learns a bit that had the probability `p` of being 1.
    #[inline(always)]
    pub fn learn(&mut self, bit: bool, p: f32) {
        self.temper.update(self.simd, &self.inputs, f32::from(u8::from(bit)) - p);
    }

    /// Ends a character.
    #[inline(always)]
    pub fn finish(&mut self, character: u8) {
        self.last = Some(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_one_and_the_floors() {
        let logits: [f32; CHARACTERS] = std::array::from_fn(|i| (i * 37 % 64) as f32 * 0.3);
        for top_k in [1, 2, 100, 127, 128] {
            let sum: f32 = tempered_floor(&logits, top_k).iter().sum();
            let expected = 1.0 + FLOOR * CHARACTERS as f32;
            assert!((sum - expected).abs() < 1e-4, "{top_k}: {sum}");
        }
    }

    #[test]
    fn equals_are_taken_from_the_lowest() {
        let shares = tempered_floor(&[1.0; CHARACTERS], 100);
        // The model's mass outside is the escape's, so that nothing changes here.
        assert!((shares[0] - shares[127]).abs() < 1e-6);
        let mut logits = [0.0; CHARACTERS];
        logits[3] = 20.0;
        let shares = tempered_floor(&logits, 2);
        // Character 0 is the second of the top 2, and as unlikely as the model has it.
        assert!(shares[0] < shares[1], "{} {}", shares[0], shares[1]);
        assert_eq!(shares[1], shares[127]);
    }

    #[test]
    fn the_escape_has_a_least_mass() {
        let mut logits = [-1000.0; CHARACTERS];
        logits[9] = 1000.0;
        let shares = tempered_floor(&logits, 1);
        let outside: f32 = shares.iter().sum::<f32>() - shares[9] - 127.0 * FLOOR;
        assert!((outside - LEAST_ESCAPE).abs() < 1e-5, "{outside}");
        assert!(tempered_floor(&logits, 128)[0] >= FLOOR);
    }
}
