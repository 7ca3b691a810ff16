//! The client: one request after the other, each with its tries.

use super::clock::{Skew, Warning};
use super::error::{Error, Inner, Kind};
use super::read::{List, text};
use super::refusal::Refused;
use super::repeat;
use super::settings::Settings;
use super::version::{Capability, Version};
use crate::bearer::bearer;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Instant;
use tokio::sync::OnceCell;
use xtask_core::moment::Moment;
use xtask_core::secret::Secret;
use xtask_http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use xtask_http::{Client, HeaderValue, Method, Request, StatusCode};

/// The most of an answer that is read: a list of applications is a few hundred kilobytes.
const ANSWER_MAX: u64 = 32 << 20;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A Coolify, and who we are there. The token is for one host: no redirect is followed.
pub struct Coolify {
    client: Client,
    api: String,
    token: Secret,
    settings: Settings,
    version: OnceCell<Version>,
    skew: Skew,
}

/// What a request does, as far as asking twice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It changes nothing.
    Read,
    /// Doing it twice is doing it once.
    Idempotent,
    /// Twice is twice.
    Once,
}

/// An object that was just made.
#[derive(Deserialize)]
pub(super) struct Made {
    #[serde(deserialize_with = "text")]
    pub(super) uuid: String,
}

struct Call<'a> {
    method: Method,
    path: &'a str,
    act: Act,
    body: Option<String>,
    secrets: &'a [&'a Secret],
    is_anonymous: bool,
}

/// What one attempt came to: what is wrong, and what is known of it.
struct Failure {
    kind: Kind,
    status: Option<StatusCode>,
    said: Option<super::said::Said>,
    http: Option<xtask_http::Error>,
}

impl Coolify {
    /// The Coolify whose panel is at `url`.
    pub fn new(client: Client, url: &str, token: Secret, settings: Settings) -> Self {
        let api = format!("{}/api/v1/", url.trim_end_matches('/'));
        let (version, skew) = (OnceCell::new(), Skew::default());
        Self { client, api, token, settings, version, skew }
    }

    /// What is wrong and has stopped nothing so far.
    pub fn warnings(&self) -> Vec<Warning> {
        self.skew.warning().into_iter().collect()
    }

    /// What Coolify's clock shows now, as far as its answers told.
    pub fn now(&self) -> Option<Moment> {
        self.skew.theirs((self.settings.clock)())
    }

    /// Which Coolify this is, asked once; an error outside the range that the client was made for.
    pub async fn tested_version(&self) -> Result<&Version, Error> {
        let version = self.version.get_or_try_init(|| self.version()).await?;
        if version.is_tested() || self.settings.accepts_untested_versions {
            return Ok(version);
        }
        let kind = Kind::OutsideTestedVersions { found: version.clone() };
        Err(Call::get("version").failed(Failure::of(kind)))
    }

    /// An error where this version cannot do that.
    pub(super) async fn needs(&self, needs: Capability) -> Result<(), Error> {
        let version = self.tested_version().await?;
        if version.can(needs) {
            return Ok(());
        }
        let kind = Kind::TooOld { needs, found: version.clone() };
        Err(Call::get("version").failed(Failure::of(kind)))
    }

    /// An error about a request that makes no sense.
    pub(super) fn unusable(&self, method: Method, path: &str, why: String) -> Error {
        Call { method, ..Call::get(path) }.failed(Failure::of(Kind::Unusable { why }))
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.ask(&Call::get(path), json).await
    }

    pub(super) async fn read_list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Error> {
        Ok(self.read::<List<T>>(path).await?.0)
    }

