//! Benchmarks: ours, the model and others, measured in one run on the same inputs. `cargo xtask
//! bench` starts this program, so that the one that is shipped knows nothing of the others.

mod backup;
mod bulk;
mod cold;
mod database;
mod image;
mod peers;
mod postgres;
mod rates;
mod record;
mod scratch;
mod server;
mod services;
mod timed;
mod transport;
mod warm;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use xtask::cancel::Cancel;
use xtask::error::Result;
use xtask::exit::Exit;
use xtask::flags::Bench;
use xtask::report::Report;
use xtask::world::World;

/// What `cargo xtask bench` hands over.
#[derive(Debug, Parser)]
struct Flags {
    /// The program that is measured
    #[arg(long)]
    program: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    bench: Bench,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let (report, cancel) = (Report::new(flags.json), Cancel::new());
    let exit = run(&flags, &report, &cancel).unwrap_or_else(|failure| {
        let exit = cancel.exit().unwrap_or(failure.exit());
        report.failure(&failure.ending(exit), None);
        exit
    });
    exit.into()
}

fn run(flags: &Flags, report: &Report, cancel: &Cancel) -> Result<Exit> {
    let world = World::open(report, cancel)?;
    match &flags.bench {
        Bench::Image(image) => image::run(image, &flags.program, &world),
        Bench::Services(services) => services::run(services, &world),
        Bench::Database(database) => database::run(database, &flags.program, &world),
        Bench::Backup(backup) => backup::run(backup, &flags.program, &world),
    }
}
