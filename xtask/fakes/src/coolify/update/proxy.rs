//! A reverse proxy on loopback that routes as Traefik does: by the labels of the containers that
//! run, round-robin, old and new alike, without a second try.

mod forward;
mod table;

use super::Containers;
use bytes::Bytes;
use forward::Pool;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use table::{Found, Table};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

type Body = BoxBody<Bytes, hyper::Error>;

/// How long Traefik waits between two changes of its routes.
pub const THROTTLE: Duration = Duration::from_secs(2);
/// How often it looks, even when nothing was told.
const LOOK: Duration = Duration::from_millis(500);

/// A proxy that runs; it ends with its value.
pub struct Proxy {
    /// Where it listens. One port stands for both entry points, without TLS.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    table: RwLock<Arc<Table>>,
    /// Whose turn it is, by service.
    turns: Mutex<HashMap<String, AtomicUsize>>,
    pool: Pool,
    ended: AtomicBool,
}

impl Proxy {
    /// Starts one on a port of loopback; 0 takes a free one. `throttle` is [`THROTTLE`] for a
    /// proxy as it is.
    pub fn start(
        containers: Arc<dyn Containers>,
        port: u16,
        throttle: Duration,
    ) -> io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", port)))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        shared.apply(Table::of(&containers.all()));
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        let watching = Arc::clone(&shared);
        let watcher = std::thread::spawn(move || watch(&*containers, &watching, throttle));
        Ok(Self { address, shared, runtime: Some(runtime), watcher: Some(watcher) })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        if let Some(watcher) = self.watcher.take() {
            watcher.join().ok();
        }
    }
}

/// Takes over what changed: at once when it is the first change for a while, else with all that
/// changes until the throttle lets it.
fn watch(containers: &dyn Containers, shared: &Shared, throttle: Duration) {
    let mut seen = 0;
    let mut free = Instant::now();
    while !shared.ended.load(Ordering::Relaxed) {
        seen = containers.wait_for_change(seen, LOOK);
        std::thread::sleep(free.saturating_duration_since(Instant::now()));
        if shared.apply(Table::of(&containers.all())) {
            free = Instant::now() + throttle;
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => drop(tokio::spawn(serve(stream, client, Arc::clone(&shared)))),
            // That client is gone, or there are too many: others must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, client: SocketAddr, shared: Arc<Shared>) {
    stream.set_nodelay(true).ok();
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.answer(request, client).await) }
    });
    let server = hyper::server::conn::http1::Builder::new();
    server.serve_connection(TokioIo::new(stream), service).with_upgrades().await.ok();
}

impl Shared {
    /// Whether it is another table.
    fn apply(&self, table: Table) -> bool {
        let mut current = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let differs = **current != table;
        if differs {
            *current = Arc::new(table);
        }
        differs
    }

    async fn answer(&self, mut request: Request<Incoming>, client: SocketAddr) -> Response<Body> {
        let host = host(&request);
        let table = Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        match table.find(&host, request.uri().path()) {
            Found::Nothing => said(StatusCode::NOT_FOUND, "404 page not found\n"),
            Found::ToHttps => to_https(&host, request.uri()),
            Found::Service { name, servers, strip, scheme } => {
                let Some(server) = self.turn(&name, &servers) else {
                    return said(StatusCode::SERVICE_UNAVAILABLE, "no available server\n");
                };
                tell_server(&mut request, &host, client, scheme);
                if let Some(prefix) = strip {
                    strip_prefix(&mut request, &prefix);
                }
                let answer = self.pool.forward(server, request).await;
                answer.unwrap_or_else(|_| said(StatusCode::BAD_GATEWAY, "Bad Gateway"))
            }
        }
    }

    fn turn(&self, service: &str, servers: &[SocketAddr]) -> Option<SocketAddr> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(service.to_owned()).or_default().fetch_add(1, Ordering::Relaxed);
        servers.get(turn.checked_rem(servers.len())?).copied()
    }
}

fn host(request: &Request<Incoming>) -> String {
    let header = request.headers().get(HOST).and_then(|it| it.to_str().ok());
    header.or_else(|| request.uri().host()).unwrap_or_default().to_owned()
}

fn said(status: StatusCode, text: &'static str) -> Response<Body> {
    let body = Full::new(Bytes::from_static(text.as_bytes()));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

fn to_https(host: &str, uri: &Uri) -> Response<Body> {
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let name = host.split(':').next().unwrap_or_default();
    let mut response = said(StatusCode::FOUND, "Found");
    if let Ok(location) = HeaderValue::try_from(format!("https://{name}{path}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Who asked for what, in the headers that Traefik adds.
fn tell_server(
    request: &mut Request<Incoming>,
    host: &str,
    client: SocketAddr,
    scheme: &'static str,
) {
    let address = client.ip().to_string();
    let forwarded = [
        ("x-forwarded-for", address.clone()),
        ("x-real-ip", address),
        ("x-forwarded-host", host.to_owned()),
        ("x-forwarded-proto", scheme.to_owned()),
        ("x-forwarded-port", if scheme == "https" { "443" } else { "80" }.to_owned()),
    ];
    for (name, value) in forwarded {
        if let Ok(value) = HeaderValue::try_from(value) {
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

fn strip_prefix(request: &mut Request<Incoming>, prefix: &str) {
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let rest = path.strip_prefix(prefix).unwrap_or(path).trim_start_matches('/');
    if let Ok(uri) = format!("/{rest}").parse() {
        *request.uri_mut() = uri;
    }
}

#[cfg(test)]
mod tests;
