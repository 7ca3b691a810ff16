//! The rules of the tree: what every tracked file keeps to. Each message says how to mend it.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::path::PathBuf;
use std::process::Command;

/// Files over the ceiling, with the lines they may have at most: it may only shrink.
const RATCHET: [(&str, usize); 0] = [];

struct Tracked {
    path: String,
    text: String,
}

impl Tracked {
    fn ends(&self, with: &str) -> bool {
        self.path.ends_with(with)
    }

    fn is_script(&self) -> bool {
        let first = self.text.lines().next().unwrap_or_default();
        first.starts_with("#!") && first.ends_with("sh")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every tracked text file.
fn tracked() -> Vec<Tracked> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "git knows this tree");
    let list = String::from_utf8(listed.stdout).unwrap();
    let read = |path: &str| {
        let text = std::fs::read_to_string(root().join(path)).ok()?;
        Some(Tracked { path: path.to_owned(), text })
    };
    let files: Vec<_> = list.split('\0').filter(|path| !path.is_empty()).filter_map(read).collect();
    assert!(files.len() > 100, "the tree is larger than that");
    files
}

/// Fails with every finding at once.
fn assert_none(findings: &[String], mend: &str) {
    assert!(findings.is_empty(), "{}\n  hint: {mend}", findings.join("\n"));
}

#[test]
fn no_package_registry_is_named() {
    // In two halves, so that this file keeps to its own rule.
    let hosts = [
        ("registry.npmjs", ".org"),
        ("pythonhosted", ".org"),
        ("pypi", ".org"),
        ("index.crates", ".io"),
        ("static.crates", ".io"),
        ("deb.debian", ".org"),
        ("security.debian", ".org"),
        ("snapshot.debian", ".org"),
        ("archive.ubuntu", ".com"),
        ("ports.ubuntu", ".com"),
    ];
    let mut findings = Vec::new();
    for file in tracked() {
        for (name, end) in hosts {
            if file.text.contains(&format!("{name}{end}")) {
                findings.push(format!("`{}` names {name}{end}", file.path));
            }
        }
        if file.ends("package-lock.json") && file.text.contains("\"resolved\"") {
            findings.push(format!("`{}` holds `resolved`", file.path));
        }
    }
    assert_none(&findings, "registries are reached as each machine has them set up");
}

#[test]
fn files_stay_under_400_lines_of_production_code() {
    let mut findings = Vec::new();
    for file in tracked().iter().filter(|it| [".rs", ".ts", ".py"].iter().any(|end| it.ends(end))) {
        let production = file.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = production.lines().count();
        let ceiling = RATCHET.iter().find(|(path, _)| *path == file.path).map_or(400, |it| it.1);
        if lines > ceiling {
            findings.push(format!("`{}` has {lines} lines; {ceiling} are the most", file.path));
        }
    }
    assert_none(&findings, "split it by what its parts are about");
}

#[test]
fn every_rust_module_opens_with_its_purpose() {
    let files = tracked();
    // A `tests.rs` holds the tests of the module above it, and that is its whole purpose.
    let modules = files.iter().filter(|it| it.ends(".rs") && !it.ends("/tests.rs"));
    let silent = modules.filter(|it| !it.text.starts_with("//! "));
    let findings: Vec<String> = silent.map(|it| format!("`{}` does not", it.path)).collect();
    assert_none(&findings, "open it with `//!` and what the room is for");
}

#[test]
fn every_markdown_file_has_one_title() {
    let titles = |text: &str| {
        let mut fenced = false;
        let title = |line: &&str| {
            fenced ^= line.trim_start().starts_with("```");
            !fenced && line.starts_with("# ")
        };
        text.lines().filter(title).count()
    };
    let files = tracked();
    let pages = files.iter().filter(|it| it.ends(".md") && titles(&it.text) != 1);
    let findings: Vec<String> =
        pages.map(|it| format!("`{}` has {}", it.path, titles(&it.text))).collect();
    assert_none(&findings, "one `# Title` at the top, `##` below it");
}

#[test]
fn no_message_offers_to_erase_data() {
    let is_ours = |file: &&Tracked| file.path.starts_with("xtask/src/") && file.ends(".rs");
    let offers = tracked()
        .iter()
        .filter(is_ours)
        .filter(|it| it.text.contains("./x down --erase"))
        .map(|it| it.path.clone())
        .collect::<Vec<_>>();
    assert_none(&offers, "name a cure that keeps the data");
}

#[test]
fn only_the_report_prints() {
    let voices = ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!("];
    let rooms = ["xtask/src/", "xtask/core/src/", "xtask/image/src/"];
    let files = tracked();
    let ours = files
        .iter()
        .filter(|it| it.ends(".rs") && rooms.iter().any(|room| it.path.starts_with(room)));
    let others = ours.filter(|it| it.path != "xtask/src/report.rs");
    let loud = others.filter(|it| voices.iter().any(|voice| it.text.contains(voice)));
    let findings: Vec<String> = loud.map(|it| format!("`{}` prints", it.path)).collect();
    assert_none(&findings, "say it through `Report`");
}

#[test]
fn scripts_are_at_most_20_lines() {
    let files = tracked();
    let long = files.iter().filter(|it| it.is_script() && it.text.lines().count() > 20);
    let findings: Vec<String> =
        long.map(|it| format!("`{}` has {} lines", it.path, it.text.lines().count())).collect();
    assert_none(&findings, "what needs more is a verb of xtask");
}
