//! Curves and sums agree with the file that is written.

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wav").join(name)).unwrap()
}

fn options() -> CompressOptions {
    CompressOptions { level: lmz::Level::Fast, threads: 1, ..CompressOptions::default() }
}

#[test]
fn the_curve_adds_up_to_the_bytes_of_the_samples() {
    for name in ["plucked_stereo_list.wav", "plucked_24bit.wav", "mulaw_fact.wav"] {
        let explained = explain(&fixture(name), &options(), false).unwrap();
        assert!(explained.points.len() <= POINTS && explained.points.len() > POINTS / 2);
        let mean = explained.points.iter().map(|point| point.predictor).sum::<f64>()
            / explained.points.len() as f64;
        // All stretches but the last are of one length.
        let bits = explained.bits_per_sample;
        assert!((mean - bits).abs() < 0.01 * bits + 0.01, "{name}: {mean} and {bits}");
        let parts = &explained.parts;
        let sum = parts.tokens + parts.lsb + parts.plain + parts.foreign + parts.container;
        assert_eq!(sum, explained.coded_bytes);
        assert!(explained.points.iter().all(|p| p.low <= p.high));
        let written: u64 = explained.segments.iter().map(|segment| segment.original_bytes).sum();
        assert!(written <= explained.original_bytes && written > 0);
    }
}

#[test]
fn the_text_says_what_matters() {
    let mut explained = explain(&fixture("plucked_8bit_cue.wav"), &options(), false).unwrap();
    explained.file = "song.wav".to_owned();
    let text = text(&explained);
    assert!(text.starts_with("song.wav: 8-bit integer, 1 channel(s)"), "{text}");
    assert!(text.contains(&format!("-> {} bytes", explained.coded_bytes)));
    assert!(text.contains('█') && text.contains("LSBs"));
}

#[test]
fn a_file_without_samples_is_refused() {
    let file = b"RIFF\x04\0\0\0WAVE".to_vec();
    assert!(explain(&file, &options(), false).unwrap_err().to_string().contains("no samples"));
}
