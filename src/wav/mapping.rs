//! Bytes of an audio span to integers and back, exactly.

use super::companding::Law;
use super::format::{Endian, SampleFormat, WavFormat};
use crate::error::{Error, Result};
use crate::pcm::Pcm;

/// The scales at which floats are tried as integers: value = integer x 2^-shift. Unscaled,
/// then 8, 16, 24 and 32 bit integers brought to the range -1 to 1.
const SHIFTS: [u8; 5] = [0, 7, 15, 23, 31];

/// How the bytes of one segment became integers. Chosen per segment, because one file may
/// hold, say, integers as floats up to an edit and genuine floats after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// The integer of the container; 8 bit less 128, so that silence is 0.
    Integer,
    /// Linear values of A-law codes (odd up to 63; 13 bits).
    ALaw,
    /// Linear values of µ-law codes (even; negative zero is -1; 14 bits).
    MuLaw,
    /// Floats that are all integers times 2^-`shift`.
    ScaledFloat {
        /// One of 0, 7, 15, 23, 31.
        shift: u8,
    },
    /// Bits of a 32-bit float, rearranged so that integers order as the floats do.
    OrderedFloat,
}

impl Mapping {
    /// Serialised form.
    pub fn to_byte(self) -> u8 {
        match self {
            Mapping::Integer => 0,
            Mapping::ALaw => 1,
            Mapping::MuLaw => 2,
            Mapping::OrderedFloat => 3,
            Mapping::ScaledFloat { shift } => 0x80 | shift,
        }
    }

    /// Inverse of [`to_byte`](Self::to_byte).
    ///
    /// # Errors
    /// [`Error::Corrupt`] (offset 0) for values that are not defined.
    pub fn from_byte(byte: u8) -> Result<Self> {
        match byte {
            0 => Ok(Mapping::Integer),
            1 => Ok(Mapping::ALaw),
            2 => Ok(Mapping::MuLaw),
            3 => Ok(Mapping::OrderedFloat),
            _ if byte & 0x80 != 0 && SHIFTS.contains(&(byte & 0x7f)) => {
                Ok(Mapping::ScaledFloat { shift: byte & 0x7f })
            }
            _ => Err(Error::corrupt(0, format!("sample mapping {byte} is not defined"))),
        }
    }
}

/// Turns the whole frames in `bytes` into integers, with the mapping that suits them best.
///
/// `None` where no mapping exists (opaque formats, 64-bit floats that are not scaled
/// integers, a partial frame): such bytes are for the byte coder. A 32-bit float segment that
/// is not scaled integers comes as [`Mapping::OrderedFloat`], which predicts smooth signals
/// badly around zero; the byte coder may still do better on it.
pub fn to_pcm(bytes: &[u8], format: &WavFormat) -> Option<(Pcm, Mapping)> {
    if !bytes.len().is_multiple_of(format.frame_bytes()) {
        return None;
    }
    let (samples, mapping) = match format.sample {
        SampleFormat::Integer { width: 1, .. } => {
            (bytes.iter().map(|&b| i32::from(b) - 128).collect(), Mapping::Integer)
        }
        SampleFormat::Integer { width, endian } => {
            let chunks = bytes.chunks_exact(usize::from(width));
            (chunks.map(|c| read_int(c, endian)).collect(), Mapping::Integer)
        }
        SampleFormat::ALaw => (expand(bytes, Law::a()), Mapping::ALaw),
        SampleFormat::MuLaw => (expand(bytes, Law::mu()), Mapping::MuLaw),
        SampleFormat::Float32 { endian } => {
            let bits = || bytes.chunks_exact(4).map(|c| read_int(c, endian));
            let floats = || bits().map(|b| f64::from(f32::from_bits(b as u32)));
            match scaled(floats) {
                Some(found) => found,
                None => (bits().map(order).collect(), Mapping::OrderedFloat),
            }
        }
        SampleFormat::Float64 { endian } => {
            scaled(|| bytes.chunks_exact(8).map(|c| read_f64(c, endian)))?
        }
        SampleFormat::Opaque { .. } => return None,
    };
    Some((Pcm { channels: usize::from(format.channels), samples }, mapping))
}

