//! What floats are besides their integers (§9.8): a stream of its own.
//!
//! Most samples of a segment are the float nearest to their integer times the segment's factor. Of the
//! others, the stream holds how many floats away they are: the rest of a mantissa that is finer than the
//! factor, or whatever else a sample is. With integer 0, it holds sign, exponent and mantissa instead.

use super::copies::{code_source, sources};
use crate::entropy::{AdaptiveBit, Coder, RangeDecoder, RangeEncoder, code_uniform};
use crate::error::Result;
use crate::fault::Fault;
use crate::pcm::{Floats, Precision, deinterleaved};

/// Contexts: by how many bits floats are finer than the factor, and how long a distance is.
const LENGTHS: usize = 64;

/// The stream of `floats`, which stand beside `integers` of `channels` channels.
///
/// # Errors
/// None are known; see [`decode_floats`].
pub fn encode_floats(floats: &Floats, integers: &[i32], channels: usize) -> Result<Vec<u8>> {
    let mut coder = RangeEncoder::default();
    let factor = code_factor(&mut coder, floats.factor);
    let copies = sources(&deinterleaved(&floats.bits, channels));
    let copies = code_sources(&mut coder, channels, &copies)?;
    let mut model = FloatModel::new(floats.precision, factor, channels);
    for (i, (&n, &bits)) in integers.iter().zip(&floats.bits).enumerate() {
        if copies[i % channels].is_none() {
            model.code(&mut coder, i % channels, n, bits);
        }
    }
    Ok(coder.finish())
}

/// Inverse of [`encode_floats`].
///
/// # Errors
/// [`crate::Error::Payload`] for a factor that is not positive and normal, for a copy of a channel that is not
/// before it, and when the stream ends early or is not used up.
pub fn decode_floats(
    stream: &[u8],
    precision: Precision,
    integers: &[i32],
    channels: usize,
) -> Result<Floats> {
    let mut coder = RangeDecoder::new(stream);
    let factor = code_factor(&mut coder, 1.0);
    if !factor.is_normal() {
        return Err(Fault::Parameters(format!("integers times {factor} as floats")).into());
    }
    let copies = code_sources(&mut coder, channels, &[])?;
    let mut model = FloatModel::new(precision, factor, channels);
    let mut bits = Vec::with_capacity(integers.len());
    for (i, &n) in integers.iter().enumerate() {
        let channel = i % channels;
        bits.push(match copies[channel] {
            Some(source) => bits[i - channel + source],
            None => model.code(&mut coder, channel, n, 0),
        });
        if coder.overrun() {
            return Err(Fault::Parameters("the stream of floats ends too early".to_owned()).into());
        }
    }
    coder.finish()?;
    Ok(Floats { precision, factor, bits })
}

/// Codes which channel each one is a copy of; `sources` are ignored when decoding.
fn code_sources(
    coder: &mut impl Coder,
    channels: usize,
    sources: &[Option<usize>],
) -> Result<Vec<Option<usize>>> {
    let source = |channel: usize| sources.get(channel).copied().flatten();
    (0..channels).map(|channel| code_source(coder, channel, source(channel))).collect()
}

/// The coded stream of a segment of floats: the stream of floats, behind its length, then that
/// of the integers.
pub fn join_floats(floats: &[u8], stream: &[u8]) -> Vec<u8> {
    let length = u32::try_from(floats.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes(), floats, stream].concat()
}

/// Inverse of [`join_floats`].
///
/// # Errors
/// [`crate::Error::Payload`] if there is less than the length.
pub fn split_floats(joined: &[u8]) -> Result<(&[u8], &[u8])> {
    let split = joined
        .split_first_chunk()
        .and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
    split.ok_or_else(|| {
        Fault::Parameters("the stream of floats is longer than its block".to_owned()).into()
    })
}

/// Codes a factor by its exponent and, where it is no power of two, its mantissa.
fn code_factor(coder: &mut impl Coder, factor: f64) -> f64 {
    let bits = factor.to_bits();
    let exponent = code_uniform(coder, (bits >> 52) as u32, 11);
    let mut mantissa = 0;
    if code_uniform(coder, u32::from(bits << 12 != 0), 1) == 1 {
        mantissa = code_bits(coder, bits, 52);
    }
    f64::from_bits(u64::from(exponent) << 52 | mantissa)
}

/// Codes the low `bits` (0 to 64) bits of `value`, all equally likely.
fn code_bits(coder: &mut impl Coder, value: u64, bits: u32) -> u64 {
    let high = code_uniform(coder, (value >> 32) as u32, bits.saturating_sub(32));
    u64::from(high) << 32 | u64::from(code_uniform(coder, value as u32, bits.min(32)))
}

