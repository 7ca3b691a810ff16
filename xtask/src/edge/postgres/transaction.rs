//! A script in one transaction with its row of `_prisma_migrations`: all of both, or nothing.

use super::lease::fence_holds;
use super::{quoted, refusal};
use crate::error::{Failure, code};
use std::error::Error as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, GenericClient, Transaction};
use xtask_core::database::migration::MigrationFile;
use xtask_core::database::sql::Statement;
use xtask_core::deploy::Migrations;

/// What became of a transaction whose work was done.
pub(super) enum Fenced {
    Committed,
    Stale(u64),
    /// The script has ended the transaction that it was run in.
    Escaped,
    /// The row that was to be changed is not there.
    NoRow,
}

/// Where a script broke off.
pub(super) struct Broken {
    pub(super) error: Error,
    /// Which statement was run, if one was.
    pub(super) at: Option<String>,
    /// Whether the server was told to commit, and has not said that it did.
    pub(super) committing: bool,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self { error, at: None, committing: false }
    }
}

/// Where rows and tables go.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) table: &'p str,
    pub(super) schema: &'p str,
}

/// What is run, and what its row says afterwards.
#[derive(Clone, Copy)]
pub(super) struct Work<'w> {
    pub(super) statements: &'w [Statement],
    pub(super) row: Row<'w>,
    pub(super) limits: &'w Migrations,
    /// The number of the lease, which must still be ours when it is done.
    pub(super) fence: Option<u64>,
}

/// What becomes of the row.
#[derive(Clone, Copy)]
pub(super) enum Row<'r> {
    /// A row of this file is added.
    Add(&'r MigrationFile),
    /// The row of this name counts no more, as `prisma migrate resolve --rolled-back` leaves it.
    TakeBack(&'r str),
}

/// The limits are of each statement, so the whole has none of ours: a file may be long.
pub(super) async fn run(
    client: &mut Client,
    place: Place<'_>,
    work: Work<'_>,
) -> Result<Fenced, Broken> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(&head(place.schema, work.limits)).await?;
    let began = transaction_id(&transaction).await?;
    for statement in work.statements {
        transaction.batch_execute(&statement.text).await.map_err(|error| Broken {
            error,
            at: Some(format!("line {}: {}", statement.line, statement.what)),
            committing: false,
        })?;
    }
    if transaction_id(&transaction).await? != began {
        return Ok(Fenced::Escaped);
    }
    transaction.batch_execute("RESET ROLE").await?;
    if !write_row(&transaction, place.table, work.row).await? {
        return Ok(Fenced::NoRow);
    }
    // Last, and not first: whoever renews the lease waits for as long as this looks at it.
    if let Some(fence) = work.fence
        && !fence_holds(&transaction, fence).await?
    {
        return Ok(Fenced::Stale(fence));
    }
    let committed = transaction.commit().await;
    committed.map_err(|error| Broken { error, at: None, committing: true })?;
    Ok(Fenced::Committed)
}

fn head(schema: &str, limits: &Migrations) -> String {
    let (lock, statement) = (limits.lock_timeout_ms, limits.statement_timeout_ms);
    format!(
        "SET LOCAL lock_timeout = {lock}; SET LOCAL statement_timeout = {statement};
         SET LOCAL search_path TO {}",
        quoted(schema)
    )
}

/// Another one means that the script has ended the transaction.
async fn transaction_id(client: &impl GenericClient) -> Result<String, Error> {
    Ok(client.query_one("SELECT pg_current_xact_id()::text", &[]).await?.get(0))
}

/// Whether there was a row to write.
async fn write_row(
    transaction: &Transaction<'_>,
    table: &str,
    row: Row<'_>,
) -> Result<bool, Error> {
    let written = match row {
        Row::Add(file) => {
            let sql = format!(
                "INSERT INTO {table}
                    (id, checksum, migration_name, finished_at, applied_steps_count)
                    VALUES (gen_random_uuid()::text, $1, $2, clock_timestamp(), 1)"
            );
            transaction.execute(&sql, &[&file.checksum(), &file.name]).await?
        }
        Row::TakeBack(name) => {
            let sql = format!(
                "UPDATE {table} SET rolled_back_at = now() WHERE migration_name = $1
                    AND finished_at IS NOT NULL AND rolled_back_at IS NULL"
            );
            transaction.execute(&sql, &[&name]).await?
        }
    };
    Ok(written == 1)
}

/// A script that changed nothing, as `line` says; `hint` is for what the server says of the script.
pub(super) fn refused(line: &str, hint: &str, broken: &Broken) -> Failure {
    let failure = Failure::outside(line);
    match broken.error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => with_cause(failure, broken)
            .code(&code::MIGRATION_LOCKED)
            .hint("a long transaction holds the table; end it, then run the same command again"),
        Some(&SqlState::QUERY_CANCELED) => with_cause(failure, broken)
            .code(&code::MIGRATION_FAILED)
            .hint("end what it waited for, or give it more time, and run the same again"),
        // The connection was cut, and the file did nothing wrong.
        Some(state) if refusal::is_going(state) => with_cause(failure, broken)
            .code(&code::MIGRATION_FAILED)
            .hint("the server ended the connection: run the same again once it answers"),
        Some(_) => with_cause(failure, broken).code(&code::MIGRATION_FAILED).hint(hint),
        None => with_cause(failure, broken).code(&code::MIGRATION_FAILED),
    }
}

pub(super) fn unknown(name: &str, error: &Error) -> Failure {
    let line = format!("the connection was cut while migration `{name}` was committed");
    Failure::outside(line).because(error.source().unwrap_or(error)).code(&code::MIGRATION_UNKNOWN)
}

pub(super) fn with_cause(failure: Failure, broken: &Broken) -> Failure {
    let failure = match broken.error.as_db_error() {
        Some(error) => failure.reason(format!("{}: {}", error.code().code(), error.message())),
        None => failure.because(broken.error.source().unwrap_or(&broken.error)),
    };
    match &broken.at {
        Some(at) => failure.reason(format!("at {at}")),
        None => failure,
    }
}
