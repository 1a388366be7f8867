//! The form in which audio travels between the WAV layer and the codec.

/// A run of whole frames, as integers. A frame is one sample of every channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcm {
    /// Number of channels, at least 1.
    pub channels: usize,
    /// Samples, interleaved: `[frame][channel]`; length is a multiple of `channels`.
    pub samples: Vec<i32>,
}

impl Pcm {
    /// Number of frames (samples per channel).
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }
}
