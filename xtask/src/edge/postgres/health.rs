//! What a living server says of itself: sizes, indexes, open transactions, connections, limits.

use super::{Database, refusal};
use crate::error::Result;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use xtask_core::database::health::{Connections, Facts, Index, Open, Sequence, Table};
use xtask_core::database::limits::Allowed;

const TABLES: &str = "SELECT format('%I.%I', s.schemaname, s.relname),
    pg_total_relation_size(s.relid), s.n_live_tup, s.n_dead_tup, age(c.relfrozenxid)::bigint
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    -- What has partitions holds no rows itself, and is never frozen.
    WHERE c.relkind <> 'p'
    ORDER BY pg_total_relation_size(s.relid) DESC, 1";

const INVALID: &str = "SELECT indexrelid::regclass::text, pg_relation_size(indexrelid)
    FROM pg_index WHERE NOT indisvalid AND indexrelid > 16383 ORDER BY 1";

/// Those that hold a rule are written for that rule, whether anybody reads them or not.
const UNREAD: &str = "SELECT s.indexrelid::regclass::text, pg_relation_size(s.indexrelid)
    FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
    WHERE s.idx_scan = 0 AND i.indisvalid AND NOT i.indisunique AND NOT i.indisexclusion
    AND s.schemaname <> 'xtask' AND pg_relation_size(s.indexrelid) > 65536 ORDER BY 1";

const OPEN: &str = "SELECT pid, coalesce(usename, 'nobody')::text,
    floor(extract(epoch FROM clock_timestamp() - xact_start))::bigint,
    state LIKE 'idle in transaction%'
    FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' ORDER BY xact_start";

const CONNECTIONS: &str = "SELECT coalesce(a.usename, 'nobody')::text, count(*),
    NULLIF(max(r.rolconnlimit), -1)::bigint
    FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.rolname = a.usename
    WHERE a.backend_type = 'client backend' GROUP BY 1 ORDER BY 1";

const WHOLE: &str = "SELECT current_database()::text, pg_database_size(current_database()),
    (SELECT floor(extract(epoch FROM clock_timestamp() - stats_reset) / 86400)::bigint
        FROM pg_stat_database WHERE datname = current_database()),
    current_setting('max_connections')::bigint
        - current_setting('superuser_reserved_connections')::bigint";

const NOT_VALIDATED: &str = "SELECT format('%s.%I', conrelid::regclass, conname)
    FROM pg_constraint WHERE NOT convalidated ORDER BY 1";

const BOUND_OWNERS: &str = "SELECT c.oid::regclass::text FROM pg_class c
    JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.relforcerowsecurity AND c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls
    ORDER BY 1";

const SEQUENCES: &str = "SELECT format('%I.%I', schemaname, sequencename),
    floor(100.0 * last_value / max_value)::bigint
    FROM pg_sequences WHERE increment_by > 0 AND NOT cycle AND last_value IS NOT NULL ORDER BY 1";

/// Of the server, and of the role of that name.
const ALLOWED: &str = "SELECT current_setting('max_connections')::bigint,
    current_setting('superuser_reserved_connections')::bigint,
    (SELECT NULLIF(rolconnlimit, -1)::bigint FROM pg_roles WHERE rolname = $1),
    (SELECT NULLIF(datconnlimit, -1)::bigint FROM pg_database WHERE datname = current_database()),
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
        AND coalesce(usename, '') NOT IN ($1, current_user)
        AND coalesce(application_name, '') <> 'xtask')";

impl Database {
    /// What `db doctor` judges.
    pub fn health(&self) -> Result<Facts> {
        let whole = self.row_of(WHOLE, &[])?;
        Ok(Facts {
            database: whole.get(0),
            bytes: unsigned(&whole, 1),
            days_of_statistics: whole
                .get::<_, Option<i64>>(2)
                .and_then(|it| u64::try_from(it).ok()),
            connections_max: unsigned(&whole, 3),
            tables: self.all(TABLES, |row| Table {
                name: row.get(0),
                bytes: unsigned(row, 1),
                rows: unsigned(row, 2),
                dead: unsigned(row, 3),
                age: unsigned(row, 4),
            })?,
            invalid: self.all(INVALID, index)?,
            unread: self.all(UNREAD, index)?,
            open: self.all(OPEN, |row| Open {
                pid: row.get(0),
                role: row.get(1),
                seconds: unsigned(row, 2),
                is_idle: row.get(3),
            })?,
            connections: self.all(CONNECTIONS, |row| Connections {
                role: row.get(0),
                now: unsigned(row, 1),
                limit: row.get::<_, Option<i64>>(2).and_then(|it| u64::try_from(it).ok()),
            })?,
            not_validated: self.all(NOT_VALIDATED, |row| row.get(0))?,
            bound_owners: self.all(BOUND_OWNERS, |row| row.get(0))?,
            sequences: self
                .all(SEQUENCES, |row| Sequence { name: row.get(0), used: unsigned(row, 1) })?,
        })
    }

    /// What the server allows, for services that log in as `role`.
    pub fn allowed(&self, role: &str) -> Result<Allowed> {
        let row = self.row_of(ALLOWED, &[&role])?;
        let limit = |at: usize| row.get::<_, Option<i64>>(at).and_then(|it| u64::try_from(it).ok());
        Ok(Allowed {
            server: unsigned(&row, 0),
            reserved: unsigned(&row, 1),
            role: limit(2),
            database: limit(3),
            others: unsigned(&row, 4),
        })
    }

    fn row_of(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Row> {
        self.ask(self.client.query_one(sql, values)).map_err(|error| failed(&error))
    }

    fn all<T>(&self, sql: &str, read: impl Fn(&Row) -> T) -> Result<Vec<T>> {
        let rows = self.ask(self.client.query(sql, &[])).map_err(|error| failed(&error))?;
        Ok(rows.iter().map(read).collect())
    }
}

fn failed(error: &super::Unanswered) -> crate::error::Failure {
    refusal::asked("failed to look at the database", error)
}

fn index(row: &Row) -> Index {
    Index { name: row.get(0), bytes: unsigned(row, 1) }
}

/// Counts and sizes are never below nothing, whatever their type says.
fn unsigned(row: &Row, at: usize) -> u64 {
    u64::try_from(row.get::<_, i64>(at)).unwrap_or_default()
}
