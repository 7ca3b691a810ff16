//! What pytest says: sections between rules of `=`, and in them a block under each rule of `_`.

use super::{Excerpt, beside, cut};
use crate::command::Command;

/// Sections that hold failures, and with which word the summary at the end names each of them.
const SECTIONS: [(&str, &str); 2] = [("ERRORS", "ERROR "), ("FAILURES", "FAILED ")];

/// Sections that follow them. What a test printed may look like one; these are what ends a block.
const OTHERS: [&str; 4] =
    ["warnings summary", "tests coverage", "short test summary info", "PASSES"];

/// Every failure, in order, and the coverage that was not reached.
pub(super) fn read(log: &str, command: &Command) -> Vec<Excerpt> {
    let lines: Vec<&str> = log.lines().collect();
    let mut found = Vec::new();
    for (section, word) in SECTIONS {
        let nodes = nodes(&lines, word);
        for (at, (title, block)) in blocks(&lines, section).into_iter().enumerate() {
            let node = nodes.get(at).copied();
            let title = node.unwrap_or(title).to_owned();
            let repeat = node.map(|node| repeat(node, command));
            found.push(Excerpt { title, text: cut(block), repeat });
        }
    }
    let missed = lines.iter().find_map(|line| line.strip_prefix("FAIL Required "));
    found.extend(missed.map(|missed| Excerpt {
        title: "coverage".to_owned(),
        text: format!("Required {missed}"),
        repeat: None,
    }));
    found
}

/// What stands between a rule of `sign`: the title of a section or a block.
fn ruled(line: &str, sign: char) -> Option<&str> {
    let title = line.trim_matches(sign);
    let is_rule = line.starts_with(sign) && line.ends_with(sign);
    (is_rule && title.len() + 2 <= line.len()).then(|| title.trim()).filter(|it| !it.is_empty())
}

/// The blocks of one section, by what their rules say.
fn blocks<'a, 'b>(lines: &'b [&'a str], section: &str) -> Vec<(&'a str, &'b [&'a str])> {
    let Some(begin) = lines.iter().position(|line| ruled(line, '=') == Some(section)) else {
        return Vec::new();
    };
    let lines = &lines[begin + 1..];
    let ends = |line: &&str| {
        let known =
            |it: &str| OTHERS.contains(&it) || SECTIONS.iter().any(|(known, _)| *known == it);
        // The closing line: ` 2 failed, 1 passed in 0.09s `.
        ruled(line, '=').is_some_and(|it| known(it) || it.contains(" in ") && it.ends_with('s'))
    };
    let lines = &lines[..lines.iter().position(ends).unwrap_or(lines.len())];
    let rules: Vec<usize> = (0..lines.len()).filter(|at| is_block(lines[*at])).collect();
    let ends = rules.iter().skip(1).copied().chain([lines.len()]);
    let block = |(at, end): (&usize, usize)| {
        (ruled(lines[*at], '_').unwrap_or_default(), &lines[at + 1..end])
    };
    rules.iter().zip(ends).map(block).collect()
}

/// A rule of `_ _ _` stands between the places of one traceback and opens no block.
fn is_block(line: &str) -> bool {
    line.starts_with("__") && ruled(line, '_').is_some_and(|title| title != "_")
}

/// The names of tests in the summary, in the order of their blocks.
fn nodes<'a>(lines: &[&'a str], word: &str) -> Vec<&'a str> {
    let summary =
        lines.iter().rposition(|line| ruled(line, '=') == Some("short test summary info"));
    let named = lines[summary.unwrap_or(lines.len())..].iter();
    let named = named.filter_map(|line| line.strip_prefix(word));
    // A parameter may hold ` - ` too; its brackets are closed before the reason begins.
    let node = |line: &'a str| match line.find("] - ") {
        Some(at) if line.find(" - ").is_none_or(|first| line[..first].contains('[')) => {
            &line[..=at]
        }
        _ => line.split(" - ").next().unwrap_or(line),
    };
    named.map(node).collect()
}

/// The command once more, for one test.
fn repeat(node: &str, command: &Command) -> String {
    beside(command, Command::new(&command.program).args(["--no-cov", node]))
}
