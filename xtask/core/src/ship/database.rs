//! The address of a database: what its URL says, parsed once, at the door.
//!
//! No message of this module repeats what stands before the host: a password may be there, or
//! what a person took for one.

mod parameters;
#[cfg(test)]
mod tests;

use crate::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;
use url::{Host, Url};

/// How a database is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an IP address, the latter without brackets.
    pub host: String,
    /// The port; 5432 where the URL names none.
    pub port: u16,
    /// The role that we log in as.
    pub user: String,
    /// The database on that server.
    pub database: String,
    /// The schema that the tables of the services are in.
    pub schema: String,
    /// The role's password.
    pub password: Secret,
    /// Whether and how the connection is encrypted.
    pub tls: Tls,
    /// Whether the password's proof is bound to the certificate that the server showed.
    pub channel_binding: ChannelBinding,
    /// How long connecting may take, from the name's look-up to the server's welcome.
    pub connect_limit: Duration,
}

/// How a connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// `sslmode=disable`.
    Disable,
    /// `sslmode=prefer`: where the server offers it, and without it where it does not.
    Prefer(Check),
    /// Any other mode: nothing is said before the connection is encrypted.
    Require(Check),
}

/// What the server's certificate must prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing: whoever answers is believed.
    Nothing,
    /// An authority in this file vouches for it, under whatever name.
    Authority(String),
    /// An authority vouches for it, and it is of the host that was asked.
    Name(Roots),
}

/// The authorities that are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Those of this machine.
    System,
    /// Those in this PEM file.
    File(String),
}

/// As libpq has it; bound, a password's proof is worth nothing to a server in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// `disable`.
    Disable,
    /// `prefer`: where the server offers it.
    #[default]
    Prefer,
    /// `require`.
    Require,
}

/// Why a text is no address of a database. None of these shows a user or a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL, or of another kind.
    #[error("wanted `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`")]
    Form,
    /// The host ended early: what follows it has an `@`.
    #[error(
        "an `@` behind the host; write `/`, `?`, `#` and `@` in a password as `%2F`, `%3F`, `%23` and `%40`"
    )]
    Escape,
    /// A part is missing or empty.
    #[error("it names no {0}; wanted `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`")]
    Missing(&'static str),
    /// A part holds what a server would misread.
    #[error("its {0} holds a control character, or bytes that are no UTF-8")]
    Letters(&'static str),
    /// A path on this machine stands where the host belongs.
    #[error("it names a socket of this machine; wanted a host and a port")]
    Socket,
    /// libpq would try them in turn.
    #[error("it names several hosts; name the one that takes writes")]
    Hosts,
    /// Something behind the database's name.
    #[error("there is more than a database behind the host")]
    Path,
    /// A parameter that we do not know, by its name alone.
    #[error("unknown parameter `{0}`; known: {known}", known = parameters::KNOWN.join(", "))]
    Unknown(String),
    /// A parameter that stands there twice.
    #[error("parameter `{0}` is given twice")]
    Twice(&'static str),
    /// A value that a parameter cannot have.
    #[error("`{name}` is none that we know; wanted {wanted}")]
    Value {
        name: &'static str,
        /// What it may be.
        wanted: &'static str,
    },
    /// Prisma's word for a pooler that hands out a connection for one transaction only.
    #[error(
        "it is the address of a transaction pooler (`pgbouncer`), where locks and settings get lost; wanted the database's own"
    )]
    Pooler,
    /// Two parameters that contradict each other, and why.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// How long connecting may take where the URL does not say.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// What is escaped in a part of an address; names of roles and databases stay readable.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

impl Address {
    /// A database on this machine, which is reached without leaving it.
    pub fn local(port: u16, user: &str, database: &str, password: Secret) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            user: user.to_owned(),
            database: database.to_owned(),
            schema: "public".to_owned(),
            password,
            tls: Tls::Disable,
            channel_binding: ChannelBinding::default(),
            connect_limit: CONNECT_LIMIT,
        }
    }

    /// The same server, another database.
    pub fn with_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// As programs are told it that read addresses; a secret, because the password is in it.
    pub fn url(&self) -> Secret {
        let part = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let (user, password) = (part(&self.user), part(self.password.expose()));
        let place = self.with_database(&part(&self.database)).place();
        let mode = match &self.tls {
            Tls::Disable => "disable",
            Tls::Prefer(_) => "prefer",
            Tls::Require(Check::Nothing) => "require",
            Tls::Require(Check::Authority(_)) => "verify-ca",
            Tls::Require(Check::Name(_)) => "verify-full",
        };
        Secret::new(format!("postgresql://{user}:{password}@{place}?sslmode={mode}"))
    }

    /// Where it is, without who is asking.
    pub fn place(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}/{}", self.port, self.database)
    }

    /// Whether what is said to it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|it: IpAddr| it.is_loopback())
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = url(text)?;
        let user = decoded("user", url.username())?;
        let password = decoded("password", url.password().unwrap_or_default())?;
        let host = host(&url)?;
        let parameters = parameters::read(url.query().unwrap_or_default())?;
        Ok(Self {
            tls: parameters.tls(is_loopback(&host))?,
            channel_binding: parameters.channel_binding()?,
            connect_limit: parameters.connect_limit()?,
            schema: parameters.schema()?,
            port: url.port().unwrap_or(5432),
            database: database(&url)?,
            password: Secret::new(password),
            user,
            host,
        })
    }
}

/// The URL, of which nothing is shown yet. A password that is not escaped ends the host early; what
/// is left of it must not be taken for a host or a parameter, which messages do show.
fn url(text: &str) -> Result<Url, AddressError> {
    let (_, rest) = text.split_once("://").ok_or(AddressError::Form)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if rest[end..].contains('@') {
        return Err(AddressError::Escape);
    }
    if !rest[..end].contains('@') {
        return Err(AddressError::Missing("user"));
    }
    let url = Url::parse(text).map_err(|_| AddressError::Form)?;
    let known = matches!(url.scheme(), "postgresql" | "postgres") && url.fragment().is_none();
    if known { Ok(url) } else { Err(AddressError::Form) }
}

fn host(url: &Url) -> Result<String, AddressError> {
    let host = match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Domain(name)) => decoded("host", name)?,
        None => return Err(AddressError::Missing("host")),
    };
    match host {
        host if host.starts_with('/') => Err(AddressError::Socket),
        host if host.contains(',') => Err(AddressError::Hosts),
        host => Ok(host),
    }
}

fn database(url: &Url) -> Result<String, AddressError> {
    let name = url.path().strip_prefix('/').unwrap_or_default();
    if name.contains('/') {
        return Err(AddressError::Path);
    }
    decoded("database", name)
}

fn decoded(part: &'static str, text: &str) -> Result<String, AddressError> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| AddressError::Letters(part))?;
    match decoded.as_ref() {
        "" => Err(AddressError::Missing(part)),
        text if text.contains(char::is_control) => Err(AddressError::Letters(part)),
        text => Ok(text.to_owned()),
    }
}
