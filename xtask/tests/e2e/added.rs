//! Services that somebody adds by the page alone: what docs/images.md says of a third service is
//! typed as it stands, and all that it begins is shipped at once.

#[path = "../it/executed/block.rs"]
mod block;
#[path = "../it/executed/shown.rs"]
mod shown;

use crate::images;
use crate::scratch::{Run, Scratch};
use block::{Block, Does, Ends, Stream, blocks};
use serde_json::Value;
use std::path::Path;

const PAGE: &str = "docs/images.md";
/// How the page calls them: on Python, on Node.js, and a program alone.
const ADDED: [&str; 3] = ["greeter", "ticker", "pinger"];
/// Fewer would be a list that somebody has cut.
const AUTHORITIES_MIN: usize = 100;

/// Plays the page's first section, and looks at what runs then.
pub(crate) fn are_shipped_by_the_page_alone(scratch: &Scratch) {
    play(scratch);
    let status = scratch.xtask(&["status", "--json"]).succeeds();
    assert_eq!(status["healthy"], true, "{status}");
    let up = scratch.xtask(&["up", "--json"]).succeeds();
    assert_eq!(up["changed"], false, "{up}");
    for name in ADDED {
        let answer = crate::web::get(&format!("http://{}/", address(scratch, name))).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["hello"], "world", "{name}");
    }
    they_believe_authorities(scratch);
    images::run_by_themselves(scratch, &up["release"], &ADDED);
}

/// The blocks that need an engine: from `on=local` to where another world begins.
fn section(page: &str) -> Vec<Block> {
    let begins = |block: &Block, wanted: bool| match &block.does {
        Does::Run { on: Some(on), .. } => (on == "local") == wanted,
        _ => false,
    };
    let all = blocks(page).unwrap().into_iter().skip_while(|it| !begins(it, true));
    all.take_while(|it| !begins(it, false)).collect()
}

fn play(scratch: &Scratch) {
    let mut printed = String::new();
    let section = section(&scratch.read(PAGE));
    assert!(section.len() > 3, "the page says how");
    for Block { line, text, does } in &section {
        match does {
            Does::Run { ends, .. } => {
                assert_eq!(ends.as_slice(), [Ends::With(0)], "{PAGE}:{line}");
                printed = text.lines().map(|line| typed(scratch, line).stdout()).collect();
            }
            Does::Output(Stream::Out) => compare(*line, text, &shown::shown(&printed, &[])),
            other => panic!("{PAGE}:{line}: {other:?} is not played here"),
        }
    }
}

/// Holds what came out against the page, or writes it there: `XTASK_TESTS_PAGES=write`.
fn compare(line: usize, text: &str, found: &str) {
    if std::env::var("XTASK_TESTS_PAGES").is_ok_and(|it| it == "write") {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
        let whole = std::fs::read_to_string(&page).unwrap();
        let (above, rest) = halves(&whole, line - 1);
        let below = halves(rest, text.lines().count()).1;
        std::fs::write(&page, format!("{above}{found}{below}")).unwrap();
        return;
    }
    assert_eq!(found, text, "{PAGE}:{line}");
}

/// The first so many lines, and the rest.
fn halves(text: &str, lines: usize) -> (&str, &str) {
    let length = text.split_inclusive('\n').take(lines).map(str::len).sum();
    text.split_at(length)
}

/// What came of a line that a reader types. Debian's archive moves: the script of a package that is
/// newer than the committed judgements is accepted unread, in this copy only.
fn typed(scratch: &Scratch, line: &str) -> Run {
    let run = scratch.types(line);
    if !run.says("E-script-unread") {
        return run;
    }
    println!("a newer package has a script that nobody has read: accepted in the scratch copy");
    scratch.xtask(&[&["image", "lock", "--accept-scripts"][..], &ADDED].concat()).ends(0);
    scratch.types(line)
}

/// Where the container of a service is reached from this machine.
fn address(scratch: &Scratch, service: &str) -> String {
    let container = scratch.containers_of(service).remove(0);
    scratch
        .docker(&["port", &container])
        .lines()
        .next()
        .unwrap()
        .split(" -> ")
        .last()
        .unwrap()
        .to_owned()
}

fn they_believe_authorities(scratch: &Scratch) {
    let run = |service: &str, command: &[&str]| {
        let container = scratch.containers_of(service).remove(0);
        let count = scratch.docker(&[&["exec", &container], command].concat());
        let count: usize = count.parse().unwrap();
        assert!(count >= AUTHORITIES_MIN, "{service} believes {count} authorities");
    };
    let python = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))";
    run("greeter", &["python3", "-c", python]);
    let node = "console.log(require('node:tls').rootCertificates.length)";
    run("ticker", &["node", "--eval", node]);
    let pinger = scratch.containers_of("pinger").remove(0);
    let file = format!("{pinger}:/etc/ssl/certs/ca-certificates.crt");
    let archive = scratch.docker(&["cp", &file, "-"]);
    assert!(archive.matches("-----BEGIN CERTIFICATE-----").count() >= AUTHORITIES_MIN);
}
