//! Completions for shells, and man pages; both from the definition of the command line.

use std::io;

use anyhow::Result;
use clap::CommandFactory;

use crate::args::{CommandLine, CompletionsArgs, ManArgs};

/// Name of the program.
const NAME: &str = "lmz";

/// Writes the completions of a shell to standard output.
pub fn completions(args: &CompletionsArgs) {
    clap_complete::generate(args.shell, &mut CommandLine::command(), NAME, &mut io::stdout());
}

/// Writes man pages.
///
/// # Errors
/// When they cannot be written.
pub fn man(args: &ManArgs) -> Result<()> {
    let command = CommandLine::command();
    match &args.output {
        Some(folder) => clap_mangen::generate_to(command, folder)?,
        None => clap_mangen::Man::new(command).render(&mut io::stdout())?,
    }
    Ok(())
}
