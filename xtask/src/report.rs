//! The only room with a voice: data on stdout, everything else on stderr.
//!
//! On a terminal long work has a spinner; elsewhere a phase is one plain line when it ends.

use crate::error::{Coded as _, Context as _, Failure, Result, code};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::ffi::OsStr;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a run speaks.
pub struct Report {
    terminal: bool,
    colour: bool,
    /// Phases that run side by side share the terminal's last lines.
    bars: MultiProgress,
    phases: Mutex<Vec<PhaseTime>>,
    ending: Arc<Ending>,
}

/// What may be said once only, whoever comes first: the run, or the signal that ends it.
#[derive(Debug, Default)]
struct Ending {
    json: bool,
    /// Whether stdout has its document.
    has_document: AtomicBool,
    /// Whether it was said why the run failed.
    has_failed: AtomicBool,
    /// Why stdout does not hold the result.
    unwritten: Mutex<Option<std::io::Error>>,
}

/// A piece of work that takes longer than a blink. Dropped without `done`, it says nothing.
#[must_use]
pub struct Phase<'a> {
    report: &'a Report,
    name: String,
    began: Instant,
    is_done: bool,
    /// What is traced while it goes on belongs to it.
    span: tracing::span::EnteredSpan,
    bar: ProgressBar,
    /// When something of it was said last where there is no terminal.
    last_line: Mutex<Instant>,
}

/// When a phase was, and for how long.
#[derive(Clone, Debug)]
pub struct PhaseTime {
    pub name: String,
    /// When it began.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
    /// Whether it came to its end.
    pub is_done: bool,
}

/// Says lines from anywhere, also while the run is being ended; cheap to copy.
#[derive(Clone, Debug)]
pub struct Speaker {
    bars: MultiProgress,
    ending: Arc<Ending>,
}

/// Whether a terminal of that kind draws over its own lines; `dumb` ones print every frame.
fn can_draw(term: Option<&OsStr>) -> bool {
    term.is_none_or(|term| term != "dumb")
}

/// Where there is no terminal, work says what it is doing at most this often.
const PLAIN_EVERY: Duration = Duration::from_secs(2);

impl Report {
    /// A voice for this process; with `json`, data is one JSON document on stdout.
    pub fn new(json: bool) -> Self {
        let term = std::env::var_os("TERM");
        let terminal = std::io::stderr().is_terminal() && can_draw(term.as_deref());
        let colour = terminal && std::env::var_os("NO_COLOR").is_none();
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let ending = Arc::new(Ending { json, ..Ending::default() });
        Self { terminal, colour, bars, phases: Mutex::default(), ending }
    }

    /// A voice for what is said beside the run.
    pub fn speaker(&self) -> Speaker {
        Speaker { bars: self.bars.clone(), ending: self.ending.clone() }
    }

    /// Says what is so, or what is about to be done.
    pub fn status(&self, line: &str) {
        self.say(line);
    }

    /// Says what a person should know although the work goes on.
    pub fn warning(&self, line: &str) {
        self.say(&format!("{} {line}", self.paint("warning:", "33")));
    }

    /// Says why the run ends.
    /// Where there is a log that tells more, it is named.
    pub fn failure(&self, failure: &Failure, log: Option<&str>) {
        if !self.ending.fails(failure) {
            return;
        }
        let text = failure.to_string();
        self.say(&text.replacen("error:", &self.paint("error:", "31;1"), 1));
        if let Some(log) = log {
            self.say(&format!("  log: `{log}`"));
        }
    }

    /// Says why the command line is refused, in the words of what reads it.
    pub fn misused(&self, error: &clap::Error) {
        let text = error.render().to_string();
        // Further lines of the first paragraph name the words that are missing.
        let words = text.split("\n\n").next().unwrap_or_default().split_whitespace();
        let line = words.collect::<Vec<_>>().join(" ");
        let failure = Failure::usage(line.strip_prefix("error: ").unwrap_or(&line));
        self.ending.fails(&failure);
        let _nobody_listens = error.print();
        self.say(&format!("  code: {}", failure.name()));
    }

    /// Whether data is JSON: another program that speaks for this one has to know.
    pub fn is_json(&self) -> bool {
        self.ending.json
    }

    /// Gives the result: as JSON if that was asked for, else as `text`.
    pub fn data(&self, value: &serde_json::Value, text: &str) {
        if self.ending.json {
            self.ending.document(value);
        } else {
            self.ending.emit(text);
        }
    }

    /// Whether stdout took what was given.
    pub fn given(&self) -> Result<()> {
        let mut unwritten = self.ending.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = || "failed to write the result to stdout".to_owned();
        unwritten.take().map_or(Ok(()), Err).or_outside(failed).coded(&code::DISK)
    }

