//! Passes a request on to a container and its answer back, body by body as it comes.

use super::Body;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, HeaderName, HeaderValue, UPGRADE};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;

/// Connections to containers that wait for their next request.
#[derive(Clone, Default)]
pub(super) struct Pool {
    idle: Arc<Mutex<HashMap<SocketAddr, Vec<SendRequest<Body>>>>>,
}

type Fault = Box<dyn Error + Send + Sync>;

/// Ends with the hop.
const HOP: [&str; 6] = [
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
];

impl Pool {
    /// One request, once. A connection that had been idle may have been closed in the meantime:
    /// then, as Go's transport does for Traefik, a request without a body goes out on a new one.
    pub(super) async fn forward(
        &self,
        server: SocketAddr,
        mut request: Request<Incoming>,
    ) -> Result<Response<Body>, Fault> {
        let upgrade = wanted_upgrade(request.headers());
        let client = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
        let (mut parts, body) = request.into_parts();
        drop_hop(&mut parts.headers, upgrade);
        let answer = if body.is_end_stream() {
            self.without_body(server, &parts).await?
        } else {
            let sender = self.fresh(server).await?;
            self.send(server, sender, Request::from_parts(parts, body.boxed())).await?
        };
        Ok(passed_back(answer, client))
    }

    async fn without_body(
        &self,
        server: SocketAddr,
        parts: &Parts,
    ) -> Result<Response<Incoming>, Fault> {
        let request = || Request::from_parts(parts.clone(), empty());
        if let Some(sender) = self.take(server)
            && let Ok(answer) = self.send(server, sender, request()).await
        {
            return Ok(answer);
        }
        let sender = self.fresh(server).await?;
        self.send(server, sender, request()).await
    }

    async fn send(
        &self,
        server: SocketAddr,
        mut sender: SendRequest<Body>,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Fault> {
        let answer = sender.send_request(request).await?;
        let pool = self.clone();
        // It is ready again when the body of the answer has been read.
        tokio::spawn(async move {
            if sender.ready().await.is_ok() {
                pool.lock().entry(server).or_default().push(sender);
            }
        });
        Ok(answer)
    }

    fn take(&self, server: SocketAddr) -> Option<SendRequest<Body>> {
        let mut idle = self.lock();
        let waiting = idle.get_mut(&server)?;
        std::iter::from_fn(|| waiting.pop()).find(SendRequest::is_ready)
    }

    async fn fresh(&self, server: SocketAddr) -> Result<SendRequest<Body>, Fault> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Vec<SendRequest<Body>>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// The protocol that the client asks to change to.
fn wanted_upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let connection = headers.get(CONNECTION)?.to_str().ok()?.to_ascii_lowercase();
    let asks = connection.split(',').any(|it| it.trim() == "upgrade");
    asks.then(|| headers.get(UPGRADE).cloned()).flatten()
}

fn drop_hop(headers: &mut HeaderMap, upgrade: Option<HeaderValue>) {
    let named: Vec<_> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP {
        headers.remove(name);
    }
    headers.remove(CONNECTION);
    headers.remove(UPGRADE);
    if let Some(upgrade) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, upgrade);
    }
}

/// The answer; where both sides change the protocol, their bytes are copied from then on.
fn passed_back(mut answer: Response<Incoming>, client: Option<OnUpgrade>) -> Response<Body> {
    let upgraded = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if let (true, Some(client)) = (upgraded, client) {
        let server = hyper::upgrade::on(&mut answer);
        tokio::spawn(joined(client, server));
        return answer.map(|_| empty());
    }
    drop_hop(answer.headers_mut(), None);
    answer.map(BodyExt::boxed)
}

async fn joined(client: OnUpgrade, server: OnUpgrade) {
    let (Ok(client), Ok(server)) = (client.await, server.await) else { return };
    let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
    // Either end may break off; there is nobody to tell.
    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
}
