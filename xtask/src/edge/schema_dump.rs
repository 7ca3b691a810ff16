//! `pg_dump`, asked for a schema without rows.

use crate::edge::pg_dump::{self, Owners};
use crate::edge::shell::Shell;
use crate::error::{Context as _, Failure, Result, code};
use std::time::Duration;
use xtask_core::backup::tools;
use xtask_core::ship::database::Address;

/// A schema of hundreds of tables takes seconds.
const LIMIT: Duration = Duration::from_secs(120);
/// The meta commands of `psql` by which newer ones fence a dump in; each with the same word.
const FENCES: [&str; 2] = ["\\restrict ", "\\unrestrict "];

/// The SQL that makes `schemas` of a server of this version anew.
pub fn of(
    shell: &Shell,
    (address, server): (&Address, u32),
    schemas: &[String],
    owners: Owners,
) -> Result<String> {
    if shell.find("pg_dump").is_none() {
        return Err(Failure::refused("cannot read the schema: `pg_dump` is missing")
            .code(&code::TOOL_MISSING)
            .hint("apt: postgresql-client; of the server's version or newer"));
    }
    pg_dump::fitting(shell, "pg_dump", server)?;
    let names = schemas.iter().map(|it| pg_dump::exactly(it));
    let command = pg_dump::client("pg_dump")
        .args(["--schema-only", "--no-publications", "--no-subscriptions"])
        .args(["--no-password", "--exclude-table=*._prisma_migrations"])
        .args(names)
        .args(owners.flag())
        .limit(LIMIT);
    let output =
        shell.observe_as(&command, |it| pg_dump::dress(it, address))?.succeeds(&command)?;
    let text = String::from_utf8(output.stdout);
    let text = text.or_outside(|| "failed to read what `pg_dump` wrote".to_owned())?;
    Ok(plain(&text, tools::server_major(server)))
}

/// How `pg_dump` introduces a schema. Where an extension is made before the rest, its schema is there.
const SCHEMA: &str = "; Type: SCHEMA; Schema: -; ";
const MAKES_SCHEMA: &str = "CREATE SCHEMA ";

/// Every database has it, made as its rights are told: relative to those that it had then.
const PUBLIC: &str = "public;";

/// What it sets before anything else, from version 17 on. Servers before that know no such setting.
const TIMEOUT: &str = "SET transaction_timeout = 0;";

/// A dump as any database of a server of this version takes it.
fn plain(text: &str, server: u32) -> String {
    let word = text.lines().find_map(|line| line.strip_prefix(FENCES[0])).unwrap_or_default();
    let is_fence = |line: &str| FENCES.iter().any(|it| line.strip_prefix(it) == Some(word));
    let (mut is_head, mut is_schema, mut plain) = (true, false, String::new());
    for line in text.lines() {
        if let Some(named) = line.strip_prefix("-- Name: ") {
            (is_head, is_schema) = (false, named.contains(SCHEMA));
        }
        match line.strip_prefix(MAKES_SCHEMA).filter(|_| is_schema) {
            _ if is_fence(line) => continue,
            // A line like it further down is somebody's text.
            _ if is_head && server < tools::TRANSACTION_TIMEOUT && line == TIMEOUT => continue,
            Some(PUBLIC) => continue,
            Some(name) => plain.extend([MAKES_SCHEMA, "IF NOT EXISTS ", name]),
            None => plain.push_str(line),
        }
        plain.push('\n');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_taken_away_and_what_looks_like_one_inside_is_not() {
        let dump = "--\n\\restrict abc\nSELECT 1;\n\\restrict other\n\\unrestrict abc\n";
        assert_eq!(plain(dump, 15), "--\nSELECT 1;\n\\restrict other\n");
    }

    #[test]
    fn a_schema_may_be_there_and_a_setting_that_the_server_does_not_know_is_left_out() {
        let head = |setting: &str| format!("--\n-- dump\n--\n\nSET lock_timeout = 0;\n{setting}");
        let schema = |name: &str, made: &str| {
            format!("--\n-- Name: {name}; Type: SCHEMA; Schema: -; Owner: -\n--\n\n{made}")
        };
        let text = "-- Name: f(); Type: FUNCTION; Schema: app; Owner: -\nAS $$\n\
            CREATE SCHEMA app;\nSET transaction_timeout = 0;\n$$;\n";
        let setting = format!("{TIMEOUT}\n");
        let (public, app) = ("CREATE SCHEMA public;\n", "CREATE SCHEMA app;\n");
        let dump = head(&setting) + &schema("public", public) + &schema("app", app) + text;
        let app = "CREATE SCHEMA IF NOT EXISTS app;\n";
        let rest = schema("public", "") + &schema("app", app) + text;
        assert_eq!(plain(&dump, 16), head("") + &rest);
        assert_eq!(plain(&dump, 17), head(&setting) + &rest);
    }
}
