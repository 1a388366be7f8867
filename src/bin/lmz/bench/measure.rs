//! Measures one coder on one file: code, decode, compare.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::audio::{self, Wav};
use super::chunks;
use super::coders::{Check, Clock, Coder, Input, Parts, Restores, Runs, Spec, parts};
use super::plan::{File, Plan};
use super::usage;

/// Which way a coder is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    Encode,
    Decode,
}

/// A file to be made from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub input: PathBuf,
    pub output: PathBuf,
}

/// What a coder took for its jobs, in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Seconds in the coder, over all jobs.
    pub seconds: f64,
    /// Seconds of processor time, over all threads and programs.
    pub processor_seconds: Option<f64>,
    /// Peak memory in bytes.
    pub peak: Option<u64>,
    /// Tokens that a language model read; counted when decoding.
    pub tokens: u64,
}

/// Runs `coder` on `jobs`, one after the other, in this process.
///
/// # Errors
/// The first of the coder.
pub fn work(coder: &mut dyn Coder, direction: Direction, jobs: &[Job]) -> Result<Effort> {
    let mut clock = Clock::default();
    for Job { input, output } in jobs {
        match direction {
            Direction::Encode => coder.encode(input, output, &mut clock)?,
            Direction::Decode => coder.decode(input, output, &mut clock)?,
        }
    }
    let peak = match coder.runs() {
        Runs::Here => usage::own_peak(),
        Runs::InPrograms => usage::children_peak(),
    };
    Ok(Effort {
        seconds: clock.seconds(),
        processor_seconds: clock.processor_seconds(),
        peak,
        tokens: coder.tokens(),
    })
}

/// One file, ready for all coders.
#[derive(Debug, Default)]
pub struct Material {
    /// What stands for it in reports: bytes, samples and duration of what is coded.
    pub original_bytes: u64,
    pub samples: Option<u64>,
    pub audio_seconds: f64,
    /// What coders of WAV files get.
    wavs: Vec<PathBuf>,
    /// What coders of bytes get.
    bytes: Vec<PathBuf>,
    /// Where the chunks lie in the sample data.
    pub offsets: Vec<u64>,
}

impl Material {
    /// Reads `file`, and cuts chunks into `folder` if the plan has chunks.
    ///
    /// # Errors
    /// When it is no WAV file, or has no samples to take a chunk from.
    pub fn new(file: &File, plan: &Plan, folder: &Path) -> Result<Self> {
        let content = fs::read(&file.path)?;
        let wav = Wav::read(&content)?;
        let Some(choice) = &plan.chunks else {
            return Ok(Material {
                original_bytes: content.len() as u64,
                samples: wav.samples(),
                audio_seconds: wav.seconds(),
                wavs: vec![file.path.clone()],
                bytes: vec![file.path.clone()],
                offsets: Vec::new(),
            });
        };
        let format = wav.format.context("the file has no samples")?;
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let chunks = chunks::choose(choice, &name, wav.data.len(), &format);
        ensure!(!chunks.is_empty(), "the file has no samples");
        let mut material = Material::default();
        let width = u64::from(format.sample.width());
        for (i, chunk) in chunks.iter().enumerate() {
            let bytes = &wav.data[chunk.offset..chunk.offset + chunk.bytes];
            let (raw, made) = (folder.join(format!("{i}.bytes")), folder.join(format!("{i}.wav")));
            fs::write(&raw, bytes)?;
            fs::write(&made, audio::with_header(&format, bytes)?)?;
            material.original_bytes += bytes.len() as u64;
            material.audio_seconds += format.seconds((bytes.len() / format.frame_bytes()) as u64);
            material.bytes.push(raw);
            material.wavs.push(made);
            material.offsets.push(chunk.offset as u64);
        }
        material.samples = (width > 0).then(|| material.original_bytes / width.max(1));
        Ok(material)
    }
}

/// How one coder did on one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Coded {
    pub bytes: u64,
    pub encode: Effort,
    pub decode: Effort,
    pub check: Check,
    /// Of lmz alone.
    pub parts: Option<Parts>,
}

/// Codes `material` with the coder called `spec`, which `run` runs, decodes it and compares.
///
/// # Errors
/// When the coder fails, or something else comes back.
pub fn measure(
    spec: &Spec,
    material: &Material,
    folder: &Path,
    mut run: impl FnMut(Direction, &[Job]) -> Result<Effort>,
) -> Result<Coded> {
    let originals = match spec.input() {
        Input::Bytes => &material.bytes,
        Input::Wav => &material.wavs,
    };
    let jobs = |inputs: &[PathBuf], ending: &str| -> Vec<Job> {
        let output = |i| folder.join(format!("{i}.{ending}"));
        let pair = |(i, input): (usize, &PathBuf)| Job { input: input.clone(), output: output(i) };
        inputs.iter().enumerate().map(pair).collect()
    };
    let outputs =
        |jobs: &[Job]| -> Vec<PathBuf> { jobs.iter().map(|job| job.output.clone()).collect() };

    let encoding = jobs(originals, "coded");
    let encode = run(Direction::Encode, &encoding)?;
    let coded = outputs(&encoding);
    let mut bytes = 0;
    let mut sum: Option<Parts> = None;
    for path in &coded {
        bytes += fs::metadata(path)?.len();
        if spec.is_lmz() {
            sum.get_or_insert_default().add(&parts(&fs::read(path)?)?);
        }
    }

    let decoding = jobs(&coded, "restored");
    let decode = run(Direction::Decode, &decoding).context("decoding")?;
    let mut check = Check::Bytes;
    for (original, restored) in originals.iter().zip(outputs(&decoding)) {
        if compare(original, &restored, spec.restores())? == Check::Samples {
            check = Check::Samples;
        }
    }
    Ok(Coded { bytes, encode, decode, check, parts: sum })
}

fn compare(original: &Path, restored: &Path, restores: Restores) -> Result<Check> {
    let (original, restored) = (fs::read(original)?, fs::read(restored)?);
    if original == restored {
        return Ok(Check::Bytes);
    }
    let same_samples =
        restores == Restores::Samples && Wav::read(&original)?.same_samples(&Wav::read(&restored)?);
    ensure!(same_samples, "MISMATCH: the decoded file differs");
    Ok(Check::Samples)
}
