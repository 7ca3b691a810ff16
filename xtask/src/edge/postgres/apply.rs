//! One migration file, run: in one transaction with its row, or alone where no transaction holds it.

use super::lease::{fence_holds, stale};
use super::transaction::{self, Broken, Fenced, Place, Row, Work, refused, unknown, with_cause};
use super::{Blocker, Database, Unanswered, quoted};
use crate::error::{Failure, Result, code};
use crate::runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};
use xtask_core::database::migration::MigrationFile;
use xtask_core::database::sql::{Alone, Name, Script, Statement};
use xtask_core::deploy::Migrations;

impl Database {
    /// Applies one file. In a transaction either all of it is done, with its row, or nothing; with a
    /// fence, only if the lease of that number is still ours when it is done.
    pub fn apply_migration(
        &mut self,
        file: &MigrationFile,
        limits: &Migrations,
        fence: Option<u64>,
    ) -> Result<()> {
        let script = Script::parse(&file.sql);
        if let Some(refusal) = script.refusals.first() {
            let line = format!("cannot apply migration `{}`", file.name);
            let why = format!("line {}: {}", refusal.line, refusal.why);
            return Err(Failure::refused(line).reason(why).code(&code::MIGRATION_REFUSED));
        }
        self.ensure_migrations()?;
        match script.alone() {
            Some(alone) => self.apply_alone(file, &script.statements[0], alone, limits, fence),
            None => self.apply_whole(file, &script.statements, limits, fence),
        }
    }

    fn apply_whole(
        &mut self,
        file: &MigrationFile,
        statements: &[Statement],
        limits: &Migrations,
        fence: Option<u64>,
    ) -> Result<()> {
        let (table, schema) = (self.history_table(), self.schema.clone());
        let place = Place { table: &table, schema: &schema };
        let work = Work { statements, row: Row::Add(file), limits, fence };
        let name = &file.name;
        match runtime::wait(transaction::run(&mut self.client, place, work)) {
            // A row that is added is there.
            Ok(Fenced::Committed | Fenced::NoRow) => Ok(()),
            Ok(Fenced::Stale(fence)) => Err(stale(&format!("apply migration `{name}`"), fence)),
            Ok(Fenced::Escaped) => Err(self.escaped(file)),
            Err(broken) if broken.committing && broken.error.code().is_none() => {
                Err(unknown(name, &broken.error))
            }
            Err(broken) => {
                let logs = logs(&broken);
                let kept = self.keep_row(file, &logs, RowEnd::RolledBack);
                let failure = not_applied(name, &broken);
                Err(if kept.is_ok() { failure } else { failure.reason("and no row says so") })
            }
        }
    }

    /// The file ended its transaction by itself, in a way that the parser did not see.
    fn escaped(&mut self, file: &MigrationFile) -> Failure {
        let logs = "the file ended the transaction that it was run in";
        let kept = self.keep_row(file, logs, RowEnd::Open);
        let failure = half(&file.name).reason(logs);
        if kept.is_ok() { failure } else { failure.reason("and no row says so") }
    }