/// Codes a number of `bits` bits, most significant first, in the context of those before.
fn code_tree(coder: &mut impl Coder, nodes: &mut [AdaptiveBit], value: u32, bits: u32) -> u32 {
    let mut node = 1;
    for shift in (0..bits).rev() {
        let bit = nodes[node].code(coder, value >> shift & 1 != 0);
        node = 2 * node + usize::from(bit);
    }
    node as u32 - (1 << bits)
}

/// Codes the low `bits` bits of `value`: how many of the lowest are zero, then the others as they are.
fn code_mantissa(coder: &mut impl Coder, zeros: &mut [AdaptiveBit], value: u64, bits: u32) -> u64 {
    let mut low = 0;
    while low < bits && zeros[low as usize].code(coder, value >> low & 1 == 0) {
        low += 1;
    }
    if low >= bits {
        return 0;
    }
    let above = code_bits(coder, value >> 1 >> low, bits - low - 1);
    (above << 1 | 1) << low
}

/// What is learnt about the floats of a segment.
struct FloatModel {
    precision: Precision,
    factor: f64,
    /// Of each channel, whether its last two samples were the nearest floats: bits 0 and 1.
    fitting: Vec<usize>,
    /// Whether a sample is the nearest float: `(LENGTHS + 1, 4)`, the last row for integer 0.
    exact: Vec<[AdaptiveBit; 4]>,
    /// Lengths of distances in bits, less one, and the zeros at their ends: `(LENGTHS, 64)` each.
    lengths: Vec<[AdaptiveBit; LENGTHS]>,
    zeros: Vec<[AdaptiveBit; LENGTHS]>,
    /// Signs of distances, by the sign of the integer.
    signs: [AdaptiveBit; 2],
    /// With integer 0: sign, exponent, and zeros at the end of the mantissa.
    sign: AdaptiveBit,
    exponent: Vec<AdaptiveBit>,
    mantissa: [AdaptiveBit; LENGTHS],
}

impl FloatModel {
    fn new(precision: Precision, factor: f64, channels: usize) -> Self {
        let bit = AdaptiveBit::default();
        FloatModel {
            precision,
            factor,
            fitting: vec![3; channels],
            exact: vec![[bit; 4]; LENGTHS + 1],
            lengths: vec![[bit; LENGTHS]; LENGTHS],
            zeros: vec![[bit; LENGTHS]; LENGTHS],
            signs: [bit; 2],
            sign: bit,
            exponent: vec![bit; 1 << precision.exponent()],
            mantissa: [bit; LENGTHS],
        }
    }

    /// Codes the float of `n`; `bits` are ignored when decoding.
    fn code(&mut self, coder: &mut impl Coder, channel: usize, n: i32, bits: u64) -> u64 {
        let nearest = self.precision.nearest(n, self.factor);
        let finer = if n == 0 { LENGTHS } else { self.precision.finer(nearest, self.factor) };
        let fitting = &mut self.fitting[channel];
        let exact = self.exact[finer][*fitting].code(coder, bits == nearest);
        *fitting = (*fitting * 2 + usize::from(exact)) & 3;
        if exact {
            nearest
        } else if n == 0 {
            self.code_anew(coder, bits)
        } else {
            let distance = self.precision.distance(nearest, bits);
            let distance = self.code_distance(coder, finer, n > 0, distance);
            self.precision.moved(nearest, distance)
        }
    }

    fn code_distance(
        &mut self,
        coder: &mut impl Coder,
        finer: usize,
        positive: bool,
        distance: i64,
    ) -> i64 {
        let magnitude = distance.unsigned_abs();
        let length = code_tree(coder, &mut self.lengths[finer], magnitude.max(1).ilog2(), 6);
        let negative = self.signs[usize::from(positive)].code(coder, distance < 0);
        let low = code_mantissa(coder, &mut self.zeros[finer], magnitude, length);
        let magnitude = (1 << length | low) as i64;
        if negative { magnitude.wrapping_neg() } else { magnitude }
    }

