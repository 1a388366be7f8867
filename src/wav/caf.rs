//! The `desc` chunk of CAF: `CAFAudioDescription` of Apple's "Core Audio Format Specification 1.0".

use super::container::Container;
use super::format::{Endian, SampleFormat, WavFormat};

/// `kCAFLinearPCMFormatFlagIsFloat`, `kCAFLinearPCMFormatFlagIsLittleEndian`.
const FLOAT: u32 = 1;
const LITTLE: u32 = 2;

/// Reads the body of a `desc` chunk; `None` if no frame size follows from it.
pub(super) fn parse(body: &[u8]) -> Option<WavFormat> {
    let u32_at = |at: usize| Some(u32::from_be_bytes(*body.get(at..)?.first_chunk()?));
    let rate = f64::from_be_bytes(*body.first_chunk()?); // mSampleRate
    let id = *body.get(8..)?.first_chunk::<4>()?; // mFormatID
    let flags = u32_at(12)?; // mFormatFlags
    let packet = u16::try_from(u32_at(16)?).ok().filter(|&bytes| bytes > 0)?; // mBytesPerPacket
    let frames = u32_at(20)?; // mFramesPerPacket
    let channels = u16::try_from(u32_at(24)?).ok().filter(|&n| n > 0)?; // mChannelsPerFrame
    let bits = u32_at(28)?; // mBitsPerChannel
    let endian = if flags & LITTLE == 0 { Endian::Big } else { Endian::Little };
    let width = (packet.is_multiple_of(channels) && frames == 1).then(|| packet / channels);
    let sample = match (&id, flags & FLOAT, width) {
        (b"lpcm", FLOAT, Some(4)) => SampleFormat::Float32 { endian },
        (b"lpcm", FLOAT, Some(8)) => SampleFormat::Float64 { endian },
        (b"lpcm", 0, Some(1)) => SampleFormat::SignedByte,
        (b"lpcm", 0, Some(width @ 2..=4)) => SampleFormat::Integer { width: width as u8, endian },
        (b"alaw", _, Some(1)) => SampleFormat::ALaw,
        (b"ulaw", _, Some(1)) => SampleFormat::MuLaw,
        _ => SampleFormat::Opaque { stride: packet },
    };
    // Casting cuts to the range of integers, and makes 0 of NaN.
    let sample_rate = rate.round() as u32;
    Some(WavFormat {
        tag: sample.usual_tag(),
        channels,
        sample_rate,
        byte_rate: sample_rate.saturating_mul(u32::from(packet)),
        valid_bits: u16::try_from(bits).unwrap_or(0),
        channel_mask: 0,
        container: Container::Caf,
        sample,
    })
}

/// The body of a `desc` chunk for `format`. An opaque format has no identifier here: it is not kept.
pub(super) fn body(format: &WavFormat) -> Vec<u8> {
    let (id, flags) = match format.sample {
        SampleFormat::Float32 { endian } | SampleFormat::Float64 { endian } => {
            (b"lpcm", FLOAT | little(endian))
        }
        SampleFormat::Integer { endian, .. } => (b"lpcm", little(endian)),
        SampleFormat::SignedByte => (b"lpcm", 0),
        SampleFormat::ALaw => (b"alaw", 0),
        SampleFormat::MuLaw => (b"ulaw", 0),
        SampleFormat::Opaque { .. } => (b"\0\0\0\0", 0),
    };
    let mut out = f64::from(format.sample_rate).to_be_bytes().to_vec();
    out.extend(id);
    let (packet, bits) = (format.frame_bytes() as u32, u32::from(format.valid_bits));
    for field in [flags, packet, 1, u32::from(format.channels), bits] {
        out.extend(field.to_be_bytes());
    }
    out
}

fn little(endian: Endian) -> u32 {
    if endian == Endian::Little { LITTLE } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desc(id: &[u8; 4], fields: [u32; 5]) -> Option<SampleFormat> {
        let fields = fields.iter().flat_map(|field| field.to_be_bytes());
        let body: Vec<u8> = 48_000_f64.to_be_bytes().into_iter().chain(*id).chain(fields).collect();
        for length in 0..body.len() {
            assert_eq!(parse(&body[..length]), None);
        }
        let format = parse(&body)?;
        assert_eq!(format.sample_rate, 48_000);
        Some(format.sample)
    }

    #[test]
    fn sample_formats() {
        let int = |width, endian| Some(SampleFormat::Integer { width, endian });
        assert_eq!(desc(b"lpcm", [0, 4, 1, 2, 16]), int(2, Endian::Big));
        assert_eq!(desc(b"lpcm", [2, 6, 1, 2, 24]), int(3, Endian::Little));
        assert_eq!(desc(b"lpcm", [2, 4, 1, 1, 24]), int(4, Endian::Little));
        assert_eq!(desc(b"lpcm", [2, 1, 1, 1, 8]), Some(SampleFormat::SignedByte));
        let float = SampleFormat::Float32 { endian: Endian::Little };
        assert_eq!(desc(b"lpcm", [3, 8, 1, 2, 32]), Some(float));
        assert_eq!(desc(b"ulaw", [0, 2, 1, 2, 8]), Some(SampleFormat::MuLaw));
        assert_eq!(desc(b"ima4", [0, 68, 64, 2, 0]), Some(SampleFormat::Opaque { stride: 68 }));
        // Packets of any length; no channels; more than 16 bits hold.
        assert_eq!(desc(b"alac", [0, 0, 4096, 2, 0]), None);
        assert_eq!(desc(b"lpcm", [0, 4, 1, 0, 16]), None);
        assert_eq!(desc(b"lpcm", [0, 1 << 20, 1, 2, 16]), None);
    }
}
