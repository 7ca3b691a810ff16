//! `pg_dump`, asked for a schema without rows.

use crate::edge::pg_dump;
use crate::edge::shell::Shell;
use crate::error::{Context as _, Failure, Result, code};
use std::time::Duration;
use xtask_core::ship::database::Address;

/// A schema of hundreds of tables takes seconds.
const LIMIT: Duration = Duration::from_secs(120);
/// The meta commands of `psql` by which newer ones fence a dump in; each with the same word.
const FENCES: [&str; 2] = ["\\restrict ", "\\unrestrict "];

/// Whether owners are brought along beside grants and policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// To the same server.
    Same,
    /// Whoever loads it owns it: who owns things on one server owns nothing on another.
    Loader,
}

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
        .limit(LIMIT);
    let command = match owners {
        Owners::Same => command,
        Owners::Loader => command.arg("--no-owner"),
    };
    let output =
        shell.observe_as(&command, |it| pg_dump::dress(it, address))?.succeeds(&command)?;
    let text = String::from_utf8(output.stdout);
    Ok(plain(&text.or_outside(|| "failed to read what `pg_dump` wrote".to_owned())?))
}

/// Every database has `public`, made as its rights are told: relative to those that it had then.
const PUBLIC: &str = "CREATE SCHEMA public;";

fn plain(text: &str) -> String {
    let word = text.lines().find_map(|line| line.strip_prefix(FENCES[0])).unwrap_or_default();
    let is_fence = |line: &str| FENCES.iter().any(|it| line.strip_prefix(it) == Some(word));
    let is_left_out = |line: &str| is_fence(line) || line == PUBLIC;
    text.lines().filter(|line| !is_left_out(line)).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_taken_away_and_what_looks_like_one_inside_is_not() {
        let dump = "--\n\\restrict abc\nSELECT 1;\n\\restrict other\n\\unrestrict abc\n";
        assert_eq!(plain(dump), "--\nSELECT 1;\n\\restrict other\n");
        assert_eq!(plain("CREATE SCHEMA public;\nCREATE SCHEMA more;\n"), "CREATE SCHEMA more;\n");
    }
}
