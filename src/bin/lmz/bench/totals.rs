//! From what was measured to rows: per file, per class, in total.

use super::coders::{Check, Parts};
use super::measure::{Coded, Effort};
use super::report::{Row, Scope};

/// What one coder did on one file.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub file: String,
    pub class: String,
    /// Index of the coder.
    pub coder: usize,
    pub original_bytes: u64,
    pub samples: Option<u64>,
    pub audio_seconds: f64,
    /// Why it failed, otherwise.
    pub result: Result<Coded, String>,
}

/// All rows of a report. `coders` are the names by index; the first is what others are compared
/// with.
pub fn rows(measurements: &[Measurement], coders: &[String]) -> Vec<Row> {
    let mut rows = Vec::new();
    for measurement in measurements {
        let mut row = row(&[measurement], measurements, &coders[measurement.coder]);
        row.name.clone_from(&measurement.file);
        row.class.clone_from(&measurement.class);
        row.failure = measurement.result.as_ref().err().cloned();
        rows.push(row);
    }
    let mut classes: Vec<&str> = measurements.iter().map(|m| m.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let mut of_classes = Vec::new();
    for class in classes {
        for (coder, name) in coders.iter().enumerate() {
            let of_class = select(measurements, |m| m.class == class && m.coder == coder);
            let class = class.to_owned();
            let sums = row(&of_class, measurements, name);
            of_classes.push(Row { scope: Scope::Class, name: class.clone(), class, ..sums });
        }
    }
    for (coder, name) in coders.iter().enumerate() {
        let all = select(measurements, |m| m.coder == coder);
        let sums = row(&all, measurements, name);
        rows.push(Row { scope: Scope::Total, name: "total".to_owned(), ..sums });
    }
    for name in coders {
        let of_coder: Vec<&Row> = of_classes.iter().filter(|row| row.coder == *name).collect();
        rows.push(mean(&of_coder, name));
    }
    rows.extend(of_classes);
    // Stable: coders keep their order.
    rows.sort_by_key(|row| row.scope);
    rows
}

fn select(
    measurements: &[Measurement],
    is_selected: impl Fn(&Measurement) -> bool,
) -> Vec<&Measurement> {
    measurements.iter().filter(|measurement| is_selected(measurement)).collect()
}

/// Sums over measurements of one coder, as a row without a name.
fn row(of: &[&Measurement], all: &[Measurement], coder: &str) -> Row {
    let good: Vec<(&Measurement, &Coded)> =
        of.iter().filter_map(|m| Some((*m, m.result.as_ref().ok()?))).collect();
    let failed = (of.len() - good.len()) as u32;
    let row = Row { coder: coder.to_owned(), failed, ..Row::default() };
    if good.is_empty() {
        return row;
    }
    let original: u64 = good.iter().map(|(m, _)| m.original_bytes).sum();
    let coded: u64 = good.iter().map(|(_, coded)| coded.bytes).sum();
    let samples: Option<u64> = good.iter().map(|(m, _)| m.samples).sum();
    let audio: f64 = good.iter().map(|(m, _)| m.audio_seconds).sum();
    let seconds = |side: fn(&Coded) -> Effort| good.iter().map(|(_, c)| side(c).seconds).sum();
    let peak = |side: fn(&Coded) -> Effort| good.iter().filter_map(|(_, c)| side(c).peak).max();
    let processor = |side: fn(&Coded) -> Effort| -> Option<f64> {
        good.iter().map(|(_, c)| side(c).processor_seconds).sum()
    };
    let (encode, decode): (f64, f64) = (seconds(|c| c.encode), seconds(|c| c.decode));
    let (encode_cpu, decode_cpu) = (processor(|c| c.encode), processor(|c| c.decode));
    let speed = |seconds: f64| quotient(audio, seconds).filter(|_| audio > 0.0);
    let tokens: u64 = good.iter().map(|(_, coded)| coded.decode.tokens).sum();
    let parts: Option<Parts> = good.iter().try_fold(Parts::default(), |mut sum, (_, coded)| {
        sum.add(coded.parts.as_ref()?);
        Some(sum)
    });
    let bits = |bytes: u64| 8.0 * bytes as f64;
    Row {
        files: good.len() as u32,
        original_bytes: Some(original),
        coded_bytes: Some(coded),
        ratio: quotient(coded as f64, original as f64),
        of_first: of_first(&good, all),
        bits_per_sample: samples.and_then(|samples| quotient(bits(coded), samples as f64)),
        tokens_per_sample: samples
            .filter(|_| tokens > 0)
            .and_then(|samples| quotient(tokens as f64, samples as f64)),
        bits_per_token: parts.and_then(|p| quotient(bits(p.streams_with_lm), tokens as f64)),
        encode_seconds: Some(encode),
        decode_seconds: Some(decode),
        encode_processor_seconds: encode_cpu,
        decode_processor_seconds: decode_cpu,
        encode_x_real_time: speed(encode_cpu.unwrap_or(encode)),
        decode_x_real_time: speed(decode_cpu.unwrap_or(decode)),
        encode_peak_bytes: peak(|c| c.encode),
        decode_peak_bytes: peak(|c| c.decode),
        container_bytes: parts.map(|parts| parts.container),
        foreign_bytes: parts.map(|parts| parts.foreign),
        stream_bytes: parts.map(|parts| parts.streams),
        lsb_bytes: parts.map(|parts| parts.lsb),
        plain_bytes: parts.map(|parts| parts.plain),
        check: match good.iter().all(|(_, coded)| coded.check == Check::Bytes) {
            true => Some(Check::Bytes),
            false => Some(Check::Samples),
        },
        ..row
    }
}

/// Bytes over those of the first coder, where that has coded the same file.
fn of_first(good: &[(&Measurement, &Coded)], all: &[Measurement]) -> Option<f64> {
    let (mut own, mut first) = (0, 0);
    for (measurement, coded) in good {
        let same = |m: &&Measurement| m.coder == 0 && m.file == measurement.file;
        if let Some(Ok(other)) = all.iter().find(same).map(|m| &m.result) {
            own += coded.bytes;
            first += other.bytes;
        }
    }
    quotient(own as f64, first as f64)
}

/// The mean over classes, each counted once however many files it has.
fn mean(classes: &[&Row], coder: &str) -> Row {
    let classes: Vec<&&Row> = classes.iter().filter(|row| row.files > 0).collect();
    let mean = |figure: fn(&Row) -> Option<f64>| {
        let figures: Vec<f64> = classes.iter().filter_map(|row| figure(row)).collect();
        quotient(figures.iter().sum(), figures.len() as f64)
    };
    // Speeds are ratios, and an arithmetic mean of them would follow the fastest class.
    let geometric_mean = |speed: fn(&Row) -> Option<f64>| {
        let logarithms: Vec<f64> =
            classes.iter().filter_map(|row| Some(speed(row)?.ln())).collect();
        quotient(1.0, logarithms.len() as f64)
            .map(|share| (share * logarithms.iter().sum::<f64>()).exp())
    };
    Row {
        scope: Scope::Mean,
        name: "mean of classes".to_owned(),
        coder: coder.to_owned(),
        files: classes.len() as u32,
        ratio: mean(|row| row.ratio),
        of_first: mean(|row| row.of_first),
        bits_per_sample: mean(|row| row.bits_per_sample),
        tokens_per_sample: mean(|row| row.tokens_per_sample),
        bits_per_token: mean(|row| row.bits_per_token),
        encode_x_real_time: geometric_mean(|row| row.encode_x_real_time),
        decode_x_real_time: geometric_mean(|row| row.decode_x_real_time),
        ..Row::default()
    }
}

fn quotient(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
#[path = "totals_tests.rs"]
mod tests;
