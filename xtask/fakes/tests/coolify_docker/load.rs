//! Requests, one after the other, from several clients at once.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const CLIENTS: usize = 4;
/// Between two requests of a client: some 200 a second in all.
const PAUSE: Duration = Duration::from_millis(15);
/// A container that ends leaves no word for whoever waits for its answer.
const LIMIT: Duration = Duration::from_secs(20);

/// What became of the requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    by_version: BTreeMap<String, usize>,
    /// Every answer that is no answer of a service.
    pub(crate) lost: Vec<String>,
}

impl Counted {
    pub(crate) fn of(&self, version: &str) -> usize {
        self.by_version.get(version).copied().unwrap_or(0)
    }
}

/// Clients that ask until the value ends.
pub(crate) struct Load {
    counted: Arc<Mutex<Counted>>,
    ended: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn on(proxy: SocketAddr) -> Self {
        let (counted, ended) = (Arc::<Mutex<Counted>>::default(), Arc::<AtomicBool>::default());
        let client = |_| {
            let (counted, ended) = (Arc::clone(&counted), Arc::clone(&ended));
            std::thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let answer = ask(proxy);
                    let mut counted = counted.lock().expect("no client panics");
                    match answer {
                        Ok(version) => *counted.by_version.entry(version).or_default() += 1,
                        Err(loss) => counted.lost.push(loss),
                    }
                    drop(counted);
                    std::thread::sleep(PAUSE);
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { counted, ended, clients }
    }

    /// What was counted up to now.
    pub(crate) fn counted(&self) -> Counted {
        self.counted.lock().expect("no client panics").clone()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.join().ok();
        }
    }
}

/// One request on a connection of its own: the version that answered, or how it was lost.
pub(crate) fn ask(proxy: SocketAddr) -> Result<String, String> {
    let answer = exchange(proxy).map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(body.to_owned()) } else { Err(format!("{status} {body}")) }
}

fn exchange(proxy: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(proxy)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
