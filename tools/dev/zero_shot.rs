//! What a text model makes of audio it has never seen: costs of excerpts as 7-bit characters,
//! each coded alone, next to other coders. Nothing that is printed is written anywhere.
//!
//! ```sh
//! cargo run --release --example zero_shot -- MODEL.gguf CLIP.wav… \
//!     [--chunks N] [--chunk-size BYTES] [--seed S] [--heard DIR]
//! ```
//!
//! Places depend on the seed and the clip's length. With `--heard`, what the model says of an
//! excerpt is kept in that folder, and the next run takes it from there: nearly all of the time
//! goes into it, and it does not depend on lmz.
//!
//! One line per clip, in percent of the excerpts' original bytes:
//!
//! - `lm`: the model's distribution over the 128 characters as it is, and the LSBs stored;
//! - `tempered`, `adaptive`, `classical`, `mixed`: payloads of lmz, LSBs coded, parameters counted;
//! - `flac`, `gzip`, `lzma`: whole files of `flac -8`, `gzip -9`, `xz -9e --format=lzma` where the
//!   programs are on the PATH; FLAC gets a WAV file, the others the bare samples;
//! - `above`: `mixed` against the smallest of the three before it, in percent of that, in the
//!   excerpt in which it fares worst;
//! - `all`: as `lm`, but over the whole vocabulary;
//! - `late`, `late-all`: as `lm` and `all`, but each character looked up in the row *after* it.
//!
//! The last three are mistakes that a decoder could not repeat or should not pay for.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use lmz::Level;
use lmz::Watch;
use lmz::ascii::{self, Characters, Experts, Params};
use lmz::lm::llama::{Alphabet, Model, ModelOptions};
use lmz::lm::{CHARACTERS, Character, Input, LanguageModel};
use lmz::wav::{self, SampleFormat, SegmentLimit, Span, WavFormat, WavReader};

const COLUMNS: [&str; 11] = [
    "lm",
    "tempered",
    "adaptive",
    "classical",
    "mixed",
    "flac",
    "gzip",
    "lzma",
    "all",
    "late",
    "late-all",
];
const USAGE: &str = "usage: zero_shot MODEL.gguf CLIP.wav… [--chunks N] [--chunk-size BYTES] [--seed S] [--heard DIR]";

/// Bytes that each column needs; absent where a program is.
type Costs = [Option<f64>; COLUMNS.len()];

fn main() -> Result<()> {
    let job = Job::from_arguments(std::env::args().skip(1))?;
    let window = job.chunk_size / 2 + 1;
    let options =
        ModelOptions { alphabet: Alphabet::Characters { window }, ..ModelOptions::default() };
    let model = Model::from_file(job.model.as_ref(), options)?;

    print!("{:<48} {:>6}", "clip", "bytes");
    COLUMNS.iter().for_each(|column| print!(" {column:>9}"));
    println!(" {:>7}", "above");
    let (mut total, mut total_bytes, mut worst) = ([Some(0.0); COLUMNS.len()], 0, f64::MIN);
    for clip in &job.clips {
        let (format, samples) = read(clip)?;
        let (mut costs, mut bytes, mut above) = ([Some(0.0); COLUMNS.len()], 0, f64::MIN);
        for chunk in 0..job.chunks {
            let excerpt = job.excerpt(&samples, &format, chunk as u64);
            let measured = measure(excerpt, &format, &model, &job)?;
            above = above.max(above_best(&measured));
            add(&mut costs, &measured);
            bytes += excerpt.len();
        }
        let name = Path::new(clip).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        line(&name, bytes, &costs, above);
        add(&mut total, &costs);
        total_bytes += bytes;
        worst = worst.max(above);
    }
    line("total", total_bytes, &total, worst);
    Ok(())
}

/// The mixture against the best of its members, in percent.
fn above_best(costs: &Costs) -> f64 {
    let best = costs[1..4].iter().flatten().fold(f64::MAX, |a, &b| a.min(b));
    costs[4].map_or(0.0, |mixed| 100.0 * (mixed / best - 1.0))
}

fn add(total: &mut Costs, more: &Costs) {
    for (total, more) in total.iter_mut().zip(more) {
        *total = total.zip(*more).map(|(a, b)| a + b);
    }
}

fn line(name: &str, bytes: usize, costs: &Costs, above: f64) {
    let name: String = name.chars().take(48).collect();
    print!("{name:<48} {bytes:>6}");
    for cost in costs {
        match cost {
            Some(cost) => print!(" {:>9.1}", 100.0 * cost / bytes as f64),
            None => print!(" {:>9}", "-"),
        }
    }
    println!(" {above:>+7.2}");
}

