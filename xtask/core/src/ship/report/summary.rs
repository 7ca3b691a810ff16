//! The same in one screen of Markdown, for the page that people see of a run in a forge.

use super::{Told, short};
use crate::digest::Digest;
use crate::escape::markdown;
use crate::ship::ledger::Outcome;
use crate::ship::proof::{Measurement, Verified};
use std::time::Duration;

/// Where a reader goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The repository's page, if a forge shows it.
    pub repository: Option<String>,
    /// The run's own page.
    pub run: Option<String>,
    /// The commit of the release that served, if it is known.
    pub before: Option<String>,
    /// The commit of the release that was asked for.
    pub after: String,
    /// Where the long report is, as a person would type it.
    pub report: Option<String>,
}

/// What happened, from what to what, and what it did to people.
pub fn summary(told: &Told<'_>, links: &Links) -> String {
    let ended = match told.outcome {
        Outcome::Done => "done",
        _ => "FAILED",
    };
    let (action, environment) = (told.action, markdown(told.environment));
    let mut text = format!("### {action} of {environment}: {ended}\n\n");
    text.push_str(&table(&["", ""], &facts(told, links)));
    text.push_str(&table(&["service", "before", "asked for"], &services(told)));
    text.push_str(&table(&["phase", "took"], &phases(told)));
    text.push_str(&line(links));
    text
}

/// For a run that found nothing to do.
pub fn unchanged(environment: &str, release: &str) -> String {
    let (environment, release) = (markdown(environment), markdown(release));
    format!("### {environment}: nothing to do\n\nRelease {release} runs already.\n\n")
}

fn facts(told: &Told<'_>, links: &Links) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let from = told.from.map_or_else(|| "nothing".to_owned(), markdown);
    let way = format!("{from} → **{}**", markdown(told.to));
    let mut rows = vec![row("release", way), row("at", link(told.url, told.url))];
    if let Outcome::Failed { phase, error } = told.outcome {
        rows.push(row("error", format!("{}: {}", markdown(phase), markdown(error))));
    }
    rows.push(row("requests lost", lost(told.proof.probe.as_ref())));
    rows.push(row("verified", verified(told.proof.verified.as_ref())));
    rows.extend(told.proof.traffic.iter().map(|it| row("people", markdown(&it.line()))));
    let took = told.phases.iter().map(|it| it.from + it.took).max().unwrap_or(Duration::ZERO);
    rows.push(row("took", short(took)));
    rows.push(row("begun", markdown(told.at)));
    rows.extend(changes(links).map(|it| row("commits", it)));
    rows
}

fn lost(measured: Option<&Measurement>) -> String {
    let Some(measured) = measured else {
        return markdown("not measured: nothing served before");
    };
    let losses = measured.losses();
    match losses.is_empty() {
        true => markdown(&measured.summary()),
        false => markdown(&format!("{} ({})", measured.summary(), losses.join("; "))),
    }
}

fn verified(verified: Option<&Verified>) -> String {
    match verified {
        None => "no".to_owned(),
        Some(verified) => format!("{} times from outside", verified.rounds.len()),
    }
}

fn services(told: &Told<'_>) -> Vec<Vec<String>> {
    let digest = |it: &Digest| format!("`{it}`");
    let row = |it: &super::Service| {
        let before = match &it.before {
            Some(before) if *before == it.after => "the same".to_owned(),
            Some(before) => digest(before),
            None => "unknown".to_owned(),
        };
        vec![markdown(&it.name), before, digest(&it.after)]
    };
    told.services.iter().map(row).collect()
}

fn phases(told: &Told<'_>) -> Vec<Vec<String>> {
    let row = |it: &super::Phase| {
        let ended = if it.is_done { "" } else { " (did not end)" };
        vec![markdown(&it.name), format!("{}{ended}", short(it.took))]
    };
    told.phases.iter().map(row).collect()
}

/// What lies between the two commits, on the repository's page.
fn changes(links: &Links) -> Option<String> {
    let repository = links.repository.as_ref()?;
    let (after, target) = match links.before.as_ref().filter(|it| **it != links.after) {
        Some(before) => (&links.after, format!("{repository}/compare/{before}...{}", links.after)),
        None => (&links.after, format!("{repository}/commit/{}", links.after)),
    };
    Some(link(&after.chars().take(12).collect::<String>(), &target))
}

fn line(links: &Links) -> String {
    let run = links.run.as_ref().map(|it| link("this run", it));
    let report = links.report.as_ref().map(|it| format!("the report: {}", markdown(it)));
    let parts: Vec<String> = run.into_iter().chain(report).collect();
    if parts.is_empty() { String::new() } else { format!("{}\n\n", parts.join(" · ")) }
}

/// A link, if the address is one of the web and nothing in it ends it early.
fn link(text: &str, address: &str) -> String {
    let is_web = ["https://", "http://"].iter().any(|it| address.starts_with(it));
    let is_whole = !address.contains(|it: char| it.is_whitespace() || "()<>|`\"".contains(it));
    match is_web && is_whole {
        true => format!("[{}]({address})", markdown(text)),
        false => markdown(text),
    }
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head_row = row(&head.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let rows: String = rows.iter().map(|it| row(it)).collect();
    format!("{head_row}{rule}{rows}\n")
}
