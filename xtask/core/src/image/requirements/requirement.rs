//! One line that names a wheel: `name[extras]==version ; marker --hash=sha256:…`.

use super::marker::Marker;
use super::{Pin, normal};
use crate::address;
use crate::digest::Digest;

/// What the line says, without where it stands.
#[derive(Debug)]
pub(super) struct Spelled {
    pub(super) name: String,
    pub(super) extras: Vec<String>,
    pub(super) version: Pin,
    pub(super) marker: Option<Marker>,
    pub(super) digests: Vec<Digest>,
}

const WANTED: &str = "wanted `name==version --hash=sha256:…`";

/// The thing that a line is about, as it may be shown.
pub(super) fn subject(text: &str) -> String {
    let (name, _) = split_name(text);
    if !name.is_empty() && !is_address(text) {
        return name.to_owned();
    }
    address::shown(text.split_whitespace().next().unwrap_or_default())
}

/// What the line says, or everything that is wrong with it.
pub(super) fn parse(text: &str) -> Result<Spelled, Vec<String>> {
    let (specifier, options) = split_options(text);
    if is_address(specifier) {
        return Err(vec![format!("it is an address or a path; {WANTED} of the machine's index")]);
    }
    let (specifier, marker) = match specifier.split_once(';') {
        Some((specifier, marker)) => (specifier, Some(Marker::parse(marker)).transpose()),
        None => (specifier, Ok(None)),
    };
    match (pinned(specifier), marker, digests(options)) {
        (Ok((name, extras, version)), Ok(marker), Ok(digests)) => {
            Ok(Spelled { name, extras, version, marker, digests })
        }
        (pinned, marker, digests) => {
            let wrong = [pinned.err(), marker.err(), digests.err()];
            Err(wrong.into_iter().flatten().collect())
        }
    }
}

/// Options stand behind the requirement, and begin with `-`.
fn split_options(text: &str) -> (&str, &str) {
    let begins =
        |(at, _): &(usize, &str)| text[..*at].chars().next_back().is_some_and(char::is_whitespace);
    let option = text.match_indices('-').find(begins);
    option.map_or((text, ""), |(at, _)| text.split_at(at))
}

/// `name @ …`, `git+https://…`, `./x`, `x.whl`: what is not asked of an index.
fn is_address(text: &str) -> bool {
    let specifier = text.split(';').next().unwrap_or_default();
    let word = specifier.split_whitespace().next().unwrap_or_default();
    let archives = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"];
    specifier.contains(['@', '/', '\\', ':'])
        || word.starts_with('.')
        || archives.iter().any(|end| word.ends_with(end))
}

fn split_name(text: &str) -> (&str, &str) {
    let belongs = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    text.split_at(text.find(|it| !belongs(it)).unwrap_or(text.len()))
}

fn pinned(specifier: &str) -> Result<(String, Vec<String>, Pin), String> {
    let (name, rest) = split_name(specifier.trim());
    if !is_name(name) {
        return Err(format!("it begins with no name; {WANTED}"));
    }
    let (extras, rest) = extras(rest.trim_start())?;
    let (is_spelled, version) = match rest.strip_prefix("===") {
        Some(version) => (true, version.trim()),
        None => (false, rest.strip_prefix("==").ok_or_else(unpinned)?.trim()),
    };
    let letter = |it: char| it.is_ascii_alphanumeric() || ".+!_-".contains(it);
    if version.is_empty() || !version.chars().all(letter) {
        return Err(unpinned());
    }
    let version = match is_spelled {
        true => Pin::Spelled(version.to_owned()),
        false => Pin::Version(version.to_owned(), version.parse().map_err(|_| unpinned())?),
    };
    Ok((normal(name), extras, version))
}

fn unpinned() -> String {
    format!("it is not pinned to one version; {WANTED}")
}

fn is_name(name: &str) -> bool {
    let ends = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
    ends(name.chars().next()) && ends(name.chars().next_back())
}

/// `[a, b]` in front of `rest`, if it is there.
fn extras(rest: &str) -> Result<(Vec<String>, &str), String> {
    let Some(inside) = rest.strip_prefix('[') else { return Ok((Vec::new(), rest)) };
    let (inside, rest) = inside.split_once(']').ok_or("its extras do not end")?;
    let mut extras: Vec<String> = inside.split(',').map(|it| it.trim().to_owned()).collect();
    let plain = |extra: &String| is_name(extra) && split_name(extra).1.is_empty();
    if !extras.iter().all(plain) {
        return Err("its extras are no names".to_owned());
    }
    extras.sort_unstable();
    Ok((extras, rest.trim_start()))
}

fn digests(options: &str) -> Result<Vec<Digest>, String> {
    let mut digests = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--hash") {
            Some("") => words.next().unwrap_or_default(),
            Some(value) if value.starts_with('=') => &value[1..],
            _ if word.starts_with('-') => {
                let name = super::option::name(word);
                return Err(format!("`{name}` is no option of a line; {WANTED}"));
            }
            _ => return Err("something stands between its options".to_owned()),
        };
        let digest = value.parse().map_err(|_| "wanted `--hash=sha256:` and 64 hex digits")?;
        digests.push(digest);
    }
    match digests.is_empty() {
        true => Err(format!("it has no hash; {WANTED}")),
        false => Ok(digests),
    }
}
