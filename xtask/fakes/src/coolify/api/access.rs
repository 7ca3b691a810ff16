//! Who asks, and whether he may: Coolify's checks in their exact order.

use super::call::{Call, Caller};
use super::hub::Hub;
use super::rate::Left;
use super::reply::{Answer, by_accept, compact, message, no_route};
use super::routes::{self, Route};
use super::state::State;
use crate::http::{Request, Response};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// From so many refusals in a minute on, a caller gets nothing else (since 4.7).
const FAILURES: u32 = 30;

/// Answers a request to any path.
pub(super) fn answer(hub: &Arc<Hub>, request: &Request) -> Response {
    let path = request.path.trim_end_matches('/');
    if path == "/api/health" {
        return limited(hub, request, &address(request), 1000, || Ok(super::reply::text("OK")));
    }
    let found = path
        .strip_prefix("/api/v1")
        .and_then(|path| routes::find(method(request), path, hub.state().version));
    if let Some(left) = too_many_failures(hub, request) {
        return too_many(request, 0, left);
    }
    let response = match found {
        None => unknown(hub, request),
        Some((route, params)) => known(hub, request, route, params),
    };
    count_failure(hub, request, &response);
    response
}

fn method(request: &Request) -> &str {
    if request.method == "HEAD" { "GET" } else { &request.method }
}

fn unknown(hub: &Arc<Hub>, request: &Request) -> Response {
    let limit = hub.state().limit;
    limited(hub, request, &address(request), limit, || Ok(no_route()))
}

fn known(hub: &Arc<Hub>, request: &Request, route: &Route, params: Vec<String>) -> Response {
    let limit = hub.state().limit;
    if route.ability.is_empty() {
        return limited(hub, request, &address(request), limit, || Ok(super::reply::text("OK")));
    }
    let Some(caller) = authenticate(&hub.state(), request) else {
        return message(401, "Unauthenticated.");
    };
    let bucket = match caller.user {
        0 => address(request),
        user => format!("user {user}"),
    };
    limited(hub, request, &bucket, limit, || {
        let call = Call { hub, request, params, caller };
        allowed(&call, route)?;
        (route.handler)(&call)
    })
}

fn limited(
    hub: &Arc<Hub>,
    request: &Request,
    bucket: &str,
    limit: u32,
    answer: impl FnOnce() -> Answer,
) -> Response {
    let left = hub.buckets().hit(bucket, limit, Instant::now());
    match left {
        Left::Nothing(seconds) => too_many(request, limit, seconds),
        Left::Remaining(left) => {
            let response = answer().unwrap_or_else(|refusal| refusal);
            let (limit, left) = (limit.to_string(), left.to_string());
            response.with("X-RateLimit-Limit", limit).with("X-RateLimit-Remaining", left)
        }
    }
}

fn too_many(request: &Request, limit: u32, seconds: u64) -> Response {
    let reset = jiff::Timestamp::now().as_second() + i64::try_from(seconds).unwrap_or(60);
    by_accept(request, 429, "Too Many Attempts.", "Too Many Requests")
        .with("X-RateLimit-Limit", limit.to_string())
        .with("X-RateLimit-Remaining", "0")
        .with("Retry-After", seconds.to_string())
        .with("X-RateLimit-Reset", reset.to_string())
}

/// All proxies are trusted, so whoever asks may name his address.
fn address(request: &Request) -> String {
    let named = request.header("x-forwarded-for").and_then(|list| list.split(',').next());
    named.map_or("127.0.0.1", str::trim).to_owned()
}

fn bearer(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ").map(str::trim)
}

