//! Parse, dispatch, say the error, exit.

use clap::Parser as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use xtask::cmd;
use xtask::exit::Exit;
use xtask::flags::Flags;
use xtask::report::Report;

fn main() -> ExitCode {
    let flags = Flags::parse();
    let report = Report::new(flags.json);
    // The panic has said by then what it found; what is left to say is whose fault it is.
    match catch_unwind(AssertUnwindSafe(|| cmd::run(flags.verb, &report))) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            report.failure(&failure);
            failure.exit().into()
        }
        Err(_) => {
            report.warning("this is a bug of ours: please report it with the lines above");
            Exit::Bug.into()
        }
    }
}
