//! What the program says about files, for people and as JSON.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use lmz::pipeline::{Damage, FileInfo, Summary};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::args::CommonArgs;
use crate::failure::complain;
use crate::names::Place;

/// Writes `line` to standard output.
///
/// # Errors
/// When that is closed.
pub fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Reports a file that is done: nothing if quiet, else as JSON or as a line for people.
///
/// # Errors
/// When standard output cannot be written to.
pub fn tell(
    common: &CommonArgs,
    line: &str,
    json: impl FnOnce() -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    if common.json {
        print(&json()?)?;
    } else if !common.quiet {
        // Standard output may be the result.
        complain(line);
    }
    Ok(())
}

/// One JSON object about `file`: the fields of `value`, and the names of the files.
pub fn json(
    input: &Place,
    output: Option<&Place>,
    value: &impl Serialize,
) -> anyhow::Result<String> {
    let mut object = Map::new();
    object.insert("input".to_owned(), json!(input.exact_name()));
    if let Some(output) = output {
        object.insert("output".to_owned(), json!(output.exact_name()));
    }
    if let Value::Object(fields) = serde_json::to_value(value)? {
        object.extend(fields);
    }
    Ok(serde_json::to_string(&object)?)
}

/// One line about a compressed file.
pub fn compressed(input: &str, output: &str, summary: &Summary) -> String {
    let Summary { original_bytes, compressed_bytes, .. } = *summary;
    let mut line = format!(
        "{input} -> {output}: {original_bytes} -> {compressed_bytes} bytes ({})",
        percent(compressed_bytes, original_bytes)
    );
    if summary.segments_with_lm > 0 {
        // Writing to a string cannot fail.
        let _ = write!(
            line,
            ", language model in {} of {} segments saved {} bytes",
            summary.segments_with_lm, summary.segments, summary.lm_saved_bytes
        );
        line.push_str(match summary.portable {
            true => "; decodes anywhere",
            false => "; decodes only with this build of lmz on this kind of processor",
        });
    }
    line
}

/// One line about a part of a file that is lost.
pub fn damage(damage: &Damage) -> String {
    let Damage { what, original_offset, original_bytes, first_frame, frames, .. } = damage;
    let reason = &damage.reason;
    if *frames == 0 {
        return format!(
            "lost: {what}, bytes {original_offset} to {}, {reason}",
            original_offset + original_bytes
        );
    }
    format!(
        "lost: {what} from {} to {}, frames {first_frame} to {}, {reason}",
        clock(damage.start_seconds),
        clock(damage.end_seconds),
        first_frame + frames,
    )
}

/// What `lmz info` says about a file.
#[derive(Serialize)]
pub struct Told {
    #[serde(flatten)]
    pub info: FileInfo,
    /// Why this build, with the model at hand, cannot decode it; `null` if it can.
    pub hindrance: Option<String>,
}

/// The table of `lmz info`.
pub fn table(name: &str, told: &Told) -> String {
    let Told { info, hindrance } = told;
    let mut rows: Vec<(&str, String)> = Vec::new();
    let draft = match info.format_draft {
        0 => String::new(),
        draft => format!(" draft {draft}"),
    };
    rows.push(("format", format!("lmz {}{draft}, level {}", info.format_version, info.level)));
    match &info.audio {
        Some(audio) => {
            rows.push((
                "audio",
                format!(
                    "{}, {} channel(s), {} Hz",
                    audio.sample_format, audio.channels, audio.sample_rate
                ),
            ));
            rows.push(("duration", format!("{} ({} frames)", clock(audio.seconds), audio.frames)));
            rows.push((
                "segments",
                format!(
                    "{}, of at most {} frames; long-term prediction in {}",
                    info.segments, audio.segment_frames, info.long_term_segments
                ),
            ));
        }
        None => rows.push(("audio", "none".to_owned())),
    }
    rows.push(("original", format!("{} bytes, BLAKE3 {}", info.original_bytes, hash(info))));
    rows.push((
        "compressed",
        format!(
            "{} bytes, {} of the original",
            info.compressed_bytes,
            percent(info.compressed_bytes, info.original_bytes)
        ),
    ));
    let bytes = info.bytes;
    for (part, count) in [
        ("  header", bytes.header),
        ("  foreign chunks", bytes.foreign),
        ("  token streams", bytes.tokens),
        ("  LSB blocks", bytes.lsb),
        ("  byte-modelled", bytes.byte_modelled),
        ("  stored", bytes.stored),
        ("  block headers", bytes.block_headers),
        ("  trailer", bytes.trailer),
    ] {
        rows.push((part, format!("{count:>12} {:>8}", percent(count, info.compressed_bytes))));
    }
    if let Some(bits) = info.audio.as_ref().and_then(|audio| audio.bits_per_sample) {
        rows.push(("bits per sample", format!("{bits:.4}")));
    }
    rows.push(("language model", language_model(info)));
    if let Some(model) = &info.lm.model {
        rows.push(("  BLAKE3", model.blake3.clone()));
        rows.push(("  engine", model.engine.clone()));
        // The exact engine depends on nothing else.
        if !model.canary.is_empty() {
            rows.push(("  name", model.name.clone()));
            rows.push(("  interface", model.interface.clone()));
            rows.push(("  window, lanes", format!("{}, {}", model.window, model.lanes)));
            let backend = format!("{}; GPU layers: {}", model.backend, model.gpu_layers);
            rows.push(("  back end", backend));
            rows.push(("  canary", model.canary.clone()));
        }
    }
    rows.push(("portable", if info.portable { "yes" } else { "no" }.to_owned()));
    if info.lm.segments > 0 {
        rows.push((
            "  decodes here",
            hindrance.as_ref().map_or_else(|| "yes".to_owned(), |reason| format!("no: {reason}")),
        ));
    }

    let mut table = format!("{name}\n");
    for (label, value) in rows {
        let _ = writeln!(table, "  {label:<18} {value}");
    }
    table.truncate(table.trim_end().len());
    table
}

fn language_model(info: &FileInfo) -> String {
    let lm = &info.lm;
    match (&lm.model, lm.segments) {
        (None, _) => "none".to_owned(),
        (Some(_), 0) => "not used by any segment".to_owned(),
        (Some(_), segments) => format!(
            "in {segments} of {} segments, saved {} bytes ({})",
            info.segments,
            lm.saved_bytes,
            percent(lm.saved_bytes, info.compressed_bytes + lm.saved_bytes)
        ),
    }
}

fn hash(info: &FileInfo) -> String {
    info.blake3.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hours, minutes and seconds.
fn clock(seconds: f64) -> String {
    let whole = seconds as u64;
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    format!("{hours}:{minutes:02}:{:06.3}", seconds - (whole / 60 * 60) as f64)
}

fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        whole => format!("{:.2} %", 100.0 * part as f64 / whole as f64),
    }
}
