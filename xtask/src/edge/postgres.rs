//! The database of an environment: its migrations and its ledger.

mod ledger;
mod migrations;

use crate::error::{Context as _, Failure, Result, code};
use std::time::Duration;
use xtask_core::secret::Secret;

/// How a database is reached from this machine.
#[derive(Clone, Debug)]
pub struct Address {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Who we are there.
    pub user: String,
    /// The database.
    pub database: String,
    /// The password.
    pub password: Secret,
}

/// A connection of our own, closed when dropped.
pub struct Database {
    client: postgres::Client,
}

impl Address {
    /// The same server, another database.
    pub fn with_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// Connects, and waits at most five seconds for that.
    pub fn connect(&self) -> Result<Database> {
        let mut config = postgres::Config::new();
        config.host(&self.host).port(self.port).user(&self.user).dbname(&self.database);
        config.password(self.password.expose()).connect_timeout(Duration::from_secs(5));
        config.application_name("xtask");
        let place = format!("{}:{}/{}", self.host, self.port, self.database);
        let client =
            config.connect(postgres::NoTls).map_err(|error| unreachable(&place, &error))?;
        Ok(Database { client })
    }
}

/// A wrong password does not become right by waiting.
fn unreachable(place: &str, error: &postgres::Error) -> Failure {
    if error.code() == Some(&postgres::error::SqlState::INVALID_PASSWORD) {
        return Failure::refused(format!(
            "cannot use Postgres at `{place}`: it has another password"
        ))
        .code(&code::PASSWORD_WRONG)
        .because(error)
        .hint("work as the user who made it, or set a new one: `./x database reset-password`");
    }
    Failure::outside(format!("failed to connect to Postgres at `{place}`"))
        .code(&code::DATABASE_UNREACHED)
        .because(error)
}

impl Database {
    /// Answers a question that every healthy server can answer.
    pub fn ping(&mut self) -> Result<()> {
        self.client
            .simple_query("SELECT 1")
            .or_outside(|| "failed to ask Postgres".to_owned())
            .map(drop)
    }

    /// Makes a database, if it is not there.
    pub fn ensure_database(&mut self, name: &str) -> Result<()> {
        let found = self.client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]);
        if found.or_outside(|| "failed to list databases".to_owned())?.is_some() {
            return Ok(());
        }
        // A name cannot be a parameter here; it was checked to be a plain one at the door.
        let made = self.client.batch_execute(&format!("CREATE DATABASE \"{name}\""));
        made.or_outside(|| format!("failed to make database `{name}`"))
    }
}
