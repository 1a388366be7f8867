//! The command line as plain data; nothing here touches a file.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};
use lmz::Level;
use lmz::pipeline::Position;
use lmz::wav::{WavFormat, raw_format};

#[cfg(feature = "bench")]
mod bench;
mod level;
mod mapping;
mod shared;
mod time;

#[cfg(feature = "bench")]
pub use bench::{BenchArgs, BenchLevel};
pub use level::LevelArgs;
pub use mapping::MappingArgs;
use shared::RESEARCH;
pub use shared::{CommonArgs, Engine, GapArg, Lm, ModelArgs, OutputArgs, WalkArgs};

use crate::version;

/// Answer to `-V`.
static VERSION_LINE: LazyLock<String> = LazyLock::new(version::line);

/// Name of the hidden subcommand that runs one coder of `bench`.
#[cfg(feature = "bench")]
pub const BENCH_CODER: &str = "bench-coder";

const EXIT_CODES: &str = "\
Exit codes: 0 all files succeeded; 1 at least one file failed (not an audio or lmz file, \
damaged, unreadable, or its output already exists); 2 usage error, nothing was done; 3 none failed, but \
--salvage restored a file with losses, or cannot prove that nothing is missing; 130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  lmz song.wav                         writes song.lmz, keeps song.wav
  lmz song.lmz                         and back again
  lmz compress -r album -o archive     a folder tree, keeping its structure
  lmz verify -r archive                decodes and checks everything, writes nothing
  lmz < take.wav > take.lmz            through a pipe
  lmz -dc song.lmz | ffplay -          plays a file while decoding it";

const COMPRESS_EXAMPLES: &str = "\
Examples:
  lmz compress *.wav -o archive/ --best
  lmz compress -r recordings -o archive --skip-existing   only new files
  lmz compress --verify --delete-source song.wav          deletes song.wav once song.lmz is verified
  lmz compress --raw s16le,44100,2 take.raw               samples without a header";

const DECOMPRESS_EXAMPLES: &str = "\
Examples:
  lmz decompress song.lmz -o copy.wav
  lmz decompress song.lmz --from 1:23 --to 1:40 -o part.wav
  lmz decompress --salvage damaged.lmz";

/// Lossless compressor for WAV, AIFF, Wave64 and CAF files.
///
/// Originals are restored byte for byte, headers and all. Inputs are kept, and outputs appear
/// only when complete. Without a command, lmz files are decompressed and all others compressed.
/// As an input, `-` means standard input; `-o -` means standard output.
#[derive(Debug, Parser)]
#[command(name = "lmz", version = VERSION_LINE.as_str(), after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
#[command(args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub direct: DirectArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compress WAV, AIFF, Wave64 and CAF files: song.wav becomes song.lmz
    #[command(visible_alias = "c", after_help = COMPRESS_EXAMPLES)]
    Compress(CompressArgs),
    /// Restore files: song.lmz becomes song.wav, song.aif.lmz becomes song.aif
    #[command(visible_alias = "x", after_help = DECOMPRESS_EXAMPLES)]
    Decompress(DecompressArgs),
    /// Decode lmz files and check every checksum, without writing anything
    #[command(visible_alias = "test")]
    Verify(VerifyArgs),
    /// Show what is in lmz files, without decoding them
    #[command(visible_alias = "list")]
    Info(InfoArgs),
    /// Compare lmz with other coders on the same files: size, time, memory, charts
    #[cfg(feature = "bench")]
    Bench(Box<BenchArgs>),
    /// Run one coder for `bench`
    #[cfg(feature = "bench")]
    #[command(hide = true, name = BENCH_CODER)]
    BenchCoder,
    /// Write completions for a shell to standard output
    Completions(CompletionsArgs),
    /// Write man pages
    Man(ManArgs),
    /// Write the tokens of a WAV file, to train a model on (see training/)
    #[command(hide = true)]
    DevTokens(DevTokensArgs),
}

#[derive(Debug, Args)]
pub struct DevTokensArgs {
    /// WAV file
    pub input: PathBuf,
    /// File with one record for each sample, as training/train.py reads them
    pub output: PathBuf,
}

/// Without a command: options as in gzip and zstd.
#[derive(Debug, Args)]
pub struct DirectArgs {
    /// Files, folders, or - for standard input
    #[arg(value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    /// Decompress all inputs
    #[arg(short, long, group = "mode")]
    pub decompress: bool,

