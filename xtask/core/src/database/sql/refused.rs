//! What no migration may hold, because it would take from the runner what it holds together: its
//! transaction, its limits, its schema, its lock.

use super::words::Words;
use super::{Lines, Statement};
use serde::Serialize;
use squawk_syntax::{Parse, SourceFile, SyntaxKind};

/// Why a file may not be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Where, from 1.
    pub line: usize,
    pub why: String,
}

/// Settings that are the runner's for as long as a connection lives.
const OURS: [&str; 8] = [
    "search_path",
    "lock_timeout",
    "statement_timeout",
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
    "role",
    "session_authorization",
    "row_security",
];

/// The limits among them, which a file may change for itself but not switch off.
const LIMITS: [&str; 3] = ["lock_timeout", "statement_timeout", "transaction_timeout"];

/// What one statement may not be.
pub(super) fn of(kind: SyntaxKind, words: &Words, line: usize) -> Vec<Refusal> {
    let why = match kind {
        SyntaxKind::BEGIN | SyntaxKind::COMMIT | SyntaxKind::PREPARE_TRANSACTION => {
            transaction(words)
        }
        // Back to a savepoint stays inside.
        SyntaxKind::ROLLBACK if !words.has("to") => transaction(words),
        SyntaxKind::SET_TRANSACTION => Some(
            "`SET TRANSACTION` comes too late: the file's transaction has begun before it"
                .to_owned(),
        ),
        SyntaxKind::SET => set(words),
        SyntaxKind::SET_ROLE | SyntaxKind::SET_SESSION_AUTH if !words.begins("set local") => Some(
            "it changes who runs everything that follows, and who writes `_prisma_migrations`; \
             give rights instead, or say `SET LOCAL ROLE`"
                .to_owned(),
        ),
        SyntaxKind::RESET if words.at(1) == "all" || OURS.contains(&words.at(1)) => Some(format!(
            "`{}` takes our limits or our `search_path` away; leave it out",
            words.shown(2)
        )),
        SyntaxKind::DISCARD => Some("`DISCARD` gives our lock away; leave it out".to_owned()),
        SyntaxKind::COPY => copy(words),
        _ => None,
    };
    let unlock = unlock(words);
    why.into_iter()
        .chain(set_config(words))
        .chain(unlock)
        .map(|why| Refusal { line, why })
        .collect()
}

fn transaction(words: &Words) -> Option<String> {
    let what = words.shown(1);
    Some(format!(
        "`{what}`: each file has a transaction of its own, which the file must not end; leave out \
         every BEGIN, COMMIT and ROLLBACK"
    ))
}

fn set(words: &Words) -> Option<String> {
    let is_local = words.at(1) == "local";
    let at = words.past(words.past(1, "local"), "session");
    let name = words.part_at(at).unwrap_or_default();
    let name = name.as_str();
    if name == "standard_conforming_strings" {
        return Some(format!(
            "`SET {name}` changes how the texts behind it are read; leave it out"
        ));
    }
    // `SET SCHEMA` is `SET search_path` by another name.
    let is_path = name == "schema" && !is_local;
    if !is_path && !OURS.contains(&name) {
        return None;
    }
    if !is_local {
        return Some(format!(
            "`SET {name}` outlives the file and changes where and how the next ones run; \
             name the schema in the statement, or say `SET LOCAL {name}`"
        ));
    }
    let value = words.text_at(at + 2).or_else(|| words.value_at(at + 2)).unwrap_or_default();
    (LIMITS.contains(&name) && is_off(value)).then(|| switched_off(&format!("SET LOCAL {name}")))
}

/// `0`, `0.0`, `'0 ms'`, `DEFAULT`: Postgres takes none of them for a limit.
fn is_off(value: &str) -> bool {
    let value = value.trim();
    let number = value.trim_end_matches(|it: char| it.is_alphabetic() || it == ' ');
    value.is_empty()
        || value.eq_ignore_ascii_case("default")
        || number.parse::<f64>().is_ok_and(|it| it == 0.0)
}

fn switched_off(what: &str) -> String {
    format!("`{what}` switches the limit off; give it one that is long enough")
}

