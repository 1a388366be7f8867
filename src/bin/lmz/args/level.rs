//! How much prediction: by name, or by a digit as in gzip and zstd.

use clap::parser::ArgMatches;
use clap::{Arg, ArgAction, ArgGroup, Args, Command, Error, FromArgMatches};
use lmz::Level;

/// First digit of each level; the highest one that is not above the digit given counts.
const DIGITS: [(u8, Level); 3] = [(0, Level::Fast), (3, Level::Default), (7, Level::Best)];

/// `--fast`, `--best`, `-0` to `-9`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelArgs(pub Level);

/// Names of the digits' options within clap.
const NAMES: [&str; 10] = [
    "level-0", "level-1", "level-2", "level-3", "level-4", "level-5", "level-6", "level-7",
    "level-8", "level-9",
];

impl Args for LevelArgs {
    fn augment_args(command: Command) -> Command {
        let flag = |id: &'static str| Arg::new(id).action(ArgAction::SetTrue).group("level");
        let digits = (0..=9_u8).map(|digit| {
            let arg =
                flag(NAMES[usize::from(digit)]).short(char::from(b'0' + digit)).hide(digit != 0);
            let help =
                "Levels as in gzip: -0 to -2 mean --fast, -3 to -6 the default, -7 to -9 --best";
            if digit == 0 { arg.help(help) } else { arg }
        });
        command
            .group(ArgGroup::new("level").multiple(false))
            .arg(flag("fast").long("fast").help("Fastest, largest files"))
            .arg(flag("best").long("best").help("Slowest, smallest files"))
            .args(digits)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LevelArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let digit = match (matches.get_flag("fast"), matches.get_flag("best")) {
            (true, _) => Some(0),
            (_, true) => Some(9),
            _ => (0..=9_u8).find(|&digit| matches.get_flag(NAMES[usize::from(digit)])),
        };
        let level = |digit| DIGITS.iter().rev().find(|(first, _)| *first <= digit);
        Ok(LevelArgs(digit.and_then(level).map_or(Level::Default, |(_, level)| *level)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
