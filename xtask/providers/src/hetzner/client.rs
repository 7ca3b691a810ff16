//! One project, behind one host.

use super::error::{Error, Kind, refused};
use super::pause::{asked_for, before_next};
use crate::bearer::bearer;
use crate::call::{Act, Call, Caller, Provider, Words};
use serde_json::Value;
use std::fmt;
use std::time::{Duration, SystemTime};
use xtask_core::secret::Secret;
use xtask_http::header::AUTHORIZATION;
use xtask_http::{Client, HeaderMap, Method, StatusCode};

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
    pub(super) caller: Caller<Cloud>,
    base: String,
    token: Secret,
}

/// How Hetzner refuses, and how patient we are with it.
#[derive(Debug)]
pub(super) struct Cloud(Settings);

impl Provider for Cloud {
    type Kind = Kind;
    /// All types with their prices.
    const ANSWER_MAX: u64 = 8 << 20;

    fn doing(&self) -> String {
        "ask Hetzner".to_owned()
    }

    fn refused(
        &self,
        (status, headers, body): (StatusCode, &HeaderMap, &[u8]),
        secrets: &[&str],
    ) -> (Kind, Option<Words>) {
        refused(status, body, asked_for(headers, SystemTime::now()), secrets)
    }

    fn before_next(&self, kind: &Kind, act: Act, tries: u32) -> Option<Duration> {
        before_next(kind, act, tries, self.0.unit).filter(|_| tries < self.0.tries)
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
        let provider = Cloud(settings);
        let caller = Caller { provider, client, secrets: vec![token.clone()] };
        Self { caller, base, token }
    }

    /// How patient it is.
    pub fn settings(&self) -> Settings {
        self.caller.provider.0
    }

    /// Asks for what is at `path`, below `/v1/`, with its query.
    pub(super) fn get(&self, path: &str) -> Call<'static> {
        self.begun(Method::GET, path).again()
    }

    /// What may make a second thing.
    pub(super) fn once(&self, path: &str, body: &Value) -> Call<'static> {
        self.begun(Method::POST, path).json(body)
    }

    /// What changes nothing when it is done a second time.
    pub(super) fn again(&self, path: &str, body: &Value) -> Call<'static> {
        self.once(path, body).again()
    }

    pub(super) fn delete(&self, path: &str) -> Call<'static> {
        self.begun(Method::DELETE, path).again()
    }

    /// That `call` came to nothing, for a reason that no status tells.
    pub(super) fn failed(&self, call: &Call<'_>, kind: impl Into<Kind>) -> Error {
        self.caller.failed(call, kind, None)
    }

    fn begun(&self, method: Method, path: &str) -> Call<'static> {
        let call = Call::once(method, format!("{}/{path}", self.base));
        call.header(AUTHORIZATION, bearer(&self.token))
    }
}

impl fmt::Debug for Hetzner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hetzner({})", self.base)
    }
}