/// `pg_dump` writes its `search_path` so.
fn set_config(words: &Words) -> Option<String> {
    let at = words.find("set_config (")?;
    let name = words.text_at(at + 2);
    let arguments = words.bracket_at(at + 1)?.parts(0);
    let is_local = arguments.get(2).is_some_and(|it| it.at(0) == "true");
    let value = arguments.get(1).filter(|it| it.len() == 1).and_then(|it| it.text_at(0));
    let is_limit = |name: &str| LIMITS.contains(&name.to_lowercase().as_str());
    match name {
        Some(name) if is_limit(name) && value.is_none_or(is_off) => {
            let what = format!("set_config('{name}', …)");
            Some(value.map_or_else(|| unclear(&what), |_| switched_off(&what)))
        }
        Some(name) if !OURS.contains(&name.to_lowercase().as_str()) || is_local => None,
        Some(name) => Some(format!(
            "`set_config('{name}', …, false)` outlives the file, and what follows finds no table; \
             leave it out (pg_dump writes it at the head of a dump)"
        )),
        None => Some(unclear("set_config")),
    }
}

fn unclear(what: &str) -> String {
    format!("`{what}` sets something that cannot be read here; name it")
}

fn unlock(words: &Words) -> Option<String> {
    let given = ["pg_advisory_unlock_all (", "pg_advisory_unlock ("];
    let name = given.into_iter().find(|it| words.has(it))?.trim_end_matches(" (");
    Some(format!("`{name}` gives our lock away, under which nobody else migrates; leave it out"))
}

fn copy(words: &Words) -> Option<String> {
    if words.has("from stdin") {
        return Some(
            "`COPY … FROM STDIN` takes its rows from psql; write them as INSERT (pg_dump: --inserts)"
                .to_owned(),
        );
    }
    words
        .has("to stdout")
        .then(|| "`COPY … TO STDOUT` has nobody to read it; leave it out".to_owned())
}

/// What may not stand together: a statement that no transaction can hold is alone in its file.
pub(super) fn together(statements: &[Statement]) -> Vec<Refusal> {
    if statements.len() < 2 {
        return Vec::new();
    }
    let alone = statements.iter().filter_map(|it| Some((it.line, it.effects.alone.as_ref()?)));
    let refusal = |(line, alone): (usize, &super::Alone)| Refusal {
        line,
        why: format!(
            "`{}` runs in no transaction, so it must be the only statement of its file; give it a \
             folder of its own",
            alone.what
        ),
    };
    alone.map(refusal).collect()
}

/// What is no SQL: orders to psql, and what the parser does not understand.
pub(super) fn unread(
    lines: &Lines<'_>,
    parsed: &Parse<SourceFile>,
    known: &[Refusal],
) -> Vec<Refusal> {
    // What follows `COPY … FROM STDIN` are rows.
    let copied = known.iter().find(|it| it.why.contains("FROM STDIN")).map(|it| it.line);
    let mut refusals: Vec<Refusal> = Vec::new();
    for error in parsed.errors() {
        let line = lines.at(error.range().start().into());
        let is_new = refusals.last().is_none_or(|last| last.line != line);
        if is_new && copied.is_none_or(|copied| line <= copied) {
            let why = meta_command(lines, line).unwrap_or_else(|| not_understood(error.message()));
            refusals.push(Refusal { line, why });
        }
    }
    refusals
}

/// A text whose end the parser takes for another one than Postgres does: it knows no `\'`, so what
/// follows could be anything, a `COMMIT` too.
pub(super) fn misread(lines: &Lines<'_>, parsed: &Parse<SourceFile>) -> Option<Refusal> {
    let tokens = parsed.syntax_node().descendants_with_tokens().filter_map(|it| it.into_token());
    let mut escaped = tokens.filter(|token| token.kind() == SyntaxKind::ESC_STRING);
    let token = escaped.find(|token| token.text().contains("\\'"))?;
    let line = lines.at(token.text_range().start().into());
    let why = "`E'…\\'…'` cannot be read here; write the quote twice, as `E'…''…'`".to_owned();
    Some(Refusal { line, why })
}

fn meta_command(lines: &Lines<'_>, line: usize) -> Option<String> {
    let said = lines.said(line).trim();
    let word = said.strip_prefix('\\')?.split_whitespace().next().unwrap_or_default();
    Some(format!("`\\{word}` is an order to psql, and no SQL; leave it out"))
}

fn not_understood(message: &str) -> String {
    format!(
        "this is no SQL that we understand ({message}); where Postgres does, put it into \
         `DO $$ BEGIN EXECUTE '…'; END $$`"
    )
}
