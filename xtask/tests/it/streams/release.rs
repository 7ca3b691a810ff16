//! A release of a service: it answers with its name, sends events, and speaks over a WebSocket until
//! it is ended.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

/// A release that runs on this machine.
pub(super) struct Release {
    port: u16,
    wires: Arc<Mutex<Vec<TcpStream>>>,
    /// How many events it has sent, to anybody.
    events: Arc<AtomicU64>,
}

impl Release {
    pub(super) fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let wires = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::new(AtomicU64::new(0));
        let (kept, counter) = (Arc::clone(&wires), Arc::clone(&events));
        std::thread::spawn(move || {
            while let Ok((wire, _)) = listener.accept() {
                kept.lock().unwrap().push(wire.try_clone().unwrap());
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || serve(wire, name, &counter));
            }
        });
        Self { port, wires, events }
    }

    /// Where the proxy finds it.
    pub(super) fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The number of the last event.
    pub(super) fn events(&self) -> u64 {
        self.events.load(Ordering::SeqCst)
    }

    /// Ends everything that it holds, as at the end of its drain time.
    pub(super) fn end(&self) {
        for wire in self.wires.lock().unwrap().drain(..) {
            wire.shutdown(Shutdown::Both).ok();
        }
    }
}

/// Serves one connection; that it ends is nobody's fault.
fn serve(wire: TcpStream, name: &str, counter: &AtomicU64) -> Option<()> {
    let mut lines = BufReader::new(wire.try_clone().ok()?);
    loop {
        let (path, key) = head(&mut lines)?;
        match path.as_str() {
            "/events" => events(wire.try_clone().ok()?, counter)?,
            "/ws" => return speak(wire, &key?, name),
            _ => {
                let head = format!("HTTP/1.1 200 OK\r\nx-app-version: {name}\r\n");
                (&wire)
                    .write_all(format!("{head}content-length: 4\r\n\r\nfine").as_bytes())
                    .ok()?;
            }
        }
    }
}

fn head(lines: &mut BufReader<TcpStream>) -> Option<(String, Option<String>)> {
    let (mut path, mut key) = (None, None);
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Some((path?, key));
        }
        match path {
            None => path = Some(line.split(' ').nth(1)?.to_owned()),
            Some(_) if line.to_ascii_lowercase().starts_with("sec-websocket-key:") => {
                key = Some(line.split_once(':')?.1.trim().to_owned());
            }
            Some(_) => {}
        }
    }
}

fn events(mut wire: TcpStream, counter: &AtomicU64) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    wire.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).ok()?;
    loop {
        let event = format!("data: {}\n\n", counter.fetch_add(1, Ordering::SeqCst) + 1);
        wire.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).ok()?;
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn speak(mut wire: TcpStream, key: &str, name: &str) -> Option<()> {
    let accept = derive_accept_key(key.as_bytes());
    let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n";
    wire.write_all(format!("{head}sec-websocket-accept: {accept}\r\n\r\n").as_bytes()).ok()?;
    let mut socket = WebSocket::from_raw_socket(wire, Role::Server, None);
    loop {
        let message = socket.read().ok()?;
        if let Ok(word) = message.to_text().map(ToOwned::to_owned)
            && message.is_text()
        {
            socket.send(format!("{name}: {word}").into()).ok()?;
        }
    }
}
