//! What cargo-nextest says. Its own words end in column 12, and it indents what tests say by four
//! more, so that a test that prints such a line is not taken for one.

use super::{Excerpt, cut};
use crate::command::Command;

/// `        FAIL [   0.125s] ( 3/17) scratch::it room::says_a_lot`
#[derive(Clone, Copy, PartialEq, Eq)]
struct Heading<'a> {
    word: &'a str,
    binary: &'a str,
    test: &'a str,
}

impl<'a> Heading<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let word = line.get(..12)?.trim_start();
        let rest = line.get(12..)?.strip_prefix(" [")?.split_once("] ")?.1;
        let rest = match rest.strip_prefix('(') {
            Some(counted) => counted.split_once(") ")?.1,
            None => rest,
        };
        let (binary, test) = rest.split_once(' ')?;
        (!word.is_empty()).then_some(Self { word, binary, test })
    }

    fn failed(&self) -> bool {
        let word = self.word.rsplit(' ').next().unwrap_or_default();
        ["FAIL", "ABORT", "SIG", "TIMEOUT", "LEAK-FAIL", "XFAIL"]
            .iter()
            .any(|it| word.starts_with(it))
    }

    fn is_of(&self, other: &Self) -> bool {
        (self.binary, self.test) == (other.binary, other.test)
    }

    fn excerpt(&self, text: String) -> Excerpt {
        let title = format!("{} {}", self.binary, self.test);
        Excerpt { title, text, repeat: Some(self.repeat().to_string()) }
    }

    /// The command that runs just this test.
    fn repeat(&self) -> Command {
        let (package, target) = self.binary.split_once("::").unwrap_or((self.binary, ""));
        let target = match target.split_once('/') {
            Some((kind, name)) => vec![format!("--{kind}"), name.to_owned()],
            None if target.is_empty() => vec!["--lib".to_owned()],
            None => vec!["--test".to_owned(), target.to_owned()],
        };
        let command = Command::new("cargo").args(["nextest", "run", "-p", package]).args(target);
        command.arg("-E").arg(format!("test(={})", self.test))
    }
}

/// Every test that failed, and every one that still ran when the runner was ended.
pub(super) fn read(log: &str) -> Vec<Excerpt> {
    let lines: Vec<&str> = log.lines().collect();
    let summary = lines.iter().rposition(|line| line.starts_with("     Summary ["));
    // The summary names every failure again: what it does not name is something a test printed.
    let named: Option<Vec<Heading<'_>>> =
        summary.map(|at| lines[at + 1..].iter().filter_map(|line| Heading::parse(line)).collect());
    let is_real = |it: &Heading<'_>| named.as_ref().is_none_or(|all| all.contains(it));
    let lines = &lines[..summary.unwrap_or(lines.len())];
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(heading) = Heading::parse(line).filter(Heading::failed).filter(is_real) else {
            continue;
        };
        found.push(heading.excerpt(output_below(&lines[at + 1..])));
    }
    found.extend(still_running(lines).map(|it| it.excerpt("it still ran at the end".to_owned())));
    found
}

/// What the test printed whose heading stands above these lines.
fn output_below(lines: &[&str]) -> String {
    let inside = |line: &&&str| {
        let ours = line.starts_with("  ") && Heading::parse(line).is_none();
        line.is_empty() || ours && !line.starts_with("  Cancelling")
    };
    let block = lines.iter().take_while(inside);
    let block: Vec<&str> = block.map(|line| line.get(2..).unwrap_or_default()).collect();
    cut(&block)
}

/// Tests that were slow, and of which nothing more was heard.
fn still_running<'a>(lines: &[&'a str]) -> impl Iterator<Item = Heading<'a>> {
    let mut slow: Vec<Heading<'a>> = Vec::new();
    for heading in lines.iter().filter_map(|line| Heading::parse(line)) {
        slow.retain(|it| !it.is_of(&heading));
        if ["SLOW", "TERMINATING"].contains(&heading.word) {
            slow.push(heading);
        }
    }
    slow.into_iter()
}
