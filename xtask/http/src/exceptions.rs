//! Which hosts are asked without a proxy, as `NO_PROXY` lists them.

use http::Uri;
use ipnet::IpNet;
use std::net::IpAddr;

/// The entries of `NO_PROXY`. One that is neither a name nor an address matches nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug)]
struct Exception {
    whom: Whom,
    /// Only this port of it.
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Whom {
    Everybody,
    /// Every address in it.
    Network(IpNet),
    /// The host of this name, and every one below it.
    Name(String),
}

impl Exceptions {
    /// Entries are parted by commas or blanks.
    pub(crate) fn parse(text: &str) -> Self {
        let entries = text.split(|it: char| it == ',' || it.is_whitespace());
        Self(entries.filter(|entry| !entry.is_empty()).map(Exception::parse).collect())
    }

    /// Whether `url` is asked directly.
    pub(crate) fn name(&self, url: &Uri) -> bool {
        let Some(host) = url.host() else { return false };
        let port = url.port_u16().unwrap_or(match url.scheme_str() {
            Some("http") => 80,
            _ => 443,
        });
        let host = host.trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
        let is_port = |it: &Exception| it.port.is_none_or(|own| own == port);
        self.0.iter().any(|it| is_port(it) && it.whom.is(&host))
    }
}

impl Exception {
    fn parse(entry: &str) -> Self {
        let (host, port) = split_port(entry);
        Self { whom: Whom::parse(host), port }
    }
}

/// The port behind a host; an address with several colons has one only behind brackets.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let Some((host, port)) = entry.rsplit_once(':') else { return (entry, None) };
    let is_whole = !host.contains(':') || host.ends_with(']');
    match port.parse() {
        Ok(port) if is_whole => (host, Some(port)),
        _ => (entry, None),
    }
}

impl Whom {
    fn parse(host: &str) -> Self {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if host == "*" {
            return Self::Everybody;
        }
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Self::Network(address.into());
        }
        if let Ok(network) = bare.parse::<IpNet>() {
            return Self::Network(network);
        }
        let name = host.trim_start_matches("*").trim_matches('.').to_ascii_lowercase();
        Self::Name(name)
    }

    fn is(&self, host: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::Network(network) => {
                host.parse::<IpAddr>().is_ok_and(|address| network.contains(&address))
            }
            Self::Name(name) => host
                .strip_suffix(name.as_str())
                .is_some_and(|rest| !name.is_empty() && (rest.is_empty() || rest.ends_with('.'))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_entry_names_what_it_says_and_nothing_else() {
        for (entries, named, others) in [
            ("", "", "https://a.b"),
            (" , ,", "", "https://a.b"),
            ("*", "https://a.b http://10.0.0.1:5 http://[::2]", ""),
            (
                "a.b",
                "https://a.b https://x.a.b https://A.B https://a.b. https://a.b:8",
                "https://xa.b",
            ),
            (".a.b", "https://a.b https://x.a.b", "https://xa.b https://a.b.c"),
            ("*.a.b", "https://x.a.b", "https://xa.b"),
            ("A.b.", "https://a.b", "https://b"),
            ("x, a.b", "https://a.b https://x", "https://b"),
            ("x a.b\tc.d\n", "https://a.b https://x https://c.d", "https://b"),
            ("a.b:8443", "https://a.b:8443 https://x.a.b:8443", "https://a.b https://a.b:84430"),
            ("a.b:443", "https://a.b https://a.b:443", "http://a.b"),
            ("a.b:80", "http://a.b", "https://a.b"),
            ("10.1.2.3", "http://10.1.2.3:9", "http://10.1.2.4 https://x.10.1.2.3"),
            ("10.1.2.3:9", "http://10.1.2.3:9", "http://10.1.2.3"),
            ("10.0.0.0/8", "http://10.9.9.9", "http://11.0.0.1 http://10.example.org"),
            ("172.16.0.0/12", "http://172.31.0.1", "http://172.32.0.1"),
            ("fd00::/8", "http://[fd12::1]:5", "http://[fe80::1] http://10.0.0.1"),
            ("[fd00::1]:5", "http://[fd00::1]:5", "http://[fd00::1]:6"),
            ("fd00::1", "http://[fd00::1]:5", "http://[fd00::2]"),
            ("0.0.0.0/0", "http://8.8.8.8", "http://a.b"),
            ("10.0.0.0/99", "", "http://10.0.0.1"),
            (":8080", "", "http://a.b:8080"),
            (".", "", "http://a.b"),
            ("a.b:x", "", "https://a.b"),
        ] {
            let exceptions = Exceptions::parse(entries);
            let is = |url: &str| exceptions.name(&url.parse().unwrap());
            for url in named.split_whitespace() {
                assert!(is(url), "`{entries}` names {url}");
            }
            for url in others.split_whitespace() {
                assert!(!is(url), "`{entries}` does not name {url}");
            }
        }
    }
}
