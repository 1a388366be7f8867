//! Where a segment is better cut, because the resolution of its samples changes there.
//!
//! A take of 24 bits into which clips of 16 were edited has eight zero bits in the samples of these.
//! A grid (§8.3) holds for a segment, so that one that has both codes the zeros of the clips as noise.

use super::format::{SampleFormat, WavFormat};
use super::mapping::{read_bits, read_int};
use crate::pcm::Precision;

/// Frames whose resolution is found together: at least so many, and more in a segment of more than
/// [`PERIODS`] times so many, which bounds the time that the search takes.
const FRAMES: usize = 256;
/// See [`FRAMES`].
const PERIODS: usize = 1 << 12;
/// Frames that follow each other and have one resolution, with the silence behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The first frame.
    start: usize,
    /// Frames in periods that are not silent.
    frames: usize,
    /// Exponent of the power of two that all samples are multiples of.
    exponent: i32,
}

/// Bytes of each piece that `bytes`, whole frames of `format`, are best cut into; their sum is the number of
/// bytes. A cut saves at least `cost` bits.
pub fn pieces(bytes: &[u8], format: &WavFormat, cost: u64) -> Vec<usize> {
    let runs = runs(bytes, format);
    let starts = cuts(&runs, usize::from(format.channels), cost);
    // What is before the first run is silent and goes with it.
    lengths(starts.iter().skip(1), bytes, format)
}

/// Bytes of each piece that `bytes`, of `format`, are cut into where frames begin.
pub fn lengths<'a>(
    starts: impl IntoIterator<Item = &'a usize>,
    bytes: &[u8],
    format: &WavFormat,
) -> Vec<usize> {
    let starts = starts.into_iter().map(|start| start * format.frame_bytes());
    let mut before = 0;
    starts.chain([bytes.len()]).map(|end| end - std::mem::replace(&mut before, end)).collect()
}

/// Runs of periods of one resolution; none if the format has no resolution that changes.
fn runs(bytes: &[u8], format: &WavFormat) -> Vec<Run> {
    let exponent: fn(&[u8], SampleFormat) -> Option<i32> = match format.sample {
        SampleFormat::Integer { width: 2.., .. } => of_integers,
        SampleFormat::Float32 { .. } => of_singles,
        SampleFormat::Float64 { .. } => of_doubles,
        _ => return Vec::new(),
    };
    let frame_bytes = format.frame_bytes();
    let period = FRAMES.max((bytes.len() / frame_bytes).div_ceil(PERIODS));
    let mut runs: Vec<Run> = Vec::new();
    for (i, samples) in bytes.chunks(period * frame_bytes).enumerate() {
        // Silence goes with anything.
        let Some(exponent) = exponent(samples, format.sample) else { continue };
        let frames = samples.len() / frame_bytes;
        match runs.last_mut() {
            Some(run) if run.exponent == exponent => run.frames += frames,
            _ => runs.push(Run { start: i * period, frames, exponent }),
        }
    }
    runs
}

/// The exponent of the largest power of two that all of some integers are multiples of; none of zeros.
fn of_integers(samples: &[u8], format: SampleFormat) -> Option<i32> {
    let width = usize::from(format.width());
    let all =
        samples.chunks_exact(width).fold(0, |all, chunk| all | read_int(chunk, format.endian()));
    (all != 0).then(|| all.trailing_zeros() as i32)
}

fn of_singles(samples: &[u8], format: SampleFormat) -> Option<i32> {
    of_floats(samples, format, Precision::Single)
}

fn of_doubles(samples: &[u8], format: SampleFormat) -> Option<i32> {
    of_floats(samples, format, Precision::Double)
}

/// The same of floats, those aside that stand for no number. None is finer than what full scale has, since the
/// exponents of finer ones say how loud they are and no more.
fn of_floats(samples: &[u8], format: SampleFormat, precision: Precision) -> Option<i32> {
    let (mantissa_bits, exponent_bits) = (precision.mantissa(), precision.exponent());
    let bias = (1 << (exponent_bits - 1)) - 1;
    let finest = -(mantissa_bits as i32 + 1);
    let exponent = |chunk: &[u8]| {
        let bits = read_bits(chunk, format.endian());
        let mantissa = bits & ((1 << mantissa_bits) - 1);
        let exponent = (bits >> mantissa_bits) as i32 & ((1 << exponent_bits) - 1);
        match (exponent, mantissa) {
            (0, 0) => None,
            (0, _) => Some(finest),
            (exponent, _) if exponent == (1 << exponent_bits) - 1 => None,
            // The leading 1, which is not stored, is the last one where all of the mantissa is zero.
            (exponent, 0) => Some((exponent - bias).max(finest)),
            (exponent, mantissa) => {
                let zeros = mantissa.trailing_zeros() as i32;
                Some((exponent - bias - mantissa_bits as i32 + zeros).max(finest))
            }
        }
    };
    samples.chunks_exact(usize::from(format.width())).filter_map(exponent).min()
}

