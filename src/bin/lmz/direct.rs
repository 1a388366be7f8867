//! `lmz FILE`, without a command: by options as in gzip, or by what is in the files.

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use lmz::container::layout::MAGIC;

use crate::args::{CompressArgs, DecompressArgs, DirectArgs, InfoArgs, OutputArgs, VerifyArgs};
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
    let (walk, common, output) = (args.walk.clone(), args.common.clone(), args.output.clone());
    if args.list {
        return commands::info(&InfoArgs { inputs, walk, common, ..InfoArgs::default() });
    }
    if args.test {
        let max_output = u64::MAX;
        return commands::verify(&VerifyArgs {
            inputs,
            walk,
            common,
            max_output,
            ..VerifyArgs::default()
        });
    }
    let packed = |path: &PathBuf| args.decompress || is_lmz(path);
    let (packed, plain): (Vec<_>, Vec<_>) = if args.inputs.is_empty() && !args.decompress {
        // Without a name, nothing at all means that somebody forgot it.
        let standard_input = is_lmz_on_standard_input()?;
        inputs.into_iter().partition(|_| standard_input)
    } else {
        inputs.into_iter().partition(packed)
    };
    let mut outcome = Outcome::default();
    if !packed.is_empty() {
        let (walk, common, output) = (walk.clone(), common.clone(), output.clone());
        outcome = outcome.and(commands::decompress(&decompressing(DecompressArgs {
            inputs: packed,
            output,
            walk,
            common,
            ..DecompressArgs::default()
        }))?);
    }
    if !plain.is_empty() {
        let level = args.level;
        let output = OutputArgs { ..output };
        outcome = outcome.and(commands::compress(&CompressArgs {
            inputs: plain,
            output,
            walk,
            level,
            common,
            lanes: 1,
            ..CompressArgs::default()
        })?);
    }
    Ok(outcome)
}

fn decompressing(args: DecompressArgs) -> DecompressArgs {
    DecompressArgs { max_output: u64::MAX, ..args }
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
            "nothing to do: standard input is empty, and no file is named".to_owned(),
        ));
    }
    let length = start.len().min(MAGIC.len());
    Ok(start[..length] == MAGIC[..length])
}
