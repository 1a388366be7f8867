//! Makes the generated files of `fixtures/wav/`: integer arithmetic alone, so that every
//! machine makes the same bytes.
//!
//! `make_fixtures` writes them, `make_fixtures --check` compares them with what is there.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use hound::{SampleFormat, WavSpec, WavWriter};

fn main() -> Result<()> {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => bail!("usage: make_fixtures [--check], not {other}"),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wav");
    for (name, bytes) in [
        ("plucked_stereo_list.wav", plucked_stereo_list()?),
        ("plucked_8bit_cue.wav", plucked_8bit_cue()?),
        ("plucked_24bit.wav", plucked_24bit()?),
        ("sparse_values.wav", sparse_values()?),
        ("float_integers.wav", float_integers()?),
        ("silence_bext.wav", silence_bext()?),
        ("mulaw_fact.wav", mulaw_fact()),
        ("cut_short.wav", cut_short()?),
    ] {
        let path = folder.join(name);
        if check {
            let there = fs::read(&path).with_context(|| path.display().to_string())?;
            ensure!(there == bytes, "{} is not what this program makes", path.display());
        } else {
            fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// Two voices, spread over two channels, 16 bit; a `LIST` chunk stands before the samples.
fn plucked_stereo_list() -> Result<Vec<u8>> {
    let low = plucked(44_100, &[400, 300, 252], 1);
    let high = plucked(44_100, &[150, 126, 112, 100], 2);
    let samples: Vec<i32> =
        low.iter().zip(&high).flat_map(|(l, h)| [(3 * l + h) >> 11, (l + 3 * h) >> 11]).collect();
    let file = pcm(2, 44_100, 16, &samples)?;
    let list = b"INFOINAM\x0b\0\0\0Two voices\0\0ISFT\x04\0\0\0lmz\0";
    // After the RIFF header of 12 bytes.
    Ok(with_chunk(file, 12, b"LIST", list))
}

/// 8 bit, an odd number of samples, a `cue ` chunk after them.
fn plucked_8bit_cue() -> Result<Vec<u8>> {
    let samples: Vec<i32> =
        plucked(22_051, &[50, 42, 66], 3).iter().map(|v| (v + noise_at(v)) >> 17).collect();
    let file = pcm(1, 11_025, 8, &samples)?;
    let mut cue = 1_u32.to_le_bytes().to_vec();
    cue.extend_from_slice(&1_u32.to_le_bytes());
    cue.extend_from_slice(&7_350_u32.to_le_bytes());
    cue.extend_from_slice(b"data");
    for number in [0, 0, 7_350_u32] {
        cue.extend_from_slice(&number.to_le_bytes());
    }
    let end = file.len();
    Ok(with_chunk(file, end, b"cue ", &cue))
}

/// 24 bit with all bits in use, WAVE_FORMAT_EXTENSIBLE.
fn plucked_24bit() -> Result<Vec<u8>> {
    pcm(1, 48_000, 24, &plucked(24_000, &[218, 164], 4).iter().map(|v| v >> 1).collect::<Vec<_>>())
}

/// Ten-bit samples with their gain changed afterwards: one value in 47 or 48 occurs.
fn sparse_values() -> Result<Vec<u8>> {
    let samples: Vec<i32> =
        plucked(33_075, &[80, 100, 67], 5).iter().map(|v| ((v >> 15) * 95) >> 1).collect();
    pcm(1, 22_050, 16, &samples)
}

/// 32-bit floats that are 16-bit integers over 32768, as editors export them.
fn float_integers() -> Result<Vec<u8>> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: 44_100,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec)?;
    for value in plucked(22_050, &[200, 150], 6) {
        // Exact: 16 bits fit in the significand, and the divisor is a power of two.
        writer.write_sample((value >> 9) as f32 / 32_768.0)?;
    }
    writer.finalize()?;
    Ok(file.into_inner())
}

/// A broadcast-wave description, then half a second of zeros.
fn silence_bext() -> Result<Vec<u8>> {
    let file = pcm(2, 44_100, 16, &[0; 44_100])?;
    let mut bext = vec![0; 602];
    for (offset, text) in
        [(0, "Silence, to test with"), (256, "lmz"), (320, "2026-01-01"), (330, "00:00:00")]
    {
        bext[offset..offset + text.len()].copy_from_slice(text.as_bytes());
    }
    Ok(with_chunk(file, 12, b"bext", &bext))
}

/// G.711 µ-law at 8 kHz with a `fact` chunk, as telephone systems store it.
fn mulaw_fact() -> Vec<u8> {
    let data: Vec<u8> = plucked(12_000, &[70, 53, 90], 7).iter().map(|v| mulaw(v >> 10)).collect();
    let mut fmt = Vec::new();
    fmt.extend_from_slice(&7_u16.to_le_bytes()); // format: µ-law
    fmt.extend_from_slice(&1_u16.to_le_bytes()); // channels
    fmt.extend_from_slice(&8_000_u32.to_le_bytes()); // frames per second
    fmt.extend_from_slice(&8_000_u32.to_le_bytes()); // bytes per second
    fmt.extend_from_slice(&1_u16.to_le_bytes()); // bytes per frame
    fmt.extend_from_slice(&8_u16.to_le_bytes()); // bits per sample
    fmt.extend_from_slice(&0_u16.to_le_bytes()); // no extension
    let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
    for (id, body) in
        [(b"fmt ", &fmt[..]), (b"fact", &(data.len() as u32).to_le_bytes()[..]), (b"data", &data)]
    {
        let end = file.len();
        file = with_chunk(file, end, id, body);
    }
    file
}

/// A recording that was cut off: the header promises more, and the last frame is partial.
fn cut_short() -> Result<Vec<u8>> {
    let samples: Vec<i32> = plucked(16_000, &[90, 60], 8).iter().map(|v| v >> 9).collect();
    let mut file = pcm(1, 16_000, 16, &samples)?;
    file.truncate(file.len() - 5_001);
    Ok(file)
}

/// A WAV file of integers with `bits` bits.
fn pcm(channels: u16, sample_rate: u32, bits: u16, samples: &[i32]) -> Result<Vec<u8>> {
    let spec =
        WavSpec { channels, sample_rate, bits_per_sample: bits, sample_format: SampleFormat::Int };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec)?;
    for &sample in samples {
        writer.write_sample(sample)?;
    }
    writer.finalize()?;
    Ok(file.into_inner())
}

