//! A Markdown page, as far as its rules need it: lines of prose, links, anchors, code in backticks.

use std::collections::BTreeSet;

/// A page without its blocks of code.
pub(super) struct Page {
    /// Each line outside of fences, with its number.
    lines: Vec<(usize, String)>,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let mut fenced = false;
        let mut lines = Vec::new();
        for (at, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                lines.push((at + 1, line.to_owned()));
            }
        }
        Self { lines }
    }

    /// Lines that say something, without what makes them items of a list.
    pub(super) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().map(|(at, line)| {
            let line = line.trim();
            let item = line.split_once(". ").filter(|(number, _)| is_number(number));
            (*at, item.map_or(line, |(_, item)| item).trim_start_matches("- "))
        })
    }

    /// Headings, and the bold heads of bullets.
    pub(super) fn heads(&self) -> impl Iterator<Item = (usize, &str)> {
        let bullet = |line: &'_ str| {
            let end = line.strip_prefix("- **").and_then(|it| it.find("**"));
            end.map(|end| end + "- **".len())
        };
        self.lines.iter().filter_map(move |(at, line)| {
            let line = line.trim();
            match bullet(line) {
                Some(end) => Some((*at, &line[..end])),
                None => line.starts_with('#').then_some((*at, line)),
            }
        })
    }

    /// Where links lead that stay inside the repository.
    pub(super) fn links(&self) -> Vec<&str> {
        let mut links = Vec::new();
        for (_, line) in &self.lines {
            let ends = line.match_indices("](").filter(|(at, _)| !is_in_code(line, *at));
            let targets = ends.filter_map(|(at, _)| line[at + 2..].split(')').next());
            links.extend(targets.filter(|it| !it.contains("://") && !it.starts_with("mailto:")));
        }
        links
    }

    /// The anchors that GitHub makes of the headings.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let headings = self.lines.iter().filter(|(_, line)| line.starts_with('#'));
        headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
    }

    /// What stands in backticks.
    pub(super) fn code(&self) -> Vec<&str> {
        self.lines.iter().flat_map(|(_, line)| line.split('`').skip(1).step_by(2)).collect()
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

fn is_in_code(line: &str, at: usize) -> bool {
    line[..at].matches('`').count() % 2 == 1
}

/// Letters, digits, `_` and `-` in small letters; a space is a `-`, all else is nothing.
fn anchor(heading: &str) -> String {
    let small = heading.chars().flat_map(char::to_lowercase);
    let kept = small.filter(|it| it.is_alphanumeric() || " _-".contains(*it));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// The path from the root that a link of the page at `from` leads to, and the anchor there.
pub(super) fn resolve<'a>(from: &str, link: &'a str) -> (String, Option<&'a str>) {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(a, b)| (a, Some(b)));
    if path.is_empty() {
        return (from.to_owned(), anchor);
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (parts.join("/"), anchor)
}
