//! Scratch databases in a cluster: making, listing and removing them.

use super::{Database, quoted, refusal};
use crate::error::{Context as _, Result};
use tokio_postgres::error::SqlState;
use xtask_core::database::scratch::{Name, PREFIX};

/// As the database that is asked from; `template0` is the one that takes another collation.
const LIKE: &str = "SELECT pg_encoding_to_char(encoding), quote_literal(datcollate),
    quote_literal(datctype) FROM pg_database WHERE datname = current_database()";

const LIST: &str = "SELECT datname::text, (SELECT count(*) FROM pg_stat_activity
    WHERE pg_stat_activity.datid = pg_database.oid) FROM pg_database
    WHERE starts_with(datname::text, $1) ORDER BY datname";

impl Database {
    /// Seconds since 1970, by the server's clock.
    pub fn seconds(&self) -> Result<u64> {
        let sql = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint";
        let row = self.ask(self.client.query_one(sql, &[]));
        let row = row.map_err(|error| refusal::asked("failed to read the server's clock", &error));
        u64::try_from(row?.get::<_, i64>(0))
            .or_outside(|| "failed to read the server's clock".to_owned())
    }

    /// Makes an empty database of this name, with the encoding and collation of this one.
    pub fn make_scratch(&self, name: &Name) -> Result<()> {
        let failed = |error| refusal::asked(&format!("failed to make database `{name}`"), &error);
        let row = self.ask(self.client.query_one(LIKE, &[])).map_err(failed)?;
        let part = |column: usize| row.get::<_, String>(column);
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING '{}' LC_COLLATE {} LC_CTYPE {}",
            quoted(name.as_str()),
            part(0),
            part(1),
            part(2)
        );
        self.ask(self.client.batch_execute(&sql)).map_err(failed)
    }

    /// Every scratch database of the cluster, and how many are connected to each.
    pub fn scratch_databases(&self) -> Result<Vec<(Name, u64)>> {
        let rows = self.ask(self.client.query(LIST, &[&PREFIX]));
        let rows =
            rows.map_err(|error| refusal::asked("failed to list scratch databases", &error))?;
        let read = |row: &tokio_postgres::Row| {
            let used = u64::try_from(row.get::<_, i64>(1)).unwrap_or(u64::MAX);
            Some((Name::parse(&row.get::<_, String>(0))?, used))
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    /// Removes a database that nobody is connected to; whether it was removed.
    pub fn drop_unused(&self, name: &Name) -> Result<bool> {
        let sql = format!("DROP DATABASE IF EXISTS {}", quoted(name.as_str()));
        match self.ask(self.client.batch_execute(&sql)) {
            Ok(()) => Ok(true),
            Err(super::Unanswered::Refused(error))
                if error.code() == Some(&SqlState::OBJECT_IN_USE) =>
            {
                Ok(false)
            }
            Err(error) => {
                Err(refusal::asked(&format!("failed to remove database `{name}`"), &error))
            }
        }
    }
}