    /// Check lmz files without writing anything, like `verify`
    #[arg(short, long, group = "mode")]
    pub test: bool,

    /// Show what is in lmz files, like `info`
    #[arg(short, long, group = "mode")]
    pub list: bool,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub walk: WalkArgs,

    #[command(flatten)]
    pub level: LevelArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Existing folder for lmz.1 and one page per command; without this option, lmz.1 goes to standard
    /// output
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Default, Args)]
pub struct CompressArgs {
    /// WAV, AIFF, Wave64 and CAF files, folders of them, or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub output: OutputArgs,

    /// Treat the inputs as samples without a header: u8, s8, s16le, s24be, s32, f32, f64, alaw or mulaw,
    /// then the sample rate and the number of channels, as in s16le,44100,2
    #[arg(long, value_name = "FORMAT,RATE,CHANNELS", value_parser = raw_format)]
    pub raw: Option<WavFormat>,

    /// When to use the language model [default: off with --fast, on with --best, otherwise auto]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub lm: Option<Lm>,

    /// What runs the language model [default: exact, or llama.cpp with --model, --lanes, --gpu-layers
    /// or --mapping ascii]
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub engine: Option<Engine>,

    /// Refuse options that would make a file that not every machine can decode
    #[arg(long)]
    pub portable: bool,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub mapping: MappingArgs,

    /// Segments that go through the language model as one batch, each on its own thread unless -j allows
    /// fewer; decoding needs as many threads to be as fast
    #[arg(help_heading = RESEARCH, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub lanes: u32,

    /// Layers of the language model to run on a GPU
    #[arg(help_heading = RESEARCH, long, value_name = "N", default_value_t = 0)]
    pub gpu_layers: u32,

    #[command(flatten)]
    pub level: LevelArgs,

    /// Length of a segment, which is decoded to reach any place in it: short ones cost a few bytes, and make
    /// --from faster [default: 30, 20 with --fast, 60 with --best]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub segment: Option<u32>,

    #[command(flatten)]
    pub walk: WalkArgs,

    /// Decode the result and compare it before the output appears
    #[arg(long)]
    pub verify: bool,

    /// Delete the input once its verified result is safely on disk
    #[arg(long, visible_alias = "rm", requires = "verify")]
    pub delete_source: bool,

    #[command(flatten)]
    pub common: CommonArgs,
}

impl CompressArgs {
    /// When the language model takes part.
    pub fn lm(&self) -> Lm {
        let named = self.model.model.is_some() || self.mapping.needs_model();
        self.lm.unwrap_or(match self.level.0 {
            Level::Fast if !named => Lm::Off,
            Level::Best => Lm::On,
            _ => Lm::Auto,
        })
    }

    /// What runs the language model.
    pub fn engine(&self) -> Engine {
        let special = self.model.model.is_some() || self.lanes > 1 || self.gpu_layers > 0;
        self.engine.unwrap_or(match special || self.mapping.window().is_some() {
            true => Engine::LlamaCpp,
            false => Engine::Exact,
        })
    }
}

#[derive(Debug, Default, Args)]
pub struct DecompressArgs {
    /// lmz files, folders of them, or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub walk: WalkArgs,

    /// Restore what is intact in a damaged file, and list what is lost
    #[arg(long)]
    pub salvage: bool,

    /// What to put in place of lost samples
    #[arg(long, value_enum, default_value_t = GapArg::Silence, value_name = "WHAT", requires = "salvage")]
    pub gap: GapArg,

    /// Start here: 1:23, 1:02:03.5, 83.25 (seconds), 1m23s or 44100f (frames)
    #[arg(long, value_name = "TIME", value_parser = time::parse, conflicts_with = "salvage")]
    pub from: Option<Position>,

    /// Stop just before this time
    #[arg(long, value_name = "TIME", value_parser = time::parse, conflicts_with = "salvage")]
    pub to: Option<Position>,

    /// Refuse files whose original is longer than this many bytes
    #[arg(long, value_name = "BYTES", default_value_t = u64::MAX, hide_default_value = true)]
    pub max_output: u64,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Default, Args)]
pub struct VerifyArgs {
    /// lmz files, folders of them, or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub walk: WalkArgs,

    /// Refuse files whose original is longer than this many bytes
    #[arg(long, value_name = "BYTES", default_value_t = u64::MAX, hide_default_value = true)]
    pub max_output: u64,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Default, Args)]
