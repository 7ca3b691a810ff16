//! What stands behind the `?` of a database's URL, with libpq's names and meanings.

use super::{AddressError, CONNECT_LIMIT, ChannelBinding, Check, Roots, Tls, decoded};
use std::collections::BTreeMap;
use std::time::Duration;

/// Every parameter that may stand there.
pub(super) const KNOWN: [&str; 5] =
    ["channel_binding", "connect_timeout", "schema", "sslmode", "sslrootcert"];

/// Each parameter that stands there, by its name.
pub(super) struct Parameters(BTreeMap<&'static str, String>);

/// Reads `name=value&name=value`; a `+` is a plus.
pub(super) fn read(query: &str) -> Result<Parameters, AddressError> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == "pgbouncer" {
            return Err(AddressError::Pooler);
        }
        let known = KNOWN.into_iter().find(|known| *known == name);
        let name = known.ok_or_else(|| AddressError::Unknown(name.to_owned()))?;
        if parameters.insert(name, decoded(name, value)?).is_some() {
            return Err(AddressError::Twice(name));
        }
    }
    Ok(Parameters(parameters))
}

impl Parameters {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// How the connection is encrypted. Without a word about it, nothing leaves this machine
    /// unencrypted; libpq would let the server decide.
    pub(super) fn tls(&self, is_loopback: bool) -> Result<Tls, AddressError> {
        let roots = self.get("sslrootcert");
        let mode = match self.get("sslmode") {
            Some(mode) => mode,
            None if roots == Some("system") => "verify-full",
            None if is_loopback => "prefer",
            None => "require",
        };
        match mode {
            "disable" if roots.is_some() => Err(AddressError::Contradiction(
                "`sslrootcert` has no use with `sslmode=disable`: leave one out",
            )),
            "disable" => Ok(Tls::Disable),
            "prefer" => Ok(Tls::Prefer(authority(roots)?)),
            "require" => Ok(Tls::Require(authority(roots)?)),
            "verify-ca" if roots.is_none() => Err(AddressError::Contradiction(
                "`sslmode=verify-ca` wants `sslrootcert`: any public authority would do, for any name",
            )),
            "verify-ca" => Ok(Tls::Require(authority(roots)?)),
            "verify-full" => Ok(Tls::Require(Check::Name(named(roots)))),
            _ => Err(AddressError::Value {
                name: "sslmode",
                wanted: "`disable`, `prefer`, `require`, `verify-ca` or `verify-full`",
            }),
        }
    }

    pub(super) fn channel_binding(&self) -> Result<ChannelBinding, AddressError> {
        let wanted = "`disable`, `prefer` or `require`";
        match self.get("channel_binding") {
            None => Ok(ChannelBinding::default()),
            Some("disable") => Ok(ChannelBinding::Disable),
            Some("prefer") => Ok(ChannelBinding::Prefer),
            Some("require") => Ok(ChannelBinding::Require),
            Some(_) => Err(AddressError::Value { name: "channel_binding", wanted }),
        }
    }

    /// Prisma's word for the schema that tables are in.
    pub(super) fn schema(&self) -> Result<String, AddressError> {
        let Some(name) = self.get("schema") else { return Ok("public".to_owned()) };
        let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
        let is_ours = name == "xtask" || name.starts_with("pg_") || name == "information_schema";
        let wanted = "small letters, digits and `_`, and not `xtask` or a schema of Postgres";
        match name.chars().all(is_name) && !is_ours && name.len() < 64 {
            true => Ok(name.to_owned()),
            false => Err(AddressError::Value { name: "schema", wanted }),
        }
    }

    /// libpq waits for ever at `0`; we never do.
    pub(super) fn connect_limit(&self) -> Result<Duration, AddressError> {
        let Some(text) = self.get("connect_timeout") else { return Ok(CONNECT_LIMIT) };
        let seconds = text.parse().ok().filter(|seconds| (1..=300).contains(seconds));
        let wanted = "whole seconds from 1 to 300";
        let seconds = seconds.ok_or(AddressError::Value { name: "connect_timeout", wanted })?;
        Ok(Duration::from_secs(seconds))
    }
}

/// With authorities at hand, the weaker modes ask them as well, as in libpq.
fn authority(roots: Option<&str>) -> Result<Check, AddressError> {
    match roots {
        None => Ok(Check::Nothing),
        Some("system") => Err(AddressError::Contradiction(
            "`sslrootcert=system` wants `sslmode=verify-full`: public authorities vouch for names",
        )),
        Some(file) => Ok(Check::Authority(file.to_owned())),
    }
}

fn named(roots: Option<&str>) -> Roots {
    match roots {
        None | Some("system") => Roots::System,
        Some(file) => Roots::File(file.to_owned()),
    }
}