/// `file` with a chunk put in at `offset`, and its RIFF size put right.
fn with_chunk(mut file: Vec<u8>, offset: usize, id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = id.to_vec();
    chunk.extend_from_slice(&(body.len() as u32).to_le_bytes());
    chunk.extend_from_slice(body);
    if body.len() % 2 == 1 {
        chunk.push(0);
    }
    file.splice(offset..offset, chunk);
    let size = (file.len() as u32 - 8).to_le_bytes();
    file[4..8].copy_from_slice(&size);
    file
}

/// Plucked strings (Karplus and Strong): one note after the other, each a delay line of so
/// many samples that starts as noise and loses its treble. 24-bit samples.
fn plucked(samples: usize, periods: &[usize], seed: u64) -> Vec<i32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut out = Vec::with_capacity(samples);
    let note = samples.div_ceil(periods.len());
    for &period in periods {
        let mut string: Vec<i32> = (0..period).map(|_| random(&mut state) >> 1).collect();
        // A finger is softer than noise.
        for _ in 0..3 {
            for i in 0..period {
                string[i] = (string[i] + string[(i + 1) % period]) >> 1;
            }
        }
        for i in 0..note.min(samples - out.len()) {
            let (here, next) = (string[i % period], string[(i + 1) % period]);
            out.push(here);
            // The loss of 1/512 per period ends a note; the last bits are the room.
            let loss = here >> 9;
            string[i % period] = ((here + next) >> 1) - loss + (random(&mut state) >> 16);
        }
    }
    out
}

/// A 24-bit number, by xorshift.
fn random(state: &mut u64) -> i32 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 40) as i32 - (1 << 23)
}

/// Dither for a sample, from its own bits.
fn noise_at(value: &i32) -> i32 {
    let mut state = *value as u64 | 1 << 40;
    random(&mut state) >> 8
}

/// The µ-law code of a 14-bit sample (ITU-T G.711).
fn mulaw(sample: i32) -> u8 {
    let magnitude = (sample.unsigned_abs() + 33).min(8_191);
    // The position of the leading bit, 5 to 12, is the segment.
    let segment = 26 - magnitude.leading_zeros();
    let step = (magnitude >> (segment + 1)) & 0x0f;
    let sign = if sample < 0 { 0 } else { 0x80 };
    // Codes are sent inverted, so that silence has pulses.
    sign | (!(segment << 4 | step) & 0x7f) as u8
}