pub struct InfoArgs {
    /// lmz files, folders of them, or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub model: ModelArgs,

    #[command(flatten)]
    pub walk: WalkArgs,

    #[command(flatten)]
    pub common: CommonArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use lmz::Level;

    fn compress(line: &[&str]) -> Result<CompressArgs, clap::Error> {
        let line = ["lmz", "compress"].iter().chain(line);
        match CommandLine::try_parse_from(line)?.command {
            Some(Command::Compress(args)) => Ok(args),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn levels() {
        for (option, level) in [
            ("--fast", Level::Fast),
            ("-0", Level::Fast),
            ("-2", Level::Fast),
            ("-3", Level::Default),
            ("-6", Level::Default),
            ("-7", Level::Best),
            ("--best", Level::Best),
        ] {
            assert_eq!(compress(&["a.wav", option]).unwrap().level.0, level, "{option}");
        }
        assert_eq!(compress(&["a.wav"]).unwrap().level.0, Level::Default);
        assert!(compress(&["a.wav", "-1", "-9"]).is_err());
        assert!(compress(&["a.wav", "--best", "--fast"]).is_err());
    }

    #[test]
    fn short_options_and_several_inputs() {
        let args = compress(&["a.wav", "-", "-fqj", "3", "-o", "out"]).unwrap();
        assert_eq!(args.inputs, [PathBuf::from("a.wav"), PathBuf::from("-")]);
        assert!(args.output.force && args.common.quiet);
        assert_eq!(args.common.threads, 3);
        assert_eq!(args.output.output, Some(PathBuf::from("out")));
        assert!(compress(&[]).is_err());
    }

    #[test]
    fn language_model_options() {
        let args = compress(&["a.wav", "--lm", "on", "--model", "m.gguf", "--lanes=4"]).unwrap();
        assert_eq!((args.lm(), args.lanes, args.gpu_layers), (Lm::On, 4, 0));
        assert_eq!(args.engine(), Engine::LlamaCpp);
        assert_eq!(args.model.model, Some(PathBuf::from("m.gguf")));
        assert!(compress(&["a.wav", "--lanes", "0"]).is_err());
        assert!(compress(&["a.wav", "--lm", "maybe"]).is_err());
    }

    #[test]
    fn the_level_decides_on_the_model_and_options_on_the_engine() {
        let of = |line: &[&str]| compress(line).map(|args| (args.lm(), args.engine())).unwrap();
        assert_eq!(of(&["a.wav"]), (Lm::Auto, Engine::Exact));
        assert_eq!(of(&["a.wav", "--fast"]), (Lm::Off, Engine::Exact));
        assert_eq!(of(&["a.wav", "--best"]), (Lm::On, Engine::Exact));
        assert_eq!(of(&["a.wav", "--best", "--lm=off"]), (Lm::Off, Engine::Exact));
        assert_eq!(of(&["a.wav", "--fast", "--lm=on"]), (Lm::On, Engine::Exact));
        assert_eq!(of(&["a.wav", "--model=m.gguf"]), (Lm::Auto, Engine::LlamaCpp));
        assert_eq!(of(&["a.wav", "--model=m.gguf", "--engine=exact"]), (Lm::Auto, Engine::Exact));
        assert_eq!(of(&["a.wav", "--engine=llama.cpp"]), (Lm::Auto, Engine::LlamaCpp));
        assert_eq!(of(&["a.wav", "--lanes=2"]), (Lm::Auto, Engine::LlamaCpp));
        assert_eq!(of(&["a.wav", "--mapping=ascii"]), (Lm::Auto, Engine::LlamaCpp));
    }

    #[test]
    fn raw_samples_have_a_format() {
        let raw = compress(&["a.raw", "--raw", "s24be,48000,6"]).unwrap().raw.unwrap();
        assert_eq!((raw.frame_bytes(), raw.sample_rate, raw.channels), (18, 48_000, 6));
        assert!(compress(&["a.wav"]).unwrap().raw.is_none());
        let error = compress(&["a.raw", "--raw", "s20,48000,6"]).unwrap_err().to_string();
        assert!(error.contains("s20") && error.contains("s16le"), "{error}");
    }

    #[test]
    fn sources_are_deleted_only_when_verified() {
        assert!(compress(&["a.wav", "--delete-source"]).is_err());
        assert!(compress(&["a.wav", "--delete-source", "--verify"]).unwrap().delete_source);
    }
}
