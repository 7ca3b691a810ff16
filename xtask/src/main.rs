//! Parse, dispatch, say the error, exit.

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};
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
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => return misused(error),
    };
    let (report, cancel) = (Report::new(flags.json), Cancel::new());
    // The panic has said by then what it found; what is left to say is whose fault it is.
    let trace = match Trace::begin(&flags.verb, flags.verbose, &report.speaker()) {
        Ok(trace) => trace,
        Err(failure) => {
            report.failure(&failure, None);
            return failure.exit().into();
        }
    };
    let run = || cmd::run(flags.verb, &report, &cancel);
    let run = || run().and_then(|exit| report.given().map(|()| exit));
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(exit)) => {
            let exit = cancel.exit().unwrap_or(exit);
            trace.end(exit, None);
            exit.into()
        }
        Ok(Err(failure)) => {
            let exit = ended_by(&failure, &cancel);
            let failure = failure.ending(exit);
            report.failure(&failure, trace.end(exit, Some(&failure)));
            exit.into()
        }
        Err(_) => {
            report.warning("this is a bug of ours: please report it with the lines above");
            Exit::Bug.into()
        }
    }
}

/// Help and the version are no mistake, nor is a command line without a verb: it is told help.
fn misused(error: clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        error.exit();
    }
    let error = without_secret(error);
    Report::new(std::env::args_os().any(|word| word == "--json")).misused(&error);
    Exit::Usage.into()
}

/// A key or an address that stands where it should be named is not repeated.
fn without_secret(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let is_key = text(ContextKind::InvalidArg).starts_with("--key");
    if is_key || text(ContextKind::InvalidValue).contains("://") {
        let hidden = ContextValue::String("(not repeated here)".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    error
}

/// A signal explains every failure that follows from it; that something was changed says more.
fn ended_by(failure: &Failure, cancel: &Cancel) -> Exit {
    match failure.exit() {
        Exit::Partial => Exit::Partial,
        exit => cancel.exit().unwrap_or(exit),
    }
}
