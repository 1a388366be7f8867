//! The `lmz` command: arguments, files, messages. All the work is the library's.

mod args;
#[cfg(feature = "bench")]
mod bench;
mod commands;
mod damaged;
mod direct;
mod failure;
mod input;
mod manual;
mod metadata;
mod models;
mod names;
mod output;
mod progress;
mod report;
mod run;
mod stdout;
mod tokens;
mod version;
mod walk;

use std::process::ExitCode;

use clap::Parser;
use clap::error::Error as ParseError;

use args::{Command, CommandLine};
use failure::{FILE_FAILED, Outcome, Usage, WRONG_USAGE, complain};

fn main() -> ExitCode {
    let line = match CommandLine::try_parse_from(wild::args_os()) {
        Ok(line) => line,
        Err(message) => return help_or_error(&message),
    };
    if let Err(error) = output::clean_up_on_signals() {
        complain(&format!("{error:#}"));
        return ExitCode::from(FILE_FAILED);
    }
    let Some(command) = &line.command else { return exit(direct::run(&line.direct)) };
    exit(match command {
        Command::Compress(args) => commands::compress(args),
        Command::Decompress(args) => commands::decompress(args),
        Command::Verify(args) => commands::verify(args),
        Command::Info(args) => commands::info(args),
        #[cfg(feature = "bench")]
        Command::Bench(args) => bench::run(args),
        #[cfg(feature = "bench")]
        Command::BenchCoder => {
            let mut outcome = Outcome::default();
            outcome.add(args::BENCH_CODER, bench::serve());
            Ok(outcome)
        }
        Command::DevTokens(args) => {
            let mut outcome = Outcome::default();
            outcome.add(&args.input.display().to_string(), tokens::dump(args));
            Ok(outcome)
        }
        Command::Completions(args) => {
            let mut outcome = Outcome::default();
            outcome.add("completions", manual::completions(args));
            Ok(outcome)
        }
        Command::Man(args) => {
            let mut outcome = Outcome::default();
            outcome.add("man pages", manual::man(args));
            Ok(outcome)
        }
    })
}

/// Prints what clap says instead of a command line: help, the version, or what is wrong.
fn help_or_error(message: &ParseError) -> ExitCode {
    if message.use_stderr() {
        // If that fails, there is no other place to report it.
        let _ = message.print();
        return ExitCode::from(WRONG_USAGE);
    }
    let printed = stdout::open().and_then(|_| message.print());
    let mut outcome = Outcome::default();
    outcome.add("help", printed.map_err(Into::into));
    outcome.into()
}

/// Reports what is wrong with the command line.
fn exit(outcome: Result<Outcome, Usage>) -> ExitCode {
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(usage) => {
            complain(&format!("{}\nTry lmz --help", usage.0));
            ExitCode::from(WRONG_USAGE)
        }
    }
}
