//! The ledger of an environment: a table that is only ever added to.

use super::lease::{fence_holds, stale};
use super::tables::ORDER;
use super::{ANSWER_LIMIT, Database, refusal, within};
use crate::error::Result;
use tokio_postgres::{Client, Error, GenericClient, Row};
use xtask_core::digest::Digest;
use xtask_core::ship::ledger::{Link, Record};

const READ: &str = "SELECT number, previous, body FROM xtask.ledger ORDER BY number";
const LAST: &str = "SELECT number, previous, body FROM xtask.ledger ORDER BY number DESC LIMIT 1";
const ADD: &str = "INSERT INTO xtask.ledger (number, previous, body) VALUES ($1, $2, $3)";

impl Database {
    /// Every link of the chain, in order; none where nothing was ever written. Nothing is made.
    pub fn ledger(&self) -> Result<Vec<Link>> {
        if !self.has_table("xtask.ledger")? {
            return Ok(Vec::new());
        }
        let rows = self.ask(self.client.query(READ, &[]));
        let rows = rows.map_err(|error| refusal::asked("failed to read the ledger", &error));
        Ok(rows?.iter().map(link).collect())
    }

    /// Adds records after the last one, all or none, for whoever holds the lease with this fence.
    /// Those who add come one after the other, so the chain never forks.
    pub fn append(&mut self, records: &[Record], fence: u64) -> Result<Vec<Link>> {
        self.ensure_tables()?;
        let added = within(ANSWER_LIMIT, add(&mut self.client, records, fence));
        let added = added.map_err(|error| refusal::asked("failed to add to the ledger", &error))?;
        added.ok_or_else(|| stale("add to the ledger", fence))
    }
}

/// `None` if the lease is somebody else's by now.
async fn add(
    client: &mut Client,
    records: &[Record],
    fence: u64,
) -> Result<Option<Vec<Link>>, Error> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&ORDER]).await?;
    if !fence_holds(&transaction, fence).await? {
        return Ok(None);
    }
    let last = transaction.query_opt(LAST, &[]).await?;
    let mut last = last.as_ref().map(link);
    let mut links = Vec::with_capacity(records.len());
    for record in records {
        let link = Link::after(last.as_ref(), record);
        insert(&transaction, &link).await?;
        links.push(link.clone());
        last = Some(link);
    }
    transaction.commit().await?;
    Ok(Some(links))
}

async fn insert(client: &impl GenericClient, link: &Link) -> Result<(), Error> {
    // Only a forged ledger is so long; its last number is taken, and adding to it says so.
    let number = i64::try_from(link.number).unwrap_or(i64::MAX);
    let previous = link.previous.to_string();
    client.execute(ADD, &[&number, &previous, &link.body]).await.map(drop)
}

/// What is no number or no digest belongs to no chain: walking the chain finds it.
pub(super) fn link(row: &Row) -> Link {
    let number = u64::try_from(row.get::<_, i64>(0)).unwrap_or_default();
    let previous = row.get::<_, String>(1).parse();
    let previous = previous.unwrap_or_else(|_| Digest::of(b"no digest"));
    Link { number, previous, body: row.get(2) }
}
