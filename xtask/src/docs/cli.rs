//! `docs/cli.md`: every verb with its words, its flags and its example.

use crate::flags::Flags;
use clap::{Arg, Command, CommandFactory as _};
use std::fmt::Write as _;

const HEAD: &str = "# The command line

`cargo xtask docs` makes this page from the flags; an edit by hand is found by `./x ci`.
`./x VERB` is `cargo xtask VERB` on a machine that is made ready first.
`--json` works for every verb: the result is JSON on stdout, everything else is on stderr.
[OPERATING.md](OPERATING.md#exit-codes) lists the exit codes.
";

/// The whole page.
pub(super) fn page() -> String {
    let mut root = Flags::command();
    root.build();
    let mut page = HEAD.to_owned();
    for verb in root.get_subcommands() {
        write_verb(&mut page, "", verb);
    }
    page
}

/// A verb, or the verbs below it.
fn write_verb(page: &mut String, before: &str, verb: &Command) {
    let name = format!("{before}{}", verb.get_name());
    if verb.has_subcommands() {
        let below = verb.get_subcommands().filter(|it| it.get_name() != "help");
        below.for_each(|it| write_verb(page, &format!("{name} "), it));
        return;
    }
    let about = verb.get_long_about().or(verb.get_about()).map(ToString::to_string);
    let about = ended(&about.unwrap_or_default());
    write!(page, "\n## {name}\n\n{about}\n\n```text\ncargo xtask {name}").expect(IN_MEMORY);
    let words: Vec<&Arg> = verb.get_arguments().filter(|it| is_own(it)).collect();
    words.iter().for_each(|word| page.push_str(&format!(" {}", usage(word))));
    page.push_str("\n```\n");
    if !words.is_empty() {
        page.push_str("\n| word | meaning |\n|---|---|\n");
        words.iter().for_each(|word| page.push_str(&row(word)));
    }
    let example = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
    write!(page, "\n{}\n", example.replacen("Example: ", "Example: `", 1) + "`").expect(IN_MEMORY);
}

const IN_MEMORY: &str = "a text in memory takes every line";

/// Whether a word is the verb's own, not one that every verb has.
fn is_own(word: &Arg) -> bool {
    !word.is_hide_set() && !["help", "version", "json"].contains(&word.get_id().as_str())
}

/// `[--platform <PLATFORM>]...`, `<RELEASE>`, `[ENVIRONMENT]`.
fn usage(word: &Arg) -> String {
    let required = word.is_required_set();
    let many = if takes_many(word) { "..." } else { "" };
    match (spelled(word), required) {
        (spelled, true) => format!("{spelled}{many}"),
        (spelled, false) if word.is_positional() => {
            format!("[{}]{many}", spelled.trim_matches(['<', '>']))
        }
        (spelled, false) => format!("[{spelled}]{many}"),
    }
}

fn takes_many(word: &Arg) -> bool {
    matches!(word.get_action(), clap::ArgAction::Append)
        || word.get_num_args().is_some_and(|it| it.max_values() > 1)
}

/// `--platform <PLATFORM>`, `--erase`, `<RELEASE>`.
fn spelled(word: &Arg) -> String {
    let value = word.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
    match word.get_long() {
        Some(long) if word.get_action().takes_values() => format!("--{long} <{value}>"),
        Some(long) => format!("--{long}"),
        None => format!("<{value}>"),
    }
}

fn row(word: &Arg) -> String {
    let help = word.get_help().map(ToString::to_string).unwrap_or_default();
    let mut meaning = ended(&help.replace('|', "\\|"));
    if word.get_action().takes_values() {
        let known = word.get_possible_values();
        let known: Vec<String> = known.iter().map(|it| format!("`{}`", it.get_name())).collect();
        if !known.is_empty() {
            meaning += &format!(" One of {}.", known.join(", "));
        }
        let default = word.get_default_values().first().map(|it| it.to_string_lossy());
        meaning += &default.map_or_else(String::new, |it| format!(" Default: `{it}`."));
    }
    format!("| `{}` | {meaning} |\n", spelled(word))
}

/// Help has no stop at its end; a sentence has one.
fn ended(help: &str) -> String {
    let help = help.trim_end();
    if help.ends_with('.') { help.to_owned() } else { format!("{help}.") }
}
