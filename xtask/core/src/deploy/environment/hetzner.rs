//! The server of an environment at Hetzner Cloud: what is bought there, and what it may cost.

use super::coolify::{optional, refuse_open};
use super::{SecretSource, read_source, read_url};
use crate::hetzner::rule::Rule;
use crate::reader::Table;

/// Where its API is.
const API: &str = "https://api.hetzner.cloud";
const USUAL_TOKEN: &str = "HCLOUD_TOKEN";

/// The server of an environment at Hetzner Cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hetzner {
    /// Where its API is.
    pub url: String,
    /// Where the token of the project is kept.
    pub token: SecretSource,
    /// Of the server and its firewall; the project's and the environment's if not said.
    pub name: Option<String>,
    /// The types that will do, the best first.
    pub types: Vec<String>,
    pub location: String,
    pub image: String,
    /// What its firewall lets in.
    pub open: Vec<Rule>,
    /// Whether Hetzner copies its disk each day.
    pub backups: bool,
    /// The most that it may cost.
    pub budget_eur_per_month: Option<u64>,
}

pub(super) fn read(table: &Table<'_>) -> Option<Hetzner> {
    let url = optional(table, "url", read_url).map(|url| url.unwrap_or_else(|| API.to_owned()));
    let url = url.and_then(|url| refuse_open(table, "url", url));
    let token = optional(table, "token", read_source);
    let name = optional(table, "name", read_word);
    let location = read_word(table, "location");
    let image = read_word(table, "image");
    let types = read_types(table);
    let open = read_open(table);
    let backups = table.optional_truth("backups");
    let budget = optional(table, "budget_eur_per_month", |it, key| it.number(key, 1..=10_000));
    table.refuse_unknown();
    Some(Hetzner {
        url: url?,
        token: token?.unwrap_or_else(|| SecretSource::Variable(USUAL_TOKEN.to_owned())),
        name: name?,
        types: types?,
        location: location?,
        image: image?,
        open: open?,
        backups: backups.unwrap_or(false),
        budget_eur_per_month: budget?,
    })
}

fn read_types(table: &Table<'_>) -> Option<Vec<String>> {
    let types = table.texts("types");
    if types.is_empty() {
        table.refuse("types", "it names no type, so nothing could be bought");
    }
    let wrong: Vec<&String> = types.iter().filter(|it| !is_word(it)).collect();
    for it in &wrong {
        table.refuse("types", format!("`{it}` is no name of a type, such as `cx33`"));
    }
    (!types.is_empty() && wrong.is_empty()).then_some(types)
}

/// Without SSH nobody makes the server ready, so a list that opens nothing is a mistake.
fn read_open(table: &Table<'_>) -> Option<Vec<Rule>> {
    let texts = table.texts("open");
    if texts.is_empty() {
        table.refuse("open", "it opens nothing, so nobody could reach the server");
    }
    let mut rules = Vec::new();
    for text in &texts {
        match text.parse::<Rule>() {
            Ok(rule) => rules.push(rule),
            Err(error) => table.refuse("open", error.to_string()),
        }
    }
    (!texts.is_empty() && rules.len() == texts.len()).then_some(rules)
}

fn read_word(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    if !is_word(&text) {
        let wanted = "wanted small letters, digits, `-` and `.`, none of the last two at an end";
        table.refuse(key, format!("`{text}` is no name at Hetzner: {wanted}"));
        return None;
    }
    Some(text)
}

/// A name of a host, which is also the form of Hetzner's own names.
fn is_word(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-.".contains(&it);
    let ends = |it: char| it.is_ascii_alphanumeric();
    text.len() <= 63 && text.bytes().all(fits) && text.starts_with(ends) && text.ends_with(ends)
}
