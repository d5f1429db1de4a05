//! The command: arguments, files, output and the exit status. Everything else is the library's.

mod args;
mod check;
mod code;
mod files;
mod fingerprint;
mod fix;
mod log;
mod options;
mod output;
mod predict;
mod rules;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use output::Status;

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let status = match &cli.command {
        Command::Check(args) => check::run(args),
        Command::Log(args) => log::run(args),
        Command::Predict(args) => predict::run(args),
        Command::Fingerprint(args) => fingerprint::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Formats => rules::formats(),
    };
    status
        .unwrap_or_else(|problem| {
            output::complain(&problem);
            Status::Unusable
        })
        .into()
}
