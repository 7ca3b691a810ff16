//! What a database holds, read in one snapshot: of the source in the very one that `pg_dump` is
//! given, so that rows and dump are of one moment.

use super::{Database, Unanswered, extensions, owners, within};
use crate::cancel::Cancel;
use crate::error::{Context as _, Failure, Result, code};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, GenericClient, IsolationLevel, Row, Transaction};
use xtask_core::backup::facts::{CHECKSUM_MAX, Facts, LedgerHead, TableFacts, canary};
use xtask_core::digest::Digest;
use xtask_core::ship::ledger::Link;

/// Counting a large table takes as long as reading it.
const LIMIT: Duration = Duration::from_secs(3600);

/// What a row is as text must not hang on who asks. Where policies would hide rows, it fails.
const PLAINLY: &str = "SET LOCAL row_security = off; SET LOCAL statement_timeout = '3600s';
    SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL search_path = pg_catalog;
    SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL \"DateStyle\" = 'ISO, YMD';
    SET LOCAL \"IntervalStyle\" = 'postgres'; SET LOCAL extra_float_digits = 1;
    SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'";

/// The first is a table's name in the manifest; a dot in it would make it that of another one.
const TABLES: &str = "SELECT CASE WHEN strpos(n.nspname || c.relname, '.') > 0
            THEN format('%I.%I', n.nspname, c.relname) ELSE n.nspname || '.' || c.relname END,
        format('%I.%I', n.nspname, c.relname), pg_table_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname = ANY($1)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
        AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1";

/// Who was granted something, is named by a policy, whose new objects have default privileges, or who
/// owns something and may do less with it than owners may: the dump names all of them.
const ROLES: &str = "SELECT DISTINCT r.rolname::text FROM pg_shdepend d
    JOIN pg_roles r ON r.oid = d.refobjid
    WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype IN ('a', 'r')
    AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND r.rolname !~ '^pg_'
    UNION SELECT pg_get_userbyid(a.defaclrole)::text FROM pg_default_acl a
        JOIN pg_namespace n ON n.oid = a.defaclnamespace WHERE n.nspname = ANY($1)
    UNION SELECT r.rolname::text FROM (
            SELECT relowner AS owner, relacl AS acl, relnamespace AS schema,
                CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS kind FROM pg_class
            UNION ALL SELECT proowner, proacl, pronamespace, 'f' FROM pg_proc
            UNION ALL SELECT typowner, typacl, typnamespace, 'T' FROM pg_type
            UNION ALL SELECT nspowner, nspacl, oid, 'n' FROM pg_namespace
        ) o JOIN pg_namespace n ON n.oid = o.schema JOIN pg_roles r ON r.oid = o.owner
        WHERE n.nspname = ANY($1) AND r.rolname !~ '^pg_' AND o.acl IS NOT NULL AND EXISTS (
            SELECT privilege_type FROM aclexplode(acldefault(o.kind::\"char\", o.owner))
                WHERE grantee = o.owner
            EXCEPT SELECT privilege_type FROM aclexplode(o.acl) WHERE grantee = o.owner)
    ORDER BY 1";

const INVALID: &str = "SELECT n.nspname || '.' || c.relname FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT i.indisvalid AND n.nspname = ANY($1)
    UNION ALL SELECT n.nspname || '.' || o.conname FROM pg_constraint o
        JOIN pg_namespace n ON n.oid = o.connamespace
        WHERE NOT o.convalidated AND n.nspname = ANY($1) ORDER BY 1";

/// Everything that people make: relations, functions, types. What an extension brought is none.
const OBJECTS: &str = "SELECT count(*) FROM (
    SELECT 'pg_class'::regclass AS class, oid, relnamespace AS schema FROM pg_class
        WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type WHERE typtype IN ('d', 'e')
    ) o JOIN pg_namespace n ON n.oid = o.schema
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND ($1::text[] IS NULL OR n.nspname = ANY($1))
    AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')";

/// One row, written before each dump.
const CANARY: &str = "CREATE SCHEMA IF NOT EXISTS xtask;
    CREATE TABLE IF NOT EXISTS xtask.backup_canary (
        one boolean PRIMARY KEY DEFAULT true CHECK (one), run text NOT NULL, bytes bytea NOT NULL,
        written_at timestamptz NOT NULL DEFAULT clock_timestamp())";

/// A snapshot of a database that other connections can be given, as long as this lives.
pub struct Exported<'a> {
    transaction: Transaction<'a>,
    /// By this another connection of the same database takes it.
    pub name: String,
    /// Its moment, RFC 3339, by the clock of the server.
    pub taken_at: String,
}

