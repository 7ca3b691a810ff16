//! Parse, dispatch, say the error, exit.

use clap::Parser as _;
use std::process::ExitCode;
use xtask::cmd;
use xtask::flags::Flags;
use xtask::report::Report;

fn main() -> ExitCode {
    let flags = Flags::parse();
    let report = Report::new(flags.json);
    match cmd::run(flags.verb, &report) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            report.failure(&failure);
            failure.exit().into()
        }
    }
}
