//! `pg_dump`, asked for a schema without rows.

use crate::edge::shell::Shell;
use crate::error::{Context as _, Failure, Result, code};
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::ship::database::{Address, Check, Roots, Tls};

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

/// The SQL that makes `schemas` anew.
pub fn of(shell: &Shell, address: &Address, schemas: &[String], owners: Owners) -> Result<String> {
    if shell.find("pg_dump").is_none() {
        return Err(Failure::refused("cannot read the schema: `pg_dump` is missing")
            .code(&code::TOOL_MISSING)
            .hint("apt: postgresql-client; of the server's version or newer"));
    }
    let names = schemas.iter().map(|it| format!("--schema={it}"));
    let command = Command::new("pg_dump")
        .args(["--schema-only", "--no-publications", "--no-subscriptions"])
        .args(["--no-password", "--exclude-table=*._prisma_migrations"])
        .args(names)
        .limit(LIMIT);
    let command = match owners {
        Owners::Same => command,
        Owners::Loader => command.arg("--no-owner"),
    };
    let output = shell.observe_as(&command, |it| dress(it, address))?.succeeds(&command)?;
    let text = String::from_utf8(output.stdout);
    Ok(plain(&text.or_outside(|| "failed to read what `pg_dump` wrote".to_owned())?))
}

/// Tells it where and as whom to ask, by variables of its own process.
fn dress(command: &mut std::process::Command, address: &Address) {
    let (mode, roots) = match &address.tls {
        Tls::Disable => ("disable", None),
        Tls::Prefer(_) => ("prefer", None),
        Tls::Require(Check::Nothing) => ("require", None),
        Tls::Require(Check::Authority(file)) => ("verify-ca", Some(file.as_str())),
        Tls::Require(Check::Name(Roots::File(file))) => ("verify-full", Some(file.as_str())),
        Tls::Require(Check::Name(Roots::System)) => ("verify-full", Some("system")),
    };
    command.env("PGHOST", &address.host).env("PGPORT", address.port.to_string());
    command.env("PGUSER", &address.user).env("PGPASSWORD", address.password.expose());
    command.env("PGDATABASE", &address.database).env("PGSSLMODE", mode);
    command.envs(roots.map(|roots| ("PGSSLROOTCERT", roots)));
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