/// What the command line asks for.
struct Job {
    model: String,
    clips: Vec<String>,
    chunks: usize,
    chunk_size: u32,
    seed: u64,
    /// Where what the model says is kept.
    heard: Option<PathBuf>,
}

impl Job {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Job> {
        let model = arguments.next().context(USAGE)?;
        let (clips, heard) = (Vec::new(), None);
        let mut job = Job { model, clips, chunks: 4, chunk_size: 2048, seed: 1, heard };
        while let Some(argument) = arguments.next() {
            if argument == "--heard" {
                job.heard = Some(arguments.next().context(USAGE)?.into());
                continue;
            }
            let mut number = || arguments.next().and_then(|n| n.parse().ok()).context(USAGE);
            match argument.as_str() {
                "--chunks" => job.chunks = number()? as usize,
                "--chunk-size" => job.chunk_size = u32::try_from(number()?)?,
                "--seed" => job.seed = number()?,
                other if other.starts_with('-') => bail!(USAGE),
                _ => job.clips.push(argument),
            }
        }
        ensure!(!job.clips.is_empty() && job.chunks > 0 && job.chunk_size > 0, USAGE);
        Ok(job)
    }

    /// Whole frames of at most a chunk, at a place that the seed and `chunk` decide.
    fn excerpt<'a>(&self, samples: &'a [u8], format: &WavFormat, chunk: u64) -> &'a [u8] {
        let frame = format.frame_bytes();
        let all = samples.len() / frame;
        let frames = (self.chunk_size as usize / frame).clamp(1, all);
        // splitmix64
        let z = self.seed.wrapping_add(chunk + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let first = ((z ^ z >> 31) % (all - frames + 1) as u64) as usize * frame;
        &samples[first..first + frames * frame]
    }
}

/// The samples of a WAV file.
fn read(path: &str) -> Result<(WavFormat, Vec<u8>)> {
    let mut reader = WavReader::new(File::open(path).context(path.to_owned())?)?;
    let mut samples = Vec::new();
    while let Some(span) = reader.next_span(SegmentLimit { seconds: 60, samples: 1 << 22 })? {
        if let Span::Audio { bytes } = span {
            samples.extend(bytes);
        }
    }
    let format = *reader.format().context("no sample format")?;
    ensure!(!samples.is_empty(), "{path} holds no samples");
    Ok((format, samples))
}

fn measure(excerpt: &[u8], format: &WavFormat, model: &Model, job: &Job) -> Result<Costs> {
    let mut costs = [None; COLUMNS.len()];
    let tokens = characters(excerpt, format)?;
    let heard = match &job.heard {
        Some(folder) => Heard::from_folder(folder, model, tokens)?,
        None => Heard::new(model, tokens)?,
    };
    let mut sizes = [0.0; 4];
    for (size, experts) in
        sizes.iter_mut().zip([Experts::LM, Experts::ADAPTIVE, Experts::CLASSICAL, Experts::MIX])
    {
        let params = Params { experts, chunk_size: job.chunk_size, ..Params::default() };
        let mut replay = Replay { heard: &heard, next: 0 };
        let lm: Option<&mut Characters<'_>> = if experts.lm { Some(&mut replay) } else { None };
        *size = ascii::encode(excerpt, format, Level::Default, &params, lm, &Watch::default())?
            .len() as f64;
    }
    let [tempered, adaptive, classical, mixed] = sizes;
    let lsbs = excerpt.len() as f64 / 8.0;
    let [lm, all, late, late_all] = heard.plain_costs().map(|bits| bits / 8.0 + lsbs);
    costs[0] = Some(lm);
    costs[1] = Some(tempered);
    costs[2] = Some(adaptive);
    costs[3] = Some(classical);
    costs[4] = Some(mixed);
    if let Some(wav) = wav_file(excerpt, format) {
        costs[5] = piped("flac", &["-8", "-s", "-c", "--no-padding", "--no-seektable", "-"], &wav);
    }
    costs[6] = piped("gzip", &["-9", "-c", "-n"], excerpt);
    costs[7] = piped("xz", &["-9e", "-c", "--format=lzma"], excerpt);
    costs[8] = Some(all);
    costs[9] = Some(late);
    costs[10] = Some(late_all);
    Ok(costs)
}

/// Takes down what the coder reads of an excerpt.
#[derive(Default)]
struct Reader(Vec<Input<Character>>);

impl LanguageModel<Character> for Reader {
    fn reset(&mut self) -> lmz::Result<()> {
        Ok(())
    }

    fn step(&mut self, token: Input<Character>) -> lmz::Result<[f32; CHARACTERS]> {
        self.0.push(token);
        Ok([0.0; CHARACTERS])
    }
}