    /// `None` where Coolify says that no such object is there.
    pub(super) async fn read_if_there<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, Error> {
        match self.read(path).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `None` where Coolify says that the state does not allow it.
    pub(super) async fn read_unless_refused<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, Error> {
        match self.read(path).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if *error.kind() == Kind::BadRequest => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn read_text(&self, path: &str) -> Result<String, Error> {
        self.ask(&Call::get(path), plain).await
    }

    pub(super) async fn read_health(&self) -> Result<(), Error> {
        let call = Call { is_anonymous: true, ..Call::get("health") };
        self.ask(&call, plain).await.map(drop)
    }

    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        new: &impl Serialize,
    ) -> Result<T, Error> {
        self.post(path, new, Act::Once).await
    }

    pub(super) async fn create_secretly<T: DeserializeOwned>(
        &self,
        path: &str,
        new: &impl Serialize,
        secrets: &[&Secret],
    ) -> Result<T, Error> {
        self.write(Method::POST, path, Some(new), Act::Once, secrets).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        act: Act,
    ) -> Result<T, Error> {
        self.write(Method::POST, path, Some(body), act, &[]).await
    }

    pub(super) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.write(Method::PATCH, path, Some(body), Act::Idempotent, &[]).await
    }

    pub(super) async fn change(&self, path: &str, body: &impl Serialize) -> Result<(), Error> {
        self.patch::<IgnoredAny>(path, body).await.map(drop)
    }

    pub(super) async fn change_secretly(
        &self,
        path: &str,
        body: &impl Serialize,
        secrets: &[&Secret],
    ) -> Result<(), Error> {
        let (method, act) = (Method::PATCH, Act::Idempotent);
        self.write::<IgnoredAny>(method, path, Some(body), act, secrets).await.map(drop)
    }

    /// Once: the second time, what is gone already is not found.
    pub(super) async fn delete(&self, path: &str) -> Result<(), Error> {
        let none = None::<&()>;
        self.write::<IgnoredAny>(Method::DELETE, path, none, Act::Once, &[]).await.map(drop)
    }

    pub(super) async fn act<T: DeserializeOwned>(&self, path: &str, act: Act) -> Result<T, Error> {
        self.write(Method::POST, path, None::<&()>, act, &[]).await
    }

    /// Sends a change, but to no Coolify that nobody has looked at.
    async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        act: Act,
        secrets: &[&Secret],
    ) -> Result<T, Error> {
        self.tested_version().await?;
        let written = body.map(serde_json::to_string).transpose();
        let body =
            written.map_err(|error| self.unusable(method.clone(), path, error.to_string()))?;
        let call = Call { method, path, act, body, secrets, is_anonymous: false };
        self.ask(&call, json).await
    }

    /// How many requests are left of this minute, as an answer tells it.
    pub(super) async fn requests_left(&self, is_anonymous: bool) -> Result<Option<u64>, Error> {
        let path = if is_anonymous { "health" } else { "version" };
        let call = Call { is_anonymous, ..Call::get(path) };
        let failed = |error| call.failed(Failure::on_the_way(error));
        let request = self.request(&call).map_err(failed)?;
        let answer = self.client.send(request).await.map_err(failed)?;
        let left = answer.header("x-ratelimit-remaining").and_then(|it| it.parse().ok());
        answer.bytes(ANSWER_MAX).await.map_err(failed)?;
        Ok(left)
    }

    async fn ask<T>(&self, call: &Call<'_>, read: Reader<T>) -> Result<T, Error> {
        let mut tries = 1;
        loop {
            if self.settings.cancel.is_cancelled() {
                return Err(call.failed(Failure::of(Kind::Cancelled)));
            }
            let failure = match self.attempt(call, read).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let Some(pause) = repeat::pause(&failure.kind, call.act, tries, &self.settings) else {
                return Err(call.failed(failure));
            };
            tokio::select! {
                () = self.settings.cancel.cancelled() => return Err(call.failed(failure)),
                () = tokio::time::sleep(pause) => tries += 1,
            }
        }
    }

    async fn attempt<T>(&self, call: &Call<'_>, read: Reader<T>) -> Result<T, Failure> {
        let began = Instant::now();
        let request = self.request(call).map_err(Failure::on_the_way)?;
        let answer = self.client.send(request).await.map_err(Failure::on_the_way)?;
        let now = (self.settings.clock)();
        self.skew.hear(answer.header("date"), now, began.elapsed());
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes(ANSWER_MAX).await;
        let body = body.map_err(|error| Failure::in_the_body(error, status))?;
        if status.is_success() {
            return read(&body)
                .map_err(|kind| Failure { status: Some(status), ..Failure::of(kind) });
        }
        let secrets = call.secrets.iter().map(|secret| secret.expose());
        let secrets: Vec<&str> = secrets.chain([self.token.expose()]).collect();
        let refused = Refused { status, headers: &headers, body: &body, now, secrets: &secrets };
        let (kind, said) = refused.kind();
        Err(Failure { kind, status: Some(status), said, http: None })
    }

    fn request(&self, call: &Call<'_>) -> Result<Request, xtask_http::Error> {
        let url = format!("{}{}", self.api, call.path);
        let request = Request::to(call.method.clone(), &url)?
            .within(match call.method {
                Method::GET => self.settings.reading,
                _ => self.settings.exchange,
            })
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON);
        let request = match call.is_anonymous {
            true => request,
            false => request.header(AUTHORIZATION, bearer(&self.token)),
        };
        Ok(match &call.body {
            Some(body) => request.bytes(body.clone()),
            None => request,
        })
    }
}