/// Inverse of [`to_pcm`]: the bytes that were given to it.
///
/// # Errors
/// [`Error::Corrupt`] (offset 0) if `mapping` does not go with the sample format or a value
/// is none that the format can hold; neither comes out of `to_pcm`.
pub fn from_pcm(pcm: &Pcm, sample: SampleFormat, mapping: Mapping) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(pcm.samples.len() * usize::from(sample.width()));
    match (sample, mapping) {
        (SampleFormat::Integer { width, endian }, Mapping::Integer) => {
            // 8 bit is unsigned: 128 stands for 0.
            let centre = if width == 1 { 128 } else { 0 };
            let spare = 32 - 8 * u32::from(width);
            for &value in &pcm.samples {
                if (value << spare) >> spare != value {
                    return Err(Error::corrupt(0, format!("sample {value} in {width} bytes")));
                }
                write_int(value + centre, usize::from(width), endian, &mut out);
            }
        }
        (SampleFormat::ALaw, Mapping::ALaw) => compress(&pcm.samples, Law::a(), &mut out)?,
        (SampleFormat::MuLaw, Mapping::MuLaw) => compress(&pcm.samples, Law::mu(), &mut out)?,
        (SampleFormat::Float32 { endian }, Mapping::OrderedFloat) => {
            for &value in &pcm.samples {
                write_int(order(value), 4, endian, &mut out);
            }
        }
        (SampleFormat::Float32 { endian }, Mapping::ScaledFloat { shift }) => {
            for &value in &pcm.samples {
                let float = unscale(value, shift) as f32;
                if f64::from(float) != unscale(value, shift) {
                    return Err(Error::corrupt(0, format!("{value} x 2^-{shift} as binary32")));
                }
                write_int(float.to_bits() as i32, 4, endian, &mut out);
            }
        }
        (SampleFormat::Float64 { endian }, Mapping::ScaledFloat { shift }) => {
            for &value in &pcm.samples {
                let float = unscale(value, shift);
                out.extend(match endian {
                    Endian::Little => float.to_le_bytes(),
                    Endian::Big => float.to_be_bytes(),
                });
            }
        }
        _ => {
            return Err(Error::corrupt(0, format!("mapping {mapping:?} of {sample:?}")));
        }
    }
    Ok(out)
}

/// The two's complement integer in the 1 to 4 bytes of `chunk`.
fn read_int(chunk: &[u8], endian: Endian) -> i32 {
    let join = |value: i32, &byte: &u8| (value << 8) | i32::from(byte);
    let value = match endian {
        Endian::Little => chunk.iter().rev().fold(0, join),
        Endian::Big => chunk.iter().fold(0, join),
    };
    let spare = 32 - 8 * chunk.len() as u32;
    (value << spare) >> spare
}

/// The low `width` bytes of `value`.
fn write_int(value: i32, width: usize, endian: Endian, out: &mut Vec<u8>) {
    match endian {
        Endian::Little => out.extend(&value.to_le_bytes()[..width]),
        Endian::Big => out.extend(&value.to_be_bytes()[4 - width..]),
    }
}

/// The float in the 8 bytes of `chunk`.
fn read_f64(chunk: &[u8], endian: Endian) -> f64 {
    let join = |bits: u64, &byte: &u8| (bits << 8) | u64::from(byte);
    f64::from_bits(match endian {
        Endian::Little => chunk.iter().rev().fold(0, join),
        Endian::Big => chunk.iter().fold(0, join),
    })
}

fn expand(bytes: &[u8], law: &Law) -> Vec<i32> {
    bytes.iter().map(|&code| law.decode(code)).collect()
}

fn compress(samples: &[i32], law: &Law, out: &mut Vec<u8>) -> Result<()> {
    for &value in samples {
        let code = law.encode(value);
        out.push(code.ok_or_else(|| Error::corrupt(0, format!("no G.711 code for {value}")))?);
    }
    Ok(())
}

/// The floats as integers at the smallest of [`SHIFTS`] that is exact for all of them.
fn scaled<I: Iterator<Item = f64>>(floats: impl Fn() -> I) -> Option<(Vec<i32>, Mapping)> {
    SHIFTS.into_iter().find_map(|shift| {
        let samples: Option<Vec<i32>> = floats().map(|x| scale(x, shift)).collect();
        Some((samples?, Mapping::ScaledFloat { shift }))
    })
}

/// `float` x 2^`shift` if that is an integer of 32 bits and [`unscale`] restores the float.
fn scale(float: f64, shift: u8) -> Option<i32> {
    // Multiplying by a power of two up to 2^31 is exact unless it overflows to infinity,
    // which equals no integer. NaN equals nothing. -0.0 equals 0 but has other bits.
    let scaled = float * (1_u64 << shift) as f64;
    let value = scaled as i32;
    let negative_zero = value == 0 && float.is_sign_negative();
    (f64::from(value) == scaled && !negative_zero).then_some(value)
}

/// `value` x 2^-`shift`; exact, as 53 bits hold any 32.
fn unscale(value: i32, shift: u8) -> f64 {
    f64::from(value) / (1_u64 << shift) as f64
}

/// Sign and magnitude to two's complement order, and back: bits of floats in ascending order
/// (-NaN, -inf, ..., -0.0, 0.0, ..., inf, NaN) become ascending integers, -0.0 becoming -1.
fn order(bits: i32) -> i32 {
    if bits < 0 { bits ^ i32::MAX } else { bits }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