    /// Writes the row of a file that did not come to its end, as Prisma does.
    fn keep_row(&self, file: &MigrationFile, logs: &str, end: RowEnd) -> Result<(), Unanswered> {
        let rolled_back = match end {
            RowEnd::RolledBack => "now()",
            RowEnd::Open => "NULL",
        };
        let sql = format!(
            "INSERT INTO {} (id, checksum, migration_name, logs, rolled_back_at)
                VALUES (gen_random_uuid()::text, $1, $2, $3, {rolled_back})",
            self.history_table()
        );
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&file.checksum(), &file.name, &logs];
        self.ask(self.client.execute(&sql, &values)).map(drop)
    }

    /// Runs what no transaction holds. Its row is there before it begins, so that a run that is
    /// killed is seen.
    fn apply_alone(
        &mut self,
        file: &MigrationFile,
        statement: &Statement,
        alone: &Alone,
        limits: &Migrations,
        fence: Option<u64>,
    ) -> Result<()> {
        let name = &file.name;
        let was_there = self.index_state(alone.index.as_ref())?;
        let table = self.history_table();
        // Where it blocks nobody, it may wait for whoever is at work as long as it may run.
        let lock = match alone.blocks_nobody() {
            true => limits.alone_timeout_ms,
            false => limits.lock_timeout_ms,
        };
        let limits = &Migrations { lock_timeout_ms: lock, ..limits.clone() };
        let begun =
            runtime::wait(begin_alone(&self.client, &table, &self.schema, file, limits, fence));
        let id = match begun.map_err(|error| not_applied(name, &Broken::from(error)))? {
            Ok(id) => id,
            Err(fence) => return Err(stale(&format!("apply migration `{name}`"), fence)),
        };
        let ran = runtime::wait(self.client.batch_execute(&statement.text));
        let restored = runtime::wait(self.client.batch_execute(&after_alone()));
        let index = alone.index.as_ref();
        match ran.and(restored) {
            Ok(()) if self.index_state(index)? == Index::Invalid => {
                Err(self.not_valid(name, index, was_there))
            }
            Ok(()) => self.finish(name, &id),
            Err(error) => {
                let at = Some(format!("line {}: {}", statement.line, statement.what));
                let broken = Broken { error, at, committing: false };
                // Asked before what the failure left is removed, which waits for them too.
                let waited = self.waited_for(&broken);
                let failure = self.broken_alone(name, &id, &broken, index, was_there);
                Err(waited.into_iter().fold(failure, Failure::reason))
            }
        }
    }

    /// The transactions that were open longest while a limit ran out.
    fn waited_for(&self, broken: &Broken) -> Option<String> {
        let is_late = [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED];
        let is_late = broken.error.code().is_some_and(|it| is_late.contains(it));
        let blockers = if is_late { self.blockers().ok()? } else { Vec::new() };
        let one = |it: &Blocker| {
            format!(
                "the transaction of `{}` (backend {}, open for {} s)",
                it.who, it.pid, it.seconds
            )
        };
        let open: Vec<String> = blockers.iter().map(one).collect();
        (!open.is_empty()).then(|| format!("open meanwhile: {}", open.join(", ")))
    }

    fn finish(&self, name: &str, id: &str) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET finished_at = now(), applied_steps_count = 1 WHERE id = $1",
            self.history_table()
        );
        let done = self.ask(self.client.execute(&sql, &[&id]));
        done.map(drop)
            .map_err(|error| half(name).reason("it ran, and no row says so").because(&error))
    }

    /// What a failure leaves is removed if it is provably ours: an index of that name, not valid now
    /// and not there before. Then nothing stands, and the row says so.
    fn broken_alone(
        &self,
        name: &str,
        id: &str,
        broken: &Broken,
        index: Option<&Name>,
        was_there: Index,
    ) -> Failure {
        let is_clean = index.is_some() && was_there == Index::Absent && self.remove_index(index);
        let rolled_back = if is_clean { "now()" } else { "NULL" };
        let sql = format!(
            "UPDATE {} SET logs = $2, rolled_back_at = {rolled_back} WHERE id = $1",
            self.history_table()
        );
        let written = self.ask(self.client.execute(&sql, &[&id, &logs(broken)]));
        let failure =
            if is_clean { not_applied(name, broken) } else { with_cause(half(name), broken) };
        if written.is_ok() { failure } else { failure.reason("and its row does not say so") }
    }

    /// An index that is there under its name and serves nobody, although the statement went through:
    /// `IF NOT EXISTS` finds what an earlier run has left.
    fn not_valid(&self, name: &str, index: Option<&Name>, was_there: Index) -> Failure {
        let index = index.map(ToString::to_string).unwrap_or_default();
        let left = match was_there {
            Index::Invalid => "an earlier run left it, and `IF NOT EXISTS` passes it over",
            _ => "it was made, and is not valid",
        };
        half(name)
            .reason(format!("index `{index}` is not valid: {left}"))
            .hint(format!("`DROP INDEX CONCURRENTLY {index};`, then `cargo xtask migrate doctor`"))
    }

    /// Removes an index that is not valid; whether it is gone afterwards.
    fn remove_index(&self, index: Option<&Name>) -> bool {
        let Some(index) = index else { return false };
        if self.index_state(Some(index)).is_ok_and(|it| it == Index::Invalid) {
            let schema = index.schema.as_deref().unwrap_or(&self.schema);
            let (schema, name) = (quoted(schema), quoted(&index.name));
            let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {schema}.{name}");
            drop(self.ask(self.client.batch_execute(&sql)));
        }
        self.index_state(Some(index)).is_ok_and(|it| it == Index::Absent)
    }

    fn index_state(&self, index: Option<&Name>) -> Result<Index> {
        let Some(index) = index else { return Ok(Index::Absent) };
        let schema = index.schema.as_deref().unwrap_or(&self.schema);
        let sql = "SELECT x.indisvalid FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2";
        let row = self.ask(self.client.query_opt(sql, &[&schema, &index.name]));
        let failed =
            |error| super::refusal::asked(&format!("failed to look at index `{index}`"), &error);
        Ok(match row.map_err(failed)? {
            None => Index::Absent,
            Some(row) if row.get(0) => Index::Valid,
            Some(_) => Index::Invalid,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    Absent,
    Valid,
    Invalid,
}

/// Whether it is known that nothing of a file stands.
#[derive(Clone, Copy)]
enum RowEnd {
    RolledBack,
    Open,
}

/// Writes the row and sets the limits; the fence if the lease is somebody else's by now.
async fn begin_alone(
    client: &Client,
    table: &str,
    schema: &str,
    file: &MigrationFile,
    limits: &Migrations,
    fence: Option<u64>,
) -> Result<Result<String, u64>, Error> {
    if let Some(fence) = fence
        && !fence_holds(client, fence).await?
    {
        return Ok(Err(fence));
    }
    let sql = format!(
        "INSERT INTO {table} (id, checksum, migration_name)
            VALUES (gen_random_uuid()::text, $1, $2) RETURNING id"
    );
    let id = client.query_one(&sql, &[&file.checksum(), &file.name]).await?.get(0);
    let (lock, statement) = (limits.lock_timeout_ms, limits.alone_timeout_ms);
    let head = format!(
        "SET lock_timeout = {lock}; SET statement_timeout = {statement};
         SET search_path TO {}",
        quoted(schema)
    );
    client.batch_execute(&head).await.map(|()| Ok(id))
}

/// Back to the limits of our own questions.
fn after_alone() -> String {
    let limit = super::STATEMENT_LIMIT.as_millis();
    format!("RESET ROLE; RESET search_path; RESET lock_timeout; SET statement_timeout = {limit}")
}

fn not_applied(name: &str, broken: &Broken) -> Failure {
    let line = format!("failed to apply migration `{name}`; nothing of it was kept");
    refused(&line, "mend the file, which is not applied yet, and run the same again", broken)
}

fn half(name: &str) -> Failure {
    Failure::outside(format!("failed to apply migration `{name}`; something of it may stand"))
        .code(&code::MIGRATION_HALF)
        .hint("`cargo xtask migrate doctor ENVIRONMENT` tells what stands and what to type next")
        .partly()
}

/// What stands in the row, for whoever reads it with Prisma's own tools.
fn logs(broken: &Broken) -> String {
    let at = broken.at.as_deref().map(|at| format!(" (at {at})")).unwrap_or_default();
    match broken.error.as_db_error() {
        Some(error) => format!("{}: {}{at}", error.code().code(), error.message()),
        None => format!("{}{at}", broken.error),
    }
}
