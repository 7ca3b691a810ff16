//! Statements run one by one while their locks are watched; for rehearsals only.

use super::{Database, Unanswered, quoted, within};
use crate::error::{Failure, Result, code};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, Error, Row};
use xtask_core::database::rehearsal::{Lock, mode};
use xtask_core::deploy::Migrations;

/// Locks of a process on what is of people, and whether that was there before.
const LOCKS: &str = "SELECT format('%s.%s', n.nspname, c.relname), l.mode, c.oid = ANY ($2)
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = $1 AND l.granted AND l.locktype = 'relation'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p', 'm', 'v', 'i')";

const THERE: &str = "SELECT coalesce(array_agg(oid), '{}') FROM pg_class";

/// A rehearsal may take as long as the migration may.
const LIMIT: Duration = Duration::from_secs(24 * 3600);
/// How often somebody looks at a statement that no transaction holds.
const EVERY: Duration = Duration::from_millis(2);

/// How a statement went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub ms: u64,
    /// Those that it took.
    pub locks: Vec<Lock>,
    /// Those that its transaction had before it.
    pub held: Vec<Lock>,
}

impl Database {
    /// Gives what follows on this connection the time-outs and the schema of a migration.
    pub fn limit(&self, limits: &Migrations) -> Result<()> {
        let sql = format!(
            "SET lock_timeout = {}; SET statement_timeout = {}; SET search_path TO {}",
            limits.lock_timeout_ms,
            limits.statement_timeout_ms,
            quoted(&self.schema)
        );
        within(LIMIT, self.client.batch_execute(&sql)).map_err(|error| refused(&error))
    }

    /// Adds the row of a file that was run statement by statement.
    pub fn note(&self, name: &str, checksum: &str) -> Result<()> {
        self.ensure_migrations()?;
        let sql = format!(
            "INSERT INTO {} (id, checksum, migration_name, finished_at, applied_steps_count)
             VALUES (gen_random_uuid()::text, $1, $2, now(), 1)",
            self.history_table()
        );
        let noted = within(LIMIT, self.client.execute(&sql, &[&checksum, &name]));
        noted.map(drop).map_err(|error| refused(&error))
    }

    /// Runs `statements` in one transaction, and looks after each which locks it holds.
    pub fn watch_together(&mut self, statements: &[&str]) -> Result<Vec<Watched>> {
        let watched = within(LIMIT, together(&mut self.client, statements));
        watched.map_err(|error| refused(&error))
    }

    /// Runs a statement that no transaction may hold; `other` looks at its locks while it runs.
    pub fn watch_alone(&self, other: &Self, statement: &str) -> Result<Watched> {
        let watched = within(LIMIT, alone(&self.client, &other.client, statement));
        watched.map_err(|error| refused(&error))
    }
}

async fn together(client: &mut Client, statements: &[&str]) -> Result<Vec<Watched>, Error> {
    let transaction = client.transaction().await?;
    let own: i32 = transaction.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let mut all = Vec::new();
    let mut held: Vec<Lock> = Vec::new();
    for statement in statements {
        let there: Vec<u32> = transaction.query_one(THERE, &[]).await?.get(0);
        let began = Instant::now();
        transaction.batch_execute(statement).await?;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let rows = transaction.query(LOCKS, &[&own, &there]).await?;
        // A transaction keeps its locks: those of statements before are not this one's.
        let taken = rows.iter().filter(|row| row.get(2)).filter_map(lock);
        let locks = taken.filter(|it| !held.contains(it)).collect();
        let now = rows.iter().filter_map(lock).collect();
        all.push(Watched { ms, locks, held: std::mem::replace(&mut held, now) });
    }
    transaction.commit().await?;
    Ok(all)
}

async fn alone(client: &Client, other: &Client, statement: &str) -> Result<Watched, Error> {
    let own: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let there: Vec<u32> = client.query_one(THERE, &[]).await?.get(0);
    let began = Instant::now();
    let work = client.batch_execute(statement);
    tokio::pin!(work);
    let mut locks: Vec<Lock> = Vec::new();
    loop {
        tokio::select! {
            done = &mut work => {
                done?;
                let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                return Ok(Watched { ms, locks, held: Vec::new() });
            }
            () = tokio::time::sleep(EVERY) => {
                let rows = other.query(LOCKS, &[&own, &there]).await?;
                for lock in rows.iter().filter(|row| row.get(2)).filter_map(lock) {
                    if !locks.contains(&lock) {
                        locks.push(lock);
                    }
                }
            }
        }
    }
}

fn lock(row: &Row) -> Option<Lock> {
    let mode = mode(&row.get::<_, String>(1))?;
    Some(Lock { relation: row.get(0), mode: mode.to_owned() })
}

fn refused(error: &Unanswered) -> Failure {
    let failed = Failure::outside("failed to rehearse a statement").code(&code::MIGRATION_FAILED);
    let Unanswered::Refused(cause) = error else { return failed.because(error) };
    match cause.as_db_error() {
        Some(said) => failed.reason(format!("{}: {}", said.code().code(), said.message())),
        None => failed.because(cause),
    }
}
