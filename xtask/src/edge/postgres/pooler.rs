//! Whether an address leads to a transaction pooler, found out by asking.
//!
//! A pooler that hands a backend out for one transaction only loses what belongs to a session: our
//! lock would stay with a stranger, and afterwards nobody could migrate.

use super::Database;
use crate::error::{Context as _, Failure, Result, code};
use tokio_postgres::Error;
use xtask_core::ship::database::Address;

/// How often the two are asked. A pool that others use hands out what is free just then.
const ROUNDS: usize = 4;

/// Asks on two connections which backend serves them. Where each client has its own, the two never
/// share one and none ever changes.
pub fn is_pooled(address: &Address) -> Result<bool> {
    let connect = || Database::connect_plainly(address);
    let (one, mut other) = (connect()?, connect()?);
    let asked = super::within(super::ANSWER_LIMIT, async { ask(&one, &mut other).await });
    asked.or_outside(|| format!("failed to find out whether `{}` is a pooler", address.place()))
}

/// Refuses to `act` (`migrate`, `back up`) through a pooler that changes backends.
pub fn refuse_pooled(address: &Address, act: &str) -> Result<()> {
    if !is_pooled(address)? {
        return Ok(());
    }
    let line = format!("cannot {act} through `{}`: it is a transaction pooler", address.place());
    Err(Failure::refused(line)
        .code(&code::DATABASE_POOLED)
        .reason("one session was served by several backends, or two sessions by one")
        .hint("name the direct or the session address in `direct_url` (Supabase: port 5432)"))
}

async fn ask(one: &Database, other: &mut Database) -> Result<bool, Error> {
    let first = backend(&one.client).await?;
    for _ in 0..ROUNDS {
        // A transaction keeps its backend, so that a pool must give the first one another.
        let transaction = other.client.transaction().await?;
        let theirs = backend(&transaction).await?;
        let ours = backend(&one.client).await?;
        transaction.rollback().await?;
        if theirs == first || ours != first {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn backend(client: &impl tokio_postgres::GenericClient) -> Result<String, Error> {
    // Without parameters: a prepared statement is what some poolers cannot keep.
    for message in client.simple_query("SELECT pg_backend_pid()").await? {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            return Ok(row.get(0).unwrap_or_default().to_owned());
        }
    }
    Ok(String::new())
}
