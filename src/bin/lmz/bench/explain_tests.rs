//! Curves and sums agree with the file that is written.

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wav").join(name)).unwrap()
}

fn options() -> CompressOptions {
    CompressOptions { level: lmz::Level::Fast, threads: 1, ..CompressOptions::default() }
}

fn look(content: &[u8]) -> Result<Explained> {
    explain(content, &options(), Arc::new(lmz::lm::NoModels), false)
}

#[test]
fn levels_are_those_of_the_samples() {
    // A square wave of half of full scale in one channel, and silence in the other.
    let data: Vec<u8> = (0..2_000)
        .flat_map(|i| [if i / 10 % 2 == 0 { 0x4000_i16 } else { -0x4000 }, 0])
        .flat_map(i16::to_le_bytes)
        .collect();
    let format = WavFormat {
        tag: 1,
        channels: 2,
        sample_rate: 8_000,
        byte_rate: 32_000,
        valid_bits: 16,
        sample: wav::SampleFormat::Integer { width: 2, endian: wav::Endian::Little },
        channel_mask: 0,
        container: wav::Container::Wav,
    };
    let file = crate::bench::audio::with_header(&format, &data).unwrap();
    let explained = look(&file).unwrap();
    assert!((explained.peak.unwrap() + 6.02).abs() < 0.01, "{:?}", explained.peak);
    assert!((explained.rms.unwrap() + 9.03).abs() < 0.01, "{:?}", explained.rms);
    // A point is shorter than a period.
    let mut points = explained.points.iter();
    assert!(points.all(|p| p.low >= -0.5 && p.high <= 0.5 && p.high - p.low >= 0.5));
    let spectrogram = explained.spectrogram.unwrap();
    assert_eq!(spectrogram.cells.len(), spectrogram.columns * spectrogram.bands);
}

#[test]
fn the_curve_adds_up_to_the_bytes_of_the_samples() {
    for name in ["plucked_stereo_list.wav", "plucked_24bit.wav", "mulaw_fact.wav"] {
        let explained = look(&fixture(name)).unwrap();
        assert!(explained.points.len() <= POINTS && explained.points.len() > POINTS / 2);
        let mean = explained.points.iter().map(|point| point.predictor).sum::<f64>()
            / explained.points.len() as f64;
        // All stretches but the last are of one length.
        let bits = explained.bits_per_sample;
        assert!((mean - bits).abs() < 0.01 * bits + 0.01, "{name}: {mean} and {bits}");
        let parts = &explained.parts;
        let sum = parts.streams + parts.lsb + parts.plain + parts.foreign + parts.container;
        assert_eq!(sum, explained.coded_bytes);
        assert!(explained.points.iter().all(|p| p.low <= p.high));
        let written: u64 = explained.segments.iter().map(|segment| segment.original_bytes).sum();
        assert!(written <= explained.original_bytes && written > 0);
    }
}

#[test]
fn the_text_says_what_matters() {
    let mut explained = look(&fixture("plucked_8bit_cue.wav")).unwrap();
    explained.file = "song.wav".to_owned();
    let text = text(&explained);
    assert!(text.starts_with("song.wav: 8-bit integer, mono, "), "{text}");
    assert!(text.contains(", peak ") && text.contains(" dBFS\n"), "{text}");
    assert!(text.contains(&format!("-> {} bytes", explained.coded_bytes)));
    assert!(text.contains('█') && text.contains("LSBs"));
}

#[test]
fn a_file_without_samples_is_refused() {
    let file = b"RIFF\x04\0\0\0WAVE".to_vec();
    assert!(look(&file).unwrap_err().to_string().contains("no samples"));
}
