//! `lmz FILE`, without a command: by options as in gzip, or by what is in the files.

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use lmz::container::layout::MAGIC;

use crate::args::{CompressArgs, DecompressArgs, DirectArgs, InfoArgs, VerifyArgs};
use crate::commands;
use crate::failure::{Outcome, Usage};
use crate::input;

/// Carries the command line out.
///
/// # Errors
/// [`Usage`] where there is nothing to do, or nothing that can be done.
pub fn run(args: &DirectArgs) -> Result<Outcome, Usage> {
    let inputs = match args.inputs.is_empty() {
        true => vec![PathBuf::from("-")],
        false => args.inputs.clone(),
    };
    if args.inputs.is_empty() && io::stdin().is_terminal() {
        return Err(Usage("nothing to do: name a file".to_owned()));
    }
    if args.list || args.test {
        return look(args, inputs);
    }
    let (packed, plain): (Vec<_>, Vec<_>) = if args.inputs.is_empty() && !args.decompress {
        // Without a name, nothing at all means that somebody forgot it.
        let standard_input = is_lmz_on_standard_input()?;
        inputs.into_iter().partition(|_| standard_input)
    } else {
        inputs.into_iter().partition(|path| args.decompress || is_lmz(path))
    };
    let mut outcome = Outcome::default();
    if !packed.is_empty() {
        outcome = outcome.and(commands::decompress(&decompressing(args, packed))?);
    }
    if !plain.is_empty() {
        outcome = outcome.and(commands::compress(&compressing(args, plain))?);
    }
    Ok(outcome)
}

/// The commands that write nothing.
fn look(args: &DirectArgs, inputs: Vec<PathBuf>) -> Result<Outcome, Usage> {
    let (walk, common) = (args.walk.clone(), args.common.clone());
    if args.list {
        return commands::info(&InfoArgs { inputs, walk, common, ..InfoArgs::default() });
    }
    let max_output = u64::MAX;
    commands::verify(&VerifyArgs { inputs, walk, common, max_output, ..VerifyArgs::default() })
}

fn decompressing(args: &DirectArgs, inputs: Vec<PathBuf>) -> DecompressArgs {
    DecompressArgs {
        inputs,
        output: args.output.clone(),
        walk: args.walk.clone(),
        common: args.common.clone(),
        max_output: u64::MAX,
        ..DecompressArgs::default()
    }
}

fn compressing(args: &DirectArgs, inputs: Vec<PathBuf>) -> CompressArgs {
    CompressArgs {
        inputs,
        output: args.output.clone(),
        walk: args.walk.clone(),
        level: args.level,
        common: args.common.clone(),
        lanes: 1,
        ..CompressArgs::default()
    }
}

/// Whether the input is compressed.
fn is_lmz(path: &PathBuf) -> bool {
    if path == Path::new("-") {
        return is_lmz_on_standard_input().unwrap_or(false);
    }
    input::is_lmz(path)
}

/// Looks at what comes first without taking it.
fn is_lmz_on_standard_input() -> Result<bool, Usage> {
    let mut stdin = io::stdin().lock();
    // The reading itself will report what is wrong.
    let start = stdin.fill_buf().unwrap_or_default();
    if start.is_empty() {
        return Err(Usage(
            "nothing to do: no file is named, and standard input is empty".to_owned(),
        ));
    }
    let length = start.len().min(MAGIC.len());
    Ok(start[..length] == MAGIC[..length])
}
