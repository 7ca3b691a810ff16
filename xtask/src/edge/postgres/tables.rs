//! Our own tables in the database of an environment, and what keeps them as they were written.

use super::{Database, refusal};
use crate::error::Result;

/// Two runs that make the tables at once do so one after the other; so do those that add records.
pub(super) const ORDER: i64 = 7_041_776_118;

/// Whether everything below is there and on, as a server tells without being changed.
const IS_THERE: &str = "SELECT to_regclass('xtask.ledger') IS NOT NULL
    AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('xtask.lease')
        AND attname = 'expires_at')
    AND (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'A' AND tgname LIKE 'xtask\\_%'
        AND tgrelid IN (to_regclass('xtask.ledger'), to_regclass('xtask.lease'))) = 3";

/// Databases of before have the ledger without its trigger, and no lease.
const TABLES: &str = "
    CREATE SCHEMA IF NOT EXISTS xtask;
    CREATE TABLE IF NOT EXISTS xtask.ledger (
        number bigint PRIMARY KEY,
        previous text NOT NULL,
        body text NOT NULL);
    CREATE TABLE IF NOT EXISTS xtask.lease (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        fence bigint NOT NULL,
        verb text, who text, run_url text, phase text, seat text,
        since timestamptz, expires_at timestamptz);
    INSERT INTO xtask.lease (fence) VALUES (0) ON CONFLICT DO NOTHING;
    CREATE OR REPLACE FUNCTION xtask.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$;
    CREATE OR REPLACE TRIGGER xtask_only_added_to
        BEFORE UPDATE OR DELETE OR TRUNCATE ON xtask.ledger
        FOR EACH STATEMENT EXECUTE FUNCTION xtask.refuse();
    CREATE OR REPLACE TRIGGER xtask_stays
        BEFORE DELETE OR TRUNCATE ON xtask.lease
        FOR EACH STATEMENT EXECUTE FUNCTION xtask.refuse();
    CREATE OR REPLACE TRIGGER xtask_only_grows
        BEFORE UPDATE ON xtask.lease
        FOR EACH ROW WHEN (NEW.fence < OLD.fence) EXECUTE FUNCTION xtask.refuse();
    ALTER TABLE xtask.ledger ENABLE ALWAYS TRIGGER xtask_only_added_to;
    ALTER TABLE xtask.lease ENABLE ALWAYS TRIGGER xtask_stays;
    ALTER TABLE xtask.lease ENABLE ALWAYS TRIGGER xtask_only_grows";

impl Database {
    /// Makes our tables where they are not as they must be; data stays.
    pub(super) fn ensure_tables(&self) -> Result<()> {
        let failed = |error| refusal::asked("failed to look at the tables of `xtask`", &error);
        let found = self.ask(self.client.query_one(IS_THERE, &[])).map_err(failed)?;
        if found.get(0) {
            return Ok(());
        }
        // One string of statements is one transaction.
        let made = format!("SELECT pg_advisory_xact_lock({ORDER}); {TABLES}");
        let made = self.ask(self.client.batch_execute(&made));
        made.map_err(|error| refusal::asked("failed to make the tables of `xtask`", &error))
    }

    /// Whether a table of ours is there. One that may not be looked at is a failure.
    pub(super) fn has_table(&self, name: &str) -> Result<bool> {
        let sql = "SELECT to_regclass($1) IS NOT NULL";
        let found = self.ask(self.client.query_one(sql, &[&name]));
        let failed = |error| refusal::asked(&format!("failed to look for `{name}`"), &error);
        Ok(found.map_err(failed)?.get(0))
    }
}
