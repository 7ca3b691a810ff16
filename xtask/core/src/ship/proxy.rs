//! The proxy's configuration, whole: which port leads to which container (Caddy 2 JSON).

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One service as the proxy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// As `deploy.toml` names it.
    pub service: String,
    /// The port inside the proxy's container.
    pub listen: u16,
    /// The container and port that requests go to; nothing before the first rollout.
    pub upstream: Option<String>,
    /// Where the requests of some addresses go instead, for a while.
    pub preview: Option<Preview>,
}

/// A way for new releases to meet each other before anybody else is sent to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The addresses of the new containers that ask.
    pub of: Vec<String>,
    /// The container and port that theirs go to.
    pub upstream: String,
}

/// The port of the admin API inside the proxy's container.
pub const ADMIN_PORT: u16 = 2019;
/// The public port inside the proxy's container.
pub const PUBLIC_PORT: u16 = 8080;

/// How our own client calls itself: what it asks is in no access log.
const OWN_AGENT: &str = "nutri-xtask/*";

/// The whole configuration. Loading the same one twice changes nothing.
pub fn config(routes: &[Route]) -> Value {
    let servers = routes.iter().map(|route| (route.service.clone(), server(route)));
    let servers: serde_json::Map<String, Value> = servers.collect();
    json!({
        "admin": { "listen": format!("0.0.0.0:{ADMIN_PORT}") },
        "logging": { "logs": {
            "default": { "level": "WARN", "exclude": [ACCESS], "encoder": impersonal() },
            "access": { "writer": { "output": "stdout" }, "include": [ACCESS],
                        "encoder": impersonal() },
        } },
        // Requests under way on the configuration before may end; new ones use this one at once.
        "apps": { "http": { "grace_period": "30s", "servers": servers } },
    })
}

/// The logger of requests.
const ACCESS: &str = "http.log.access";

/// Of a request a log says when it ended, how, how long it took and which release answered. Whose it
/// was and what it asked for is nobody's business: an address may even hold a secret.
fn impersonal() -> Value {
    let personal = ["uri", "headers", "remote_ip", "remote_port", "host", "tls"];
    let personal = personal.iter().map(|field| format!("request>{field}"));
    let dropped = personal.chain(["user_id".to_owned()]);
    let fields: serde_json::Map<String, Value> =
        dropped.map(|field| (field, json!({ "filter": "delete" }))).collect();
    json!({ "format": "filter", "wrap": { "format": "json" }, "fields": fields })
}

fn server(route: &Route) -> Value {
    let handler = match &route.upstream {
        Some(upstream) => to(upstream),
        None => json!({
            "handler": "static_response", "status_code": 503,
            "headers": { "Retry-After": ["5"] }, "body": "nothing is rolled out yet\n",
        }),
    };
    let is_public = route.listen == PUBLIC_PORT;
    let preview = route.preview.iter().map(|it| {
        json!({ "match": [{ "remote_ip": { "ranges": it.of } }], "handle": [to(&it.upstream)],
                "terminal": true })
    });
    let unlogged = is_public.then(unlogged).into_iter();
    // What serves everybody is the last one: it is what `upstreams` reads back.
    let routes: Vec<Value> =
        unlogged.chain(preview).chain([json!({ "handle": [handler] })]).collect();
    let mut server = json!({
        "listen": [format!(":{}", route.listen)],
        "automatic_https": { "disable": true },
        "routes": routes,
    });
    if is_public {
        server["logs"] = json!({});
    }
    server
}

fn unlogged() -> Value {
    json!({
        "match": [{ "header": { "User-Agent": [OWN_AGENT] } }],
        "handle": [{ "handler": "vars", "skip_log": true }],
    })
}

fn to(upstream: &str) -> Value {
    json!({
        "handler": "reverse_proxy",
        "upstreams": [{ "dial": upstream }],
        "transport": { "protocol": "http", "dial_timeout": "2s",
                       "keep_alive": { "idle_timeout": "30s" } },
    })
}

/// Reads back from a configuration where each service's requests go: container and port.
pub fn upstreams(config: &Value) -> BTreeMap<String, String> {
    let servers = config.pointer("/apps/http/servers").and_then(Value::as_object);
    let servers = servers.into_iter().flatten();
    let upstreams = servers.filter_map(|(service, server)| {
        let everybody = server.pointer("/routes")?.as_array()?.last()?;
        let dial = everybody.pointer("/handle/0/upstreams/0/dial")?.as_str()?;
        Some((service.clone(), dial.to_owned()))
    });
    upstreams.collect()
}

/// The container that an upstream leads to.
pub fn container_of(upstream: &str) -> &str {
    upstream.split_once(':').map_or(upstream, |(container, _port)| container)
}

/// The containers that upstreams lead to, by service.
pub fn containers(upstreams: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let container = |upstream: &String| container_of(upstream).to_owned();
    upstreams.iter().map(|(service, it)| (service.clone(), container(it))).collect()
}

/// Reads back from a configuration which container each service's requests go to.
pub fn serving(config: &Value) -> BTreeMap<String, String> {
    containers(&upstreams(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_person_gets_into_a_log_of_the_proxy() {
        let config = config(&[]);
        let logs = config.pointer("/logging/logs").and_then(Value::as_object).unwrap();
        for (name, log) in logs {
            let fields = log.pointer("/encoder/fields").unwrap();
            for field in ["request>uri", "request>headers", "request>remote_ip", "user_id"] {
                assert_eq!(fields[field]["filter"], "delete", "{name}: {field}");
            }
        }
        assert_eq!(logs.len(), 2);
    }

    /// A proxy that an earlier version of us configured.
    #[test]
    fn a_configuration_without_an_access_log_tells_what_serves_as_well() {
        let upstreams = json!([{ "dial": "nutri-backend-r1:3000" }]);
        let handler = json!({ "handler": "reverse_proxy", "upstreams": upstreams });
        let servers = json!({ "backend": { "routes": [{ "handle": [handler] }] } });
        let found = serving(&json!({ "apps": { "http": { "servers": servers } } }));
        assert_eq!(found["backend"], "nutri-backend-r1");
    }

    #[test]
    fn what_serves_reads_back_from_the_configuration() {
        let route = |service: &str, listen, upstream: Option<&str>| Route {
            service: service.into(),
            listen,
            upstream: upstream.map(Into::into),
            preview: None,
        };
        let routes =
            [route("backend", 8080, Some("nutri-backend-r1:3000")), route("ml", 8000, None)];
        let serving = serving(&config(&routes));
        assert_eq!(serving, BTreeMap::from([("backend".into(), "nutri-backend-r1".into())]));
    }

    #[test]
    fn what_new_releases_are_shown_of_each_other_is_not_what_serves() {
        let (of, upstream) = (vec!["172.18.0.9".to_owned()], "nutri-ml-r2:8000".to_owned());
        let (service, listen) = ("ml".to_owned(), 8000);
        let preview = Some(Preview { of, upstream });
        let old = Some("nutri-ml-r1:8000".to_owned());
        let config = config(&[Route { service, listen, upstream: old, preview }]);
        assert_eq!(serving(&config), BTreeMap::from([("ml".into(), "nutri-ml-r1".into())]));
        let first = config.pointer("/apps/http/servers/ml/routes/0").unwrap();
        assert_eq!(first["match"][0]["remote_ip"]["ranges"][0], "172.18.0.9");
        assert_eq!(first.pointer("/handle/0/upstreams/0/dial").unwrap(), "nutri-ml-r2:8000");
    }
}
