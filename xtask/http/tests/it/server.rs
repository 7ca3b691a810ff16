//! A server that says what it was told to, and remembers what it heard.

use rustls::ServerConfig;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

#[derive(Default)]
struct Heard {
    connections: usize,
    heads: Vec<String>,
}

/// It ends with its value.
pub(crate) struct Server {
    pub(crate) port: u16,
    heard: Arc<Mutex<Heard>>,
    _task: AbortOnDropHandle<()>,
}

/// Answers everything with `head` (status and further headers) and `body`.
pub(crate) async fn answering(head: &str, body: &str) -> Server {
    let answer = answer(head, body);
    start(None, move |wire, _| write(wire, answer.clone())).await
}

/// The same over TLS.
pub(crate) async fn answering_tls(config: ServerConfig, body: &str) -> Server {
    let answer = answer("200 OK", body);
    start(Some(config), move |wire, _| write(wire, answer.clone())).await
}

pub(crate) fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// What became of the connection: it goes on with its wire, or ends.
pub(crate) type Next = Option<Box<dyn Wire>>;

pub(crate) async fn write(mut wire: Box<dyn Wire>, bytes: String) -> Next {
    wire.write_all(bytes.as_bytes()).await.ok()?;
    Some(wire)
}

/// Starts a server that hands each head to `act`.
pub(crate) async fn start<F: Future<Output = Next> + Send>(
    tls: Option<ServerConfig>,
    act: impl Fn(Box<dyn Wire>, String) -> F + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, act) = (Arc::new(Mutex::new(Heard::default())), Arc::new(act));
    let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    let ears = Arc::clone(&heard);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            ears.lock().unwrap().connections += 1;
            let (ears, act, acceptor) = (Arc::clone(&ears), Arc::clone(&act), acceptor.clone());
            tokio::spawn(async move {
                let mut next = wire(stream, acceptor).await;
                while let Some(mut wire) = next {
                    let Some(head) = read_head(&mut *wire).await else { break };
                    ears.lock().unwrap().heads.push(head.clone());
                    next = act(wire, head).await;
                }
            });
        }
    });
    Server { port, heard, _task: AbortOnDropHandle::new(task) }
}

async fn wire(stream: TcpStream, acceptor: Option<TlsAcceptor>) -> Next {
    match acceptor {
        None => Some(Box::new(stream)),
        Some(acceptor) => Some(Box::new(acceptor.accept(stream).await.ok()?)),
    }
}

async fn read_head(wire: &mut dyn Wire) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.heard.lock().unwrap().connections
    }

    /// Every head, whole.
    pub(crate) fn whole(&self) -> Vec<String> {
        self.heard.lock().unwrap().heads.clone()
    }

    /// The first line of every head.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.whole().iter().filter_map(|head| Some(head.lines().next()?.to_owned())).collect()
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
