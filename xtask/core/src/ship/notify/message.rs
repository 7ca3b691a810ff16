//! The one text of what happened; each place writes it in its own way.

use super::text::{line, lines};
use super::{Ending, Told};
use crate::ship::ledger::Action;

/// The most of an error that anybody reads in a channel; the rest is in the record.
pub(super) const ERROR_MAX: usize = 1500;
/// The longest address: what is longer leads nowhere that we know.
const LINK_MAX: usize = 300;
/// The most of one fact.
pub(super) const FACT_MAX: usize = 300;

/// A text of a few facts. Nothing in it is escaped or cut yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What colour it has.
    pub tone: Tone,
    /// What is the matter, in a line.
    pub title: String,
    /// What an error said.
    pub error: Option<String>,
    /// Facts, each with its name.
    pub facts: Vec<(&'static str, String)>,
    /// Where to look, each with its words.
    pub links: Vec<(&'static str, String)>,
}

/// Whether it is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went as it was to go.
    Good,
    /// It did not.
    Bad,
    /// Somebody should look.
    Uncertain,
}

impl Message {
    /// What is said of a change that is over.
    pub fn of(told: &Told) -> Self {
        let (tone, error) = match &told.ending {
            Ending::Done if lost(told) => (Tone::Uncertain, None),
            Ending::Done => (Tone::Good, None),
            Ending::Failed { error, .. } => (Tone::Bad, Some(lines(error))),
            Ending::Interrupted { .. } => (Tone::Uncertain, None),
        };
        let links = [("the services", Some(&told.url)), ("the run", told.run_url.as_ref())];
        let links = links.into_iter().filter_map(|(words, url)| Some((words, link(url?)?)));
        let error = error.filter(|it| !it.is_empty());
        Self { tone, title: title(told), error, facts: facts(told), links: links.collect() }
    }

    /// What is said to find out whether it arrives.
    pub fn trial(project: &str, environment: &str, who: &str, at: &str) -> Self {
        Self {
            tone: Tone::Good,
            title: line(&format!("{project}: a test message for {environment}")),
            error: None,
            facts: vec![("Who", line(who)), ("When", line(at))],
            links: Vec::new(),
        }
    }
}

fn title(told: &Told) -> String {
    let Told { project, environment, to, .. } = told;
    let said = match (&told.ending, told.action) {
        (Ending::Done, Action::Rollout) => format!("{environment} runs {to}"),
        (Ending::Done, Action::Rollback) => format!("{environment} is back on {to}"),
        (Ending::Done, noted) => format!("{environment}: a {noted} was noted"),
        (Ending::Failed { phase, .. }, action) => {
            format!("{action} of {to} to {environment} failed at {phase}")
        }
        (Ending::Interrupted { phase }, action) => {
            format!("{action} of {to} to {environment} was interrupted at {phase}")
        }
    };
    line(&format!("{project}: {said}"))
}

fn facts(told: &Told) -> Vec<(&'static str, String)> {
    let from = told.from.as_deref().unwrap_or("nothing");
    let mut facts = vec![
        ("Release", line(&format!("{from} \u{2192} {}", told.to))),
        ("Commit", line(&told.commit)),
        ("Who", line(&told.who)),
        ("Began", line(&told.began)),
        ("Took", took(told)),
        ("Lost requests", requests(told)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn lost(told: &Told) -> bool {
    told.requests.is_some_and(|it| it.lost > 0 || it.is_void)
}

fn requests(told: &Told) -> String {
    match told.requests {
        None => "not measured".to_owned(),
        Some(it) if it.is_void => "the measurement is void".to_owned(),
        Some(it) => format!("{} of {}", it.lost, it.sent),
    }
}

/// The whole, and the three phases that took longest.
fn took(told: &Told) -> String {
    let mut phases: Vec<&(String, u64)> = told.phases.iter().collect();
    phases.sort_by_key(|(_, ms)| std::cmp::Reverse(*ms));
    let longest: Vec<String> =
        phases.iter().take(3).map(|(name, ms)| format!("{name} {}", seconds(*ms))).collect();
    match longest.is_empty() {
        true => String::new(),
        false => line(&format!("{} ({})", seconds(told.took_ms()), longest.join(", "))),
    }
}

fn seconds(ms: u64) -> String {
    match ms / 1000 {
        0..60 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

/// An address that a reader may follow; what is none, or hides another, is left out.
fn link(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url).ok()?;
    let is_plain = matches!(parsed.scheme(), "http" | "https");
    let is_open = parsed.username().is_empty() && parsed.password().is_none();
    let text = parsed.to_string();
    let is_safe = !text.contains(['<', '>', '|', '`', '"', ' ', '(', ')', '\\']);
    (is_plain && is_open && is_safe && text.len() <= LINK_MAX).then_some(text)
}