type Reader<T> = fn(&[u8]) -> Result<T, Kind>;

impl Call<'_> {
    fn get(path: &str) -> Call<'_> {
        let (method, act) = (Method::GET, Act::Read);
        Call { method, path, act, body: None, secrets: &[], is_anonymous: false }
    }

    fn failed(&self, failure: Failure) -> Error {
        let Failure { kind, status, said, http } = failure;
        let is_success = status.is_some_and(|status| status.is_success());
        let is_outcome_unknown = repeat::is_outcome_unknown(&kind, is_success, self.act);
        let path = self.path.split('?').next().unwrap_or_default().to_owned();
        let method = self.method.clone();
        Error(Box::new(Inner { kind, method, path, status, said, http, is_outcome_unknown }))
    }
}

impl Failure {
    fn of(kind: Kind) -> Self {
        Self { kind, status: None, said: None, http: None }
    }

    /// No head of an answer came.
    fn on_the_way(error: xtask_http::Error) -> Self {
        use xtask_http::Error as Http;
        let kind = match &error {
            Http::Unreachable { .. } if error.is_refused() => Kind::ConnectionRefused,
            Http::Unreachable { .. } => Kind::Unreachable,
            Http::TimedOut { .. } => Kind::TimedOut,
            Http::Certificate { .. } => Kind::Untrusted,
            Http::TooLarge { .. } => Kind::TooLarge,
            Http::Url { .. } | Http::Proxy { .. } | Http::Authorities { .. } | Http::Client(_) => {
                Kind::Misconfigured
            }
        };
        Self { http: Some(error), ..Self::of(kind) }
    }

    /// The head of an answer came, and not all of its body.
    fn in_the_body(error: xtask_http::Error, status: StatusCode) -> Self {
        let mut failure = Self::on_the_way(error);
        if failure.kind == Kind::Unreachable {
            failure.kind = Kind::Truncated;
        }
        Self { status: Some(status), ..failure }
    }
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Kind> {
    serde_json::from_slice(body).map_err(|error| {
        let begins_as_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
        match error.classify() {
            serde_json::error::Category::Eof => Kind::Truncated,
            serde_json::error::Category::Syntax if !begins_as_json => Kind::NotJson,
            _ => Kind::Malformed { line: error.line(), column: error.column() },
        }
    })
}

fn plain(body: &[u8]) -> Result<String, Kind> {
    let text = std::str::from_utf8(body).map_err(|_| Kind::NotJson)?.trim();
    match text.starts_with('<') {
        true => Err(Kind::NotJson),
        false => Ok(text.to_owned()),
    }
}

impl fmt::Debug for Coolify {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Coolify({})", self.api)
    }
}
