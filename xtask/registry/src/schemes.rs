//! Which registries are spoken to in the clear: those of this machine, unless somebody says
//! otherwise of one.

use std::collections::BTreeSet;
use std::ffi::OsString;
use xtask_http::is_loopback;

/// Names registries of other machines that speak plain HTTP, with commas between.
pub(super) const PLAIN: &str = "XTASK_REGISTRIES_PLAIN";
/// Names registries of this machine that speak TLS.
pub(super) const TLS: &str = "XTASK_REGISTRIES_TLS";

/// What the environment says of some registries.
#[derive(Clone, Debug, Default)]
pub(super) struct Schemes {
    plain: BTreeSet<String>,
    tls: BTreeSet<String>,
}

impl Schemes {
    pub(super) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let hosts = |name| {
            let text = variable(name).unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            let hosts = text.split([',', ' ']).filter(|host| !host.is_empty());
            hosts.map(ToOwned::to_owned).collect()
        };
        Self { plain: hosts(PLAIN), tls: hosts(TLS) }
    }

    /// Whether `host`, with its port, is spoken to in the clear. TLS wins where both are said.
    pub(super) fn is_plain(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        !self.tls.contains(&host) && (is_loopback(&host) || self.plain.contains(&host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_with_its_port_is_spoken_to_in_another_way() {
        let schemes = Schemes::of(|name| match name {
            PLAIN => Some(" Registry.lan:5000, both.lan:1".into()),
            TLS => Some("127.0.0.1:5443,both.lan:1".into()),
            _ => None,
        });
        for host in ["registry.lan:5000", "127.0.0.1:5000", "localhost:5443", "[::1]:5000"] {
            assert!(schemes.is_plain(host), "{host}");
        }
        for host in ["127.0.0.1:5443", "registry.lan", "registry.lan:5001", "both.lan:1", "r.io"] {
            assert!(!schemes.is_plain(host), "{host}");
        }
    }
}
