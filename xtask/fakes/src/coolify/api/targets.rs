//! Addresses to which Coolify itself connects: they must resolve, and not lead inside.

use super::hub::{Hub, held};
use super::rules::is_url;
use std::net::{IpAddr, ToSocketAddrs as _};

/// What is said of an address, if it may not be used. `field` is as the refusal spells it.
pub(super) fn fault(hub: &Hub, field: &str, url: &str, allows_inside: bool) -> Option<String> {
    let spoken = field.replace('_', " ");
    if !is_url(url) {
        return Some(format!("The {spoken} must be a valid URL."));
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let addresses: Vec<IpAddr> = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => resolved(host),
    };
    if addresses.is_empty() {
        return Some(format!("The {spoken} host could not be resolved."));
    }
    if allows_inside || !addresses.iter().any(is_inside) {
        return None;
    }
    let panel = held(&hub.panel).clone();
    Some(format!(
        "The {field} points to a local or private address that is not allowed. Configure allowed \
         internal targets: {panel}/settings/advanced#endpoint-section"
    ))
}

/// Names of the domains that stand for no real host are not asked for.
fn resolved(host: &str) -> Vec<IpAddr> {
    let reserved =
        [".test", ".example", ".invalid", ".example.com", ".example.net", ".example.org"];
    if reserved.iter().any(|end| host.ends_with(end)) {
        return Vec::new();
    }
    let found = (host, 443).to_socket_addrs().map(|found| found.map(|own| own.ip()).collect());
    found.unwrap_or_default()
}

fn is_inside(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified(),
    }
}
