//! What reaches beyond the database in which it is run: roles, settings, other databases, files and
//! sessions of the whole server.

use super::effects::kind_at;
use super::words::Words;
use serde::Serialize;

/// Something that is of the whole server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// In a few words of its own: `ALTER SYSTEM`.
    pub what: String,
    /// The role that it makes, if that is all that it does: where it is there, nothing happens.
    pub role: Option<String>,
}

/// What `CREATE`, `ALTER`, `DROP` and `COMMENT ON` find there.
const KINDS: [&str; 6] = ["role", "user", "group", "database", "tablespace", "subscription"];

/// Words that reach out wherever they stand.
const ORDERS: [&str; 6] = [
    "alter system",
    "drop owned",
    "reassign owned",
    "on parameter",
    "on tablespace",
    "on database",
];

/// Functions that do; a name that begins so is one.
const CALLS: [&str; 14] = [
    "dblink",
    "lo_export",
    "lo_import",
    "pg_cancel_backend",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_create_restore_point",
    "pg_drop_replication_slot",
    "pg_file_",
    "pg_promote",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_switch_wal",
    "pg_terminate_backend",
];

/// What a statement reaches, with what stands in its blocks of code.
pub(super) fn of(words: &Words) -> Vec<Reach> {
    let is_code =
        words.begins("do") || matches!(words.at(kind_at(words)), "function" | "procedure");
    let mut found: Vec<Reach> = (0..words.len()).filter_map(|at| at_place(words, at)).collect();
    // What is put together and executed stands in texts; any other text is only said.
    if is_code || words.has("execute") {
        found.extend(words.texts().flat_map(|text| of(&Words::within(text))));
    }
    found
}

fn at_place(words: &Words, at: usize) -> Option<Reach> {
    let (word, next) = (words.at(at), words.at(at + 1));
    let called = words.part_at(at).unwrap_or_default();
    let reach = |what: String| Some(Reach { what, role: None });
    // A mapping is of one database.
    let is_kind = KINDS.contains(&next) && words.at(at + 2) != "mapping";
    match word {
        "create" if is_kind => {
            let is_role = matches!(next, "role" | "user" | "group");
            let role = words.part_at(words.past(at + 2, "if not exists")).filter(|_| is_role);
            // Roles are put into each other here as well.
            let end = words.from(at).find_outside(";").map_or(words.len(), |it| at + it);
            let made = words.from(at).until(end - at);
            let is_more = ["in role", "in group", "role", "admin", "user"]
                .iter()
                .any(|it| made.from(2).has(it));
            Some(Reach { what: shown(words, at), role: role.filter(|_| !is_more) })
        }
        "alter" | "drop" if is_kind => reach(shown(words, at)),
        // Rows of another database are read, and written, by way of these.
        "create" if next == "server" || words.is_at(at + 1, "foreign table") => {
            reach(shown(words, at))
        }
        "import" if words.is_at(at + 1, "foreign schema") => reach(shown(words, at)),
        "grant" | "revoke" if is_membership(words, at) => {
            reach(format!("{} of a role", words.from(at).shown(1)))
        }
        "copy" => copy(&words.from(at)).and_then(reach),
        _ if ORDERS.iter().any(|it| words.is_at(at, it)) => reach(shown(words, at)),
        _ if next == "(" && CALLS.iter().any(|it| called.starts_with(it)) => reach(called),
        _ => None,
    }
}

fn shown(words: &Words, at: usize) -> String {
    words.from(at).shown(2)
}

/// `COPY` of a file or a program of the server.
fn copy(words: &Words) -> Option<String> {
    let at = ["to", "from"].into_iter().filter_map(|it| words.find_outside(it)).min()?;
    let is_file = words.text_at(at + 1).is_some() || words.at(at + 1) == "program";
    is_file.then(|| format!("COPY {} a file or a program", words.at(at).to_uppercase()))
}

/// `GRANT role TO role` is about nothing of a database. Only where a statement begins is it one, at
/// the top or in a block of code: elsewhere `GRANT` is a part of another.
fn is_membership(words: &Words, at: usize) -> bool {
    const BEFORE: [&str; 6] = [";", "begin", "then", "else", "loop", ">>"];
    let begins = at == 0 || BEFORE.contains(&words.at(at - 1));
    let statement = words.from(at);
    let end = (0..statement.len()).find(|it| statement.at(*it) == ";");
    begins && statement.until(end.unwrap_or(statement.len())).find_outside("on").is_none()
}
