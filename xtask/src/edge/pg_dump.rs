//! Postgres's own programs that dump and restore. Where they ask is in variables of their own
//! process: the password among them is seen by nobody else.

use crate::edge::restic::LONG;
use crate::edge::shell::{Job, Shell, Streams};
use crate::error::{Failure, Result, code};
use std::path::Path;
use std::process::Stdio;
use xtask_core::backup::tools;
use xtask_core::command::Command;
use xtask_core::ship::database::{Address, ChannelBinding, Check, Roots, Tls};

/// What would lead libpq elsewhere than it was told.
const LEADING: [&str; 14] = [
    "PGHOSTADDR",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGPASSFILE",
    "PGOPTIONS",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCRL",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGTARGETSESSIONATTRS",
    "PGCLIENTENCODING",
    "PGREQUIREAUTH",
    "PGLOADBALANCEHOSTS",
];

/// Where machines keep the authorities that they believe; libpq before version 16 must be told.
const BUNDLES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// A tool that is not older than the server, as it names itself.
pub fn fitting(shell: &Shell, program: &str, server: u32) -> Result<String> {
    let output = shell.run(&Command::new(program).arg("--version"))?;
    let text = output.text();
    let (line, server) = (text.trim().to_owned(), tools::server_major(server));
    match tools::postgres_major(&line) {
        Some(major) if major >= server => Ok(line),
        _ => Err(Failure::refused(format!("cannot use `{line}` on a server of version {server}"))
            .code(&code::BACKUP_TOOL)
            .reason("an older program leaves out what it does not know")
            .hint(format!("install Postgres's client programs of version {server} or newer"))),
    }
}

/// `pg_restore`, if it fits a server and a dump of these versions, as it names itself.
pub fn restoring(shell: &Shell, server: u32, dump: u32) -> Result<String> {
    let line = fitting(shell, "pg_restore", server.max(dump))?;
    let client = tools::postgres_major(&line).unwrap_or_default();
    let (server, dump) = (tools::server_major(server), tools::server_major(dump));
    match tools::too_new(client, server, dump) {
        None => Ok(line),
        Some(hint) => {
            Err(Failure::refused(format!("cannot use `{line}` on a server of version {server}"))
                .code(&code::BACKUP_TOOL)
                .reason(
                    "it sets `transaction_timeout`, which servers before version 17 do not know",
                )
                .hint(hint))
        }
    }
}

/// Who owns what comes out of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Whoever owned it where it was dumped.
    Same,
    /// Whoever loads it.
    Loader,
}

impl Owners {
    pub(super) fn flag(self) -> Option<&'static str> {
        match self {
            Self::Same => None,
            Self::Loader => Some("--no-owner"),
        }
    }
}

/// Starts to dump `schemas` as of the exported snapshot, uncompressed: restic compresses, and finds
/// what did not change.
pub fn start_dump(
    shell: &Shell,
    address: &Address,
    schemas: &[String],
    snapshot: &str,
    stdout: Stdio,
) -> Result<(Command, Job)> {
    let schemas = schemas.iter().map(|schema| exactly(schema));
    let command = client("pg_dump")
        .args(["--format=custom", "--compress=0", "--no-password", "--lock-wait-timeout=60000"])
        .arg(format!("--snapshot={snapshot}"))
        .args(schemas);
    let streams = Streams { stdout, ..Streams::heard() };
    let job = shell.start_as(&command, streams, |it| dress(it, address))?;
    Ok((command, job))
}

/// The whole of a small database, owners and grants aside.
pub fn whole(shell: &Shell, address: &Address) -> Result<Vec<u8>> {
    let command =
        client("pg_dump").args(["--format=custom", "--no-owner", "--no-acl", "--no-password"]);
    let output = shell.observe_as(&command, |it| dress(it, address))?;
    Ok(output.succeeds(&command)?.stdout)
}

/// Restores a whole database from a file, in one transaction.
pub fn restore_whole(shell: &Shell, address: &Address, file: &Path) -> Result<()> {
    let command = client("pg_restore")
        .args([
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-acl",
            "--no-password",
        ])
        .arg(format!("--dbname={}", connection_name(&address.database)))
        .arg(file.display().to_string())
        .finishes();
    let output = shell.observe_as(&command, |it| dress(it, address))?;
    output.succeeds(&command).map(drop)
}

/// Starts to list what an archive holds, which stands at its beginning.
pub fn start_list(shell: &Shell, stdin: Stdio) -> Result<(Command, Job)> {
    let command = client("pg_restore").arg("--list");
    let streams = Streams { stdin, ..Streams::heard() };
    let job = shell.start(&command, streams)?;
    Ok((command, job))
}

/// Starts to restore what `list` names, in one transaction: all of it or nothing.
pub fn start_restore(
    shell: &Shell,
    address: &Address,
    (list, owners): (&Path, Owners),
    stdin: Stdio,
) -> Result<(Command, Job)> {
    let command = client("pg_restore")
        .args(["--single-transaction", "--exit-on-error", "--no-password"])
        .args(owners.flag())
        .arg(format!("--use-list={}", list.display()))
        .arg(format!("--dbname={}", connection_name(&address.database)))
        .finishes();
    let streams = Streams { stdin, ..Streams::heard() };
    let job = shell.start_as(&command, streams, |it| dress(it, address))?;
    Ok((command, job))
}

/// A name with `=` or a URL in it would be read as more than a name.
fn connection_name(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A schema as `--schema` takes it: without quotes it would be a pattern in small letters.
pub(super) fn exactly(schema: &str) -> String {
    format!("--schema=\"{}\"", schema.replace('"', "\"\""))
}

/// One of Postgres's programs, led by nothing but what it is told here.
pub(super) fn client(program: &str) -> Command {
    Command::new(program).without(LEADING).limit(LONG)
}

/// Tells it where and as whom to ask.
pub(super) fn dress(command: &mut std::process::Command, address: &Address) {
    let (mode, roots) = tls(&address.tls);
    let limit = address.connect_limit.as_secs().max(2).to_string();
    command.env("PGHOST", &address.host).env("PGPORT", address.port.to_string());
    command.env("PGUSER", &address.user).env("PGPASSWORD", address.password.expose());
    command.env("PGDATABASE", &address.database).env("PGCONNECT_TIMEOUT", limit);
    command.env("PGAPPNAME", "xtask").env("PGSSLMODE", mode);
    command.envs(roots.map(|roots| ("PGSSLROOTCERT", roots)));
    command.env(
        "PGCHANNELBINDING",
        match address.channel_binding {
            ChannelBinding::Disable => "disable",
            ChannelBinding::Prefer => "prefer",
            ChannelBinding::Require => "require",
        },
    );
}

/// libpq's mode for the same demand, and the file of the authorities.
fn tls(tls: &Tls) -> (&'static str, Option<String>) {
    let of = |check: &Check| match check {
        Check::Nothing => (None, None),
        Check::Authority(file) => (Some("verify-ca"), Some(file.clone())),
        Check::Name(Roots::File(file)) => (Some("verify-full"), Some(file.clone())),
        Check::Name(Roots::System) => (Some("verify-full"), Some(system_roots())),
    };
    match tls {
        Tls::Disable => ("disable", None),
        Tls::Prefer(check) => ("prefer", of(check).1),
        Tls::Require(check) => {
            let (mode, roots) = of(check);
            (mode.unwrap_or("require"), roots)
        }
    }
}

fn system_roots() -> String {
    let found = BUNDLES.iter().find(|path| crate::edge::files::is_seen(Path::new(path)));
    (*found.unwrap_or(&"system")).to_owned()
}
