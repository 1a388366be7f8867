//! The report as plain text.

use std::fmt::Write as _;

use super::coders::Check;
use super::report::{Report, Row, Scope};

/// Heading and width of each column of figures.
const COLUMNS: [(&str, usize); 16] = [
    ("original", 11),
    ("coded", 11),
    ("ratio", 8),
    ("of 1st", 8),
    ("b/sample", 8),
    ("tok/smp", 7),
    ("b/token", 7),
    ("enc s", 8),
    ("dec s", 8),
    ("enc cpu", 8),
    ("dec cpu", 8),
    ("enc ×rt", 8),
    ("dec ×rt", 8),
    ("enc MB", 7),
    ("dec MB", 7),
    ("back", 7),
];

/// The whole report.
pub fn table(report: &Report) -> String {
    let width = report.coders.iter().map(|coder| coder.name.chars().count()).max();
    let width = width.unwrap_or_default() + 2;
    let mut out = String::new();
    let mut last = None;
    for row in &report.rows {
        if last != Some((row.scope, &row.name)) {
            if last.map(|(scope, _)| scope) != Some(row.scope) {
                headings(&mut out, row.scope, width);
            }
            line(&mut out, &title(row));
            last = Some((row.scope, &row.name));
        }
        line(&mut out, &figures(row, width));
    }
    notes(&mut out, report);
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn headings(out: &mut String, scope: Scope, width: usize) {
    let title = match scope {
        Scope::File => "FILES",
        Scope::Class => "CLASSES",
        Scope::Total => "TOTAL, weighted by bytes",
        Scope::Mean => "MEAN OF CLASSES (geometric for ×rt)",
    };
    let mut text = format!("{title:<width$}");
    for (name, width) in COLUMNS {
        let _ = write!(text, " {name:>width$}");
    }
    if !out.is_empty() {
        out.push('\n');
    }
    line(out, &text);
}

fn title(row: &Row) -> String {
    match row.scope {
        Scope::File => format!("{} ({})", row.name, row.class),
        Scope::Class => row.name.clone(),
        Scope::Total | Scope::Mean => String::new(),
    }
}

fn figures(row: &Row, width: usize) -> String {
    let mut text = format!("{:<width$}", format!("  {}", row.coder));
    if let Some(failure) = &row.failure {
        let _ = write!(text, " FAILED: {failure}");
        return text;
    }
    let whole = |figure: Option<u64>| figure.map(|figure| figure.to_string());
    let float = |figure: Option<f64>, digits: usize| figure.map(|f| format!("{f:.digits$}"));
    let percent = |figure: Option<f64>| figure.map(|f| format!("{:.2} %", 100.0 * f));
    let megabytes = |bytes: Option<u64>| float(bytes.map(|bytes| bytes as f64 / 1e6), 1);
    let cells = [
        whole(row.original_bytes),
        whole(row.coded_bytes),
        percent(row.ratio),
        percent(row.of_first),
        float(row.bits_per_sample, 3),
        float(row.tokens_per_sample, 3),
        float(row.bits_per_token, 3),
        float(row.encode_seconds, 3),
        float(row.decode_seconds, 3),
        float(row.encode_processor_seconds, 3),
        float(row.decode_processor_seconds, 3),
        float(row.encode_x_real_time, 2),
        float(row.decode_x_real_time, 2),
        megabytes(row.encode_peak_bytes),
        megabytes(row.decode_peak_bytes),
        row.check.map(|check| match check {
            Check::Bytes => "bytes".to_owned(),
            Check::Samples => "samples".to_owned(),
        }),
    ];
    for (cell, (_, width)) in cells.into_iter().zip(COLUMNS) {
        let _ = write!(text, " {:>width$}", cell.unwrap_or_else(|| "-".to_owned()));
    }
    if row.failed > 0 {
        let files = if row.failed == 1 { "file" } else { "files" };
        let _ = write!(text, "  {} {files} failed", row.failed);
    }
    text
}

fn notes(out: &mut String, report: &Report) {
    out.push('\n');
    for coder in &report.coders {
        line(out, &format!("{}: {}", coder.name, coder.about));
    }
    for left_out in report.left_out.iter().chain(&report.unreadable) {
        line(out, &format!("left out: {} ({})", left_out.name, left_out.reason));
    }
    if let Some(chunks) = report.chunks {
        let text = format!(
            "chunks: {} per file, of {} bytes, seed {}; each coded on its own",
            chunks.per_file, chunks.bytes, chunks.seed
        );
        line(out, &text);
    }
    let threads = match report.threads {
        0 => "one thread per processor".to_owned(),
        1 => "one thread".to_owned(),
        threads => format!("{threads} threads"),
    };
    line(
        out,
        &format!(
            "times: of the coder alone, one coder at a time, lmz with {threads}; s is elapsed time, cpu \
             processor time, and ×rt the duration of the audio over processor time"
        ),
    );
    let corpus = &report.corpus;
    let text = format!(
        "corpus: {} ({} bytes, {:.1} s of audio); {}, on {} ({} processors), {}",
        corpus.inputs.join(" "),
        corpus.bytes,
        corpus.audio_seconds,
        report.date,
        report.machine.processor,
        report.machine.processors,
        report.machine.system
    );
    line(out, &text);
}
