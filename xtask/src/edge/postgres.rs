//! The database of an environment: its migrations, its lease and its ledger.
//!
//! The client is async; the verbs that ask are not yet, so each question waits here.

mod apply;
mod beside;
mod catalogue;
mod emptied;
mod extensions;
mod facts;
mod health;
mod lease;
mod ledger;
mod migrations;
mod owners;
mod pooler;
mod reach;
mod refusal;
pub mod roles;
mod schema;
mod scratch;
mod tables;
pub(in crate::edge) mod tls;
mod transaction;
mod undo;
mod watched;
pub mod ways;

pub use facts::Exported;
pub use lease::Asked;
pub use migrations::{is_locked, is_unknown};
pub use pooler::{is_pooled, refuse_pooled};
pub use schema::{Blocker, InvalidIndex};
pub use watched::Watched;

use crate::error::{Context as _, Failure, Result, code};
use crate::runtime;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::config::{ChannelBinding as Binding, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls, Socket};
use xtask_core::database::url::Kind;
use xtask_core::ship::database::{Address, ChannelBinding, Tls};

/// How long a question of ours may keep the server busy. Migrations have limits of their own.
const STATEMENT_LIMIT: Duration = Duration::from_secs(30);
/// How long we wait for an answer: the server is given the time to say that the limit is over.
const ANSWER_LIMIT: Duration = Duration::from_secs(35);
/// A peer that is gone is noticed after at most half a minute: 15 s and three times 5 s.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// A connection of our own, closed when dropped.
pub struct Database {
    // Fields are dropped in this order: the client hangs up, then its connection is waited for.
    client: Client,
    _connection: Connection,
    /// Where the tables of the services are; never left to the server's `search_path`.
    schema: String,
}

/// What carries a client's questions, beside us.
struct Connection(JoinHandle<Result<(), tokio_postgres::Error>>);

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    /// The server, or the way to it, said so.
    #[error(transparent)]
    Refused(#[from] tokio_postgres::Error),
    /// Nobody said anything.
    #[error("no answer within {} s", .0.as_secs())]
    Silence(Duration),
}

impl Database {
    /// Connects, within the limit of its address.
    pub fn connect(address: &Address) -> Result<Self> {
        let database = Self::connect_plainly(address)?;
        // At a pooler by transaction it would stay with the server, and end what the services ask.
        if !Kind::of(address).is_by_transaction() {
            let limit = format!("SET statement_timeout = {}", STATEMENT_LIMIT.as_millis());
            database.ask(database.client.batch_execute(&limit)).or_outside(failed_to_ask)?;
        }
        Ok(database)
    }

    /// Connects and sets nothing: for whoever may be at a pooler that gives its servers to others.
    fn connect_plainly(address: &Address) -> Result<Self> {
        let limit = address.connect_limit;
        let config = config(address);
        let opened = match &address.tls {
            Tls::Disable => within(limit, open(&config, NoTls, &address.schema)),
            Tls::Prefer(check) | Tls::Require(check) => {
                within(limit, open(&config, tls::connector(check)?, &address.schema))
            }
        };
        opened.map_err(|error| refusal::of(address, &error))
    }

    /// Waits for an answer to one of our own questions.
    fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Unanswered> {
        within(ANSWER_LIMIT, question)
    }

    /// Answers a question that every healthy server can answer.
    pub fn ping(&self) -> Result<()> {
        self.ask(self.client.simple_query("SELECT 1")).or_outside(failed_to_ask).map(drop)
    }

    /// Makes a database, if it is not there.
    pub fn ensure_database(&self, name: &str) -> Result<()> {
        let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
        let found = self.ask(self.client.query_opt(sql, &[&name]));
        if found.or_outside(|| "failed to list databases".to_owned())?.is_some() {
            return Ok(());
        }
        // A name cannot be a parameter here.
        let made =
            self.ask(self.client.batch_execute(&format!("CREATE DATABASE {}", quoted(name))));
        made.or_outside(|| format!("failed to make database `{name}`"))
    }

    /// Removes a database, if it is there, whoever is connected to it.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
        let dropped = self.ask(self.client.batch_execute(&sql));
        dropped.or_outside(|| format!("failed to remove database `{name}`"))
    }
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed_to_ask() -> String {
    "failed to ask Postgres".to_owned()
}

/// Whether a database could not be reached, or went away: not that it refuses.
pub fn is_unreached(failure: &Failure) -> bool {
    failure.name() == code::DATABASE_UNREACHED.name && failure.may_go_over()
}

/// The one bridge from here to what is async.
fn within<T>(
    limit: Duration,
    question: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Unanswered> {
    let answer = runtime::wait(async { tokio::time::timeout(limit, question).await });
    Ok(answer.map_err(|_| Unanswered::Silence(limit))??)
}

async fn open<T>(config: &Config, tls: T, schema: &str) -> Result<Database, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    let _connection = Connection(runtime::spawn(connection));
    Ok(Database { client, _connection, schema: schema.to_owned() })
}

fn config(address: &Address) -> Config {
    let mut config = Config::new();
    config.host(&address.host).port(address.port);
    config.user(&address.user).password(address.password.expose()).dbname(&address.database);
    config.application_name("xtask").connect_timeout(address.connect_limit);
    config.keepalives_idle(KEEPALIVE_IDLE).keepalives_interval(KEEPALIVE_INTERVAL);
    config.keepalives_retries(KEEPALIVE_RETRIES);
    config.ssl_mode(match address.tls {
        Tls::Disable => SslMode::Disable,
        Tls::Prefer(_) => SslMode::Prefer,
        Tls::Require(_) => SslMode::Require,
    });
    config.channel_binding(match address.channel_binding {
        ChannelBinding::Disable => Binding::Disable,
        ChannelBinding::Prefer => Binding::Prefer,
        ChannelBinding::Require => Binding::Require,
    });
    config
}

impl Drop for Connection {
    /// What the connection had locked is free for the next one. From within a future nobody may
    /// wait; there it ends by itself.
    fn drop(&mut self) {
        if Handle::try_current().is_err() {
            let ended = async { tokio::time::timeout(Duration::from_secs(1), &mut self.0).await };
            drop(runtime::wait(ended));
        }
    }
}