impl Database {
    /// Writes the canary that the next dump must hold.
    pub fn write_canary(&mut self, run: &str) -> Result<()> {
        let bytes = canary(run);
        let written = within(super::ANSWER_LIMIT, async {
            self.client.batch_execute(CANARY).await?;
            let sql = "INSERT INTO xtask.backup_canary (run, bytes) VALUES ($1, $2)
                ON CONFLICT (one) DO UPDATE SET run = $1, bytes = $2, written_at = clock_timestamp()";
            self.client.execute(sql, &[&run, &bytes]).await
        });
        written.map(drop).map_err(|error| failed("failed to write the canary", &error))
    }

    /// Begins a snapshot for `pg_dump`.
    pub fn export(&mut self) -> Result<Exported<'_>> {
        let begun = within(super::ANSWER_LIMIT, async {
            let transaction = self.client.build_transaction();
            let transaction = transaction.isolation_level(IsolationLevel::RepeatableRead);
            let transaction = transaction.read_only(true).start().await?;
            transaction.batch_execute(PLAINLY).await?;
            let sql = "SELECT pg_export_snapshot(), to_char(now() AT TIME ZONE 'UTC',
                'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
            let row = transaction.query_one(sql, &[]).await?;
            Ok(Exported { transaction, name: row.get(0), taken_at: row.get(1) })
        });
        begun.map_err(|error| failed("failed to begin a snapshot of the database", &error))
    }

    /// Which of `schemas` are there.
    pub fn schemas_among(&self, schemas: &[String]) -> Result<Vec<String>> {
        let sql = "SELECT nspname::text FROM pg_namespace WHERE nspname = ANY($1) ORDER BY 1";
        let rows = self.ask(self.client.query(sql, &[&schemas]));
        let rows = rows.map_err(|error| failed("failed to list schemas", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Which cluster it is.
    pub fn system_identifier(&self) -> Result<String> {
        let row = self.ask(self.client.query_one(IDENTIFIER, &[]));
        row.map(|row| row.get(0))
            .map_err(|error| failed("failed to ask which cluster it is", &error))
    }

    /// The server's version, such as `150014`.
    pub fn server_version(&self) -> Result<u32> {
        let row = self.ask(self.client.query_one(VERSION, &[]));
        let row = row.map_err(|error| failed("failed to ask for the server's version", &error))?;
        u32::try_from(row.get::<_, i32>(0)).or_outside(|| "failed to read the version".to_owned())
    }

    /// How many objects people have made, in `schemas` or anywhere.
    pub fn object_count(&self, schemas: Option<&[String]>) -> Result<u64> {
        let row = self.ask(self.client.query_one(OBJECTS, &[&schemas]));
        let row = row.map_err(|error| failed("failed to look whether it is empty", &error))?;
        u64::try_from(row.get::<_, i64>(0)).or_outside(|| "failed to count objects".to_owned())
    }

    /// What it holds now.
    pub fn facts(&mut self, schemas: &[String], cancel: &Cancel) -> Result<Facts> {
        self.export()?.facts(schemas, cancel)
    }

    /// Which of `names` are no roles there.
    pub fn missing_roles(&self, names: &[String]) -> Result<Vec<String>> {
        let sql = "SELECT name FROM unnest($1::text[]) AS name
            WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)";
        let rows = self.ask(self.client.query(sql, &[&names]));
        let rows = rows.map_err(|error| failed("failed to look for roles", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Tells the planner what is in the tables: a restore does not.
    pub fn analyze(&self) -> Result<()> {
        let done = within(LIMIT, async {
            self.client.batch_execute("SET statement_timeout = 0").await?;
            self.client.batch_execute("ANALYZE").await
        });
        done.map_err(|error| failed("failed to analyze the restored tables", &error))
    }
}

const IDENTIFIER: &str = "SELECT system_identifier::text FROM pg_control_system()";
const VERSION: &str = "SELECT current_setting('server_version_num')::int";

impl Exported<'_> {
    /// What it holds in `schemas`.
    ///
    /// Counting takes as long as reading, and a person who wants the run to end is heard meanwhile.
    pub fn facts(&self, schemas: &[String], cancel: &Cancel) -> Result<Facts> {
        let is_whole = cancel.is_whole();
        let read = within(LIMIT, async {
            tokio::select! {
                read = read(&self.transaction, schemas) => read,
                () = cancel.cancelled(), if !is_whole => Ok(Err(cancel.failure())),
            }
        });
        read.map_err(|error| failed("failed to read what the database holds", &error))?
    }
}

async fn read(client: &impl GenericClient, schemas: &[String]) -> Result<Result<Facts>, Error> {
    let server_version = client.query_one(VERSION, &[]).await?.get::<_, i32>(0);
    let database = client.query_one("SELECT current_database()::text", &[]).await?.get(0);
    let (head, migrations) = migrations(client, schemas).await?;
    let ledger = ledger(client).await?;
    Ok(Ok(Facts {
        system_identifier: client.query_one(IDENTIFIER, &[]).await?.get(0),
        database,
        server_version: u32::try_from(server_version).unwrap_or_default(),
        tables: tables(client, schemas).await?,
        migration_head: head,
        migrations,
        ledger,
        canary: written_canary(client).await?,
        extensions: extensions::used(client, schemas).await?,
        roles: names(&client.query(ROLES, &[&schemas]).await?),
        owners: Some(owners::of(client, schemas).await?),
        invalid: names(&client.query(INVALID, &[&schemas]).await?),
    }))
}

async fn tables(
    client: &impl GenericClient,
    schemas: &[String],
) -> Result<BTreeMap<String, TableFacts>, Error> {
    let mut tables = BTreeMap::new();
    for row in client.query(TABLES, &[&schemas]).await? {
        let (name, quoted) = (row.get::<_, String>(0), row.get::<_, String>(1));
        let bytes = u64::try_from(row.get::<_, i64>(2)).unwrap_or_default();
        tables.insert(name, table(client, &quoted, bytes).await?);
    }
    Ok(tables)
}

/// Rows are added up by their digests, so that their order does not matter and none cancels
/// another one.
async fn table(client: &impl GenericClient, name: &str, bytes: u64) -> Result<TableFacts, Error> {
    if bytes > CHECKSUM_MAX {
        let row = client.query_one(&format!("SELECT count(*) FROM ONLY {name}"), &[]).await?;
        return Ok(TableFacts { rows: unsigned(&row, 0), bytes, checksum: None });
    }
    let sql = format!(
        "SELECT count(*), coalesce(sum(('x' || substr(md5(\"xtask row\"::text), 1, 15))::bit(60)::bigint), 0)::text
         FROM ONLY {name} AS \"xtask row\""
    );
    let row = client.query_one(&sql, &[]).await?;
    let (rows, sum) = (unsigned(&row, 0), row.get::<_, String>(1));
    Ok(TableFacts { rows, bytes, checksum: Some(format!("{rows}:{sum}")) })
}

async fn migrations(
    client: &impl GenericClient,
    schemas: &[String],
) -> Result<(Option<String>, u64), Error> {
    let sql = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = '_prisma_migrations' AND c.relkind = 'r' AND n.nspname = ANY($1)
        ORDER BY n.nspname LIMIT 1";
    let Some(found) = client.query_opt(sql, &[&schemas]).await? else { return Ok((None, 0)) };
    let sql = format!(
        "SELECT max(migration_name)::text, count(*) FROM {}
         WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL",
        found.get::<_, String>(0)
    );
    let row = client.query_one(&sql, &[]).await?;
    Ok((row.get(0), unsigned(&row, 1)))
}

async fn ledger(client: &impl GenericClient) -> Result<Option<LedgerHead>, Error> {
    let sql = "SELECT to_regclass('xtask.ledger') IS NOT NULL";
    if !client.query_one(sql, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let sql = "SELECT number, previous, body FROM xtask.ledger ORDER BY number DESC LIMIT 1";
    let row = client.query_opt(sql, &[]).await?;
    Ok(row.as_ref().map(super::ledger::link).as_ref().map(head))
}

fn head(link: &Link) -> LedgerHead {
    LedgerHead { number: link.number, digest: link.digest().to_string() }
}

async fn written_canary(client: &impl GenericClient) -> Result<Option<String>, Error> {
    let sql = "SELECT to_regclass('xtask.backup_canary') IS NOT NULL";
    if !client.query_one(sql, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = client.query_opt("SELECT bytes FROM xtask.backup_canary", &[]).await?;
    Ok(row.map(|row| Digest::of(row.get::<_, &[u8]>(0)).to_string()))
}

fn names(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| row.get(0)).collect()
}

fn unsigned(row: &Row, column: usize) -> u64 {
    u64::try_from(row.get::<_, i64>(column)).unwrap_or_default()
}

fn failed(what: &str, error: &Unanswered) -> Failure {
    let failure = Failure::outside(what).code(&code::BACKUP_DATABASE).because(error);
    match error {
        Unanswered::Refused(cause) if cause.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            failure.hint(
                "the role that backs up must see every row, as an owner or with BYPASSRLS, and \
                 write into the schema `xtask`",
            )
        }
        Unanswered::Refused(cause)
            if cause.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) =>
        {
            Failure::refused("cannot back up: the database takes no writes")
                .code(&code::BACKUP_DATABASE)
                .because(error)
                .reason(
                    "it is a standby, or read-only for this role; a back-up writes one row first",
                )
                .hint("name the address of the primary in `direct_url`, with a role that may write")
        }
        _ => failure,
    }
}
