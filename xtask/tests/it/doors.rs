//! Which room may use which, as docs/ARCHITECTURE.md says it, and how long things may be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = include_str!("../../../docs/ARCHITECTURE.md");
const FUNCTION_LINES: usize = 60;
const FILE_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

/// Every Rust file below `xtask`, as git knows it, with its text.
pub(crate) fn sources() -> Vec<(String, String)> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "xtask/**/*.rs"];
    let output = Command::new("git").args(list).current_dir(root()).output().expect("git runs");
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let read = |path: &str| {
        let text = std::fs::read_to_string(root().join(path)).ok()?;
        Some((path.to_owned(), text))
    };
    let sources: Vec<(String, String)> = listed.lines().filter_map(read).collect();
    assert!(sources.len() > 300, "only {} files were found", sources.len());
    sources
}

/// The table of rooms: which may use which.
fn doors() -> BTreeMap<String, BTreeSet<String>> {
    let table = PAGE.split("| room | may use |").nth(1).expect("the table of doors");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let names = |cell: &str| {
        cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect::<BTreeSet<_>>()
    };
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').collect();
        (names(cells[1]).pop_first().expect("a room"), names(cells[2]))
    };
    rows.map(row).collect()
}

/// The room of a file of the program, and where it is a module of its own.
fn room(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("xtask/src/")?;
    Some(inside.split(['/', '.']).next().expect("split gives one at least"))
}

/// The rooms that a text names as `crate::ROOM`, also in `use crate::{…}`.
fn used(text: &str) -> BTreeSet<String> {
    let word = |rest: &str| -> String {
        rest.chars().take_while(|it| it.is_ascii_lowercase() || *it == '_').collect()
    };
    let groups = text.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => {
            let group = group.split_once("};").map_or(group, |(group, _)| group);
            group.split(',').map(|part| word(part.trim_start())).collect::<Vec<_>>()
        }
        None => vec![word(rest)],
    });
    groups.filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_room_uses_only_what_its_door_lets_through() {
    let doors = doors();
    assert!(doors.len() >= 9, "{doors:?}");
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some((room, open)) = room(&path).and_then(|room| doors.get_key_value(room)) else {
            continue;
        };
        if room == "cmd" {
            continue;
        }
        let through = used(&text).into_iter().filter(|it| it != room && !open.contains(it));
        wrong.extend(through.map(|it| format!("`{path}` uses `{it}`")));
    }
    assert!(wrong.is_empty(), "not in the table of doors:\n{}", wrong.join("\n"));
}

#[test]
fn every_open_door_is_walked_through() {
    let mut closed = Vec::new();
    for (room, open) in doors().into_iter().filter(|(room, _)| room != "cmd") {
        let inside = sources().into_iter().filter(|(path, _)| self::room(path) == Some(&room));
        let walked: BTreeSet<String> = inside.flat_map(|(_, text)| used(&text)).collect();
        closed.extend(open.difference(&walked).map(|it| format!("`{room}` no longer uses `{it}`")));
    }
    assert!(closed.is_empty(), "the table of doors says too much:\n{}", closed.join("\n"));
}

#[test]
fn shipping_names_neither_what_runs_containers_nor_what_stands_before_them() {
    let of_ship = |path: &str| path.starts_with("xtask/src/ship/");
    let mut named = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| of_ship(path)) {
        for (number, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            if ["docker", "caddy", "coolify"].iter().any(|word| line.contains(word)) {
                named.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
}

#[test]
fn every_error_code_is_given_to_some_failure() {
    let sources = sources();
    let of_codes = |path: &str| path == "xtask/src/error/code.rs";
    let codes = sources.iter().find(|(path, _)| of_codes(path)).expect("the codes");
    let constants = codes.1.lines().filter(|line| line.contains(" = \"E-"));
    let constants: Vec<&str> =
        constants.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(constants.len() > 40, "{constants:?}");
    let given = |name: &str| {
        let word = format!("code::{name}");
        sources.iter().any(|(_, text)| text.contains(&word))
    };
    let general = ["USAGE", "REFUSED", "SIGNALLED", "OUTSIDE"];
    let idle: Vec<&&str> =
        constants.iter().filter(|it| !general.contains(it) && !given(it)).collect();
    assert!(idle.is_empty(), "given to nothing: {idle:?}");
}

#[test]
fn what_stands_in_a_group_is_seen() {
    let text = "use crate::{edge, world::World};\nuse crate::error::Result; crate::report::x()";
    let seen: Vec<String> = used(text).into_iter().collect();
    assert_eq!(seen, ["edge", "error", "report", "world"]);
}

#[test]
fn no_file_is_longer_than_can_be_read_at_once() {
    let long = sources().into_iter().filter(|(_, text)| text.lines().count() > FILE_LINES);
    let long: Vec<String> =
        long.map(|(path, text)| format!("{path}: {} lines", text.lines().count())).collect();
    assert!(long.is_empty(), "over {FILE_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut long = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            let ends = lines[start..].iter().position(|line| *line == end);
            if let Some(length) = ends.filter(|length| *length >= FUNCTION_LINES) {
                long.push(format!("{path}:{}: {} lines", start + 1, length + 1));
            }
        }
    }
    assert!(long.is_empty(), "over {FUNCTION_LINES} lines:\n{}", long.join("\n"));
}

/// Sources are formatted, so a function ends at the next brace with its indent.
fn begins_function(line: &str) -> bool {
    let words = line.trim_start();
    let words = words.strip_prefix("pub").map_or(words, |rest| {
        rest.trim_start_matches(|it: char| it == '(' || it == ')' || it.is_ascii_lowercase())
            .trim_start()
    });
    let words = words.trim_start_matches("const ").trim_start_matches("async ");
    words.starts_with("fn ") && !line.ends_with(';') && !line.ends_with('}')
}