/// The number before the secret may be left out.
fn authenticate(state: &State, request: &Request) -> Option<Caller> {
    let token = bearer(request)?;
    let (id, secret) = match token.split_once('|') {
        Some((id, secret)) => (Some(id.parse::<i64>().ok()?), secret),
        None => (None, token),
    };
    let token = state
        .tokens
        .iter()
        .find(|own| own.secret == secret && id.is_none_or(|id| id == own.id) && !own.expired)?;
    let user = state.users.iter().find(|user| user.id == token.user)?;
    let role = user.roles.iter().find(|(team, _)| *team == token.team).map(|(_, role)| *role);
    let mut caller = Caller {
        user: user.id,
        team: token.team,
        role,
        abilities: token.abilities,
        is_sensitive: false,
    };
    let may_see = caller.can("read:sensitive") && matches!(role, Some("owner" | "admin"));
    caller.is_sensitive = may_see || !state.version.hides_values();
    Some(caller)
}

fn allowed(call: &Call<'_>, route: &Route) -> Result<(), Response> {
    if call.caller.role.is_none() {
        return Err(message(401, "Invalid token."));
    }
    if !route.is_switch() {
        api_is_open(call)?;
    }
    role_suffices(call)?;
    let ability = route.ability_in(call.state().version);
    if call.caller.can(ability) {
        return Ok(());
    }
    Err(message(403, &format!("Missing required permissions: {ability}")))
}

fn api_is_open(call: &Call<'_>) -> Result<(), Response> {
    let state = call.state();
    let refused = |text: &str| compact(403, &json!({ "success": true, "message": text }));
    if !state.api_enabled {
        return Err(refused("API is disabled."));
    }
    if !is_listed(&state.allowed_ips, &address(call.request)) {
        return Err(refused("You are not allowed to access the API."));
    }
    Ok(())
}

/// A member may read and nothing else, and his token may not even name more.
fn role_suffices(call: &Call<'_>) -> Result<(), Response> {
    let elevated = ["root", "*", "write", "deploy", "delete", "read:sensitive", "write:sensitive"];
    let is_elevated = call.caller.abilities.iter().any(|own| elevated.contains(own));
    let enforced = call.state().version.hides_values();
    if enforced && is_elevated && call.caller.role == Some("member") {
        return Err(message(403, "Missing required team role."));
    }
    Ok(())
}

fn is_listed(list: &str, address: &str) -> bool {
    let mut entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).peekable();
    if entries.peek().is_none() {
        return true;
    }
    entries.any(|entry| entry == "0.0.0.0" || entry == address || contains(entry, address))
}

fn contains(block: &str, address: &str) -> bool {
    let bits = |text: &str| match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => Some((u128::from(v4.to_bits()), 32)),
        IpAddr::V6(v6) => Some((v6.to_bits(), 128)),
    };
    let parsed = block.split_once('/').and_then(|(base, length)| {
        Some((bits(base)?, bits(address)?, length.parse::<u32>().ok()?))
    });
    parsed.is_some_and(|((base, width), (address, own), length)| {
        let shift = width - length.min(width);
        width == own
            && base.checked_shr(shift).unwrap_or(0) == address.checked_shr(shift).unwrap_or(0)
    })
}

fn failing(request: &Request) -> String {
    bearer(request).map_or_else(|| address(request), str::to_owned)
}

fn too_many_failures(hub: &Hub, request: &Request) -> Option<u64> {
    if !hub.state().version.limits_failures() {
        return None;
    }
    match hub.failures().look(&failing(request), FAILURES, Instant::now()) {
        Left::Nothing(seconds) => Some(seconds),
        Left::Remaining(_) => None,
    }
}

fn count_failure(hub: &Hub, request: &Request, response: &Response) {
    let without_token = response.status == 404 && bearer(request).is_none();
    if matches!(response.status, 401 | 403) || without_token {
        hub.failures().hit(&failing(request), FAILURES, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::is_listed;

    #[test]
    fn an_address_list_takes_blocks_and_spaces() {
        assert!(is_listed("", "10.1.2.3"), "nothing listed is everybody");
        assert!(is_listed("192.168.0.1, 10.0.0.0/8", "10.1.2.3"));
        assert!(!is_listed("192.168.0.1, 10.0.0.0/8", "127.0.0.1"));
        assert!(!is_listed("::/0", "127.0.0.1"), "a family is not the other");
        assert!(is_listed("0.0.0.0", "127.0.0.1"));
    }
}
