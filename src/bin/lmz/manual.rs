//! Completions for shells, and man pages; both from the definition of the command line.

use std::io::Write as _;

use anyhow::Result;
use clap::CommandFactory;

use crate::args::{CommandLine, CompletionsArgs, ManArgs};
use crate::stdout;

/// Name of the program.
const NAME: &str = "lmz";

/// Writes the completions of a shell to standard output.
///
/// # Errors
/// When that cannot be written to.
pub fn completions(args: &CompletionsArgs) -> Result<()> {
    // The generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut CommandLine::command(), NAME, &mut script);
    Ok(stdout::open()?.write_all(&script)?)
}

/// Writes man pages.
///
/// # Errors
/// When they cannot be written.
pub fn man(args: &ManArgs) -> Result<()> {
    let command = CommandLine::command();
    match &args.output {
        Some(folder) => clap_mangen::generate_to(command, folder)?,
        None => clap_mangen::Man::new(command).render(&mut stdout::open()?)?,
    }
    Ok(())
}
