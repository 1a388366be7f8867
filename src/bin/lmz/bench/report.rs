//! The result of a run: rows of figures, and what a reader must know of how they were taken.

use serde::{Deserialize, Serialize};

use super::coders::{Check, Kind};

/// Everything that goes into the report, in whatever form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Command line.
    pub command: String,
    /// Day of the run in UTC, as 2026-01-31.
    pub date: String,
    pub corpus: Corpus,
    /// Version of lmz.
    pub version: String,
    pub machine: Machine,
    /// Chunked mode; absent for whole files.
    pub chunks: Option<Chunks>,
    /// Threads of lmz; 0 for one per processor.
    pub threads: usize,
    pub coders: Vec<CoderInfo>,
    /// Baselines that are not there.
    pub left_out: Vec<LeftOut>,
    /// Files that could not be measured at all.
    pub unreadable: Vec<LeftOut>,
    /// Where chunks were taken.
    pub places: Vec<Places>,
    /// Files, then classes, then totals; in each, coders in their order.
    pub rows: Vec<Row>,
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Corpus {
    /// Files and folders of the command line.
    pub inputs: Vec<String>,
    /// Files that could be read, their bytes and the duration of their audio; in chunked mode, what of
    /// them was coded.
    pub files: u32,
    pub bytes: u64,
    pub audio_seconds: f64,
}

/// What it was measured on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub system: String,
    pub processor: String,
    pub processors: usize,
}

/// How chunks were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunks {
    pub per_file: u32,
    pub bytes: u32,
    pub seed: u64,
}

/// A coder that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoderInfo {
    pub name: String,
    pub kind: Kind,
    /// Version, and whose.
    pub about: String,
}

/// Something that was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub name: String,
    pub reason: String,
}

/// Chunks of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    pub file: String,
    /// First byte of each chunk, from the start of the sample data.
    pub offsets: Vec<u64>,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    #[default]
    File,
    Class,
    /// All files, weighted by their bytes.
    Total,
    /// All classes, each counted once.
    Mean,
}

/// Figures of one coder. What is unknown or does not apply is absent. Flat, because a line of CSV
/// is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub scope: Scope,
    /// File or class.
    pub name: String,
    pub class: String,
    pub coder: String,
    /// Files (in [`Scope::Mean`], classes) that the figures are of.
    pub files: u32,
    /// Files that the coder failed on; they are in no figure.
    pub failed: u32,
    /// Bytes of the files, or of the chunks before any header.
    pub original_bytes: Option<u64>,
    /// All bytes that the coder wrote.
    pub coded_bytes: Option<u64>,
    /// `coded_bytes` / `original_bytes`.
    pub ratio: Option<f64>,
    /// `coded_bytes` over those of the first coder, on the files that both have coded.
    pub of_first: Option<f64>,
    /// `coded_bytes` in bits over the number of samples, all channels counted.
    pub bits_per_sample: Option<f64>,
    /// Tokens that the language model read, over the number of samples.
    pub tokens_per_sample: Option<f64>,
    /// Bits of the coded streams it took part in, over its tokens.
    pub bits_per_token: Option<f64>,
    /// Seconds that have passed.
    pub encode_seconds: Option<f64>,
    pub decode_seconds: Option<f64>,
    /// Seconds of processor time, over all threads; absent where the system does not say.
    pub encode_processor_seconds: Option<f64>,
    pub decode_processor_seconds: Option<f64>,
    /// Duration of the audio over the processor time, or over the time that has passed where that is
    /// all that is known. In [`Scope::Mean`], the geometric mean of the classes.
    pub encode_x_real_time: Option<f64>,
    pub decode_x_real_time: Option<f64>,
    /// Largest over the files.
    pub encode_peak_bytes: Option<u64>,
    pub decode_peak_bytes: Option<u64>,
    /// Where the bytes went: known of lmz only. The five add up to `coded_bytes`.
    pub container_bytes: Option<u64>,
    pub foreign_bytes: Option<u64>,
    pub stream_bytes: Option<u64>,
    pub lsb_bytes: Option<u64>,
    /// Samples that are stored or go through the byte model.
    pub plain_bytes: Option<u64>,
    /// What was compared after decoding; for sums, the least.
    pub check: Option<Check>,
    /// Why there are no figures.
    pub failure: Option<String>,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.map(|text| text.trim_start_matches([' ', '\t', ':']).to_owned());
        Machine {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: model.unwrap_or_else(|| "unknown".to_owned()),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Today in UTC, as 2026-01-31.
pub fn today() -> String {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    date(since.as_secs() / 86_400)
}

/// The date `days` days after 1970-01-01.
fn date(days: u64) -> String {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (days, day) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (11_016, "2000-02-29"),
            (20_787, "2026-11-30"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), day);
        }
        assert!(today().as_str() > "2026-01-01");
    }
}
