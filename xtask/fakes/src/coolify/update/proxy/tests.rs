use super::Proxy;
use crate::coolify::update::simulated::Image;
use crate::coolify::update::{Check, Containers as _, NewContainer, Simulated};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const NO_THROTTLE: Duration = Duration::ZERO;
const LIMIT: Duration = Duration::from_secs(60);

/// A server in a container: says its version, streams, echoes, and changes the protocol.
fn server(version: &'static str, go_on: Receiver<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    let address = listener.local_addr().expect("it is bound");
    let go_on = Arc::new(Mutex::new(go_on));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let go_on = Arc::clone(&go_on);
            std::thread::spawn(move || serve(&stream, version, &go_on));
        }
    });
    address
}

/// One connection, request after request.
fn serve(stream: &TcpStream, version: &str, go_on: &Mutex<Receiver<()>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let head = head(&mut reader)?;
        let path = head.split(' ').nth(1)?;
        if path == "/stream" {
            writer
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
                .ok()?;
            go_on.lock().ok()?.recv().ok()?;
            writer.write_all(b"3\r\ntwo\r\n0\r\n\r\n").ok()?;
        } else if path == "/change" {
            let changed =
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
            writer.write_all(changed.as_bytes()).ok()?;
            return std::io::copy(&mut reader, &mut writer).map(drop).ok();
        } else {
            let body = format!("{version} {path} {} {}", length(&head), forwarded(&head));
            std::io::copy(&mut reader.by_ref().take(length(&head)), &mut std::io::sink()).ok()?;
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
            writer.write_all(answer.as_bytes()).ok()?;
        }
    }
}

fn head(reader: &mut impl std::io::BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn length(head: &str) -> u64 {
    header(head, "content-length").and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn forwarded(head: &str) -> String {
    let of = |name| header(head, name).unwrap_or("-");
    format!("{} {}", of("host"), of("x-forwarded-proto"))
}

/// A client with one connection.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn of(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address).expect("the proxy listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        Self { reader: BufReader::new(stream) }
    }

    fn send(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).expect("the proxy reads");
    }

    fn get(&mut self, host: &str, path: &str) -> (String, String) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        self.answer()
    }

    /// The status and the body of an answer with a length.
    fn answer(&mut self) -> (String, String) {
        let head = head(&mut self.reader).expect("an answer");
        let status = head.split(' ').nth(1).expect("a status").to_owned();
        let mut body = vec![0; usize::try_from(length(&head)).expect("a length")];
        self.reader.read_exact(&mut body).expect("a whole body");
        (status, String::from_utf8(body).expect("text"))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }
}

const HOST: &str = "api.test";

fn start(host: &Simulated, name: &str, served: SocketAddr, check: Option<Check>) {
    let labels = [
        ("traefik.enable", "true"),
        ("traefik.http.routers.http-0-app.rule", "Host(`api.test`) && PathPrefix(`/`)"),
        ("traefik.http.routers.http-0-app.entryPoints", "http"),
        ("traefik.http.services.http-0-app.loadbalancer.server.port", "3000"),
    ];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    host.publish(name, Image { served: Some(served), ..Image::good() });
    host.pull(name).expect("it is in the catalogue");
    let (app, image) = ("app".to_owned(), name.to_owned());
    let labels = BTreeMap::from(labels);
    let container = NewContainer {
        name: name.to_owned(),
        app,
        image,
        labels,
        check,
        ..NewContainer::default()
    };
    host.start(&container).expect("a free name");
}

fn check() -> Check {
    let second = Duration::from_secs(1);
    let command = "true".to_owned();
    Check { command, interval: second, timeout: second, retries: 1, start_period: second }
}

struct World {
    host: Arc<Simulated>,
    proxy: Proxy,
    go_on: Vec<Sender<()>>,
}