    fn code_anew(&mut self, coder: &mut impl Coder, bits: u64) -> u64 {
        let (mantissa, exponent) = (self.precision.mantissa(), self.precision.exponent());
        let sign = self.sign.code(coder, bits >> (mantissa + exponent) & 1 != 0);
        let field = (bits >> mantissa) as u32;
        let field = code_tree(coder, &mut self.exponent, field, exponent);
        let low = code_mantissa(coder, &mut self.mantissa, bits, mantissa);
        u64::from(sign) << (mantissa + exponent) | u64::from(field) << mantissa | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(precision: Precision, factor: f64, integers: &[i32], bits: Vec<u64>) -> usize {
        let floats = Floats { precision, factor, bits };
        let stream = encode_floats(&floats, integers, 2).unwrap();
        assert_eq!(decode_floats(&stream, precision, integers, 2).unwrap(), floats);
        stream.len()
    }

    /// Every class of bit patterns beside every kind of integer, whether it is near or not.
    #[test]
    fn every_bit_pattern_comes_back() {
        let singles: Vec<u64> = [0_u32, 1, 0x007F_FFFF, 0x0080_0000, 0x3F80_0000, 0x7F7F_FFFF]
            .into_iter()
            .chain([0x7F80_0000, 0x7F80_0001, 0x7FC0_0000, 0x7FFF_FFFF, 0x3DCC_CCCD])
            .flat_map(|bits| [u64::from(bits), u64::from(bits | 1 << 31)])
            .collect();
        let doubles: Vec<u64> = [0, 1, (1 << 52) - 1, 1 << 52, 0x3FF0_0000_0000_0000]
            .into_iter()
            .chain([
                0x7FEF_FFFF_FFFF_FFFF,
                0x7FF0_0000_0000_0000,
                0x7FF0_0000_0000_0001,
                i64::MAX as u64,
            ])
            .flat_map(|bits: u64| [bits, bits | 1 << 63])
            .collect();
        for factor in [1.0, 2_f64.powi(-23), 0.7 / 32768.0, 1e300, f64::MIN_POSITIVE, f64::MAX] {
            for n in [0, 1, -1, 12_345, i32::MAX, i32::MIN] {
                coded(Precision::Single, factor, &vec![n; singles.len()], singles.clone());
                coded(Precision::Double, factor, &vec![n; doubles.len()], doubles.clone());
            }
        }
    }

    #[test]
    fn floats_that_fit_cost_next_to_nothing() {
        for factor in [2_f64.powi(-15), 0.3 / 32768.0] {
            let mut integers: Vec<i32> = (0..20_000).map(|i| i * 7919 % 65_536 - 32_768).collect();
            integers[100] = 0;
            let mut bits: Vec<u64> =
                integers.iter().map(|&n| Precision::Single.nearest(n, factor)).collect();
            let fitting = coded(Precision::Single, factor, &integers, bits.clone());
            assert!(fitting < 60, "{fitting} bytes");
            bits[100] |= 1 << 31;
            let with_negative_zero = coded(Precision::Single, factor, &integers, bits);
            assert!(with_negative_zero < fitting + 8, "{with_negative_zero} bytes");
        }
    }

    #[test]
    fn the_same_floats_in_another_channel_cost_nothing() {
        let precision = Precision::Single;
        let bits = |i: u64| (i * 0x0123_4567) & 0x3FFF_FFFF;
        let stereo =
            Floats { precision, factor: 0.5, bits: (0..400).map(|i| bits(i / 2)).collect() };
        let mono = Floats { precision, factor: 0.5, bits: (0..200).map(bits).collect() };
        let coded = encode_floats(&stereo, &[3; 400], 2).unwrap();
        assert!(coded.len() <= encode_floats(&mono, &[3; 200], 1).unwrap().len() + 1);
        assert_eq!(decode_floats(&coded, precision, &[3; 400], 2).unwrap(), stereo);
    }

    #[test]
    fn damaged_streams_are_refused() {
        let bits: Vec<u64> = (0..200).map(|i| (i * 0x0123_4567) & 0xFFFF_FFFF).collect();
        let floats = Floats { precision: Precision::Single, factor: 0.5, bits };
        let stream = encode_floats(&floats, &[3; 200], 1).unwrap();
        let decode = |stream: &[u8]| decode_floats(stream, Precision::Single, &[3; 200], 1);
        assert!(decode(&stream[..stream.len() / 2]).is_err());
        assert!(decode(&[&stream[..], &[0; 9]].concat()).is_err());
        // The exponent fields of zero and of infinity.
        assert!(decode(&[0xFF; 9]).is_err() && decode(&[0; 9]).is_err());
        let joined = join_floats(&stream, &[1, 2]);
        assert_eq!(split_floats(&joined).unwrap(), (&stream[..], &[1, 2][..]));
        assert!(split_floats(&joined[..stream.len()]).is_err() && split_floats(&[1]).is_err());
    }
}
