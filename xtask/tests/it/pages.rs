//! The pages: nothing is said twice, every link and path leads somewhere, and every page is found.
//! Each rule is a function over texts, so that a planted fault shows that the rule sees it.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod page;
mod quotes;
mod variables;

use page::Page;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Shorter lines may well stand twice, such as the head of a table.
const LONG: usize = 60;
/// Ends of names by which a path in a text is taken for a file of the repository.
const ENDS: [&str; 9] = ["/", ".css", ".lock", ".md", ".nix", ".py", ".rs", ".sh", ".toml"];
/// Where paths in the text of a page begin, beside its own folder.
const BASES: [&str; 3] = ["", "xtask/", "xtask/src/"];

/// Every path that git tracks or would track.
fn paths() -> BTreeSet<String> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(list).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let there = listed.lines().filter(|path| root().join(path).is_file());
    let paths: BTreeSet<String> = there.map(ToOwned::to_owned).collect();
    assert!(paths.len() > 300, "only {} files were found", paths.len());
    paths
}

/// Whether a path is one of `rooms`, or in one whose name ends with a slash.
fn is_in(rooms: &[&str], path: &str) -> bool {
    rooms.iter().any(|room| path == *room || room.ends_with('/') && path.starts_with(room))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every Markdown page, by its path.
fn pages() -> BTreeMap<String, Page> {
    let read = |path: String| {
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        (path, Page::read(&text))
    };
    let pages: BTreeMap<_, _> =
        paths().into_iter().filter(|it| it.ends_with(".md")).map(read).collect();
    assert!(pages.len() > 20, "there are more pages than {}", pages.len());
    pages
}

fn assert_none(findings: &[String], cure: &str) {
    assert!(findings.is_empty(), "{}\n  hint: {cure}", findings.join("\n"));
}

/// Lines and sentences that a page has twice, headings and heads of bullets below one heading.
fn repeated(page: &Page) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for (line, text) in page.prose() {
        let sentences = text.split_inclusive(". ").map(|it| it.trim().trim_end_matches('.'));
        let long = sentences.filter(|it| it.chars().count() >= LONG);
        // A line of one sentence is not to be taken for a line and its sentence.
        let once: BTreeSet<&str> =
            long.chain(Some(text.trim_end_matches('.'))).filter(|it| counts(it)).collect();
        let again = once.into_iter().filter(|it| !seen.insert((*it).to_owned()));
        twice.extend(again.map(|it| format!("line {line}: `{it}`")));
    }
    // A heading or a bullet may come again under another heading, as "Added" does in a changelog.
    let mut above: Vec<&str> = Vec::new();
    let mut heads = BTreeSet::new();
    for (line, head) in page.heads() {
        let level = head.chars().take_while(|it| *it == '#').count();
        if level > 0 {
            above.retain(|it| it.chars().take_while(|it| *it == '#').count() < level);
        }
        if !heads.insert((above.clone(), head)) {
            twice.insert(format!("line {line}: `{head}` stands there before"));
        }
        if level > 0 {
            above.push(head);
        }
    }
    twice.into_iter().collect()
}

/// Whether a text is long enough, and more than the line below a table's head.
fn counts(text: &str) -> bool {
    text.chars().count() >= LONG && text.chars().any(char::is_alphabetic)
}

#[test]
fn no_page_says_the_same_twice() {
    // The words of a flag that several verbs have come from the program.
    let generated: BTreeSet<&str> = xtask::docs::all().iter().map(|it| it.path).collect();
    let pages = pages();
    let ours = pages.iter().filter(|(path, _)| !generated.contains(path.as_str()));
    let findings = ours.flat_map(|(path, page)| {
        repeated(page).into_iter().map(move |it| format!("`{path}`, {it}"))
    });
    assert_none(&findings.collect::<Vec<_>>(), "keep one of them, with what is right in both");
}

#[test]
fn what_is_said_twice_is_seen_in_whatever_form() {
    let long = "a sentence that is long enough to be sure that somebody copied it";
    let seen = |text: &str| repeated(&Page::read(text)).len();
    assert_eq!(seen(&format!("# A\n{long}\n{long}\n")), 1);
    assert_eq!(seen(&format!("- {long}.\n\n1. {long}.\n")), 1);
    assert_eq!(seen(&format!("{long}. More.\nFirst. {long}.\n")), 1);
    assert_eq!(seen(&format!("| {long} | b |\n| {long} | b |\n")), 1);
    assert_eq!(seen("- **Key**: one.\n- **Key**: another.\n"), 1);
    assert_eq!(seen("## Keys\n\n## Keys\n"), 1);
    let separator = format!("|{}|\n", "-".repeat(LONG));
    let fence = format!("```text\n{long}\n{long}\n```\n");
    assert_eq!(seen(&format!("{separator}{separator}short\nshort\n{fence}{long}\n")), 0);
    assert_eq!(seen("## A\n- **Key**: one.\n## B\n- **Key**: another.\n"), 0);
    assert_eq!(seen("## 2\n### Added\n## 1\n### Added\n### Fixed\n"), 0);
    assert_eq!(seen("## 2\n### Added\n### Fixed\n### Added\n"), 1);
}