impl World {
    fn with(versions: &[&'static str]) -> Self {
        let host = Arc::new(Simulated::new());
        let mut go_on = Vec::new();
        for version in versions {
            let (tell, told) = channel();
            go_on.push(tell);
            start(&host, version, server(version, told), None);
        }
        let proxy = Proxy::start(host.clone(), 0, NO_THROTTLE).expect("a free port");
        Self { host, proxy, go_on }
    }

    /// Asks until the answer begins so, or fails.
    fn until(&self, expected: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            let (status, body) = Client::of(&self.proxy).get(HOST, "/");
            if format!("{status} {body}").starts_with(expected) {
                return;
            }
            assert!(Instant::now() < end, "{status} {body}");
        }
    }
}

#[test]
fn a_thousand_requests_arrive_and_both_versions_have_half() {
    let world = World::with(&["v1", "v2"]);
    let client = || {
        let mut client = Client::of(&world.proxy);
        let answers = (0..250).map(|_| client.get(HOST, "/a?b=c"));
        answers.filter(|(status, body)| status == "200" && body.starts_with("v1 /a?b=c")).count()
    };
    let of_first: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|it| it.join().expect("every request was answered")).sum()
    });
    assert_eq!(of_first, 500);
}

#[test]
fn the_server_is_told_who_was_asked() {
    let world = World::with(&["v1"]);
    let mut client = Client::of(&world.proxy);
    client.send("POST /x HTTP/1.1\r\nHost: api.test:80\r\nContent-Length: 4\r\n\r\nbody");
    assert_eq!(client.answer(), ("200".to_owned(), "v1 /x 4 api.test:80 http".to_owned()));
    assert_eq!(client.get(HOST, "/").1, "v1 / 0 api.test http", "the connection is kept");
}

#[test]
fn a_body_arrives_as_it_comes() {
    let world = World::with(&["v1"]);
    let mut client = Client::of(&world.proxy);
    client.send("GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n");
    head(&mut client.reader).expect("an answer");
    assert_eq!((client.line(), client.line()), ("3".to_owned(), "one".to_owned()));
    // Only now may the server send the rest.
    world.go_on[0].send(()).expect("it waits");
    assert_eq!((client.line(), client.line()), ("3".to_owned(), "two".to_owned()));
}

#[test]
fn a_change_of_the_protocol_is_passed_on() {
    let world = World::with(&["v1"]);
    let mut client = Client::of(&world.proxy);
    client.send(
        "GET /change HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
    );
    let answer = head(&mut client.reader).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    client.send("ping\n");
    assert_eq!(client.line(), "ping");
}

#[test]
fn an_unknown_host_is_404_and_a_server_that_refuses_502() {
    let world = World::with(&["v1"]);
    let mut client = Client::of(&world.proxy);
    assert_eq!(
        client.get("other.test", "/"),
        ("404".to_owned(), "404 page not found\n".to_owned())
    );
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    start(&world.host, "v2", closed.expect("a free port"), None);
    // Nothing is tried again: every second request meets the one that refuses.
    world.until("502 Bad Gateway");
    let statuses = [client.get(HOST, "/").0, client.get(HOST, "/").0];
    assert!(statuses.contains(&"502".to_owned()) && statuses.contains(&"200".to_owned()));
}

#[test]
fn traffic_moves_with_the_health_and_the_end_of_containers() {
    let world = World::with(&["v1"]);
    let (_tell, told) = channel();
    start(&world.host, "v2", server("v2", told), Some(check()));
    let mut client = Client::of(&world.proxy);
    for _ in 0..10 {
        assert!(client.get(HOST, "/").1.starts_with("v1"), "v2 is not healthy yet");
    }
    // A look makes the simulated one healthy.
    world.host.health("v2");
    world.until("200 v2");
    world.host.remove("v1");
    let end = Instant::now() + LIMIT;
    let mut in_a_row = 0;
    while in_a_row < 10 {
        let is_new = client.get(HOST, "/").1.starts_with("v2");
        in_a_row = if is_new { in_a_row + 1 } else { 0 };
        assert!(Instant::now() < end, "v1 is gone and still asked");
    }
}
