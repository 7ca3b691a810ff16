//! The rules of the tree: what every tracked file keeps to. Each message says how to fix it.
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
fn assert_none(findings: &[String], fix: &str) {
    assert!(findings.is_empty(), "{}\n  hint: {fix}", findings.join("\n"));
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
    let crates = ["core", "http", "image", "providers", "registry"];
    let rooms = crates.map(|it| format!("xtask/{it}/src/")).into_iter();
    let rooms: Vec<String> = rooms.chain(["xtask/src/".to_owned()]).collect();
    let files = tracked();
    let ours = files
        .iter()
        .filter(|it| it.ends(".rs") && rooms.iter().any(|room| it.path.starts_with(room.as_str())));
    // The report is the program's voice; the model is a test and tells how many states it walked.
    let voices_of = ["xtask/src/report.rs", "xtask/core/src/ship/machine/model/checks.rs"];
    let others = ours.filter(|it| !voices_of.contains(&it.path.as_str()));
    let loud = others.filter(|it| voices.iter().any(|voice| it.text.contains(voice)));
    let findings: Vec<String> = loud.map(|it| format!("`{}` prints", it.path)).collect();
    assert_none(&findings, "say it through `Report`");
}

#[test]
fn scripts_are_at_most_20_lines() {
    let files = tracked();
    // It runs on a server, where there is no Rust; it has a test of its own, and is read in one go.
    let is_servers = |it: &&Tracked| it.path == "scripts/deploy/setup-server.sh";
    let ours = files.iter().filter(|it| it.is_script() && !is_servers(it));
    let long = ours.filter(|it| it.text.lines().count() > 20);
    let findings: Vec<String> =
        long.map(|it| format!("`{}` has {} lines", it.path, it.text.lines().count())).collect();
    assert_none(&findings, "what needs more is a verb of xtask");
}

/// The lines of each test of a Rust or Python file, by number: from where it begins up to the
/// first line that is indented no deeper. Of TypeScript every line is a test's.
fn test_bodies(file: &Tracked) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = file.text.lines().collect();
    let numbered = |from: usize, to: usize| (from..to).map(|at| (at + 1, lines[at]));
    let indent = |line: &str| line.len() - line.trim_start().len();
    let begins = |line: &str| match line.trim_start() {
        "#[test]" => true,
        line => file.ends(".py") && line.starts_with("def test_"),
    };
    if file.ends(".test.ts") {
        return numbered(0, lines.len()).collect();
    }
    let mut bodies = Vec::new();
    for at in (0..lines.len()).filter(|at| begins(lines[*at])) {
        let first = if file.ends(".py") { at + 1 } else { at + 2 };
        let outside = |line: &&str| !line.trim().is_empty() && indent(line) <= indent(lines[at]);
        let length = lines[first..].iter().take_while(|line| !outside(line)).count();
        bodies.extend(numbered(first, first + length));
    }
    bodies
}

/// What says that a test is left out, in halves, so that this file keeps to its own rule.
const LEFT_OUT: [(&str, &str); 9] = [
    ("\"skip", "ped:"),
    ("\"not ", "run:"),
    ("#[ig", "nore"),
    ("pytest.", "skip"),
    (".mark.", "skip"),
    ("describe", ".skip"),
    ("test", ".skip"),
    ("it", ".skip("),
    ("it", ".todo("),
];

/// The lines by which a test ends early or is left out, by number.
fn early_ends(file: &Tracked) -> Vec<usize> {
    // With a value it leaves a function inside a test, but in Rust, where it may be no value.
    let leaves = |line: &str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let bare = line.trim_end().trim_end_matches(';').ends_with("return");
        words.any(|word| word == "return") && (bare || file.ends(".rs"))
    };
    let says = |line: &str| LEFT_OUT.iter().any(|(one, two)| line.contains(&format!("{one}{two}")));
    let bodies = test_bodies(file).into_iter();
    let leaving = bodies.filter(|(_, line)| leaves(line)).map(|(at, _)| at);
    let saying = file.text.lines().enumerate().filter(|(_, line)| says(line));
    leaving.chain(saying.map(|(at, _)| at + 1)).collect()
}

/// The one place for each language in which a test is excused.
const EXCUSES: [&str; 3] = [
    "xtask/fakes/src/requirement.rs",
    "services/backend/test/world/requirement.ts",
    "services/ml-service/tests/requirement.py",
];

fn may_hold_tests(file: &Tracked) -> bool {
    let rooms = ["xtask/", "services/backend/test/", "services/ml-service/tests/"];
    let ends = [".rs", ".ts", ".py"].iter().any(|end| file.ends(end));
    let is_covered = ends && rooms.iter().any(|room| file.path.starts_with(room));
    is_covered && !EXCUSES.contains(&file.path.as_str())
}

#[test]
fn no_test_ends_early_but_where_what_it_requires_is_excused() {
    let files = tracked();
    let findings: Vec<String> = files
        .iter()
        .filter(|it| may_hold_tests(it))
        .flat_map(|it| early_ends(it).into_iter().map(|at| format!("`{}`, line {at}", it.path)))
        .collect();
    assert_none(&findings, &format!("let it ask what {} has for that", EXCUSES.join(", ")));
}

#[test]
fn an_early_end_is_seen_in_whatever_form_it_is_written() {
    let leaves = ["ret", "urn"].concat();
    let rust =
        |body: &str| format!("#[test]\nfn a() {{\n    {body}\n}}\n\nfn b() {{ {leaves} }}\n");
    let python = |body: &str| format!("def test_a():\n    {body}\n\n\ndef b():\n    {leaves}\n");
    for (path, text) in [
        ("xtask/a.rs", rust(&format!("let Some(a) = which() else {{ {leaves} }};"))),
        ("xtask/a.rs", rust(&format!("let Some(a) = b() else {{\n        {leaves};\n    }};"))),
        ("xtask/a.rs", rust(&format!("if a {{ {leaves} println!(\"no a\") }}"))),
        ("xtask/a.rs", rust(&["eprintln!(\"skip", "ped: no a\");"].concat())),
        ("test/a.test.ts", format!("it(\"a\", () => {{\n  if (!a) {leaves};\n}});\n")),
        ("tests/test_a.py", python(&format!("if not a:\n        {leaves}"))),
        ("tests/test_a.py", python(&["pytest.", "skip(\"no a\")"].concat())),
    ] {
        let file = Tracked { path: path.to_owned(), text };
        assert_eq!(early_ends(&file).len(), 1, "{}", file.text);
    }
}

/// One or two words that stand alone repeat the name below them. The flags' are shown as help.
#[test]
fn a_doc_comment_says_more_than_the_name_below_it() {
    let mut findings = Vec::new();
    for file in tracked() {
        if !file.ends(".rs") || file.path.starts_with("xtask/src/flags") {
            continue;
        }
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        for (at, around) in lines.windows(3).enumerate() {
            let is_doc = |line: &str| line.starts_with("///");
            let alone = is_doc(around[1]) && !is_doc(around[0]) && !is_doc(around[2]);
            let words = around[1].split_whitespace().skip(1);
            if alone && !around[1].contains('`') && (1..3).contains(&words.count()) {
                findings.push(format!("`{}`, line {}: {}", file.path, at + 2, around[1]));
            }
        }
    }
    assert_none(&findings, "say a unit, a shape, a source or a reason, or nothing");
}
