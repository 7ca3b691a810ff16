//! `docs/ENVIRONMENT.md` names every environment variable that we read, and no other.

use super::{assert_none, is_in, paths, root};
use std::collections::BTreeSet;

const PAGE: &str = "docs/ENVIRONMENT.md";
/// Our own programs, and what runs before them.
const ROOMS: [&str; 10] = [
    "x",
    "scripts/",
    "xtask/src/",
    "xtask/core/",
    "xtask/image/src/",
    "xtask/fuzz/",
    "xtask/fakes/",
    "xtask/http/src/",
    "xtask/providers/src/",
    "xtask/registry/src/",
];
/// What a file has that asks for variables, itself or through a closure that it is handed.
const ASKS: [&str; 3] = ["env::var", "variable(\"", "Surroundings"];
/// Words in such files that are no variables: methods, heads of tables, an example, and variables
/// that are only set for others, or handed on to them.
const OTHERS: [&str; 23] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_PKG_VERSION",
    "CARGO_TERM_COLOR",
    "DEBIAN",
    "FAKETIME",
    "FAKETIME_DONT_FAKE_MONOTONIC",
    "FORCE_COLOR",
    "FOUND",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LLVM_PROFILE_FILE",
    "NUTRI_SIGNING_KEY",
    "PATCH",
    "POST",
    "RUSTC_WORKSPACE_WRAPPER",
    "TOOL",
    "UTC0",
    "WANTED",
    "WHAT",
    "XTASK_TEST_KILLED_IN",
    "XTASK_TEST_NOT_SET",
];

/// Words in capitals of at least four letters, between quotes.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    let capitals = |word: &&str| {
        let fits = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
        let begins = word.starts_with(|it: char| it.is_ascii_uppercase());
        word.len() > 3 && begins && word.bytes().all(fits) && !word.ends_with('_')
    };
    text.split('"').filter(capitals)
}

/// Names that are ours by their beginning, wherever they stand.
fn ours(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|it| it.starts_with("XTASK_") || it.starts_with("NUTRI_"))
}

/// Every variable that a file of ours asks for.
fn asked(text: &str) -> BTreeSet<&str> {
    let asks = ASKS.iter().any(|word| text.contains(word));
    let literals = literals(text).filter(|_| asks);
    literals.chain(ours(text)).filter(|it| !OTHERS.contains(it) && !it.ends_with('_')).collect()
}

/// The variables that the page names in its tables' first cells.
fn named(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn the_page_of_variables_names_what_we_read_and_nothing_else() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let named = named(&page);
    let of_ours = |path: &String| is_in(&ROOMS, path) && !path.ends_with(".md");
    let texts: Vec<(String, String)> = paths()
        .into_iter()
        .filter(of_ours)
        .filter_map(|path| Some((path.clone(), std::fs::read_to_string(root().join(path)).ok()?)))
        .collect();
    let mut findings = Vec::new();
    for (path, text) in &texts {
        let lacking = asked(text).into_iter().filter(|name| !named.contains(name));
        findings.extend(lacking.map(|name| format!("`{path}` reads `{name}`")));
    }
    let is_there = |name: &str| texts.iter().any(|(_, text)| text.contains(name));
    let gone = named.iter().filter(|name| !is_there(name));
    findings.extend(gone.map(|name| format!("nothing reads `{name}`")));
    assert_none(&findings, &format!("bring {PAGE} up to it, or name it in OTHERS of this test"));
}

#[test]
fn a_variable_is_seen_where_it_is_asked_for() {
    let text = "std::env::var(\"HOME_OF_IT\") \"TOOL\" \"no\" const A: &str = \"XTASK_A\";";
    assert_eq!(asked(text).into_iter().collect::<Vec<_>>(), ["HOME_OF_IT", "XTASK_A"]);
    assert!(asked("\"HOME_OF_IT\"").is_empty(), "a file that asks for none has other words");
    assert_eq!(asked("${XTASK_B:-$NUTRI_C}").len(), 2);
    let page = "| `A_B`, `C_D` | `E_F` |\n|---|---|\nSee `G_H`.\n";
    assert_eq!(named(page).into_iter().collect::<Vec<_>>(), ["A_B", "C_D"]);
}
