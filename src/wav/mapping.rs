//! Bytes of an audio span to integers and back (§7), exactly.

mod factor;
mod integers;

use super::companding::Law;
use super::format::{Endian, SampleFormat, WavFormat};
use crate::error::Result;
use crate::fault::Fault;
use crate::pcm::{Floats, Pcm, Precision};

/// How the bytes of one segment became integers. Chosen per segment, because one file may
/// hold, say, integers as floats up to an edit and genuine floats after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// The integer of the container; unsigned bytes less 128, so that silence is 0.
    Integer,
    /// Offset binary: the same with its highest bit inverted.
    Offset,
    /// Two's complement of `bits` bits whose upper bits, in the container, are zero.
    ZeroExtended {
        /// From 2 to one less than the container has.
        bits: u8,
    },
    /// Linear values of A-law codes (odd up to 63; 13 bits).
    ALaw,
    /// Linear values of µ-law codes (even; negative zero is -1; 14 bits).
    MuLaw,
    /// Integers times a factor, as [`Floats`]: doubles may hold no more than single precision.
    Float(Precision),
}

/// The byte of [`Mapping::ZeroExtended`], to which the number of bits is added.
const ZERO_EXTENDED: u8 = 0x20;

impl Mapping {
    /// Serialised form.
    pub fn to_byte(self) -> u8 {
        match self {
            Mapping::Integer => 0,
            Mapping::ALaw => 1,
            Mapping::MuLaw => 2,
            Mapping::Float(Precision::Single) => 3,
            Mapping::Float(Precision::Double) => 4,
            Mapping::Offset => 5,
            Mapping::ZeroExtended { bits } => ZERO_EXTENDED | bits,
        }
    }

    /// Inverse of [`to_byte`](Self::to_byte).
    ///
    /// # Errors
    /// [`crate::Error::Payload`] for values that are not defined.
    pub fn from_byte(byte: u8) -> Result<Self> {
        match byte {
            0 => Ok(Mapping::Integer),
            1 => Ok(Mapping::ALaw),
            2 => Ok(Mapping::MuLaw),
            3 => Ok(Mapping::Float(Precision::Single)),
            4 => Ok(Mapping::Float(Precision::Double)),
            5 => Ok(Mapping::Offset),
            0x22..=0x3F => Ok(Mapping::ZeroExtended { bits: byte ^ ZERO_EXTENDED }),
            _ => Err(Fault::Mapping(format!("sample mapping {byte} is not defined")).into()),
        }
    }
}

/// A segment in the form in which it is coded.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// What is predicted.
    pub pcm: Pcm,
    /// How it came about.
    pub mapping: Mapping,
    /// The samples, where they are floats: integers need not hold all of them.
    pub floats: Option<Floats>,
}

/// Turns the whole frames in `bytes` into integers, with the mapping that suits them best.
///
/// `None` where no mapping exists (opaque formats, a partial frame): such bytes are for the byte coder.
pub fn map(bytes: &[u8], format: &WavFormat) -> Option<Mapped> {
    if !bytes.len().is_multiple_of(format.frame_bytes()) {
        return None;
    }
    let channels = usize::from(format.channels);
    let (samples, mapping, floats) = match format.sample {
        SampleFormat::Integer { .. } | SampleFormat::SignedByte => {
            let bits = 8 * u32::from(format.sample.width());
            let (samples, mapping) =
                integers::chosen(read_integers(bytes, format.sample), bits, channels);
            (samples, mapping, None)
        }
        SampleFormat::ALaw => (expand(bytes, Law::a()), Mapping::ALaw, None),
        SampleFormat::MuLaw => (expand(bytes, Law::mu()), Mapping::MuLaw, None),
        SampleFormat::Float32 { .. } | SampleFormat::Float64 { .. } => {
            let (precision, bits) = read_floats(bytes, format.sample);
            let (samples, floats) = factor::integers(bits, precision, channels);
            (samples, Mapping::Float(precision), Some(floats))
        }
        SampleFormat::Opaque { .. } => return None,
    };
    Some(Mapped { pcm: Pcm { channels, samples }, mapping, floats })
}

/// The integers of [`map`] alone, for those who do not want the samples back; of formats of integers
/// those that the header declares.
pub fn to_pcm(bytes: &[u8], format: &WavFormat) -> Option<(Pcm, Mapping)> {
    match format.sample {
        SampleFormat::Integer { .. } | SampleFormat::SignedByte
            if bytes.len().is_multiple_of(format.frame_bytes()) =>
        {
            let samples = read_integers(bytes, format.sample);
            let channels = usize::from(format.channels);
            Some((Pcm { channels, samples }, Mapping::Integer))
        }
        _ => map(bytes, format).map(|mapped| (mapped.pcm, mapped.mapping)),
    }
}

/// Inverse of [`map`]: the bytes that were given to it.
///
/// # Errors
/// Like [`from_pcm`].
pub fn unmap(mapped: &Mapped, sample: SampleFormat) -> Result<Vec<u8>> {
    match &mapped.floats {
        Some(floats) => write_floats(floats, sample),
        None => from_pcm(&mapped.pcm, sample, mapped.mapping),
    }
}

