//! One project, and one exchange for each call, made again where that can do no harm.

use super::error::{Error, Inner, Kind, kind_of, refused};
use super::pause::{Act, asked_for, before_next};
use crate::bearer::bearer;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::time::{Duration, SystemTime};
use xtask_core::secret::Secret;
use xtask_http::header::{AUTHORIZATION, CONTENT_TYPE};
use xtask_http::{Client, HeaderValue, Method, Request, StatusCode};

/// The most of an answer that is read: all types with their prices.
const ANSWER_MAX: u64 = 8 << 20;

/// How patient we are.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The first pause between two tries, and between two looks at an action: a second.
    pub unit: Duration,
    /// How often something is asked in all.
    pub tries: u32,
}

/// A project at Hetzner Cloud. The token is for one host: the client follows no redirect.
pub struct Hetzner {
    client: Client,
    base: String,
    token: Secret,
    pub(super) settings: Settings,
}

/// A call, as often as it is made.
pub(super) struct Call {
    method: Method,
    /// Below `/v1/`, with its query.
    path: String,
    body: Option<Value>,
    act: Act,
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, act: Act::Again }
    }

    /// It may make a second thing.
    pub(super) fn once(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, path: path.into(), body: Some(body), act: Act::Once }
    }

    /// A second one changes nothing.
    pub(super) fn again(method: Method, path: impl Into<String>, body: Option<Value>) -> Self {
        Self { method, path: path.into(), body, act: Act::Again }
    }

    fn shown(&self) -> String {
        let plain = self.path.split('?').next().unwrap_or_default();
        format!("/{plain}")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { unit: Duration::from_secs(1), tries: 5 }
    }
}

impl Hetzner {
    /// The project of that token, behind the API at `url`: `https://api.hetzner.cloud`.
    pub fn new(client: Client, url: &str, token: Secret, settings: Settings) -> Self {
        let base = format!("{}/v1", url.trim_end_matches('/'));
        Self { client, base, token, settings }
    }

    /// How patient it is.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Makes a call and reads what it answers.
    pub(super) async fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        let (status, body) = self.call(call).await?;
        let read = serde_json::from_slice(&body);
        read.map_err(|_| Self::failed(call, Kind::NotUnderstood, Some(status)))
    }

    /// Makes a call until it is answered, or it is no use to make it again.
    pub(super) async fn call(&self, call: &Call) -> Result<(StatusCode, Vec<u8>), Error> {
        self.refuse_open(call)?;
        let mut tries = 1;
        loop {
            let error = match self.ask(call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let pause = before_next(error.kind(), call.act, tries, self.settings.unit);
            match pause.filter(|_| tries < self.settings.tries) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
            tries += 1;
        }
    }

    pub(super) fn failed(call: &Call, kind: Kind, status: Option<StatusCode>) -> Error {
        let (method, path) = (call.method.clone(), call.shown());
        Error(Box::new(Inner { method, path, kind, status, words: None, http: None }))
    }

    async fn ask(&self, call: &Call) -> Result<(StatusCode, Vec<u8>), Error> {
        let sent = async {
            let answer = self.client.send(self.request(call)?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok((status, headers, answer.bytes(ANSWER_MAX).await?.to_vec()))
        };
        let (status, headers, body) = sent.await.map_err(|http: xtask_http::Error| {
            let mut error = Self::failed(call, kind_of(&http), None);
            error.0.http = Some(http);
            error
        })?;
        if status.is_success() {
            return Ok((status, body));
        }
        let after = asked_for(&headers, SystemTime::now());
        let (kind, words) = refused(status, &body, after, &[self.token.expose()]);
        let mut error = Self::failed(call, kind, Some(status));
        error.0.words = words;
        Err(error)
    }

    fn request(&self, call: &Call) -> Result<Request, xtask_http::Error> {
        let url = format!("{}/{}", self.base, call.path);
        let request = Request::to(call.method.clone(), &url)?;
        let request = request.header(AUTHORIZATION, bearer(&self.token));
        Ok(match &call.body {
            Some(body) => {
                let json = HeaderValue::from_static("application/json");
                request.header(CONTENT_TYPE, json).bytes(body.to_string())
            }
            None => request,
        })
    }

    /// The token goes out with every call: in the open only where nobody listens.
    fn refuse_open(&self, call: &Call) -> Result<(), Error> {
        let Some(rest) = self.base.strip_prefix("http://") else { return Ok(()) };
        let host = rest.split('/').next().unwrap_or_default();
        match xtask_http::is_loopback(host) {
            true => Ok(()),
            false => Err(Self::failed(call, Kind::InTheOpen, None)),
        }
    }
}

impl fmt::Debug for Hetzner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hetzner({})", self.base)
    }
}