    /// Begins a piece of work.
    pub fn phase(&self, name: &str) -> Phase<'_> {
        let bar = self.bars.add(spinner(name));
        let (began, span) = (Instant::now(), tracing::info_span!("phase", name).entered());
        tracing::debug!("begins");
        Phase {
            report: self,
            name: name.to_owned(),
            began,
            is_done: false,
            span,
            bar,
            last_line: Mutex::new(began),
        }
    }

    /// How long each phase took so far, in milliseconds, in order.
    pub fn phases(&self) -> Vec<(String, u64)> {
        let done = self.times().into_iter().filter(|it| it.is_done);
        done.map(|it| (it.name, milliseconds(it.took))).collect()
    }

    /// When each phase was that has ended, in the order of ends; those too that did not come to
    /// their own end.
    pub fn times(&self) -> Vec<PhaseTime> {
        self.phases.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says a line above the phases that are under way.
    fn say(&self, line: &str) {
        self.bars.suspend(|| say(line));
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Speaker {
    /// Says a line above the phases that are under way.
    pub fn say(&self, line: &str) {
        self.bars.suspend(|| say(line));
    }

    /// Says why the run ends, unless it has said so itself.
    pub fn failure(&self, failure: &Failure) {
        if self.ending.fails(failure) {
            self.say(&failure.to_string());
        }
    }
}

impl Ending {
    /// Gives `failure` as data if that was asked for; false if a failure was told already.
    fn fails(&self, failure: &Failure) -> bool {
        let is_first = !self.has_failed.swap(true, Ordering::SeqCst);
        if is_first && self.json {
            self.document(&failure.to_json());
        }
        is_first
    }

    /// Stdout holds one document.
    fn document(&self, value: &serde_json::Value) {
        if !self.has_document.swap(true, Ordering::SeqCst) {
            self.emit(&format!("{value:#}"));
        }
    }

    /// A closed stdout is a reader that has seen enough: not an error.
    fn emit(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        let failed = written.err().filter(|error| error.kind() != ErrorKind::BrokenPipe);
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        *unwritten = unwritten.take().or(failed);
    }
}

/// Lines of the trace are told among all others.
impl std::io::Write for Speaker {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.say(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Phase<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        let (name, took) = (self.name.clone(), self.began.elapsed());
        let time = PhaseTime { name, began: self.began, took, is_done: self.is_done };
        self.report.phases.lock().unwrap_or_else(PoisonError::into_inner).push(time);
    }
}

impl Phase<'_> {
    /// Says what it is doing right now: beside the spinner, or as a plain line now and then.
    pub fn doing(&self, what: &str) {
        self.bar.set_message(what.to_owned());
        let mut last_line = self.last_line.lock().expect("nothing panics while it says something");
        if !self.report.terminal && last_line.elapsed() >= PLAIN_EVERY {
            *last_line = Instant::now();
            self.note(&format!("{what} …"));
        }
    }

    /// Says a line of its own while it goes on.
    pub fn note(&self, line: &str) {
        self.report.say(&format!("             {line}"));
    }

    /// Ends it with what came of it.
    pub fn done(mut self, outcome: &str) {
        let took = self.began.elapsed();
        self.bar.finish_and_clear();
        let name = self.report.paint(&format!("{:<11}", self.name), "32;1");
        self.report.say(&format!(
            "{name} {outcome} {}",
            self.report.paint(&format!("({})", seconds(took)), "2")
        ));
        tracing::info!(parent: &*self.span, ms = milliseconds(took), outcome, "done");
        self.is_done = true;
    }
}

fn spinner(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner:.cyan} {prefix:<10} {wide_msg} {elapsed}");
    let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
    bar.set_style(style.expect("the template is checked by the tests"));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// `0.3 s`.
pub fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// A closed stderr is nobody listening: not an error.
fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    let _nobody_listens = writeln!(stderr, "{line}");
}

/// Lays rows out in columns, two spaces apart.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_dumb_terminal_is_told_lines() {
        use super::can_draw;
        use std::ffi::OsStr;
        assert!(!can_draw(Some(OsStr::new("dumb"))));
        assert!(can_draw(Some(OsStr::new("xterm"))) && can_draw(None));
    }

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), "long".to_owned()], ["bbb".to_owned(), "c".to_owned()]];
        assert_eq!(table(&rows.map(Vec::from)), "a    long\nbbb  c");
    }

    #[test]
    fn the_spinner_template_is_valid() {
        spinner("build").finish_and_clear();
    }
}
