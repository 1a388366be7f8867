//! Programs that may be installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::coder::{Clock, Coder, Runs, Scope};

/// How a program is called. `{in}` and `{out}` stand for files.
struct Program {
    /// Name on the command line of the bench.
    name: &'static str,
    label: &'static str,
    encoder: &'static str,
    decoder: &'static str,
    version: &'static [&'static str],
    encode: &'static [&'static str],
    /// Options of the encoder for whole files: keep what is around the samples.
    whole: &'static [&'static str],
    decode: &'static [&'static str],
    /// Ending of coded files; some programs insist on theirs.
    extension: &'static str,
}

/// For programs that take no other arguments.
const NOTHING: &[&str] = &[];

/// No metadata of ffmpeg's own, and one thread.
const FFMPEG_DECODE: &[&str] =
    &["-nostdin", "-v", "error", "-y", "-threads", "1", "-i", "{in}", "-c:a", "pcm_s32le", "{out}"];

/// No metadata and no time of day in the file: bytes that say nothing about the coder.
#[rustfmt::skip]
const fn ffmpeg_encode(codec: &'static str) -> [&'static str; 15] {
    ["-nostdin", "-v", "error", "-y", "-i", "{in}", "-map_metadata", "-1", "-fflags", "+bitexact",
     "-threads", "1", "-c:a", codec, "{out}"]
}

const PROGRAMS: [Program; 7] = [
    Program {
        name: "flac",
        label: "flac -8",
        encoder: "flac",
        decoder: "flac",
        version: &["--version"],
        // Without a channel map, more than two channels need no extensible header.
        encode: &[
            "-8",
            "--no-padding",
            "--no-seektable",
            "--channel-map=none",
            "-s",
            "-f",
            "-o",
            "{out}",
            "{in}",
        ],
        whole: &["--keep-foreign-metadata-if-present"],
        decode: &["-d", "--keep-foreign-metadata-if-present", "-s", "-f", "-o", "{out}", "{in}"],
        extension: "flac",
    },
    Program {
        name: "wavpack",
        label: "wavpack -hhx",
        encoder: "wavpack",
        decoder: "wvunpack",
        version: &["--version"],
        encode: &["-hhx", "-q", "-y", "{in}", "-o", "{out}"],
        whole: NOTHING,
        decode: &["-q", "-y", "{in}", "-o", "{out}"],
        extension: "wv",
    },
    Program {
        name: "mac",
        label: "mac -c4000",
        encoder: "mac",
        decoder: "mac",
        version: NOTHING,
        encode: &["{in}", "{out}", "-c4000"],
        whole: NOTHING,
        decode: &["{in}", "{out}", "-d"],
        extension: "ape",
    },
    Program {
        name: "ofr",
        label: "ofr --preset max",
        encoder: "ofr",
        decoder: "ofr",
        version: &["--version"],
        encode: &["--encode", "--preset", "max", "--silent", "{in}", "--output", "{out}"],
        whole: NOTHING,
        decode: &["--decode", "--silent", "{in}", "--output", "{out}"],
        extension: "ofr",
    },
    Program {
        name: "sac",
        label: "sac --normal",
        encoder: "sac",
        decoder: "sac",
        version: NOTHING,
        encode: &["--encode", "--normal", "{in}", "{out}"],
        whole: NOTHING,
        decode: &["--decode", "{in}", "{out}"],
        extension: "sac",
    },
    Program {
        name: "tta",
        label: "ffmpeg tta",
        encoder: "ffmpeg",
        decoder: "ffmpeg",
        version: &["-version"],
        encode: &ffmpeg_encode("tta"),
        whole: NOTHING,
        decode: FFMPEG_DECODE,
        extension: "tta",
    },
    Program {
        name: "alac",
        label: "ffmpeg alac",
        encoder: "ffmpeg",
        decoder: "ffmpeg",
        version: &["-version"],
        encode: &ffmpeg_encode("alac"),
        whole: NOTHING,
        decode: FFMPEG_DECODE,
        extension: "m4a",
    },
];

/// Names of all programs, whether they are there or not.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|program| program.name)
}

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// Index into the table of programs.
    index: usize,
    encoder: PathBuf,
    decoder: PathBuf,
}

impl External {
    /// Looks for the program called `name` on the `PATH`.
    pub fn find(name: &str) -> Option<Self> {
        let index = PROGRAMS.iter().position(|program| program.name == name)?;
        let program = &PROGRAMS[index];
        Some(External { index, encoder: find(program.encoder)?, decoder: find(program.decoder)? })
    }

    fn program(&self) -> &'static Program {
        &PROGRAMS[self.index % PROGRAMS.len()]
    }

    pub fn label(&self) -> &'static str {
        self.program().label
    }

    /// The first line that the program prints about its version.
    pub fn version(&self) -> String {
        let mut command = Command::new(&self.encoder);
        command.args(self.program().version).stdin(Stdio::null());
        let Ok(output) = command.output() else { return "version unknown".to_owned() };
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let line =
            text.lines().map(str::trim).find(|line| line.contains(|c: char| c.is_ascii_digit()));
        let line = line.unwrap_or("version unknown");
        line.split(" Copyright").next().unwrap_or(line).to_owned()
    }

    pub fn coder(&self, scope: Scope) -> Running {
        Running { external: self.clone(), scope }
    }
}

/// A program at work.
pub struct Running {
    external: External,
    scope: Scope,
}

impl Coder for Running {
    fn encode(&mut self, original: &Path, coded: &Path, clock: &mut Clock) -> Result<()> {
        let program = self.external.program();
        let more = match self.scope {
            Scope::WholeFiles => program.whole,
            Scope::Chunks => NOTHING,
        };
        // The program's own ending, then the name that was given.
        let named = coded.with_extension(program.extension);
        run(&self.external.encoder, &[more, program.encode], original, &named, clock)?;
        std::fs::rename(&named, coded).context("it wrote no output")
    }

    fn decode(&mut self, coded: &Path, restored: &Path, clock: &mut Clock) -> Result<()> {
        let program = self.external.program();
        let (named, wav) =
            (coded.with_extension(program.extension), restored.with_extension("wav"));
        std::fs::rename(coded, &named)?;
        run(&self.external.decoder, &[program.decode], &named, &wav, clock)?;
        std::fs::rename(&named, coded)?;
        std::fs::rename(&wav, restored).context("it wrote no output")
    }

    fn runs(&self) -> Runs {
        Runs::InPrograms
    }
}

/// Runs a program to its end; the time includes that of starting it.
fn run(
    program: &Path,
    arguments: &[&[&str]],
    input: &Path,
    output: &Path,
    clock: &mut Clock,
) -> Result<()> {
    let mut command = Command::new(program);
    for &argument in arguments.concat().iter() {
        match argument {
            "{in}" => command.arg(input),
            "{out}" => command.arg(output),
            other => command.arg(other),
        };
    }
    command.stdin(Stdio::null());
    let result = clock.time(|| command.output()).with_context(|| program.display().to_string())?;
    if !result.status.success() {
        let text = [result.stderr, result.stdout].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines.last().copied().unwrap_or("no message");
        bail!("{}: {last}", result.status);
    }
    Ok(())
}

/// The first executable of this name on the `PATH`.
fn find(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|p| p.is_file())
}