/// What `path` links to that is not there.
fn broken(path: &str, pages: &BTreeMap<String, Page>, paths: &BTreeSet<String>) -> Vec<String> {
    let mut broken = Vec::new();
    for link in pages[path].links() {
        let (target, anchor) = page::resolve(path, link);
        let is_there = paths.contains(&target);
        let has = |anchor| pages.get(&target).is_some_and(|it| it.anchors().contains(anchor));
        if !is_there || anchor.is_some_and(|anchor| !has(anchor)) {
            broken.push(format!("`{path}` links to `{link}`"));
        }
    }
    broken
}

#[test]
fn every_link_leads_to_a_page_and_a_heading_that_are_there() {
    let (pages, paths) = (pages(), paths());
    let findings: Vec<String> =
        pages.keys().flat_map(|path| broken(path, &pages, &paths)).collect();
    assert_none(&findings, "name a tracked file, and a heading as GitHub spells its anchor");
}

#[test]
fn a_link_to_nowhere_is_seen() {
    let text = "# A\n[b](../b.md) [c](../b.md#the-end-of-it) [d](#a)\n[e](https://example.com)\n\
                [f](c.md) [g](../b.md#other) [h](#z) `[i](no.md)`\n```text\n[j](no.md)\n```\n";
    let pages = BTreeMap::from([
        ("docs/a.md".to_owned(), Page::read(text)),
        ("b.md".to_owned(), Page::read("# B\n## The end, of `it`\n")),
    ]);
    let paths = pages.keys().cloned().collect();
    let broken = broken("docs/a.md", &pages, &paths);
    let wanted =
        ["c.md", "../b.md#other", "#z"].map(|link| format!("`docs/a.md` links to `{link}`"));
    assert_eq!(broken, wanted);
}

/// Pages to which no link leads from `README.md`, over any number of pages.
fn lost(pages: &BTreeMap<String, Page>) -> Vec<&str> {
    let mut found = BTreeSet::from(["README.md".to_owned()]);
    let mut next = vec!["README.md".to_owned()];
    while let Some(path) = next.pop() {
        let Some(page) = pages.get(&path) else { continue };
        let targets = page.links().into_iter().map(|link| page::resolve(&path, link).0);
        let new: Vec<String> = targets.filter(|target| found.insert(target.clone())).collect();
        next.extend(new);
    }
    pages.keys().map(String::as_str).filter(|path| !found.contains(*path)).collect()
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let pages = pages();
    let findings: Vec<String> =
        lost(&pages).into_iter().map(|path| format!("no link leads to `{path}`")).collect();
    assert_none(&findings, "name it in docs/README.md");
}

#[test]
fn a_page_that_nothing_leads_to_is_seen() {
    let page = |path: &str, text: &str| (path.to_owned(), Page::read(text));
    let pages = BTreeMap::from([
        page("README.md", "[a](docs/a.md)"),
        page("docs/a.md", "[b](deep/b.md#x)"),
        page("docs/deep/b.md", "# B"),
        page("docs/deep/c.md", "[a](../a.md)"),
    ]);
    assert_eq!(lost(&pages), ["docs/deep/c.md"]);
}

/// Paths in backticks of a page in `folder` that are neither files nor folders of the repository.
fn missing<'a>(folder: &str, page: &'a Page, paths: &BTreeSet<String>) -> Vec<&'a str> {
    let looks_like_a_path = |text: &str| {
        let plain = text.chars().all(|it| it.is_ascii_alphanumeric() || "./-_".contains(it));
        plain && !text.starts_with('/') && ENDS.iter().any(|end| text.ends_with(end))
    };
    let is_there = |path: &str| {
        BASES.into_iter().chain([folder]).map(|base| format!("{base}{path}")).any(|path| {
            let mut below = paths.range(path.clone()..);
            if path.ends_with('/') {
                below.next().is_some_and(|it| it.starts_with(&path))
            } else {
                paths.contains(&path)
            }
        })
    };
    let named = page.code().into_iter().filter(|text| looks_like_a_path(text));
    named.filter(|path| !is_there(path)).collect()
}

/// Whether a page tells what lies where: what it names has to be there.
fn is_a_map(path: &str) -> bool {
    let maps = ["docs/ARCHITECTURE.md", "docs/GLOSSARY.md", "docs/STYLE.md"];
    is_in(&maps, path) || is_in(&["images/", "scripts/", "xtask/"], path)
}

#[test]
fn every_file_that_the_architecture_names_is_there() {
    let (pages, paths) = (pages(), paths());
    let rooms = pages.keys().map(String::as_str).filter(|path| is_a_map(path));
    let mut findings = Vec::new();
    for path in rooms {
        let folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
        let missing = missing(folder, &pages[path], &paths);
        findings.extend(missing.iter().map(|it| format!("`{path}` names `{it}`")));
    }
    assert_none(&findings, "name it from the root, `xtask`, `xtask/src` or the page's own folder");
}

#[test]
fn a_path_to_nowhere_is_seen() {
    let page = Page::read(
        "`core/src/a.rs` `a.rs` `core/` `edge/` `b.rs` `~/c.toml` `images/<name>.toml` `a b.rs`\n\
         ```text\n`d.rs`\n```\n",
    );
    let paths = BTreeSet::from(["xtask/core/src/a.rs", "xtask/src/a.rs"].map(ToOwned::to_owned));
    assert_eq!(missing("docs/", &page, &paths), ["edge/", "b.rs"]);
    let beside = BTreeSet::from(["docs/b.rs", "docs/edge/c", "a.rs"].map(ToOwned::to_owned));
    assert_eq!(missing("docs/", &page, &beside), ["core/src/a.rs", "core/"]);
}
