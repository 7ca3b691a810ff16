//! What stands between the program and a Coolify: it sees each request before that is sent on, and
//! may answer it itself.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use xtask_fakes::http::{Admission, Handler, Request, Response, Server};

type Hook = Box<dyn Fn(&Request) -> Option<Response> + Send + Sync>;

pub(super) struct Between {
    host: String,
    hook: Hook,
}

/// Stands before `url`.
pub(super) fn before(
    url: &str,
    hook: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
) -> Server {
    let host = url.strip_prefix("http://").unwrap().to_owned();
    Server::start(Arc::new(Between { host, hook: Box::new(hook) })).unwrap()
}

impl Handler for Between {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, request: &Request) -> Response {
        (self.hook)(request).unwrap_or_else(|| pass(&self.host, request))
    }
}

/// Sends a request on, over a connection of its own.
pub(super) fn pass(host: &str, request: &Request) -> Response {
    let query: Vec<String> =
        request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut head = format!("{} {}{query} HTTP/1.1\r\n", request.method, request.path);
    let kept = |name: &str| !["host", "connection", "content-length"].contains(&name);
    for (name, value) in request.headers.iter().filter(|(name, _)| kept(name)) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = request.body.len();
    head.push_str(&format!(
        "host: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    ));
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(&[head.as_bytes(), &request.body].concat()).unwrap();
    read(&mut BufReader::new(stream))
}

/// The connection stays open, so the head says where the answer ends.
fn read(stream: &mut impl BufRead) -> Response {
    let mut lines = std::iter::from_fn(|| {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        Some(line.trim_end().to_owned()).filter(|line| !line.is_empty())
    });
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_lowercase(), value.to_owned()))
        })
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    let kept = headers
        .into_iter()
        .filter(|(name, _)| !["content-length", "connection"].contains(&name.as_str()));
    kept.fold(Response::new(status).body(body), |response, (name, value)| {
        response.with(&name, value)
    })
}
