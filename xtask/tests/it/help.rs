//! `--help`: every verb shows one example, each example is true, and those that can be run here are.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::{END, World};
use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _, Parser as _};
use std::collections::BTreeMap;
use xtask::flags::Flags;

/// Verbs whose examples are run, in this order, with how each ends in a world without an engine,
/// without a network and with one image of files. All others are parsed only.
const RUN: &[(&str, &[i32])] = &[
    ("down", &[0]),
    ("status", &[3]),
    ("doctor", &[0, 3]),
    ("completions", &[0]),
    ("docs", &[3]),
    ("image list", &[0]),
    ("image scripts", &[0]),
    ("image build", &[0]),
    ("image inspect", &[0]),
    ("image size", &[0]),
    ("image sbom", &[0]),
    ("image verify", &[0]),
    ("image keygen", &[0]),
    ("image gc", &[0, 3]),
];

/// Every verb that does something by itself, by its words, with what its help says at the end.
fn verbs() -> BTreeMap<String, Option<String>> {
    fn walk(before: &str, command: &Command, into: &mut BTreeMap<String, Option<String>>) {
        let name = format!("{before} {}", command.get_name()).trim().to_owned();
        if command.has_subcommands() {
            command.get_subcommands().for_each(|below| walk(&name, below, into));
        } else {
            into.insert(name, command.get_after_help().map(ToString::to_string));
        }
    }
    let mut verbs = BTreeMap::new();
    Flags::command().get_subcommands().for_each(|verb| walk("", verb, &mut verbs));
    verbs
}

/// The words of a verb's example after `cargo xtask`.
fn example(verb: &str, help: Option<&str>) -> Result<Vec<String>, String> {
    let lines = help.unwrap_or_default().lines();
    let mut examples = lines.filter_map(|line| line.strip_prefix("Example: cargo xtask "));
    let (Some(words), None) = (examples.next(), examples.next()) else {
        return Err(format!(
            "`{verb}` has no example, or several; write one above its variant in xtask/src/flags: \
             #[command(after_help = \"Example: cargo xtask {verb} …\")]"
        ));
    };
    if words != verb && !words.starts_with(&format!("{verb} ")) {
        return Err(format!("the example of `{verb}` shows another verb: `{words}`"));
    }
    Ok(words.split_whitespace().map(ToOwned::to_owned).collect())
}

fn parse(words: &[String]) -> Result<Flags, clap::Error> {
    Flags::try_parse_from(["xtask".to_owned()].into_iter().chain(words.iter().cloned()))
}

