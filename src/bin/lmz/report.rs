//! What the program says about files, for people and as JSON.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use lmz::pipeline::{AudioInfo, Damage, FileInfo, Summary};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::args::CommonArgs;
use crate::failure::complain;
use crate::names::Place;
use crate::stdout;

/// Writes `line` to standard output.
///
/// # Errors
/// When that is closed.
pub fn print(line: &str) -> io::Result<()> {
    writeln!(stdout::open()?, "{line}")
}

/// A line on standard error about what went well.
pub fn say(line: &str) {
    // If that fails, there is no other place to report it.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Something to say about a file when its turn comes.
pub enum Message {
    /// A result, for people: unless quiet, and not with JSON.
    Done(String),
    /// A result on standard output: a table, or JSON.
    Print(String),
    /// Damage, or something else that has to be known.
    Warning(String),
    /// With `-v` only.
    Detail(String),
}

impl Message {
    /// # Errors
    /// When standard output cannot be written to.
    pub fn show(&self, common: &CommonArgs) -> anyhow::Result<()> {
        match self {
            Message::Done(line) if !common.quiet && !common.json => say(line),
            Message::Detail(line) if common.verbose && !common.json => say(line),
            Message::Done(_) | Message::Detail(_) => {}
            Message::Warning(line) => complain(line),
            Message::Print(line) => print(line)?,
        }
        Ok(())
    }
}

/// Sums over the files of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub original_bytes: u64,
    pub compressed_bytes: u64,
    pub skipped: usize,
}

impl Total {
    /// Of a file with this summary.
    pub fn of(summary: &Summary) -> Self {
        let Summary { original_bytes, compressed_bytes, .. } = *summary;
        Total { original_bytes, compressed_bytes, ..Total::default() }
    }

    /// Counts a file in.
    pub fn add(&mut self, file: &Total) {
        self.original_bytes += file.original_bytes;
        self.compressed_bytes += file.compressed_bytes;
        self.skipped += file.skipped;
    }
}

/// The last line about `count` files; `failed` counts folders that could not be searched, too.
pub fn totals(total: &Total, count: usize, failed: usize, elapsed: Duration) -> String {
    let mut line = format!("{count} files");
    if total.original_bytes > 0 {
        let Total { original_bytes, compressed_bytes, .. } = *total;
        let ratio = percent(compressed_bytes, original_bytes);
        let _ = write!(
            line,
            ": {original_bytes} bytes original, {compressed_bytes} compressed ({ratio})"
        );
    }
    for (number, what) in [(total.skipped, "skipped"), (failed, "failed")] {
        if number > 0 {
            let _ = write!(line, ", {number} {what}");
        }
    }
    let _ = write!(line, ", in {:.1} s", elapsed.as_secs_f64());
    line
}

/// The JSON object about a file that failed.
pub fn failure(input: &Place, error: &anyhow::Error) -> String {
    let mut object = names(input, None);
    object.insert("error".to_owned(), json!(format!("{error:#}")));
    Value::Object(object).to_string()
}

/// The names in a JSON object. What is not UTF-8 is shown with replacement characters, and exactly
/// in hexadecimal digits.
fn names(input: &Place, output: Option<&Place>) -> Map<String, Value> {
    let mut object = Map::new();
    for (key, place) in [("input", Some(input)), ("output", output)] {
        let Some(place) = place else { continue };
        object.insert(key.to_owned(), json!(place.exact_name()));
        if let Some(bytes) = place.odd_name() {
            object.insert(format!("{key}_hex"), json!(bytes));
        }
    }
    object
}

/// One JSON object about `file`: the fields of `value`, and the names of the files.
pub fn json(
    input: &Place,
    output: Option<&Place>,
    value: &impl Serialize,
) -> anyhow::Result<String> {
    let mut object = names(input, output);
    if let Value::Object(fields) = serde_json::to_value(value)? {
        object.extend(fields);
    }
    Ok(serde_json::to_string(&object)?)
}

/// Files that are shorter may well be without samples: templates, and recordings never begun.
const LARGE_FILE: u64 = 64 << 10;

/// What to say about a large file in which no samples were found.
pub fn without_audio(summary: &Summary) -> Option<String> {
    (summary.segments == 0 && summary.original_bytes >= LARGE_FILE).then(|| {
        "no samples found, so it hardly shrinks: the header is damaged or of an unknown kind. It \
         will be restored exactly; if it holds nothing but samples, --raw compresses it better"
            .to_owned()
    })
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
            ", language model used in {} of {} segments, saved {} bytes",
            summary.segments_with_lm, summary.segments, summary.lm_saved_bytes
        );
        line.push_str(match summary.portable {
            true => "; decodes on any machine",
            false => "; decodes only with this build of lmz on this kind of processor",
        });
    }
    line
}

