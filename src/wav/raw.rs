//! The format of samples without a header, as the user names it.

use super::container::Container;
use super::format::{Endian, SampleFormat, WavFormat};
use crate::error::{Error, Result};

/// Names of sample formats, as in ffmpeg.
const NAMES: &str = "u8, s8, s16le, s16be, s24le, s24be, s32le, s32be, f32le, f32be, f64le, f64be, \
                     alaw, mulaw; without le or be, the least significant byte comes first";

/// The format that `text` names, such as `s16le,44100,2`: samples, frames per second, channels.
///
/// # Errors
/// [`Error::OutOfRange`] with what is wrong and what would do.
///
/// ```
/// let format = lmz::wav::raw_format("s24be,48000,6")?;
/// assert_eq!((format.frame_bytes(), format.sample_rate), (18, 48_000));
/// # Ok::<(), lmz::Error>(())
/// ```
pub fn raw_format(text: &str) -> Result<WavFormat> {
    let wrong = |reason: String| Error::OutOfRange(reason);
    let [name, rate, channels] = text.split(',').collect::<Vec<_>>()[..] else {
        return Err(wrong(format!("\"{text}\" is not of the form FORMAT,RATE,CHANNELS")));
    };
    let sample = sample_format(name)
        .ok_or_else(|| wrong(format!("sample format \"{name}\" is not one of {NAMES}")))?;
    let sample_rate: u32 = rate
        .parse()
        .map_err(|_| wrong(format!("sample rate \"{rate}\" is not a number of Hz below 2^32")))?;
    let channels: u16 =
        channels.parse().ok().filter(|&channels| channels > 0).ok_or_else(|| {
            wrong(format!("number of channels \"{channels}\" is not from 1 to 65535"))
        })?;
    let frame_bytes = sample.frame_bytes(channels) as u32;
    Ok(WavFormat {
        tag: sample.usual_tag(),
        channels,
        sample_rate,
        byte_rate: sample_rate.saturating_mul(frame_bytes),
        valid_bits: 8 * u16::from(sample.width()),
        channel_mask: 0,
        container: Container::Raw,
        sample,
    })
}

fn sample_format(name: &str) -> Option<SampleFormat> {
    let (kind, endian) = match (name.strip_suffix("le"), name.strip_suffix("be")) {
        (Some(kind), _) => (kind, Some(Endian::Little)),
        (_, Some(kind)) => (kind, Some(Endian::Big)),
        _ => (name, None),
    };
    // The order of the bytes of one.
    let bytes = |sample| endian.is_none().then_some(sample);
    let endian = endian.unwrap_or_default();
    match kind {
        "u8" => bytes(SampleFormat::Integer { width: 1, endian }),
        "s8" => bytes(SampleFormat::SignedByte),
        "alaw" => bytes(SampleFormat::ALaw),
        "mulaw" | "ulaw" => bytes(SampleFormat::MuLaw),
        "s16" => Some(SampleFormat::Integer { width: 2, endian }),
        "s24" => Some(SampleFormat::Integer { width: 3, endian }),
        "s32" => Some(SampleFormat::Integer { width: 4, endian }),
        "f32" => Some(SampleFormat::Float32 { endian }),
        "f64" => Some(SampleFormat::Float64 { endian }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_formats() {
        for (text, sample, frame_bytes) in [
            ("u8,8000,1", SampleFormat::Integer { width: 1, endian: Endian::Little }, 1),
            ("s8,8000,3", SampleFormat::SignedByte, 3),
            ("s16,8000,2", SampleFormat::Integer { width: 2, endian: Endian::Little }, 4),
            ("s16be,8000,2", SampleFormat::Integer { width: 2, endian: Endian::Big }, 4),
            ("s24le,8000,2", SampleFormat::Integer { width: 3, endian: Endian::Little }, 6),
            ("f32be,8000,1", SampleFormat::Float32 { endian: Endian::Big }, 4),
            ("f64,0,1", SampleFormat::Float64 { endian: Endian::Little }, 8),
            ("mulaw,8000,1", SampleFormat::MuLaw, 1),
        ] {
            let format = raw_format(text).unwrap();
            assert_eq!((format.sample, format.frame_bytes()), (sample, frame_bytes), "{text}");
            assert_eq!(format.container, Container::Raw);
        }
    }

    #[test]
    fn what_is_no_format_is_said() {
        for (text, reason) in [
            ("", "not of the form FORMAT,RATE,CHANNELS"),
            ("s16le", "not of the form"),
            ("s16le,44100,2,1", "not of the form"),
            ("s17le,44100,2", "sample format \"s17le\" is not one of u8, s8, s16le"),
            ("u8be,44100,2", "sample format"),
            ("s16le,44.1k,2", "sample rate \"44.1k\""),
            ("s16le,44100,0", "number of channels \"0\" is not from 1 to 65535"),
            ("s16le,44100,65536", "channels"),
            ("s16le,-1,1", "sample rate"),
        ] {
            let error = raw_format(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
