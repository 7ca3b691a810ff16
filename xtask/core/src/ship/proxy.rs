//! The proxy: its configuration, which says what it listens on and stays over every switch (Caddy 2
//! JSON), and its routes, which are files that it looks at for each request.
//!
//! Whatever loads a configuration ends every stream and every kept connection, of all services. So
//! a switch loads none: it renames a link to a folder of routes.

mod route;

pub use route::{Preview, ROUTES, Routes, UnknownRoute, list};

use serde_json::{Value, json};

/// What the proxy listens on for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// As `deploy.toml` names it.
    pub service: String,
    /// The address and port inside the proxy's container.
    pub listen: String,
    /// Whether everybody reaches it; then its requests are logged.
    pub is_public: bool,
}

/// Where the admin API listens: inside the proxy's own container, and nowhere else.
pub const ADMIN: &str = "127.0.0.1:2019";
/// Its port, which no service takes there.
pub const ADMIN_PORT: u16 = 2019;
/// The public port inside the proxy's container.
pub const PUBLIC_PORT: u16 = 8080;

/// How our own client calls itself: what it asks is in no access log.
const OWN_AGENT: &str = "nutri-xtask/*";

/// The whole configuration; `routes` is the folder that the proxy finds its routes in, and `admin`
/// where it is told. Loading the same one twice changes nothing.
pub fn config(listeners: &[Listener], routes: &str, admin: &str) -> Value {
    let server = |it: &Listener| (it.service.clone(), server(it, routes));
    let servers: serde_json::Map<String, Value> = listeners.iter().map(server).collect();
    json!({
        "admin": { "listen": admin },
        "logging": { "logs": {
            "default": { "level": "WARN", "exclude": [ACCESS], "encoder": impersonal() },
            "access": { "writer": { "output": "stdout" }, "include": [ACCESS],
                        "encoder": impersonal() },
        } },
        // Where the services themselves change, requests under way on the configuration before may
        // end; new ones use this one at once.
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

fn server(listener: &Listener, routes: &str) -> Value {
    let nothing = json!({
        "handler": "static_response", "status_code": 503,
        "headers": { "Retry-After": ["5"] }, "body": "nothing is rolled out yet\n",
    });
    let unlogged = listener.is_public.then(unlogged).into_iter();
    let all: Vec<Value> = unlogged
        .chain([routed(&listener.service, routes), json!({ "handle": [nothing] })])
        .collect();
    let mut server = json!({
        "listen": [listener.listen],
        "automatic_https": { "disable": true },
        "routes": all,
    });
    if listener.is_public {
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

/// A request goes where the one file of the service is named after: that of the address that asks,
/// or else that of everybody. The folder is looked at and then the file, and a switch may come
/// between the two; so it is looked twice.
fn routed(service: &str, routes: &str) -> Value {
    let file = |folder: String| json!({ "file": { "root": folder, "try_files": ["*", "*"] } });
    let preview = file(format!("{routes}/now/from/{{http.request.remote.host}}/{service}"));
    let everybody = file(format!("{routes}/now/all/{service}"));
    json!({
        "match": [preview, everybody],
        "handle": [{
            "handler": "reverse_proxy",
            "upstreams": [{ "dial": "{http.matchers.file.relative}" }],
            "transport": { "protocol": "http", "dial_timeout": "2s",
                           "keep_alive": { "idle_timeout": "30s" } },
        }],
        "terminal": true,
    })
}

/// The container that an upstream leads to.
pub fn container_of(upstream: &str) -> &str {
    upstream.split_once(':').map_or(upstream, |(container, _port)| container)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured() -> Value {
        let listener = |service: &str, port: u16, is_public| Listener {
            service: service.into(),
            listen: format!(":{port}"),
            is_public,
        };
        let listeners = [listener("backend", PUBLIC_PORT, true), listener("ml", 8000, false)];
        config(&listeners, ROUTES, ADMIN)
    }

    #[test]
    fn nothing_of_a_person_gets_into_a_log_of_the_proxy() {
        let config = configured();
        let logs = config.pointer("/logging/logs").and_then(Value::as_object).unwrap();
        for (name, log) in logs {
            let fields = log.pointer("/encoder/fields").unwrap();
            for field in ["request>uri", "request>headers", "request>remote_ip", "user_id"] {
                assert_eq!(fields[field]["filter"], "delete", "{name}: {field}");
            }
        }
        assert_eq!(logs.len(), 2);
    }

    #[test]
    fn nobody_but_the_proxy_itself_reaches_its_admin_api() {
        assert_eq!(configured()["admin"]["listen"], "127.0.0.1:2019");
    }

    #[test]
    fn only_requests_of_the_public_are_logged() {
        let servers = configured()["apps"]["http"]["servers"].clone();
        assert!(servers["backend"]["logs"].is_object() && servers["ml"]["logs"].is_null());
    }
}
