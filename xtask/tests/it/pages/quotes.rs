//! What pages quote of the program's messages is what the program has: a message that is worded
//! anew would leave an instruction that nobody finds.

use super::{assert_none, is_in, paths, root};

/// Pages that tell what to do about messages.
const PAGES: [&str; 4] = [
    "docs/OPERATING.md",
    "docs/deployment/RUNBOOK.md",
    "docs/deployment/SECURITY.md",
    "docs/deployment/TROUBLESHOOTING.md",
];
/// Where messages are written.
const ROOMS: [&str; 5] = ["x", "scripts/", "xtask/src/", "xtask/core/src/", "xtask/image/src/"];
/// Shorter pieces of a message would be found anywhere.
const LONG: usize = 12;
/// Pieces that stand in no source as they are: with a name filled in, or said by the system.
const FILLED_IN: [&str; 5] = [
    "cannot migrate through",
    "failed to fetch package",
    "failed to start postgres",
    "No space left on device",
    "wanted for postgres",
];

/// How lines of an example begin that are messages.
const HEADS: [&str; 4] = ["error: ", "caused by: ", "hint: ", "warning: "];

/// Every message that a page quotes: between double backticks, in a cell that begins like one, or
/// in an example.
fn quotes(text: &str) -> Vec<&str> {
    let mut quotes = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            quotes.extend(HEADS.iter().find_map(|head| line.trim().strip_prefix(head)));
        } else {
            quotes.extend(line.split("``").skip(1).step_by(2));
            let outside = line.split("``").step_by(2);
            let code = outside.flat_map(|it| it.split('`').skip(1).step_by(2));
            quotes.extend(code.filter(|it| it.starts_with("cannot ") || it.starts_with("failed ")));
        }
    }
    quotes
}

/// The constant pieces of a quoted message: names, numbers and what is left out part them.
fn pieces(quote: &str) -> impl Iterator<Item = &str> {
    let outside = quote.split('`').step_by(2);
    let pieces =
        outside.flat_map(|it| it.split(|c: char| c.is_ascii_digit() || "…:;,()".contains(c)));
    let pieces = pieces.flat_map(|it| it.split("linux/")).map(str::trim);
    pieces.filter(|it| it.chars().count() >= LONG && it.contains(' '))
}

/// All strings of the program, each on one line as it is printed.
fn sources() -> String {
    let ours = paths().into_iter().filter(|path| is_in(&ROOMS, path));
    let texts = ours.filter_map(|path| std::fs::read_to_string(root().join(path)).ok());
    let mut all = String::new();
    for text in texts {
        let mut parts = text.split("\\\n");
        all.push_str(parts.next().unwrap_or_default());
        parts.for_each(|part| all.push_str(part.trim_start()));
    }
    all.replace("\\\"", "\"")
}

#[test]
fn every_message_that_a_page_quotes_is_one_of_the_program() {
    let sources = sources();
    let mut seen = 0;
    let mut findings = Vec::new();
    for page in PAGES {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        for quote in quotes(&text) {
            seen += 1;
            let unknown = pieces(quote)
                .filter(|piece| !FILLED_IN.contains(piece) && !sources.contains(piece));
            findings.extend(unknown.map(|piece| format!("`{page}` quotes `{piece}`")));
        }
    }
    assert!(seen > 50, "the pages quote more messages than {seen}");
    assert_none(&findings, "quote the message as the program prints it now");
}

#[test]
fn a_quote_is_seen_in_whatever_form_it_stands() {
    let text = "``cannot open `x`: it is gone``, or:\n| `cannot find Docker` | `./x up` |\n\
                ```text\nerror: failed to read 7 files\n  hint: look there\n```\n";
    assert_eq!(
        quotes(text),
        [
            "cannot open `x`: it is gone",
            "cannot find Docker",
            "failed to read 7 files",
            "look there"
        ]
    );
    let quote =
        "cannot build layer `base` for linux/amd64: the lock does not hold, it seems, 3 of 4";
    let wanted = ["cannot build layer", "the lock does not hold"];
    assert_eq!(pieces(quote).collect::<Vec<_>>(), wanted);
}
