//! The command line of onchip: arguments in, libraries called, tables and files out.

mod bench;
mod boards;
mod cli;
mod emulate;
mod inspect;
mod npy;
mod out;
mod outcome;
mod prepare;
mod progress;
mod random;
mod report;
mod search;
mod serve;
mod table;
mod train;
mod vboard;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::outcome::Outcome;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(cli.verbose);
    let outcome = match cli.command {
        Command::Bench(arguments) => bench::bench(&arguments),
        Command::Boards => boards::boards(),
        Command::Emulate(arguments) => emulate::emulate(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Prepare(arguments) => prepare::prepare(&arguments),
        Command::RandomModels(arguments) => random::random_models(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Search(arguments) => search::search(&arguments),
        Command::ServeBoard(arguments) => serve::serve(&arguments),
        Command::Train(arguments) => train::train(&arguments),
    };
    outcome.unwrap_or_else(Outcome::from).exit()
}

/// Logs go to stderr: `RUST_LOG` decides, else how often `-v` was given.
fn log_to_stderr(verbose: u8) {
    let default = match verbose {
        0 => "off",
        1 => "warn,onchip=info,onchip_harness=info,onchip_vboard=info",
        2 => "info,onchip=debug,onchip_harness=debug,onchip_vboard=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