/// The frames at which pieces of `runs` start that cost the fewest bits: each sample costs those by which it is
/// coarser than the finest of its piece, and each piece `a_piece`.
fn cuts(runs: &[Run], channels: usize, a_piece: u64) -> Vec<usize> {
    // Of the runs before each one: what they cost at least, and the first run of their last piece.
    let mut least: Vec<(u64, usize)> = vec![(0, 0)];
    for end in 1..=runs.len() {
        let mut best = (u64::MAX, 0);
        let (mut finest, mut frames, mut exponents) = (i64::MAX, 0, 0);
        for (start, run) in runs[..end].iter().enumerate().rev() {
            finest = finest.min(run.exponent.into());
            frames += run.frames as i64;
            exponents += run.frames as i64 * i64::from(run.exponent);
            let waste = (exponents - finest * frames) as u64 * channels as u64;
            let cost = least[start].0 + waste + a_piece;
            if cost <= best.0 {
                best = (cost, start);
            }
        }
        least.push(best);
    }
    let mut starts = Vec::new();
    let mut end = runs.len();
    while end > 0 {
        end = least[end].1;
        starts.push(runs[end].start);
    }
    starts.reverse();
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav::AudioFormat;

    const COST: u64 = 1 << 16;

    /// Multiples of 2^`zeros`, of 24 bits.
    fn noise(count: usize, zeros: u32) -> Vec<i32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state as i32 >> 8) >> zeros << zeros
        };
        (0..count).map(|_| next()).collect()
    }

    fn lengths(samples: &[i32], channels: u16) -> Vec<usize> {
        let format = AudioFormat::integer(channels, 44_100, 24).wav_format().unwrap();
        let bytes: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()[..3].to_vec()).collect();
        let pieces = pieces(&bytes, &format, COST);
        assert_eq!(pieces.iter().sum::<usize>(), bytes.len());
        pieces.iter().map(|bytes| bytes / format.frame_bytes()).collect()
    }

    #[test]
    fn a_clip_of_fewer_bits_is_a_piece_of_its_own() {
        let (fine, coarse) = (noise(40_000, 0), noise(40_000, 8));
        let take = [fine.as_slice(), &coarse, &fine].concat();
        assert_eq!(lengths(&take, 1), [40_192, 39_680, 40_128]);
        assert_eq!(lengths(&take, 2), [20_224, 19_712, 20_064]);
    }

    #[test]
    fn what_is_short_or_nearly_as_fine_is_not_cut_out() {
        let fine = noise(40_000, 0);
        for other in [noise(5_000, 8), noise(40_000, 1), vec![0; 40_000], vec![0; 10]] {
            assert_eq!(lengths(&[fine.as_slice(), &other, &fine].concat(), 1).len(), 1);
            assert_eq!(lengths(&[other.as_slice(), &fine].concat(), 1).len(), 1);
        }
        assert_eq!(lengths(&[], 1), [0]);
        assert_eq!(lengths(&[0; 3], 1), [3]);
    }

    #[test]
    fn silence_goes_with_what_is_before_it() {
        let take = [noise(40_000, 8), vec![0; 9_000], noise(40_000, 0)].concat();
        assert_eq!(lengths(&take, 1), [48_896, 40_104]);
    }

    #[test]
    fn a_fade_of_floats_is_found() {
        let format = AudioFormat::float(1, 44_100).wav_format().unwrap();
        let mut samples: Vec<f32> =
            noise(90_000, 8).iter().map(|&x| (x >> 8) as f32 / 32_768.0).collect();
        for (i, sample) in samples[80_000..].iter_mut().enumerate() {
            *sample *= 1.0 - i as f32 / 10_000.0;
        }
        samples[7] = f32::NAN;
        samples[8] = -0.0;
        samples[9] = f32::INFINITY;
        let bytes: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
        let pieces = pieces(&bytes, &format, COST);
        assert_eq!(pieces, [4 * 79_872, 4 * 10_128]);
        let doubles = WavFormat {
            sample: SampleFormat::Float64 { endian: format.sample.endian() },
            ..format
        };
        let bytes: Vec<u8> = samples.iter().flat_map(|&x| f64::from(x).to_le_bytes()).collect();
        assert_eq!(super::pieces(&bytes, &doubles, COST), [8 * 79_872, 8 * 10_128]);
    }

    #[test]
    fn genuine_floats_are_not_cut_where_they_are_louder() {
        let format = AudioFormat::float(1, 44_100).wav_format().unwrap();
        let samples = noise(90_000, 0).into_iter().enumerate().map(|(i, x)| {
            let gain = if i / 20_000 % 2 == 0 { 1.0 } else { 0.001 };
            x as f32 * 1.234e-7 * gain
        });
        let bytes: Vec<u8> = samples.flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(pieces(&bytes, &format, COST), [bytes.len()]);
    }

    #[test]
    fn changes_in_every_period_take_no_long_search() {
        let mut take = noise(1 << 22, 0);
        for (i, sample) in take.iter_mut().enumerate() {
            *sample &= if i / 32_768 % 2 == 0 { -1 } else { -256 };
        }
        assert!(lengths(&take, 1).len() == 128);
        let opaque = WavFormat {
            sample: SampleFormat::Opaque { stride: 7 },
            ..AudioFormat::integer(1, 8_000, 16).wav_format().unwrap()
        };
        assert_eq!(pieces(&[1; 70], &opaque, COST), [70]);
    }
}