/// One line about a part of a file that is lost.
pub fn damage(damage: &Damage) -> String {
    let Damage { what, bytes, frames, seconds, reason, .. } = damage;
    if frames.is_empty() {
        return format!("lost: {what}, bytes {} to {}: {reason}", bytes.start, bytes.end);
    }
    format!(
        "lost: {what} from {} to {}, frames {} to {}: {reason}",
        clock(seconds.start),
        clock(seconds.end),
        frames.start,
        frames.end,
    )
}

/// What `lmz info` says about a file.
#[derive(Serialize)]
pub struct Described {
    #[serde(flatten)]
    pub info: FileInfo,
    /// Why this build, with the model at hand, cannot decode it; `null` if it can.
    pub obstacle: Option<String>,
}

/// The line of `lmz info`.
pub fn line(name: &str, described: &Described) -> String {
    let info = &described.info;
    let audio = info.audio.as_ref().map_or_else(
        || "no audio".to_owned(),
        |audio| {
            let AudioInfo { container, sample_format, sample_rate, .. } = audio;
            let (channels, length) = (channels(audio.channels), clock(audio.seconds));
            format!("{container}, {sample_format}, {channels}, {sample_rate} Hz, {length}")
        },
    );
    let sizes = format!(
        "{} -> {} bytes ({})",
        info.original_bytes,
        info.compressed_bytes,
        percent(info.compressed_bytes, info.original_bytes)
    );
    let obstacle = described.obstacle.as_ref();
    let obstacle =
        obstacle.map_or_else(String::new, |why| format!(", cannot be decoded here: {why}"));
    format!("{name}: {audio}, {sizes}, level {}{obstacle}", info.level)
}

/// The number of channels, in words for one and two.
pub fn channels(count: u16) -> String {
    match count {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        count => format!("{count} channels"),
    }
}

/// The table of `lmz info -v`.
pub fn table(name: &str, described: &Described) -> String {
    let info = &described.info;
    let rows = [content_rows(info), size_rows(info), decoding_rows(described)];
    let mut table = format!("{name}\n");
    for (label, value) in rows.into_iter().flatten() {
        let _ = writeln!(table, "  {label:<18} {value}");
    }
    table.truncate(table.trim_end().len());
    table
}

/// Label and value of each row.
type Rows = Vec<(&'static str, String)>;

/// What the file is, and what audio is in it.
fn content_rows(info: &FileInfo) -> Rows {
    let draft = match info.format_draft {
        0 => String::new(),
        draft => format!(" draft {draft}"),
    };
    let format = format!("lmz {}{draft}, level {}", info.format_version, info.level);
    let mut rows = vec![("format", format)];
    let Some(audio) = &info.audio else {
        rows.push(("audio", "none".to_owned()));
        return rows;
    };
    let AudioInfo { container, sample_format, sample_rate, .. } = audio;
    let channels = channels(audio.channels);
    rows.push(("audio", format!("{container}, {sample_format}, {channels}, {sample_rate} Hz")));
    rows.push(("duration", format!("{} ({} frames)", clock(audio.seconds), audio.frames)));
    rows.push((
        "segments",
        format!(
            "{}, of at most {} frames; long-term prediction in {}",
            info.segments, audio.segment_frames, info.long_term_segments
        ),
    ));
    rows
}

/// How long the file is, and where its bytes went.
fn size_rows(info: &FileInfo) -> Rows {
    let compressed = info.compressed_bytes;
    let share = percent(compressed, info.original_bytes);
    let mut rows = vec![
        ("original", format!("{} bytes, BLAKE3 {}", info.original_bytes, info.blake3)),
        ("compressed", format!("{compressed} bytes, {share} of the original")),
    ];
    let bytes = info.bytes;
    let parts = [
        ("  header", bytes.header),
        ("  foreign chunks", bytes.foreign),
        ("  coded streams", bytes.streams),
        ("  LSB blocks", bytes.lsb),
        ("  byte-modelled", bytes.byte_modelled),
        ("  stored", bytes.stored),
        ("  block headers", bytes.block_headers),
        ("  trailer", bytes.trailer),
    ];
    let row = |(part, count)| (part, format!("{count:>12} {:>8}", percent(count, compressed)));
    rows.extend(parts.map(row));
    if let Some(bits) = info.audio.as_ref().and_then(|audio| audio.bits_per_sample) {
        rows.push(("bits per sample", format!("{bits:.4}")));
    }
    rows
}

/// The language model, and who can decode the file.
fn decoding_rows(described: &Described) -> Rows {
    let Described { info, obstacle } = described;
    let mut rows = vec![("language model", language_model(info))];
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
        let reason = obstacle.as_ref().map(|reason| format!("no: {reason}"));
        rows.push(("  decodes here", reason.unwrap_or_else(|| "yes".to_owned())));
    }
    rows
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
