//! The real proxy, Caddy, between two releases of a service: what is open when requests are sent to
//! the other release stays open, of all services. Caddy runs on this machine with the configuration
//! of the environment, and is switched by the words that run inside its container.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod release;

use release::Release;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};
use xtask_core::command;
use xtask_core::ship::proxy::{self, Listener, Preview, Routes};
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_program};

/// No machine is that slow.
const LIMIT: Duration = Duration::from_secs(120);

/// A proxy for two services, with a folder of routes of its own.
struct Proxy {
    folder: tempfile::TempDir,
    admin: u16,
    shop: u16,
    other: u16,
    process: Child,
}

impl Proxy {
    fn start() -> Required<Self> {
        required_program("caddy")
            .and(|| required_program("busybox"))
            .map(|(caddy, _)| Self::run(&caddy))
    }

    fn run(caddy: &std::path::Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [admin, shop, other] = free_ports();
        let file = folder.path().join("caddy.json");
        std::fs::write(&file, config(folder.path(), admin, [shop, other]).to_string()).unwrap();
        let process = Command::new(caddy)
            .args(["run", "--config"])
            .arg(&file)
            .env("XDG_CONFIG_HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .env("HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let proxy = Self { folder, admin, shop, other, process };
        let end = Instant::now() + LIMIT;
        while TcpStream::connect(("127.0.0.1", proxy.other)).is_err() {
            assert!(Instant::now() < end, "caddy does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy
    }

    fn routes(&self) -> String {
        self.folder.path().join("routes").display().to_string()
    }

    /// As the words are run inside the proxy's container.
    fn told(words: &command::Command) -> std::process::Output {
        Command::new("env").args(&words.args).stdin(Stdio::null()).output().unwrap()
    }

    fn switch(&self, routes: &Routes) {
        let words = routes.switch(command::Command::new("env"), &self.routes());
        let output = Self::told(&words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(self.reads_back(), *routes);
    }

    fn reads_back(&self) -> Routes {
        let output = Self::told(&proxy::list(command::Command::new("env"), &self.routes()));
        assert!(output.status.success());
        Routes::parse(&String::from_utf8(output.stdout).unwrap()).unwrap()
    }

    /// Loads the configuration as it is, as an older version of us did at each switch.
    fn load(&self) {
        let body = config(self.folder.path(), self.admin, [self.shop, self.other]).to_string();
        let mut wire = TcpStream::connect(("127.0.0.1", self.admin)).unwrap();
        let admin = self.admin;
        write!(
            wire,
            "POST /load HTTP/1.1\r\nhost: 127.0.0.1:{admin}\r\ncontent-type: application/json\r\n\
             cache-control: must-revalidate\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn config(folder: &std::path::Path, admin: u16, ports: [u16; 2]) -> serde_json::Value {
    let listener = |(service, port): (&str, u16)| Listener {
        service: service.to_owned(),
        listen: format!("127.0.0.1:{port}"),
        is_public: false,
    };
    let listeners = [("shop", ports[0]), ("other", ports[1])].map(listener);
    let routes = folder.join("routes").display().to_string();
    proxy::config(&listeners, &routes, &format!("127.0.0.1:{admin}"))
}

fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|it| it.local_addr().unwrap().port())
}

fn routes(pairs: &[(&str, &Release)]) -> Routes {
    let all: BTreeMap<String, String> =
        pairs.iter().map(|(service, it)| ((*service).to_owned(), it.place())).collect();
    Routes { all, preview: None }
}

/// A connection that is kept, and asked for more than once.
struct Kept(BufReader<TcpStream>);

impl Kept {
    fn open(port: u16) -> Self {
        let wire = TcpStream::connect(("127.0.0.1", port)).unwrap();
        wire.set_read_timeout(Some(LIMIT)).unwrap();
        Self(BufReader::new(wire))
    }

    fn ask(&mut self, path: &str) {
        let head = format!("GET {path} HTTP/1.1\r\nhost: shop\r\n\r\n");
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
    }

    /// The status and the release that answered; `None` if the connection ended instead.
    fn hears(&mut self) -> Option<(u16, String)> {
        let (mut status, mut release, mut length) = (None, String::new(), 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.split(' ').next().unwrap().parse().ok();
            }
            if let Some(it) = line.strip_prefix("x-app-version: ") {
                release = it.to_owned();
            }
            if let Some(it) = line.strip_prefix("content-length: ") {
                length = it.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        Some((status.unwrap(), release))
    }

    fn answer(&mut self) -> Option<(u16, String)> {
        self.ask("/");
        self.hears()
    }

    /// Waits for an event that was sent from now on; `false` if the stream ended before.
    fn has_news_of(&mut self, release: &Release) -> bool {
        let now = release.events();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap_or(0) == 0 {
                return false;
            }
            let number = line.strip_prefix("data: ").map(|it| it.trim().parse::<u64>().unwrap());
            if number.is_some_and(|number| number > now) {
                return true;
            }
        }
    }
}

fn events(port: u16) -> Kept {
    let mut kept = Kept::open(port);
    kept.ask("/events");
    kept
}

fn websocket(port: u16) -> WebSocket<TcpStream> {
    let wire = TcpStream::connect(("127.0.0.1", port)).unwrap();
    wire.set_read_timeout(Some(LIMIT)).unwrap();
    tungstenite::client(format!("ws://127.0.0.1:{port}/ws"), wire).unwrap().0
}

/// What the release that holds it says to a word; `None` if it is held no more.
fn says(socket: &mut WebSocket<TcpStream>, word: &str) -> Option<String> {
    socket.send(Message::text(word)).ok()?;
    match socket.read() {
        Ok(Message::Text(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn answer(port: u16) -> Option<(u16, String)> {
    Kept::open(port).answer()
}

fn by(release: &str) -> Option<(u16, String)> {
    Some((200, release.to_owned()))
}

#[test]
fn streams_and_kept_connections_of_all_services_live_through_a_hundred_switches() {
    let proxy = required!(Proxy::start());
    let [r1, r2, other] = ["r1", "r2", "other"].map(Release::start);
    let nothing = answer(proxy.shop).unwrap();
    assert_eq!(nothing.0, 503, "nothing is rolled out yet");
    let [before, after] = [&r1, &r2].map(|it| routes(&[("shop", it), ("other", &other)]));
    proxy.switch(&before);
    let [mut shop, mut beside] = [proxy.shop, proxy.other].map(websocket);
    let [mut shop_events, mut beside_events] = [proxy.shop, proxy.other].map(events);
    let mut kept = Kept::open(proxy.shop);
    assert_eq!(kept.answer(), by("r1"));
    for round in 0..50 {
        proxy.switch(&after);
        assert_eq!(answer(proxy.shop), by("r2"), "round {round}");
        assert_eq!(kept.answer(), by("r2"), "the same connection, round {round}");
        proxy.switch(&before);
        assert_eq!(kept.answer(), by("r1"), "the same connection, round {round}");
    }
    proxy.switch(&after);
    for (socket, release) in [(&mut shop, "r1"), (&mut beside, "other")] {
        assert_eq!(says(socket, "still there?"), Some(format!("{release}: still there?")));
    }
    assert!(shop_events.has_news_of(&r1) && beside_events.has_news_of(&other));
    // What was open goes when the release that holds it ends, and no sooner.
    r1.end();
    assert_eq!(says(&mut shop, "still there?"), None);
    assert!(!shop_events.has_news_of(&r1) && beside_events.has_news_of(&other));
    assert_eq!(says(&mut beside, "and you?"), Some("other: and you?".to_owned()));
    assert_eq!(kept.answer(), by("r2"));
}

/// The reason for the files: it is Caddy 2.6, and no setting of it keeps them. Where this fails
/// because a newer Caddy does, routes may stand in its configuration again.
#[test]
fn a_load_of_the_configuration_cuts_streams_and_kept_connections_of_every_service() {
    let proxy = required!(Proxy::start());
    let [shop, other] = ["shop", "other"].map(Release::start);
    proxy.switch(&routes(&[("shop", &shop), ("other", &other)]));
    let mut sockets = [proxy.shop, proxy.other].map(websocket);
    let mut kept = Kept::open(proxy.shop);
    assert_eq!(kept.answer(), by("shop"));
    proxy.load();
    for socket in &mut sockets {
        assert_eq!(says(socket, "still there?"), None);
    }
    assert!(kept.hears().is_none(), "a connection that is kept and idle is ended");
}

#[test]
fn requests_at_any_moment_of_a_switch_go_to_the_one_release_or_the_other() {
    let proxy = required!(Proxy::start());
    let [r1, r2] = ["r1", "r2"].map(Release::start);
    let [before, after] = [&r1, &r2].map(|it| routes(&[("shop", it)]));
    proxy.switch(&before);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let is_over = || stop.load(std::sync::atomic::Ordering::Relaxed);
    let lost = std::thread::scope(|scope| {
        let clients = [(); 4].map(|()| {
            scope.spawn(|| {
                let (mut asked, mut lost) = (0, Vec::new());
                let mut kept = Kept::open(proxy.shop);
                while !is_over() {
                    let answer = kept.answer();
                    asked += 1;
                    if !matches!(&answer, Some((200, _))) {
                        lost.push(answer);
                    }
                }
                (asked, lost)
            })
        });
        for _ in 0..100 {
            proxy.switch(&after);
            proxy.switch(&before);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        clients.map(|it| it.join().unwrap())
    });
    for (asked, lost) in lost {
        assert!(asked > 100, "it asked {asked} times");
        assert_eq!(lost, []);
    }
}

#[test]
fn one_address_may_be_shown_another_release_and_everybody_else_is_not() {
    let proxy = required!(Proxy::start());
    let [r1, r2] = ["r1", "r2"].map(Release::start);
    let all = routes(&[("shop", &r1)]);
    let shown = |address: &str| {
        let upstreams = BTreeMap::from([("shop".to_owned(), r2.place())]);
        Routes { preview: Some(Preview { of: vec![address.to_owned()], upstreams }), ..all.clone() }
    };
    proxy.switch(&shown("172.18.0.9"));
    assert_eq!(answer(proxy.shop), by("r1"));
    proxy.switch(&shown("127.0.0.1"));
    assert_eq!(answer(proxy.shop), by("r2"));
    proxy.switch(&all);
    assert_eq!(answer(proxy.shop), by("r1"));
}

/// A run that is killed in the middle leaves debris, which is neither a route nor in the way.
#[test]
fn the_next_switch_clears_away_what_a_killed_one_left() {
    let proxy = required!(Proxy::start());
    let release = Release::start("r1");
    let folder = proxy.folder.path().join("routes");
    assert_eq!(proxy.reads_back(), Routes::default(), "there never was one");
    std::fs::create_dir_all(folder.join("making/all/shop/half:1")).unwrap();
    std::os::unix::fs::symlink("7", folder.join("next")).unwrap();
    std::fs::create_dir_all(folder.join("7/all/shop/")).unwrap();
    std::fs::write(folder.join("7/all/shop/never:1"), "").unwrap();
    assert_eq!(proxy.reads_back(), Routes::default());
    for _ in 0..5 {
        proxy.switch(&routes(&[("shop", &release)]));
    }
    assert_eq!(answer(proxy.shop), by("r1"));
    let left = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 3, "the link, its folder and the one before");
}