/// The start token, and the characters of an excerpt but the last.
fn characters(excerpt: &[u8], format: &WavFormat) -> Result<Vec<Input<Character>>> {
    let mut reader = Reader::default();
    let params = Params { experts: Experts::LM, chunk_size: u32::MAX, ..Params::default() };
    ascii::encode(excerpt, format, Level::Fast, &params, Some(&mut reader), &Watch::default())?;
    Ok(reader.0)
}

/// What the model said after each token.
struct Heard {
    tokens: Vec<Input<Character>>,
    /// Logits of the characters.
    rows: Vec<[f32; CHARACTERS]>,
    /// Logarithm of the sum over the whole vocabulary.
    sums: Vec<f64>,
}

impl Heard {
    fn new(model: &Model, tokens: Vec<Input<Character>>) -> Result<Self> {
        let (mut rows, mut sums) = (Vec::new(), Vec::new());
        let readout = &model.interface().readout;
        model.evaluate(&tokens, 2, |_, logits| {
            rows.push(std::array::from_fn(|i| logits[readout[i] as usize]));
            sums.push(log_sum(logits));
        })?;
        Ok(Heard { tokens, rows, sums })
    }

    /// What `folder` has of these tokens and this model; asks the model if it has nothing.
    fn from_folder(folder: &Path, model: &Model, tokens: Vec<Input<Character>>) -> Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&model.blake3()).update(format!("{tokens:?}").as_bytes());
        let file = folder.join(hasher.finalize().to_hex().as_str());
        if let Ok(bytes) = fs::read(&file) {
            return Heard::from_bytes(&bytes, tokens)
                .with_context(|| format!("{} is damaged", file.display()));
        }
        let heard = Heard::new(model, tokens)?;
        fs::create_dir_all(folder)?;
        fs::write(file, heard.to_bytes())?;
        Ok(heard)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let rows = self.rows.iter().flatten().flat_map(|logit| logit.to_le_bytes());
        rows.chain(self.sums.iter().flat_map(|sum| sum.to_le_bytes())).collect()
    }

    /// Inverse of [`Heard::to_bytes`].
    fn from_bytes(bytes: &[u8], tokens: Vec<Input<Character>>) -> Option<Self> {
        let (rows, sums) = bytes.split_at_checked(tokens.len() * CHARACTERS * 4)?;
        let (logits, _) = rows.as_chunks::<4>();
        let (rows, _) = logits.as_chunks::<CHARACTERS>();
        let (sums, _) = sums.as_chunks::<8>();
        Some(Heard {
            rows: rows.iter().map(|row| row.map(f32::from_le_bytes)).collect(),
            sums: sums.iter().map(|sum| f64::from_le_bytes(*sum)).collect(),
            tokens,
        })
        .filter(|heard| heard.sums.len() == heard.tokens.len())
    }

    /// Bits over the characters, over the whole vocabulary, and both with each character looked
    /// up one row late. The last character of an excerpt is left out of all four: the row after
    /// it was not computed.
    fn plain_costs(&self) -> [f64; 4] {
        let mut bits = [0.0; 4];
        for (i, token) in self.tokens.iter().enumerate() {
            let Input::After(Character(character)) = *token else { continue };
            for (late, row) in [(0, i - 1), (2, i)] {
                let logit = f64::from(self.rows[row][usize::from(character)]);
                bits[late] += log_sum(&self.rows[row]) - logit;
                bits[late + 1] += self.sums[row] - logit;
            }
        }
        bits.map(|nats| nats * std::f64::consts::LOG2_E)
    }
}

fn log_sum(logits: &[f32]) -> f64 {
    let largest = f64::from(logits.iter().copied().fold(f32::MIN, f32::max));
    largest + logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum::<f64>().ln()
}

/// Says again what the model has said.
struct Replay<'a> {
    heard: &'a Heard,
    next: usize,
}

impl LanguageModel<Character> for Replay<'_> {
    fn reset(&mut self) -> lmz::Result<()> {
        self.next = 0;
        Ok(())
    }

    fn step(&mut self, _token: Input<Character>) -> lmz::Result<[f32; CHARACTERS]> {
        self.next += 1;
        Ok(self.heard.rows[self.next - 1])
    }
}

/// Length of what `program` writes when it reads `input`; `None` when it is not there or fails.
fn piped(program: &str, arguments: &[&str], input: &[u8]) -> Option<f64> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // An excerpt fits into the buffer of a pipe.
    child.stdin.take()?.write_all(input).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then_some(output.stdout.len() as f64)
}

/// A WAV file of the samples, where FLAC takes such.
fn wav_file(samples: &[u8], format: &WavFormat) -> Option<Vec<u8>> {
    let SampleFormat::Integer { .. } = format.sample else { return None };
    let frames = (samples.len() / format.frame_bytes()) as u64;
    let mut file = wav::canonical_header(format, frames);
    file.extend(samples);
    Some(file)
}
