//! Domains of applications: their form, and whose they are already.

use super::reply::compact;
use super::row::{Row, text};
use super::state::State;
use crate::http::Response;
use serde_json::{Value, json};

/// The domains of a list with commas, hosts in small letters; else what is said of the wrong ones.
pub(super) fn parse(list: &str) -> Result<Vec<String>, Vec<String>> {
    let urls = list.split(',').map(str::trim).filter(|url| !url.is_empty());
    let (right, wrong): (Vec<_>, Vec<_>) = urls.partition(|url| is_domain(url));
    if wrong.is_empty() {
        return Ok(right.into_iter().map(lowered).collect());
    }
    Err(wrong.into_iter().map(|url| format!("Invalid URL: {url}")).collect())
}

fn is_domain(url: &str) -> bool {
    let unsafe_letters = ";|&$`<>(){}\\!'\"\n\r";
    super::rules::is_url(url) && !url.contains(|letter| unsafe_letters.contains(letter))
}

fn lowered(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let end = rest.find('/').unwrap_or(rest.len());
    format!("{}://{}{}", scheme.to_lowercase(), rest[..end].to_lowercase(), &rest[end..])
}

/// The domain that an application gets when none was given.
pub(super) fn generated(uuid: &str, server: &Row, settings: &Row) -> String {
    if let Some(wildcard) = settings.get("wildcard_domain").and_then(Value::as_str) {
        let (scheme, host) = wildcard.split_once("://").unwrap_or(("http", wildcard));
        return format!("{scheme}://{uuid}.{host}");
    }
    let address = match text(server, "ip") {
        "host.docker.internal" => "localhost",
        address => address,
    };
    format!("http://{uuid}.{address}.sslip.io")
}

/// The refusal of domains that another application has, unless it is overridden.
pub(super) fn refuse_taken(state: &State, own: &str, domains: &[String]) -> Result<(), Response> {
    let conflicts: Vec<Value> = state
        .apps
        .iter()
        .filter(|app| text(&app.row, "uuid") != own)
        .flat_map(|app| taken(&app.row, domains))
        .collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(compact(
        409,
        &json!({
            "message": "Domain conflicts detected. Use force_domain_override=true to proceed.",
            "conflicts": conflicts,
            "warning": "Using the same domain for multiple resources can cause routing conflicts \
                        and unpredictable behavior.",
        }),
    ))
}

fn taken(app: &Row, domains: &[String]) -> Vec<Value> {
    let theirs: Vec<&str> = text(app, "fqdn").split(',').collect();
    let both = domains.iter().filter(|domain| theirs.contains(&domain.as_str()));
    both.map(|domain| {
        let name = text(app, "name");
        json!({
            "domain": domain, "resource_name": name, "resource_uuid": app["uuid"],
            "resource_type": "application",
            "message": format!("Domain {domain} is already in use by application '{name}'"),
        })
    })
    .collect()
}
