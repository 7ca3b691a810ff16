//! What a firewall lets in, in one form, so that two ways to write the same rules are the same.

use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The whole world.
const EVERYBODY: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// One protocol and port that is open, or a range, to one network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Opening {
    /// Whether it is about what the server sends.
    pub is_out: bool,
    pub protocol: String,
    /// Of TCP and UDP: a number, or two with `-` between.
    pub port: Option<String>,
    /// As RFC 5952 writes it.
    pub network: String,
}

/// A rule of `deploy.toml`: `tcp/22`, `udp/443 from 203.0.113.0/24, 2001:db8::/32`, `icmp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub protocol: String,
    pub port: Option<String>,
    /// The networks that are let in.
    pub networks: BTreeSet<String>,
}

/// The text is no rule.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotARule {
    #[error(
        "`{0}` is no rule: wanted `tcp/PORT`, `udp/PORT` or `icmp`, and perhaps ` from NETWORK`"
    )]
    Shape(String),
    #[error("`{0}` is no network: wanted an address, `/` and a length, and no bit set beyond that")]
    Network(String),
}

impl Rule {
    /// One opening for each network.
    pub fn openings(&self) -> impl Iterator<Item = Opening> + '_ {
        self.networks.iter().map(|network| Opening {
            is_out: false,
            protocol: self.protocol.clone(),
            port: self.port.clone(),
            network: network.clone(),
        })
    }
}

impl FromStr for Rule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        let shape = || NotARule::Shape(text.to_owned());
        let (what, from) = match text.split_once(" from ") {
            Some((what, from)) => (what, from.split(',').map(str::trim).collect()),
            None => (text, EVERYBODY.to_vec()),
        };
        let (protocol, port) = match what.split_once('/') {
            Some((protocol, port)) => (protocol, Some(port)),
            None => (what, None),
        };
        let fits = match port {
            Some(port) => ["tcp", "udp"].contains(&protocol) && is_port(port),
            None => protocol == "icmp",
        };
        if !fits {
            return Err(shape());
        }
        let plain = |it: &str| network(it).ok_or_else(|| NotARule::Network(it.to_owned()));
        let networks = from.into_iter().map(plain).collect::<Result<_, _>>()?;
        Ok(Self { protocol: protocol.to_owned(), port: port.map(ToOwned::to_owned), networks })
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_out, protocol, port, network } = self;
        formatter.write_str(protocol)?;
        if let Some(port) = port {
            write!(formatter, "/{port}")?;
        }
        write!(formatter, " {} {network}", if *is_out { "to" } else { "from" })
    }
}

fn is_port(text: &str) -> bool {
    let number = |it: &str| {
        let is_plain = !it.starts_with('0') && it.bytes().all(|it| it.is_ascii_digit());
        it.parse::<u16>().ok().filter(|_| is_plain)
    };
    match text.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(a, b)| a < b),
        None => number(text).is_some(),
    }
}

/// A network in one form; `None` if it is none, or has bits beyond its length.
pub fn network(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let (most, rest) = match address {
        IpAddr::V4(it) => (32, u128::from(it.to_bits().checked_shl(length).unwrap_or(0))),
        IpAddr::V6(it) => (128, it.to_bits().checked_shl(length).unwrap_or(0)),
    };
    (length <= most && rest == 0).then(|| format!("{address}/{length}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let rule: Rule = text.parse().unwrap();
        rule.openings().map(|it| it.to_string()).collect()
    }

    #[test]
    fn a_rule_is_open_to_everybody_or_to_whom_it_names() {
        assert_eq!(shown("tcp/22"), ["tcp/22 from 0.0.0.0/0", "tcp/22 from ::/0"]);
        assert_eq!(shown("icmp from 203.0.113.0/24"), ["icmp from 203.0.113.0/24"]);
        let one = shown("udp/1000-1024 from 2001:DB8:0::/32,203.0.113.7/32");
        assert_eq!(one, ["udp/1000-1024 from 2001:db8::/32", "udp/1000-1024 from 203.0.113.7/32"]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for wrong in ["tcp", "icmp/1", "tcp/0", "tcp/99999", "tcp/2-1", "tcp/+1", "esp", ""] {
            let said = wrong.parse::<Rule>().unwrap_err();
            assert!(matches!(said, NotARule::Shape(_)), "{wrong}");
        }
        for wrong in ["203.0.113.7/24", "203.0.113.7", "::1/127", "::/129", "world"] {
            let said = format!("tcp/22 from {wrong}").parse::<Rule>().unwrap_err();
            assert_eq!(said, NotARule::Network(wrong.to_owned()));
        }
    }
}