/// Whether samples of this format can come of this mapping.
///
/// # Errors
/// [`crate::Error::Payload`] if not.
pub fn check_mapping(sample: SampleFormat, mapping: Mapping) -> Result<()> {
    match (sample, mapping) {
        (SampleFormat::Integer { .. } | SampleFormat::SignedByte, Mapping::Integer)
        | (SampleFormat::Integer { .. } | SampleFormat::SignedByte, Mapping::Offset)
        | (SampleFormat::ALaw, Mapping::ALaw)
        | (SampleFormat::MuLaw, Mapping::MuLaw)
        | (SampleFormat::Float32 { .. }, Mapping::Float(Precision::Single))
        | (SampleFormat::Float64 { .. }, Mapping::Float(_)) => Ok(()),
        (SampleFormat::Integer { width, .. }, Mapping::ZeroExtended { bits })
            if width > 1 && bits < 8 * width =>
        {
            Ok(())
        }
        _ => Err(Fault::Mapping(format!("mapping {mapping:?} of {sample:?}")).into()),
    }
}

/// The bytes of samples that are integers.
///
/// # Errors
/// [`crate::Error::Payload`] if `mapping` does not go with the sample format or a value
/// is none that the format can hold; neither comes out of [`map`].
pub fn from_pcm(pcm: &Pcm, sample: SampleFormat, mapping: Mapping) -> Result<Vec<u8>> {
    check_mapping(sample, mapping)?;
    let mut out = Vec::with_capacity(pcm.samples.len() * usize::from(sample.width()));
    match sample {
        SampleFormat::Integer { .. } | SampleFormat::SignedByte => {
            let (width, endian) = (usize::from(sample.width()), sample.endian());
            // Bytes of WAV have no sign: 128 stands for 0.
            let unsigned = width == 1 && sample != SampleFormat::SignedByte;
            for &value in &pcm.samples {
                let value = integers::declared(value, 8 * width as u32, mapping)?;
                let value = if unsigned { value ^ 0x80 } else { value };
                write_int(value, width, endian, &mut out);
            }
        }
        SampleFormat::ALaw => compress(&pcm.samples, Law::a(), &mut out)?,
        SampleFormat::MuLaw => compress(&pcm.samples, Law::mu(), &mut out)?,
        _ => return Err(Fault::Mapping(format!("integers alone of {sample:?}")).into()),
    }
    Ok(out)
}

/// The integers of a file of integers, as declared.
fn read_integers(bytes: &[u8], sample: SampleFormat) -> Vec<i32> {
    match sample {
        SampleFormat::Integer { width: 1, .. } => {
            bytes.iter().map(|&byte| i32::from(byte) - 128).collect()
        }
        _ => {
            let chunks = bytes.chunks_exact(usize::from(sample.width()).max(1));
            chunks.map(|chunk| read_int(chunk, sample.endian())).collect()
        }
    }
}

/// The two's complement integer in the 1 to 4 bytes of `chunk`.
pub(super) fn read_int(chunk: &[u8], endian: Endian) -> i32 {
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

/// The floats of a file of floats: single precision if that is all that they hold.
fn read_floats(bytes: &[u8], sample: SampleFormat) -> (Precision, Vec<u64>) {
    let chunks = bytes.chunks_exact(usize::from(sample.width()).max(1));
    let bits: Vec<u64> = chunks.map(|chunk| read_bits(chunk, sample.endian())).collect();
    if sample.width() == 4 {
        return (Precision::Single, bits);
    }
    match bits.iter().map(|&bits| narrowed(bits)).collect() {
        Some(narrow) => (Precision::Single, narrow),
        None => (Precision::Double, bits),
    }
}

/// The bits of the float in the 4 or 8 bytes of `chunk`.
pub(super) fn read_bits(chunk: &[u8], endian: Endian) -> u64 {
    let join = |bits: u64, &byte: &u8| (bits << 8) | u64::from(byte);
    match endian {
        Endian::Little => chunk.iter().rev().fold(0, join),
        Endian::Big => chunk.iter().fold(0, join),
    }
}

/// The binary32 with the value of the binary64 that has `bits`, if there is one. What becomes of NaN is
/// not the same on every machine.
fn narrowed(bits: u64) -> Option<u64> {
    let wide = f64::from_bits(bits);
    let narrow = wide as f32;
    let same = !wide.is_nan() && f64::from(narrow).to_bits() == bits;
    same.then_some(u64::from(narrow.to_bits()))
}

fn write_floats(floats: &Floats, sample: SampleFormat) -> Result<Vec<u8>> {
    check_mapping(sample, Mapping::Float(floats.precision))?;
    let width = usize::from(sample.width());
    let widened = width == 8 && floats.precision == Precision::Single;
    let mut out = Vec::with_capacity(floats.bits.len() * width);
    for &bits in &floats.bits {
        let value = floats.precision.value(bits);
        if widened && value.is_nan() {
            return Err(Fault::Samples("NaN in doubles of single precision".to_owned()).into());
        }
        let bits = if widened { value.to_bits() } else { bits };
        match sample.endian() {
            Endian::Little => out.extend(&bits.to_le_bytes()[..width]),
            Endian::Big => out.extend(&bits.to_be_bytes()[8 - width..]),
        }
    }
    Ok(out)
}

fn expand(bytes: &[u8], law: &Law) -> Vec<i32> {
    bytes.iter().map(|&code| law.decode(code)).collect()
}

fn compress(samples: &[i32], law: &Law, out: &mut Vec<u8>) -> Result<()> {
    for &value in samples {
        let code = law.encode(value);
        out.push(code.ok_or_else(|| Fault::Samples(format!("no G.711 code for {value}")))?);
    }
    Ok(())
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
