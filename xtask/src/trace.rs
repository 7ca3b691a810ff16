//! What a run did, for whoever has to find out why: spans of phases, commands and layers, on
//! stderr where it was asked for, and in a file of JSON lines for each run.
//!
//! Only our own spans are kept: those of libraries may hold headers and bodies. None of ours holds
//! input, output or variables of a program.

mod log;

use crate::edge::{clock, places::Places};
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::Verb;
use crate::report::Speaker;
use std::time::Instant;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry};

/// The variable that says what is told on stderr, as `tracing` filters are written.
pub const VARIABLE: &str = "XTASK_LOG";

/// What every crate and room of ours calls its spans after.
const OURS: &str = "xtask";

/// The trace of this run.
#[derive(Debug)]
pub struct Trace {
    began: Instant,
    /// The file, relative to the repository.
    log: Option<String>,
}

impl Trace {
    /// Begins it. `verbose` is how often `-v` was said. Outside of a repository there is no file,
    /// and where none can be written `speaker` says so.
    pub fn begin(verb: &Verb, verbose: u8, speaker: &Speaker) -> Result<Self> {
        let to_terminal = filter(verbose)?;
        let opened = keeps_log(verb).then(Places::root).transpose().ok().flatten();
        let opened = opened.map(|root| log::open(&root)).transpose();
        let (file, log) = match opened {
            Ok(opened) => opened.unzip(),
            Err(failure) => {
                speaker.say(&format!("warning: no log of this run: {}", failure.first_line()));
                (None, None)
            }
        };
        let file = file.map(|file| {
            let lines = tracing_subscriber::fmt::layer().json().with_writer(file);
            lines.with_filter(ours(LevelFilter::DEBUG))
        });
        let speaker = speaker.clone();
        let to_terminal = to_terminal.map(|filter| {
            let lines = tracing_subscriber::fmt::layer().compact().with_ansi(false);
            let lines = lines.without_time().with_writer(move || speaker.clone());
            lines.with_filter(filter.and(ours(LevelFilter::TRACE)))
        });
        let subscriber = Registry::default().with(file).with(to_terminal);
        tracing::subscriber::set_global_default(subscriber)
            .or_outside(|| "failed to begin the trace of this run".to_owned())?;
        let args = without_values(std::env::args().skip(1).collect());
        let args = xtask_core::command::Command::new(OURS).args(args).line();
        tracing::info!(version = env!("CARGO_PKG_VERSION"), args, "begins");
        Ok(Self { began: Instant::now(), log })
    }

    /// Ends it; gives the file where that tells more than the failure does.
    pub fn end(&self, exit: Exit, failure: Option<&Failure>) -> Option<&str> {
        let ms = clock::milliseconds(self.began);
        let error = failure.map(Failure::first_line);
        tracing::info!(exit = exit.code(), ms, error, "ends");
        let is_ours_to_tell = failure.is_some() && exit != Exit::Usage;
        self.log.as_deref().filter(|_| is_ours_to_tell)
    }
}

/// A shell asks for completions at every start, and documents are asked of by editors: logs of
/// these would push out those that somebody wants.
fn keeps_log(verb: &Verb) -> bool {
    !matches!(verb, Verb::Completions(_) | Verb::Docs(_) | Verb::Doctor(_))
}

fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_target(OURS, level)
}

/// What is told on stderr, if anything is.
fn filter(verbose: u8) -> Result<Option<EnvFilter>> {
    let asked = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let words = match (asked, verbose) {
        (Some(words), _) => words,
        (None, 0) => return Ok(None),
        (None, 1) => "info".to_owned(),
        (None, _) => "debug".to_owned(),
    };
    let filter = EnvFilter::try_new(&words);
    filter.map(Some).or_usage(|| format!("cannot use `{VARIABLE}`: `{words}`"))
}
/// What somebody typed as the value of a secret, where none belongs, is not kept.
fn without_values(mut args: Vec<String>) -> Vec<String> {
    let is_set = |pair: &[String]| pair[0] == "secrets" && matches!(&*pair[1], "set" | "rotate");
    let Some(at) = args.windows(2).position(is_set) else { return args };
    let words = args[at + 2..].iter_mut().filter(|word| !word.starts_with('-'));
    words.skip(2).for_each(|word| "…".clone_into(word));
    args
}
