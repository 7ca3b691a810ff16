//! Which ports of a server the world sees, and which it should.

use serde::Serialize;
use std::fmt;
use std::net::IpAddr;

/// Ports that must not be open to the world, and whose they are. Docker publishes past a host's
/// firewall, and an installer of Coolify opens the first three.
pub const DANGEROUS: [(u16, &str); 16] = [
    (8000, "Coolify's panel"),
    (6001, "Coolify's realtime"),
    (6002, "Coolify's terminal"),
    (8080, "the proxy's dashboard"),
    (2375, "Docker, open"),
    (2376, "Docker"),
    (2377, "Docker Swarm"),
    (5432, "Postgres"),
    (6379, "Redis"),
    (3306, "MySQL"),
    (27017, "MongoDB"),
    (9090, "Prometheus"),
    (3000, "the backend"),
    (9464, "the backend's metrics"),
    (8001, "the ML service's metrics"),
    (111, "rpcbind"),
];

/// What a server shows to the world on purpose.
pub const WANTED: [(u16, &str); 2] = [(80, "HTTP"), (443, "HTTPS")];

/// How one port answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Somebody took the connection.
    Open,
    /// It was refused, or nothing answered in time.
    Shut,
    /// It could not be asked from here.
    Unknown,
}

/// One port at one address, as it is and as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// The address that was asked.
    pub address: IpAddr,
    /// Its port, over TCP.
    pub port: u16,
    /// What listens there by habit.
    pub what: &'static str,
    /// Whether it should be open.
    pub wanted: bool,
    /// How it answered.
    pub seen: Seen,
}

impl Exposure {
    /// Whether it is as it should be; `None` where that was not found out.
    pub fn is_as_wanted(&self) -> Option<bool> {
        match self.seen {
            Seen::Unknown => None,
            Seen::Open => Some(self.wanted),
            Seen::Shut => Some(!self.wanted),
        }
    }

    /// In one sentence, if it is not as it should be.
    pub fn finding(&self) -> Option<String> {
        let Self { address, port, what, .. } = self;
        let line = match (self.seen, self.wanted) {
            (Seen::Open, false) => format!("{what} is open to the world"),
            (Seen::Shut, true) => format!("{what} does not answer"),
            (Seen::Unknown, _) => format!("{what} could not be asked from here"),
            _ => return None,
        };
        let address = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        Some(format!("{address}:{port}: {line}"))
    }
}

/// Every port that is asked at one address: SSH and what is wanted first.
pub fn asked(ssh: u16) -> Vec<(u16, &'static str, bool)> {
    let wanted = [(ssh, "SSH")].into_iter().chain(WANTED).map(|(port, what)| (port, what, true));
    let known: Vec<_> = wanted.collect();
    let other = DANGEROUS.iter().filter(|(port, _)| known.iter().all(|it| it.0 != *port));
    let other: Vec<_> = other.map(|(port, what)| (*port, *what, false)).collect();
    known.into_iter().chain(other).collect()
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "open",
            Self::Shut => "shut",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(port: u16, wanted: bool, seen: Seen) -> Exposure {
        let address = "2001:db8::1".parse().unwrap();
        Exposure { address, port, what: "Postgres", wanted, seen }
    }

    #[test]
    fn more_and_less_than_declared_are_both_named() {
        let more = exposure(5432, false, Seen::Open).finding().unwrap();
        assert_eq!(more, "[2001:db8::1]:5432: Postgres is open to the world");
        let less = exposure(443, true, Seen::Shut).finding().unwrap();
        assert_eq!(less, "[2001:db8::1]:443: Postgres does not answer");
    }

    #[test]
    fn what_could_not_be_asked_is_neither_good_nor_bad() {
        let unknown = exposure(5432, false, Seen::Unknown);
        assert_eq!(unknown.is_as_wanted(), None);
        assert!(unknown.finding().unwrap().contains("could not be asked"));
    }

    #[test]
    fn a_port_is_asked_once_though_ssh_took_a_dangerous_one() {
        let asked = asked(2375);
        assert_eq!(asked.iter().filter(|it| it.0 == 2375).count(), 1);
        assert!(asked.iter().any(|it| it.0 == 2375 && it.2));
    }
}
