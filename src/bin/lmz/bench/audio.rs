//! A WAV file taken apart: what is before the samples, the samples, and what is behind them.

use anyhow::{Result, ensure};
use lmz::Level;
use lmz::pipeline::segment_limit;
use lmz::wav::{self, SampleFormat, Span, WavFormat, WavReader};

/// `before`, `data` and `after`, in this order, are the file.
#[derive(Debug, Default)]
pub struct Wav {
    /// Format of the samples, if there are any.
    pub format: Option<WavFormat>,
    pub before: Vec<u8>,
    /// The first unbroken run of whole frames.
    pub data: Vec<u8>,
    pub after: Vec<u8>,
}

impl Wav {
    /// # Errors
    /// When `bytes` is no WAV file.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = WavReader::new(bytes)?;
        let mut file = Wav::default();
        while let Some(span) = reader.next_span(segment_limit(Level::Default))? {
            let (bytes, part) = match span {
                Span::Audio { bytes } if file.after.is_empty() => (bytes, &mut file.data),
                Span::Foreign(bytes) if file.data.is_empty() => (bytes, &mut file.before),
                Span::Audio { bytes } | Span::Foreign(bytes) => (bytes, &mut file.after),
            };
            part.extend_from_slice(&bytes);
        }
        file.format = reader.format().copied();
        Ok(file)
    }

    /// Number of samples, over all channels; `None` where a frame holds an unknown number.
    pub fn samples(&self) -> Option<u64> {
        let width = self.format?.sample.width();
        (width > 0).then(|| self.data.len() as u64 / u64::from(width))
    }

    /// Duration in seconds; 0 if the file does not say.
    pub fn seconds(&self) -> f64 {
        self.format.map_or(0.0, |f| f.seconds((self.data.len() / f.frame_bytes()) as u64))
    }

    /// Whether `other` holds the same samples at the same rate, perhaps in a wider container:
    /// integers count as equal when they are at the same share of full scale. Other formats must
    /// be equal byte for byte.
    pub fn same_samples(&self, other: &Wav) -> bool {
        let (Some(a), Some(b)) = (&self.format, &other.format) else { return false };
        if (a.channels, a.sample_rate) != (b.channels, b.sample_rate) {
            return false;
        }
        match (self.full_scale(a), other.full_scale(b)) {
            (Some(one), Some(two)) => one == two,
            _ => a.sample == b.sample && self.data == other.data,
        }
    }

    /// Integer samples, the most significant bit of each in bit 31.
    fn full_scale(&self, format: &WavFormat) -> Option<Vec<i32>> {
        let SampleFormat::Integer { width, .. } = format.sample else { return None };
        let (pcm, _) = wav::to_pcm(&self.data, format)?;
        Some(pcm.samples.iter().map(|sample| sample << (32 - 8 * u32::from(width))).collect())
    }
}

/// A WAV file of `data` and nothing else: the least header that says what `format` says.
///
/// # Errors
/// When the file would be longer than a WAV file can be.
pub fn with_header(format: &WavFormat, data: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(data.len() + data.len() % 2 + 36);
    ensure!(length.is_ok(), "more than 4 GiB of samples do not fit into a WAV file");
    let (frame_bytes, rate) = (format.frame_bytes(), format.sample_rate);
    let bits = match format.sample.width() {
        0 => format.valid_bits,
        width => u16::from(width) * 8,
    };
    let big = matches!(
        format.sample,
        SampleFormat::Integer { endian: wav::Endian::Big, .. }
            | SampleFormat::Float32 { endian: wav::Endian::Big }
            | SampleFormat::Float64 { endian: wav::Endian::Big }
    );
    let mut out = Vec::with_capacity(44 + data.len() + 1);
    let mut field = |name: &[u8], numbers: &[(u64, usize)]| {
        out.extend_from_slice(name);
        for &(number, width) in numbers {
            let bytes = number.to_be_bytes();
            let mut bytes = bytes[8 - width..].to_vec();
            if !big {
                bytes.reverse();
            }
            out.extend_from_slice(&bytes);
        }
    };
    field(if big { b"RIFX" } else { b"RIFF" }, &[(u64::from(length.unwrap_or_default()), 4)]);
    field(
        b"WAVEfmt ",
        &[
            (16, 4),
            (u64::from(format.tag), 2),
            (u64::from(format.channels), 2),
            (u64::from(rate), 4),
            (u64::from(rate) * frame_bytes as u64, 4),
            (frame_bytes as u64, 2),
            (u64::from(bits), 2),
        ],
    );
    field(b"data", &[(data.len() as u64, 4)]);
    out.extend_from_slice(data);
    out.resize(out.len() + data.len() % 2, 0);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stereo(width: u8) -> WavFormat {
        WavFormat {
            tag: 1,
            channels: 2,
            sample_rate: 8_000,
            byte_rate: 0,
            valid_bits: u16::from(width) * 8,
            channel_mask: 0,
            container: lmz::wav::Container::Wav,
            sample: SampleFormat::Integer { width, endian: wav::Endian::Little },
        }
    }

    #[test]
    fn what_was_given_a_header_is_read_as_it_was() {
        for width in 1..=4 {
            let data: Vec<u8> = (0..6 * width).collect();
            let file = with_header(&stereo(width), &data).unwrap();
            assert_eq!(file.len(), 44 + data.len());
            let read = Wav::read(&file).unwrap();
            assert_eq!((read.before.len(), &read.data, read.after.len()), (44, &data, 0));
            assert_eq!(read.format.unwrap().sample, stereo(width).sample);
            assert_eq!(read.samples(), Some(6));
            assert!((read.seconds() - 3.0 / 8_000.0).abs() < 1e-12);
        }
    }

    #[test]
    fn samples_are_the_same_in_a_wider_container_only_if_they_are() {
        let wav =
            |width, data: &[u8]| Wav::read(&with_header(&stereo(width), data).unwrap()).unwrap();
        let narrow = wav(2, &[1, 2, 3, 4]);
        assert!(narrow.same_samples(&wav(4, &[0, 0, 1, 2, 0, 0, 3, 4])));
        assert!(!narrow.same_samples(&wav(4, &[1, 0, 1, 2, 0, 0, 3, 4])));
        assert!(!narrow.same_samples(&wav(2, &[1, 2, 3, 5])));
        let slower = WavFormat { sample_rate: 4_000, ..stereo(2) };
        let slower = Wav::read(&with_header(&slower, &[1, 2, 3, 4]).unwrap()).unwrap();
        assert!(!narrow.same_samples(&slower));
        // 8 bits are unsigned.
        assert!(wav(1, &[129, 128]).same_samples(&wav(2, &[0, 1, 0, 0])));
    }
}
