//! One request of a probe, from its sending to what became of it.

use super::{Drained, Pace, held};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use xtask_core::deploy::Service;
use xtask_core::ship::probe::{End, judge};
use xtask_core::ship::proof::{Kind, Loss};
use xtask_http::header::{ACCEPT, CONTENT_TYPE};
use xtask_http::{
    Answer, Client, Error, HeaderName, HeaderValue, Method, Request, Settings, Upload, Way,
};

/// Who asks; clones share connections, if any are kept.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) kind: Kind,
    pub(super) client: Client,
    /// Sends again what a kept connection has swallowed.
    fresh: Client,
    url: String,
    stream: Duration,
    pub(super) limit: Duration,
    pub(super) hurry: CancellationToken,
    pub(super) drained: Drained,
}

/// What came of a request.
pub(super) struct Heard {
    pub(super) end: End,
    pub(super) release: Option<String>,
    /// Whether it was sent twice, because the first connection ended without an answer.
    pub(super) again: bool,
}

/// Names the kind of client.
pub(super) const CLIENT: &str = "x-probe-client";
/// The most of a body that is looked into for the release.
const BODY_MAX: usize = 1 << 20;
/// A slow body: long enough to be read piece by piece, short enough for any service.
const UPLOAD_BYTES: usize = 6 << 10;
const UPLOAD_PIECES: u32 = 12;

impl Asker {
    /// Of that kind, if the service has something to ask for. It hurries once the probe is to end.
    pub(super) fn new(
        kind: Kind,
        url: &str,
        service: &Service,
        pace: Pace,
        hurry: &CancellationToken,
    ) -> Option<Self> {
        let path = match kind {
            Kind::Fresh | Kind::KeepAlive => Some(&service.health.live),
            Kind::Upload => service.probe.upload.as_ref(),
            Kind::Download => service.probe.download.as_ref(),
            Kind::Events => service.probe.events.as_ref(),
            Kind::Websocket => service.probe.websocket.as_ref(),
        };
        let settings = Settings::of_environment();
        let fresh = Client::new(settings.clone().with_fresh_connections());
        let client = match kind {
            Kind::KeepAlive => Client::new(settings),
            Kind::Events => Client::new(held::settings(settings)),
            _ => fresh.clone(),
        };
        let (url, hurry) = (format!("{url}{}", path?), hurry.clone());
        let (stream, limit, drained) = (pace.stream, pace.limit, Drained::default());
        Some(Self { kind, client, fresh, url, stream, limit, hurry, drained })
    }

    /// The same, which is told there which release is drained.
    pub(super) fn draining(self, drained: &Drained) -> Self {
        Self { drained: drained.clone(), ..self }
    }

    /// Sends it, and waits for the whole answer. A server may end a connection that it has kept
    /// while a request is on its way there; clients send again then what may be sent twice, and so
    /// does this one, once, on a connection of its own.
    pub(super) async fn ask(&self) -> Heard {
        if self.kind.is_held() {
            return self.hold().await;
        }
        let heard = self.send(&self.client).await;
        let swallowed = matches!(heard.end, End::Lost(Loss::Closed | Loss::Reset));
        if self.kind == Kind::KeepAlive && swallowed {
            return Heard { again: true, ..self.send(&self.fresh).await };
        }
        heard
    }

    async fn send(&self, client: &Client) -> Heard {
        let answer = match self.request() {
            Ok(request) => client.send(request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => self.read(answer).await,
            Err(error) => Heard { end: End::Lost(loss(&error)), release: None, again: false },
        }
    }

    /// It says which client sends it: logs of services and proxies can tell it from people's.
    pub(super) fn request(&self) -> Result<Request, Error> {
        let get = || Request::get(&self.url);
        let request = match self.kind {
            Kind::Fresh | Kind::KeepAlive => get()?.within(self.limit),
            Kind::Download => get()?.within(self.stream + self.limit),
            Kind::Events => get()?.header(ACCEPT, HeaderValue::from_static(held::EVENTS)),
            Kind::Websocket => held::handshake(get()?),
            Kind::Upload => Request::to(Method::POST, &self.url)?
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .upload(self.body())
                .within(self.stream + self.limit),
        };
        let name = HeaderValue::from_static(self.kind.name());
        Ok(request.header(HeaderName::from_static(CLIENT), name))
    }

    /// JSON that nobody can be let in for: an empty object, with much space in it.
    fn body(&self) -> Upload {
        let body = format!("{{{}}}", " ".repeat(UPLOAD_BYTES - 2));
        let pause = self.stream / (UPLOAD_PIECES - 1);
        Upload::slow(body.into(), UPLOAD_PIECES as usize, pause, self.hurry.clone())
    }

    async fn read(&self, answer: Answer) -> Heard {
        let (status, named) = (answer.status().as_u16(), release_of(&answer));
        match self.body_of(answer).await {
            Ok(body) => {
                let release = named.or_else(|| told(&body));
                Heard { end: judge(status, release.as_deref()), release, again: false }
            }
            Err(error) => Heard { end: End::Lost(cut(&error)), release: named, again: false },
        }
    }

    /// The beginning of the body, which is read to its end. A download is not read on for a while
    /// once its first piece has come.
    async fn body_of(&self, mut answer: Answer) -> Result<Vec<u8>, Error> {
        let (mut body, mut waits) = (Vec::new(), self.kind == Kind::Download);
        while let Some(piece) = answer.piece().await? {
            body.extend_from_slice(&piece[..piece.len().min(BODY_MAX - body.len())]);
            if std::mem::take(&mut waits) {
                tokio::time::timeout(self.stream, self.hurry.cancelled()).await.ok();
            }
        }
        Ok(body)
    }
}

pub(super) fn release_of(answer: &Answer) -> Option<String> {
    answer.header("x-app-version").map(ToOwned::to_owned)
}

/// The release as a body of a service's health tells it.
fn told(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(body.get("version")?.as_str()?.to_owned())
}

/// Why no answer began.
pub(super) fn loss(error: &Error) -> Loss {
    match (error, error.way()) {
        (Error::TimedOut { .. }, _) => Loss::TimedOut,
        (Error::Certificate { .. }, _) => Loss::Untrusted,
        (_, Some(Way::Refused)) => Loss::Refused,
        (_, Some(Way::Reset)) => Loss::Reset,
        (_, Some(Way::Closed)) => Loss::Closed,
        (_, None) => Loss::Unreachable,
    }
}

/// Why an answer that began did not end.
fn cut(error: &Error) -> Loss {
    match error {
        Error::TimedOut { .. } => Loss::TimedOut,
        _ => Loss::Cut,
    }
}
