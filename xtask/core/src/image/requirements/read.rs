//! Reads a list and all that it includes, each once, from wherever files are.

use super::lines::{Line, joined};
use super::option::{self, Asked};
use super::requirement::{self, Spelled};
use super::{Requirement, Requirements};
use crate::digest::Digest;
use crate::finding::{Finding, Findings};
use std::collections::BTreeMap;

/// What there is where a list should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    Bytes(Vec<u8>),
    Absent,
    /// A link that leads out of the folder of the first list.
    Elsewhere,
}

/// Reads the list in `file`, and with `-r` others in its folder. Only `open` may fail otherwise
/// than by what is written in them.
pub fn read<E>(
    file: &str,
    mut open: impl FnMut(&str) -> Result<Opened, E>,
) -> Result<Result<Requirements, Findings>, E> {
    let mut reading = Reading::new(file);
    while let Some(next) = reading.next.pop() {
        if next.below.contains(&next.path) {
            reading.note_circle(next);
            continue;
        }
        if reading.files.contains_key(&next.path) {
            continue;
        }
        match open(&next.path)? {
            Opened::Bytes(bytes) => {
                reading.below = [next.below, vec![next.path.clone()]].concat();
                reading.take(&next.path, &bytes);
            }
            Opened::Absent => reading.note(next.by, "it is not there".to_owned()),
            Opened::Elsewhere => {
                reading.note(next.by, "it is a link that leaves the folder of the list".to_owned());
            }
        }
    }
    Ok(reading.finish())
}

struct Reading {
    /// The folder of the first list, with a slash at its end unless it is empty.
    folder: String,
    next: Vec<Next>,
    /// The list that is read now, below those that lead to it, from the first one.
    below: Vec<String>,
    files: BTreeMap<String, Digest>,
    entries: Vec<Requirement>,
    findings: Vec<Finding>,
}

struct Next {
    path: String,
    /// The lists that lead to it, from the first one.
    below: Vec<String>,
    by: Place,
}

/// Where something is said, and of what.
struct Place {
    file: String,
    line: usize,
    key: String,
}

impl Reading {
    fn new(file: &str) -> Self {
        let folder = file.rfind('/').map_or("", |at| &file[..=at]).to_owned();
        let by = Place { file: file.to_owned(), line: 1, key: "(file)".to_owned() };
        let next = vec![Next { path: file.to_owned(), below: Vec::new(), by }];
        let (below, files, entries, findings) = Default::default();
        Self { folder, next, below, files, entries, findings }
    }

    fn note(&mut self, at: Place, message: String) {
        let Place { file, line, key } = at;
        self.findings.push(Finding { file, line, key, message });
    }

    /// A list that leads to itself was never meant so, and pip would not end.
    fn note_circle(&mut self, Next { path, below, by }: Next) {
        let from = below.iter().position(|it| *it == path).unwrap_or_default();
        let circle = [&below[from..], &[path]].concat().join("` → `");
        self.note(by, format!("it leads back to itself: `{circle}`"));
    }

    fn take(&mut self, file: &str, bytes: &[u8]) {
        self.files.insert(file.to_owned(), Digest::of(bytes));
        let at = |line, key: &str| Place { file: file.to_owned(), line, key: key.to_owned() };
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => {
                let line = line_of(bytes, error.valid_up_to());
                return self.note(at(line, "(syntax)"), "it is no UTF-8".to_owned());
            }
        };
        // Readers do not agree where such lines end.
        let odd = |(_, letter): &(usize, char)| letter.is_control() && !"\t\r\n".contains(*letter);
        let lone = |(at, _): &(usize, &str)| !text[at + 1..].starts_with('\n');
        let odd = text.char_indices().find(odd).map(|(at, _)| at);
        if let Some(offset) = odd.or(text.match_indices('\r').find(lone).map(|(at, _)| at)) {
            let line = line_of(text.as_bytes(), offset);
            return self.note(at(line, "(syntax)"), "it holds a control character".to_owned());
        }
        joined(text).into_iter().for_each(|line| self.line(file, &line));
    }

    fn line(&mut self, file: &str, line: &Line) {
        let at =
            |key: &str| Place { file: file.to_owned(), line: line.number, key: key.to_owned() };
        if line.text.contains("${") {
            let subject = requirement::subject(line.text.split("${").next().unwrap_or_default());
            let why = "`${…}` would be filled from somebody's environment".to_owned();
            return self.note(at(&subject), why);
        }
        if line.text.starts_with('-') {
            let name = option::name(&line.text);
            match option::read(&line.text) {
                Ok(Asked::Include(path)) => self.include(file, path, at(path)),
                Ok(Asked::Nothing) => {}
                Err(why) => self.note(at(name), why.to_owned()),
            }
            return;
        }
        match requirement::parse(&line.text) {
            Ok(spelled) => self.entries.push(entry(spelled, file, line.number)),
            Err(all) => {
                let subject = requirement::subject(&line.text);
                all.into_iter().for_each(|why| self.note(at(&subject), why));
            }
        }
    }

    fn include(&mut self, file: &str, path: &str, by: Place) {
        let within = &file[self.folder.len()..];
        let above = within.rsplit_once('/').map_or("", |(folder, _)| folder);
        if path.is_empty() {
            return self.note(Place { key: "-r".to_owned(), ..by }, "it names no file".to_owned());
        }
        match joined_path(above, path) {
            Some(joined) => {
                let path = format!("{}{joined}", self.folder);
                self.next.push(Next { path, below: self.below.clone(), by });
            }
            None => {
                let key = crate::address::shown(path);
                self.note(Place { key, ..by }, "it leaves the folder of the list".to_owned());
            }
        }
    }

    fn finish(mut self) -> Result<Requirements, Findings> {
        self.findings.sort();
        match self.findings.is_empty() {
            true => Ok(Requirements { entries: self.entries, files: self.files }),
            false => Err(Findings(self.findings)),
        }
    }
}

fn entry(spelled: Spelled, file: &str, line: usize) -> Requirement {
    let Spelled { name, extras, version, marker, digests } = spelled;
    Requirement { name, extras, version, digests, file: file.to_owned(), line, marker }
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    1 + bytes[..offset].iter().filter(|byte| **byte == b'\n').count()
}

/// `path` as seen from `folder`, if it stays below where `folder` begins.
fn joined_path(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\\', ':', '"', '\'']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
