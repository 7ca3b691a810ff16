//! Parse, dispatch, say the error, exit.

use clap::Parser as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use xtask::cancel::Cancel;
use xtask::cmd;
use xtask::error::Failure;
use xtask::exit::Exit;
use xtask::flags::Flags;
use xtask::report::Report;
use xtask::trace::Trace;

fn main() -> ExitCode {
    let flags = Flags::parse();
    let (report, cancel) = (Report::new(flags.json), Cancel::new());
    // The panic has said by then what it found; what is left to say is whose fault it is.
    let trace = match Trace::begin(&flags.verb, flags.verbose, &report.speaker()) {
        Ok(trace) => trace,
        Err(failure) => {
            report.failure(&failure, None);
            return failure.exit().into();
        }
    };
    match catch_unwind(AssertUnwindSafe(|| cmd::run(flags.verb, &report, &cancel))) {
        Ok(Ok(exit)) => {
            let exit = cancel.exit().unwrap_or(exit);
            trace.end(exit, None);
            exit.into()
        }
        Ok(Err(failure)) => {
            let exit = ended_by(&failure, &cancel);
            report.failure(&failure, trace.end(exit, Some(&failure)));
            exit.into()
        }
        Err(_) => {
            report.warning("this is a bug of ours: please report it with the lines above");
            Exit::Bug.into()
        }
    }
}

/// A signal explains every failure that follows from it; that something was changed says more.
fn ended_by(failure: &Failure, cancel: &Cancel) -> Exit {
    match failure.exit() {
        Exit::Partial => Exit::Partial,
        exit => cancel.exit().unwrap_or(exit),
    }
}
