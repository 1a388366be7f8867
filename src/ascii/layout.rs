//! The order in which samples are coded (`characters.md`, section 2), and where their bytes are.

use crate::wav::{Endian, SampleFormat, WavFormat};

/// Most channels that are predicted apart: each has a predictor of about a megabyte. The samples of
/// files with more are coded as one channel.
const MAX_CHANNELS: usize = 64;

/// Where the bytes of a segment are. Samples count from 0, interleaved as in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Channels that are predicted apart.
    pub channels: usize,
    /// Bytes of a sample, 1 to 8.
    pub width: usize,
    /// The least significant byte is the first in the file.
    little: bool,
}

impl Layout {
    /// The layout of a sample format. Bytes of an opaque one are samples of one channel.
    pub fn new(format: &WavFormat) -> Self {
        let channels = usize::from(format.channels);
        let endian = match format.sample {
            SampleFormat::Opaque { .. } => return Layout { channels: 1, width: 1, little: false },
            SampleFormat::ALaw | SampleFormat::MuLaw | SampleFormat::SignedByte => Endian::Little,
            SampleFormat::Integer { endian, .. }
            | SampleFormat::Float32 { endian }
            | SampleFormat::Float64 { endian } => endian,
        };
        Layout {
            channels: if channels > MAX_CHANNELS { 1 } else { channels },
            width: usize::from(format.sample.width()),
            little: endian == Endian::Little,
        }
    }

    /// Place of byte `byte` of a sample, 0 the most significant, relative to the segment.
    #[inline(always)]
    pub fn place(&self, sample: usize, byte: usize) -> usize {
        sample * self.width + if self.little { self.width - 1 - byte } else { byte }
    }

    /// The bytes of a sample as one number, the most significant first.
    #[inline(always)]
    pub fn key(&self, bytes: &[u8], sample: usize) -> u64 {
        (0..self.width).fold(0, |key, byte| key << 8 | u64::from(bytes[self.place(sample, byte)]))
    }

    /// All samples of `frames` frames as (frame, channel), in the order of coding: block by block
    /// of `blocking` frames, in each channel by channel.
    pub fn order(&self, frames: usize, blocking: usize) -> impl Iterator<Item = (usize, usize)> {
        let channels = self.channels;
        (0..frames).step_by(blocking).flat_map(move |first| {
            let end = first.saturating_add(blocking).min(frames);
            (0..channels).flat_map(move |channel| (first..end).map(move |frame| (frame, channel)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(channels: u16, sample: SampleFormat) -> Layout {
        let format = WavFormat {
            tag: 1,
            channels,
            sample_rate: 8000,
            byte_rate: 0,
            valid_bits: 16,
            channel_mask: 0,
            container: crate::wav::Container::Wav,
            sample,
        };
        Layout::new(&format)
    }

    const PCM16: SampleFormat = SampleFormat::Integer { width: 2, endian: Endian::Little };

    #[test]
    fn the_most_significant_byte_comes_first() {
        let little = layout(1, PCM16);
        assert_eq!(little.key(&[0x01, 0x80, 0xFF, 0x7F], 1), 0x7FFF);
        assert_eq!((little.place(1, 0), little.place(1, 1)), (3, 2));
        let big = layout(1, SampleFormat::Integer { width: 3, endian: Endian::Big });
        assert_eq!(big.key(&[1, 2, 3], 0), 0x01_02_03);
    }

    #[test]
    fn blocks_hold_one_channel_after_the_other() {
        let order: Vec<_> = layout(2, PCM16).order(5, 2).collect();
        let expected =
            [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (3, 0), (2, 1), (3, 1), (4, 0), (4, 1)];
        assert_eq!(order, expected);
        let interleaved: Vec<_> = layout(2, PCM16).order(2, 1).collect();
        assert_eq!(interleaved, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }

    #[test]
    fn every_sample_comes_once() {
        for channels in [1, 2, 3, 64, 65] {
            let layout = layout(channels, PCM16);
            for blocking in [1, 3, 1024, usize::MAX] {
                let mut places: Vec<_> = layout
                    .order(10, blocking)
                    .map(|(frame, channel)| frame * layout.channels + channel)
                    .collect();
                places.sort_unstable();
                let count = 10 * layout.channels;
                assert_eq!(places, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn opaque_bytes_are_samples() {
        let layout = layout(2, SampleFormat::Opaque { stride: 36 });
        assert_eq!((layout.channels, layout.width), (1, 1));
    }
}
