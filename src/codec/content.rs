//! What each channel of a segment holds (§8.3): samples to predict, one value, or what an earlier channel holds.

use super::alphabet::Alphabet;
use super::copies::{code_source, sources};
use crate::entropy::{Coder, code_uniform};
use crate::error::Result;
use crate::observer::Watch;

/// Bits that alphabets of their own must save each channel: about what one takes.
const LEAST_SAVING: f64 = 64.0;

/// What a channel holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Samples that are predicted and coded, at least two different ones.
    Coded(Alphabet),
    /// One value in all frames.
    Constant(i32),
    /// The same as the channel of this number in a frame, which is before it.
    Copy(usize),
}

impl Content {
    /// That of each of `channels`, none of which is empty, with alphabets of their own where that saves
    /// something.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted) by `watch`.
    pub fn choose(channels: &[Vec<i32>], watch: &Watch) -> Result<Vec<Content>> {
        let mut contents: Vec<Option<Content>> = without_alphabet(channels);
        watch.look()?;
        let coded: Vec<&[i32]> = channels
            .iter()
            .zip(&contents)
            .filter_map(|(channel, content)| content.is_none().then_some(channel.as_slice()))
            .collect();
        let mut alphabets = alphabets(&coded, watch)?.into_iter();
        for content in contents.iter_mut().filter(|content| content.is_none()) {
            *content = alphabets.next().map(Content::Coded);
        }
        Ok(contents.into_iter().flatten().collect())
    }

    /// The alphabet of samples that are coded.
    pub fn alphabet(&self) -> Option<&Alphabet> {
        match self {
            Content::Coded(alphabet) => Some(alphabet),
            _ => None,
        }
    }

    /// Codes the contents of channels one after the other; `self` is ignored when decoding. `channel` is the
    /// number of this one, `last` the last alphabet that was coded in full, `samples` the number of samples of
    /// the segment.
    ///
    /// # Errors
    /// Those of [`code_source`].
    pub fn code(
        &self,
        coder: &mut dyn Coder,
        channel: usize,
        last: &mut Alphabet,
        samples: usize,
    ) -> Result<Self> {
        if code_uniform(coder, u32::from(self.alphabet().is_none()), 1) == 0 {
            return Ok(code_alphabet(coder, self.alphabet(), last, samples));
        }
        let source = match *self {
            Content::Copy(source) => Some(source),
            _ => None,
        };
        if let Some(source) = code_source(coder, channel, source)? {
            return Ok(Content::Copy(source));
        }
        let value = match *self {
            Content::Constant(value) => value,
            _ => 0,
        };
        Ok(Content::Constant(code_uniform(coder, value as u32, 32) as i32))
    }
}

/// Codes the alphabet of a channel, which is often the `last` one; it is ignored when decoding.
fn code_alphabet(
    coder: &mut dyn Coder,
    alphabet: Option<&Alphabet>,
    last: &mut Alphabet,
    samples: usize,
) -> Content {
    let is_new = alphabet.is_some_and(|alphabet| alphabet != last);
    if code_uniform(coder, u32::from(!is_new), 1) == 0 {
        *last = alphabet.unwrap_or(last).code(coder, samples);
    }
    // No encoder writes an alphabet of one value.
    last.only().map_or_else(|| Content::Coded(last.clone()), Content::Constant)
}

/// The content of each channel that needs no alphabet.
fn without_alphabet(channels: &[Vec<i32>]) -> Vec<Option<Content>> {
    let content = |(channel, source): (&Vec<i32>, Option<usize>)| {
        let is_constant = channel.iter().all(|&sample| sample == channel[0]);
        if is_constant { Some(Content::Constant(channel[0])) } else { source.map(Content::Copy) }
    };
    channels.iter().zip(sources(channels)).map(content).collect()
}

/// An alphabet for each of `channels`, which all change: one for all, or their own.
fn alphabets(channels: &[&[i32]], watch: &Watch) -> Result<Vec<Alphabet>> {
    if channels.is_empty() {
        return Ok(Vec::new());
    }
    let (shared, shared_saves) = Alphabet::shared(channels);
    watch.look()?;
    let mut own = Vec::new();
    for &channel in channels.iter().filter(|_| channels.len() > 1) {
        own.push(Alphabet::shared(&[channel]));
        watch.look()?;
    }
    let own_save: f64 = own.iter().map(|(_, saved)| saved - LEAST_SAVING).sum();
    if !own.is_empty() && own_save > shared_saves {
        return Ok(own.into_iter().map(|(alphabet, _)| alphabet).collect());
    }
    Ok(vec![shared; channels.len()])
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
