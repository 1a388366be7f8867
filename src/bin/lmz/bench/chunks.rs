//! Which chunks of a file are measured: the same for the same seed, wherever the file lies.

use lmz::wav::WavFormat;

/// How chunks are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Chunks per file; fewer where it has fewer.
    pub count: u32,
    /// Bytes in a chunk, rounded down to whole frames (but one frame at least).
    pub bytes: u32,
    pub seed: u64,
}

/// A chunk of a file's sample data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chunk {
    /// First byte, from the start of the sample data.
    pub offset: usize,
    pub bytes: usize,
}

/// Chunks of `data` bytes of samples, in ascending order and without overlap: distinct places
/// drawn from those at multiples of the chunk's length. Data shorter than that is one chunk.
///
/// `name` is the file's name without its folder: files get different places, and each the same
/// ones in whatever company.
pub fn choose(choice: &Choice, name: &str, data: usize, format: &WavFormat) -> Vec<Chunk> {
    let frame = format.frame_bytes();
    let bytes = (choice.bytes as usize / frame).max(1) * frame;
    let mut places: Vec<usize> = (0..data / bytes).collect();
    if places.is_empty() {
        let whole = Chunk { offset: 0, bytes: data / frame * frame };
        return if whole.bytes > 0 { vec![whole] } else { Vec::new() };
    }
    let mut random = SplitMix64(choice.seed ^ hash(name));
    let count = (choice.count as usize).min(places.len());
    // The first steps of a Fisher-Yates shuffle.
    for i in 0..count {
        let other = i + random.below(places.len() - i);
        places.swap(i, other);
    }
    places.truncate(count);
    places.sort_unstable();
    places.into_iter().map(|place| Chunk { offset: place * bytes, bytes }).collect()
}

/// 64 bits of the BLAKE3 hash of a name.
fn hash(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    hash.as_bytes().iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A number from 0 to `bound` - 1; the bias is below `bound` / 2^64.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lmz::wav::{Endian, SampleFormat};

    fn format(channels: u16, width: u8) -> WavFormat {
        WavFormat {
            tag: 1,
            channels,
            sample_rate: 44_100,
            byte_rate: 0,
            valid_bits: 16,
            channel_mask: 0,
            container: lmz::wav::Container::Wav,
            sample: SampleFormat::Integer { width, endian: Endian::Little },
        }
    }

    /// The places themselves are pinned: a published figure names a seed.
    #[test]
    fn the_same_seed_takes_the_same_chunks() {
        let choice = Choice { count: 4, bytes: 2048, seed: 1 };
        let stereo = format(2, 2);
        let chunks = choose(&choice, "a.wav", 1_000_000, &stereo);
        let places: Vec<usize> = chunks.iter().map(|chunk| chunk.offset / 2048).collect();
        assert_eq!(places, PINNED);
        assert_eq!(choose(&choice, "a.wav", 1_000_000, &stereo), chunks);
        assert_ne!(choose(&Choice { seed: 2, ..choice }, "a.wav", 1_000_000, &stereo), chunks);
        assert_ne!(choose(&choice, "b.wav", 1_000_000, &stereo), chunks);
    }

    const PINNED: [usize; 4] = [41, 62, 335, 454];

    #[test]
    fn chunks_are_whole_frames_without_overlap() {
        for (channels, width, count) in [(1, 1, 3), (2, 3, 40), (6, 2, 1000), (2, 4, 5)] {
            let format = format(channels, width);
            let choice = Choice { count, bytes: 2048, seed: 7 };
            let chunks = choose(&choice, "x", 100_000, &format);
            let all = 100_000 / (2048 / format.frame_bytes() * format.frame_bytes());
            assert_eq!(chunks.len(), all.min(count as usize));
            for chunk in &chunks {
                assert_eq!(chunk.bytes % format.frame_bytes(), 0);
                assert!(chunk.bytes <= 2048 && chunk.offset + chunk.bytes <= 100_000);
            }
            assert!(chunks.windows(2).all(|two| two[0].offset + two[0].bytes <= two[1].offset));
        }
    }

    #[test]
    fn a_short_file_is_one_chunk() {
        let choice = Choice { count: 4, bytes: 2048, seed: 1 };
        let whole = choose(&choice, "x", 1_003, &format(2, 2));
        assert_eq!(whole, [Chunk { offset: 0, bytes: 1_000 }]);
        assert!(choose(&choice, "x", 3, &format(2, 2)).is_empty());
    }
}
