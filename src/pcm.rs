//! The form in which audio travels between the WAV layer and the codec.

mod floats;

pub use floats::{Floats, Precision};

/// `(channels, frames)`: what each channel has of whole frames.
pub fn deinterleaved<T: Copy>(samples: &[T], channels: usize) -> Vec<Vec<T>> {
    let channel = |i: usize| samples.iter().skip(i).step_by(channels).copied();
    (0..channels).map(|i| channel(i).collect()).collect()
}

/// A run of whole frames, as integers. A frame is one sample of every channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcm {
    /// Number of channels, at least 1.
    pub channels: usize,
    /// Samples, interleaved: `[frame][channel]`; length is a multiple of `channels`.
    pub samples: Vec<i32>,
}

impl Pcm {
    /// An excerpt of at most `frames` frames (at least 1) from the middle.
    pub fn middle(&self, frames: usize) -> Pcm {
        let frames = frames.max(1).min(self.frames());
        let first = (self.frames() - frames) / 2 * self.channels;
        let samples = self.samples[first..first + frames * self.channels].to_vec();
        Pcm { channels: self.channels, samples }
    }

    /// `(channels, frames)`: the samples of each channel by themselves.
    pub fn channels(&self) -> Vec<Vec<i32>> {
        deinterleaved(&self.samples, self.channels)
    }

    /// Number of frames (samples per channel).
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }
}
