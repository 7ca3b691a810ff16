//! The proxy's access log (Caddy's JSON): one line for each request that was not the probe's.

use super::Served;
use serde::Deserialize;

/// One request, as the log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When it was answered, in milliseconds since 1970.
    pub at_ms: u64,
    /// The status; 0 where the client left before there was one.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The release that answered, if one did.
    pub release: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    logger: String,
    ts: f64,
    status: u16,
    duration: f64,
    #[serde(default)]
    resp_headers: Headers,
}

#[derive(Default, Deserialize)]
struct Headers {
    #[serde(default, rename = "X-App-Version")]
    version: Vec<String>,
}

/// The requests in what a proxy wrote. It writes other lines too, and its oldest may be cut.
pub fn read(text: &str) -> Vec<Logged> {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let lines = lines.filter(|line| line.logger.starts_with("http.log.access"));
    lines
        .map(|line| Logged {
            at_ms: (line.ts * 1000.0) as u64,
            status: line.status,
            took_ms: (line.duration * 1000.0) as u64,
            release: line.resp_headers.version.into_iter().next(),
        })
        .collect()
}

/// What `before` and `after` served. An answer that names no release is the proxy's own: it counts
/// for whoever was to serve at that moment.
pub fn split(requests: &[Logged], before: &str, after: &str) -> (Served, Served) {
    let of_new = requests.iter().filter(|it| it.release.as_deref() == Some(after));
    let switched = of_new.map(|it| it.at_ms).min();
    let is_after = |it: &Logged| switched.is_some_and(|at| it.at_ms >= at);
    let served = |release: &str, unnamed: &dyn Fn(&Logged) -> bool| {
        let counts = |it: &&Logged| match &it.release {
            Some(own) => own == release,
            None => unnamed(it),
        };
        // A client that hung up is no fault of who serves.
        let all = requests.iter().filter(counts).filter(|it| it.status != 0);
        Served::of(all.map(|it| (it.status, it.took_ms)))
    };
    (served(before, &|it| !is_after(it)), served(after, &is_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_real_proxy_are_read_and_others_are_passed_over() {
        let text = r#"{"level":"info","ts":1795740332.2941105,"logger":"http.log.access","msg":"handled request","request":{"proto":"HTTP/1.1","method":"GET"},"duration":0.017066,"size":2,"status":200,"resp_headers":{"Server":["Caddy"],"Set-Cookie":[],"X-App-Version":["r1"]}}
{"level":"warn","ts":1795740330.3195856,"logger":"http","msg":"automatic HTTPS is completely disabled for server","server_name":"backend"}
{"level":"error","ts":1795740333.5,"logger":"http.log.access","msg":"handled request","request":{},"duration":2.0,"size":0,"status":502,"resp_headers":{"Server":["Caddy"]}}
{"level":"info","ts":1795740332.29411
"#;
        let logged = |at_ms, status, took_ms, release: Option<&str>| Logged {
            at_ms,
            status,
            took_ms,
            release: release.map(ToOwned::to_owned),
        };
        let wanted = [
            logged(1_795_740_332_294, 200, 17, Some("r1")),
            logged(1_795_740_333_500, 502, 2000, None),
        ];
        assert_eq!(read(text), wanted);
    }

    #[test]
    fn what_names_no_release_counts_for_who_was_to_serve() {
        let logged = |at_ms, status, release: Option<&str>| Logged {
            at_ms,
            status,
            took_ms: at_ms,
            release: release.map(ToOwned::to_owned),
        };
        let requests = [
            logged(1, 200, Some("r0")),
            logged(2, 200, Some("r1")),
            logged(3, 502, None),
            logged(4, 200, Some("r2")),
            // The old one still answers what it had.
            logged(5, 500, Some("r1")),
            logged(6, 502, None),
            logged(7, 0, None),
        ];
        let served = |requests, errors, p95_ms| Served { requests, errors, p95_ms: Some(p95_ms) };
        assert_eq!(split(&requests, "r1", "r2"), (served(3, 2, 5), served(2, 1, 6)));
        assert_eq!(split(&requests[..3], "r1", "r2"), (served(2, 1, 3), Served::default()));
    }
}
