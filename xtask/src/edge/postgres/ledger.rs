//! The ledger of an environment: a table that is only ever added to.

use super::Database;
use crate::error::{Context as _, Result};
use tokio_postgres::Row;
use xtask_core::ship::ledger::{Link, Record};

const TABLE: &str = "CREATE SCHEMA IF NOT EXISTS xtask;
    CREATE TABLE IF NOT EXISTS xtask.ledger (
        number bigint PRIMARY KEY,
        previous text NOT NULL,
        body text NOT NULL)";

impl Database {
    /// Every link of the chain, in order.
    pub fn ledger(&self) -> Result<Vec<Link>> {
        let failed = || "failed to read the ledger".to_owned();
        self.ask(self.client.batch_execute(TABLE)).or_outside(failed)?;
        let sql = "SELECT number, previous, body FROM xtask.ledger ORDER BY number";
        let rows = self.ask(self.client.query(sql, &[]));
        rows.or_outside(failed)?.iter().map(link).collect()
    }

    /// Adds a record after the last one. The number is the key: of two writers one is refused.
    pub fn append(&self, record: &Record) -> Result<Link> {
        let links = self.ledger()?;
        let link = Link::after(links.last(), record);
        let number = i64::try_from(link.number).expect("a ledger is shorter than 2^63 records");
        let previous = link.previous.to_string();
        let sql = "INSERT INTO xtask.ledger (number, previous, body) VALUES ($1, $2, $3)";
        let added = self.ask(self.client.execute(sql, &[&number, &previous, &link.body]));
        added.or_outside(|| "failed to add to the ledger".to_owned())?;
        Ok(link)
    }
}

fn link(row: &Row) -> Result<Link> {
    let number = row.get::<_, i64>(0);
    let previous = row.get::<_, String>(1).parse();
    Ok(Link {
        number: u64::try_from(number)
            .or_outside(|| format!("ledger record {number} is out of order"))?,
        previous: previous.or_outside(|| format!("failed to read ledger record {number}"))?,
        body: row.get(2),
    })
}
