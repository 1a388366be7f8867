//! What models of interface 2 are fed: a vector in place of a token's embedding
//! (`format-spec/lm-metadata.md`, §3.2).

use super::{AudioToken, BINS, Features, Input};

/// Value of the bin's element, and of a feature of 127.
const UNIT: f32 = 2.0;

/// Writes the vector of `input`: the bin one-hot, the start being a bin of its own, then the features.
/// `vector` is at least 76 long.
#[inline(always)]
pub(super) fn write(input: Input, vector: &mut [f32]) {
    let (bin, features) = match input {
        Input::After(AudioToken { bin, features, .. }) => (usize::from(bin) % BINS, features),
        Input::Start => (BINS, Features::default()),
    };
    vector.fill(0.0);
    vector[bin] = UNIT;
    for (element, feature) in vector[BINS + 1..].iter_mut().zip(features.0) {
        *element = f32::from(feature) * (UNIT / 127.0);
    }
}