#[test]
fn every_verb_has_one_example_that_the_command_line_takes() {
    let verbs = verbs();
    assert!(verbs.len() > 25, "there are more verbs than {}", verbs.len());
    let mut findings = Vec::new();
    for (verb, help) in &verbs {
        match example(verb, help.as_deref()).map(|words| parse(&words)) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => findings.push(format!("the example of `{verb}` is refused: {error}")),
            Err(finding) => findings.push(finding),
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn a_verb_without_a_true_example_is_found() {
    let lacking = example("image trim", None).unwrap_err();
    assert!(lacking.contains("#[command(after_help = \"Example: cargo xtask image trim …"));
    let other = example("image trim", Some("Example: cargo xtask image trims backend"));
    assert!(other.unwrap_err().contains("shows another verb"));
    let twice = "Example: cargo xtask up\nExample: cargo xtask up";
    assert!(example("up", Some(twice)).is_err());
    assert!(parse(&["up".to_owned(), "--fast".to_owned()]).is_err());
}

#[test]
fn examples_that_need_nothing_from_outside_do_what_they_show() {
    let (verbs, world) = (verbs(), world());
    for (verb, codes) in RUN {
        let help = verbs.get(*verb).unwrap_or_else(|| panic!("`{verb}` is no verb any more"));
        let words = example(verb, help.as_deref()).unwrap();
        let run = world.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(run.code.is_some_and(|code| codes.contains(&code)), "`{verb}`: {run:?}");
    }
    let made = ["target/size.html", "nutri.pub", "../nutri.key"];
    made.iter().for_each(|file| assert!(world.path(file).is_file(), "{file} was made"));
}

/// Lines of shell in documents that call us, without what the shell makes of their end.
#[test]
fn every_command_line_in_a_document_is_one_that_there_is() {
    let mut seen = 0;
    let mut findings = Vec::new();
    for (file, line) in documents().iter().flat_map(|(file, text)| shell_lines(file, text)) {
        let Some(words) = ["./x ", "cargo xtask "].iter().find_map(|it| line.strip_prefix(it))
        else {
            continue;
        };
        let end = words.find(['#', '>', '|', '&', ';']).unwrap_or(words.len());
        let words = words[..end].replace("OWNER", "acme");
        let words = words.replace(" REPOSITORY", " ghcr.io/acme/nutri");
        let words: Vec<String> = words.split_whitespace().map(ToOwned::to_owned).collect();
        seen += 1;
        let error = parse(&words).err().filter(clap::Error::use_stderr);
        findings.extend(error.map(|error| format!("{file}: `{line}`: {error}")));
    }
    assert!(seen > 20, "documents show more command lines than {seen}");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// What a sentence names of the command line may be a part of it, such as `./x up` or a verb with
/// a word to be filled in; what it names is there.
#[test]
fn every_command_that_a_sentence_names_is_one_that_there_is() {
    let unknown = [ErrorKind::UnknownArgument, ErrorKind::InvalidSubcommand];
    let (mut seen, mut findings) = (0, Vec::new());
    for (file, text) in documents().iter().filter(|(file, _)| !is_history(file)) {
        let prose = text.split("\n```").step_by(2);
        for code in prose.flat_map(|it| it.split('`').skip(1).step_by(2)) {
            let named = ["./x ", "cargo xtask "].iter().find_map(|it| code.strip_prefix(it));
            let Some(words) = named.filter(|it| !it.starts_with(['V', '\u{2026}'])) else {
                continue;
            };
            seen += 1;
            let words: Vec<String> = words.split_whitespace().map(ToOwned::to_owned).collect();
            let group_with_flags = words.len() > 1 && words[1].starts_with("--");
            let error = parse(&words).err().map(|error| error.kind());
            let is_wrong = error.is_some_and(|kind| {
                let lacks = kind == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    || kind == ErrorKind::MissingSubcommand;
                unknown.contains(&kind) || (lacks && group_with_flags)
            });
            findings.extend(is_wrong.then(|| format!("{file}: `{code}`")));
        }
    }
    assert!(seen > 100, "sentences name more commands than {seen}");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Pages that tell what was, by the words of then.
fn is_history(file: &str) -> bool {
    file == "CHANGELOG.md" || file.contains("/decisions/")
}

/// Every Markdown page, by name.
fn documents() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
    let listed = std::process::Command::new("git").args(list).current_dir(&root).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let read = |path: &str| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some((path.to_owned(), text))
    };
    listed.lines().filter_map(read).collect()
}

/// The lines inside fences of shell.
fn shell_lines<'a>(file: &'a str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    let fences = text.split("\n```sh\n").skip(1);
    let inside = fences.filter_map(|it| it.split("\n```").next());
    inside.flat_map(str::lines).map(|line| (file, line.trim())).collect()
}

/// A world in which `backend` is one layer of one file, for both platforms.
fn world() -> World {
    let world = World::new().without_engine();
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let layer = "[[layer]]\nname = \"app\"\nkind = \"files\"\npath = \"app\"\n\
                 copy = { \".\" = \"app\" }\n";
    world.write("images/backend.toml", &format!("{layer}{END}"));
    let lock = "suite = \"bookworm\"\narchive_time = 1700000000\n[wanted]\n[layers]\n";
    world.write("images/backend.lock", &format!("encoder = \"{encoder}\"\n{lock}"));
    world.write("app/greeting.txt", "hello, world\n");
    world.write(".gitignore", "/target\n");
    for args in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "one"],
    ] {
        let mut git = std::process::Command::new("git");
        let made = git.args(args).current_dir(world.path("")).status().unwrap();
        assert!(made.success());
    }
    world
}
