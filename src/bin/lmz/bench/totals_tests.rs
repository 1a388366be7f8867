//! Sums, means, and that failures are in neither.

use super::*;

fn measurement(file: &str, class: &str, coder: usize, original: u64, coded: u64) -> Measurement {
    let effort = Effort {
        seconds: 2.0,
        // In music four times as fast.
        processor_seconds: Some(if class == "music" { 1.0 } else { 4.0 }),
        peak: Some(coded),
        tokens: 10,
    };
    let parts = Parts { streams: coded - 1, container: 1, streams_with_lm: 5, ..Parts::default() };
    Measurement {
        file: file.to_owned(),
        class: class.to_owned(),
        coder,
        original_bytes: original,
        samples: Some(original / 2),
        audio_seconds: 8.0,
        result: Ok(Coded {
            bytes: coded,
            encode: effort,
            decode: effort,
            check: Check::Bytes,
            parts: (coder == 0).then_some(parts),
        }),
    }
}

fn find<'a>(rows: &'a [Row], scope: Scope, name: &str, coder: &str) -> &'a Row {
    let mut found = rows.iter().filter(|r| r.scope == scope && r.name == name && r.coder == coder);
    let row = found.next().unwrap();
    assert!(found.next().is_none());
    row
}

/// Two files of speech, one of music, two coders; the second fails on one file.
fn example() -> Vec<Row> {
    let mut measurements = vec![
        measurement("a", "speech", 0, 1_000, 500),
        measurement("a", "speech", 1, 1_000, 600),
        measurement("b", "speech", 0, 3_000, 900),
        measurement("b", "speech", 1, 3_000, 1),
        measurement("c", "music", 0, 2_000, 1_000),
        measurement("c", "music", 1, 2_000, 1_500),
    ];
    measurements[3].result = Err("crashed".to_owned());
    rows(&measurements, &["lmz".to_owned(), "other".to_owned()])
}

#[test]
fn totals_are_sums_and_ratios_are_of_sums() {
    let rows = example();
    assert_eq!(rows.len(), 6 + 4 + 2 + 2);
    let total = find(&rows, Scope::Total, "total", "lmz");
    assert_eq!((total.files, total.failed), (3, 0));
    assert_eq!((total.original_bytes, total.coded_bytes), (Some(6_000), Some(2_400)));
    assert_eq!(total.ratio, Some(0.4));
    assert_eq!(total.of_first, Some(1.0));
    assert_eq!(total.bits_per_sample, Some(2_400.0 * 8.0 / 3_000.0));
    assert_eq!(total.tokens_per_sample, Some(30.0 / 3_000.0));
    assert_eq!(total.bits_per_token, Some(15.0 * 8.0 / 30.0));
    assert_eq!((total.encode_seconds, total.encode_processor_seconds), (Some(6.0), Some(9.0)));
    assert_eq!(total.encode_x_real_time, Some(24.0 / 9.0));
    assert_eq!(total.encode_peak_bytes, Some(1_000));
    assert_eq!((total.container_bytes, total.stream_bytes), (Some(3), Some(2_397)));
    let speech = find(&rows, Scope::Class, "speech", "lmz");
    assert_eq!(speech.ratio, Some(1_400.0 / 4_000.0));
}

#[test]
fn without_processor_time_speeds_are_of_the_time_that_passed() {
    let mut song = measurement("a", "music", 0, 1_000, 500);
    if let Ok(coded) = &mut song.result {
        coded.encode.processor_seconds = None;
    }
    let rows = rows(&[song], &["lmz".to_owned()]);
    let total = find(&rows, Scope::Total, "total", "lmz");
    assert_eq!((total.encode_x_real_time, total.decode_x_real_time), (Some(4.0), Some(8.0)));
    assert_eq!(total.encode_processor_seconds, None);
}

#[test]
fn the_mean_counts_each_class_once() {
    let mean = example();
    let mean = find(&mean, Scope::Mean, "mean of classes", "lmz");
    assert_eq!(mean.files, 2);
    assert_eq!(mean.ratio, Some((1_400.0 / 4_000.0 + 0.5) / 2.0));
    assert_eq!(mean.coded_bytes, None);
    // Speeds of 2 and 8.
    assert!((mean.encode_x_real_time.unwrap() - 4.0).abs() < 1e-12);
}

#[test]
fn failures_are_told_and_not_counted() {
    let rows = example();
    let failed = find(&rows, Scope::File, "b", "other");
    assert_eq!(failed.failure.as_deref(), Some("crashed"));
    assert_eq!((failed.files, failed.failed, failed.coded_bytes), (0, 1, None));
    let total = find(&rows, Scope::Total, "total", "other");
    assert_eq!((total.files, total.failed), (2, 1));
    assert_eq!((total.original_bytes, total.coded_bytes), (Some(3_000), Some(2_100)));
    // Only where both have coded the file.
    assert_eq!(total.of_first, Some(2_100.0 / 1_500.0));
    assert_eq!(total.stream_bytes, None);
}
