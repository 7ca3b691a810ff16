//! Whether a database is reached from here: by which version of IP, and whether what answers is a
//! server or a pooler that hands out servers for one transaction.

use super::{Database, is_pooled, refusal};
use crate::error::{Context as _, Failure, Result};
use crate::runtime;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_postgres::SimpleQueryMessage;
use xtask_core::database::url::{Answer, Unwritable, Way};
use xtask_core::ship::database::Address;

/// How it is reached over IPv4 and over IPv6.
pub fn ways(address: &Address) -> Result<[Way; 2]> {
    let host = (address.host.as_str(), address.port);
    let limit = address.connect_limit;
    let asked =
        runtime::wait(async { tokio::time::timeout(limit, tokio::net::lookup_host(host)).await });
    let found = asked.or_outside(|| format!("failed to look `{}` up in time", address.host))?;
    let found: Vec<SocketAddr> =
        found.or_outside(|| format!("failed to look `{}` up", address.host))?.collect();
    let of = |is_it: fn(&SocketAddr) -> bool| {
        found.iter().find(|it| is_it(it)).map_or(Way::NoAddress, |it| try_one(*it, limit))
    };
    Ok([of(SocketAddr::is_ipv4), of(SocketAddr::is_ipv6)])
}

fn try_one(address: SocketAddr, limit: Duration) -> Way {
    let tried =
        runtime::wait(async { tokio::time::timeout(limit, TcpStream::connect(address)).await });
    match tried {
        Ok(Ok(_)) => Way::Reached,
        Ok(Err(error)) => Way::Unreached(error.to_string()),
        Err(_) => Way::Unreached(format!("no answer within {} s", limit.as_secs())),
    }
}

/// What the server says of itself and of us.
pub fn answer(address: &Address) -> Result<Answer> {
    let database = Database::connect_plainly(address)?;
    let sql = "SELECT current_setting('server_version'),
        coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
        (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),
        pg_is_in_recovery(), current_setting('default_transaction_read_only')";
    let values = database.simple(sql)?;
    let is = |at: usize| values.get(at).is_some_and(|it| it == "t");
    Ok(Answer {
        version: values.first().cloned().unwrap_or_default(),
        is_encrypted: is(1),
        unwritable: unwritable(values.get(3..).unwrap_or_default()),
        passes_policies: is(2),
        // A pooler of one server makes us wait for it; then nobody can say what it is.
        is_pooled: is_pooled(address).ok(),
    })
}

/// By `pg_is_in_recovery()` and `default_transaction_read_only`.
fn unwritable(values: &[String]) -> Option<Unwritable> {
    let is = |at: usize, value: &str| values.get(at).is_some_and(|it| it == value);
    match () {
        () if is(0, "t") => Some(Unwritable::Standby),
        () if is(1, "on") => Some(Unwritable::ReadOnly),
        () => None,
    }
}

impl Database {
    /// Why nothing can be written there.
    pub fn unwritable(&self) -> Result<Option<Unwritable>> {
        let sql = "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')";
        self.simple(sql).map(|values| unwritable(&values))
    }

    /// The first row, as text. Nothing is prepared: a pooler by transaction may prepare it at one
    /// server and ask another.
    fn simple(&self, sql: &str) -> Result<Vec<String>> {
        let asked = self.ask(self.client.simple_query(sql));
        let said = asked.map_err(|error| refusal::asked("failed to ask Postgres", &error))?;
        let row = said.iter().find_map(|it| match it {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let row = row.ok_or_else(|| Failure::outside("failed to ask Postgres: it says nothing"))?;
        let value = |at: usize| row.get(at).unwrap_or_default().to_owned();
        Ok((0..row.len()).map(value).collect())
    }
}
