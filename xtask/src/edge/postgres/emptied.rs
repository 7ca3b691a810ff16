//! Emptying a database of all but our own tables.

use super::migrations::COLUMNS;
use super::{ANSWER_LIMIT, Database, extensions, is_unreached, refusal, roles, within};
use crate::error::Result;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_postgres::{Error, GenericClient};

/// A schema of hundreds of tables takes seconds.
const LOAD_LIMIT: Duration = Duration::from_secs(120);

/// Schemas that a person or a migration made, and `public`.
const SCHEMAS: &str = "SELECT quote_ident(nspname) FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'xtask', 'public')
    ORDER BY 1";

/// As `initdb` leaves it.
const PUBLIC: &str = "DROP SCHEMA IF EXISTS public CASCADE;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
    COMMENT ON SCHEMA public IS 'standard public schema'";

const TABLES: &str = "SELECT format('%s.%s', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', 'xtask') ORDER BY 1";

/// Those that hold something of a person's, `public` among them.
const ALL: &str = "SELECT nspname::text FROM pg_namespace n WHERE nspname !~ '^pg_'
    AND nspname NOT IN ('information_schema', 'xtask')
    AND pg_get_userbyid(nspowner) NOT LIKE 'supabase\\_%' ORDER BY 1";

/// `$TABLE` stands for the table of migrations.
const ROWS: &str = "SELECT format('INSERT INTO $TABLE (id, checksum, finished_at,
    migration_name, logs, rolled_back_at, started_at, applied_steps_count)
    VALUES (%L, %L, %L, %L, %L, %L, %L, %L);', id, checksum, finished_at, migration_name, logs,
    rolled_back_at, started_at, applied_steps_count) FROM $TABLE
    ORDER BY started_at, id";

impl Database {
    /// The schemas that are neither the server's, nor ours, nor the provider's.
    pub fn schemas(&self) -> Result<Vec<String>> {
        let rows = self.ask(self.client.query(ALL, &[]));
        let rows = rows.map_err(|error| refusal::asked("failed to list schemas", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The table of migrations with its rows, as SQL; nothing where there is none.
    pub fn migrations_as_sql(&self) -> Result<String> {
        if !self.has_migrations()? {
            return Ok(String::new());
        }
        let table = self.history_table();
        let rows = self.ask(self.client.query(&ROWS.replace("$TABLE", &table), &[]));
        let rows = rows.map_err(|error| refusal::asked("failed to read the migrations", &error))?;
        let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        Ok(format!("CREATE TABLE {table} {COLUMNS};\n{}\n", rows.join("\n")))
    }

    /// Puts `dump`, with the roles and extensions that it needs, in the place of every schema but ours:
    /// all of it, or all is as it was.
    pub fn replace(
        &mut self,
        roles: &[String],
        extensions: &BTreeMap<String, String>,
        dump: &str,
    ) -> Result<()> {
        let replaced = within(LOAD_LIMIT, async {
            let transaction = self.client.transaction().await?;
            drop_all(&transaction).await?;
            roles::ensure(&transaction, roles).await?;
            extensions::ensure(&transaction, extensions).await?;
            transaction.batch_execute(dump).await?;
            transaction.commit().await?;
            self.client.batch_execute("RESET ALL").await
        });
        replaced.map_err(|error| {
            let failure = refusal::asked("failed to replace the schema", &error);
            match is_unreached(&failure) {
                true => failure,
                false => failure.reason("the database is as it was"),
            }
        })
    }

    /// Runs the SQL of a dump, all of it or nothing. The settings that it changes end with it.
    pub fn load(&mut self, dump: &str) -> Result<()> {
        let loaded = within(LOAD_LIMIT, async {
            let transaction = self.client.transaction().await?;
            transaction.batch_execute(dump).await?;
            transaction.commit().await?;
            self.client.batch_execute("RESET ALL").await
        });
        loaded.map_err(|error| refusal::asked("failed to load the schema", &error))
    }

    /// The tables that are not ours, by name.
    pub fn tables(&self) -> Result<Vec<String>> {
        let rows = self.ask(self.client.query(TABLES, &[]));
        let rows = rows.map_err(|error| refusal::asked("failed to list tables", &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Drops every schema but ours, all or none, and makes an empty `public`.
    pub fn empty(&mut self) -> Result<()> {
        let emptied = within(ANSWER_LIMIT, async {
            let transaction = self.client.transaction().await?;
            drop_all(&transaction).await?;
            transaction.commit().await
        });
        emptied.map_err(|error| refusal::asked("failed to empty the database", &error))
    }
}

async fn drop_all(client: &impl GenericClient) -> Result<(), Error> {
    client.batch_execute("SET LOCAL lock_timeout = '20s'").await?;
    let rows = client.query(SCHEMAS, &[]).await?;
    let names = rows.iter().map(|row| row.get::<_, String>(0));
    let drops = names.map(|name| format!("DROP SCHEMA {name} CASCADE; "));
    client.batch_execute(&format!("{}{PUBLIC}", drops.collect::<String>())).await
}
