//! One use of a registry. Every request goes through here, where it is counted, authorized,
//! redirected and repeated.

use super::auth::{Challenge, Credentials, Login, Scope};
use super::client::Registry;
use super::error::{RegistryError, host};
use super::event::PushEvent;
use super::location::{resolve, same_origin};
use super::retry_policy::{RetryPolicy, retry_after};
use super::stream::Meter;
use super::token::{self, sensitive};
use super::wire::{self, Answer, Ask, Body};
use http::{HeaderValue, Method, StatusCode, Uri};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use xtask_core::secret::Secret;

/// How many redirects in a row are followed.
const HOPS: u32 = 5;
/// How often a request gets a new token: more than once, because the one that it is handed may
/// have expired under another job; few times, because a refusal of every token is an answer.
const RENEWALS: u32 = 3;

/// One use of a registry, with its own counts and its own listener.
pub(super) struct Session<'a> {
    pub(super) registry: &'a Registry,
    pub(super) meter: Meter,
    pub(super) requests: AtomicU32,
    /// What the last small exchange took.
    round_trip: Mutex<Duration>,
    warned: Mutex<BTreeSet<String>>,
}

/// Something that may pass if one waits.
pub(super) struct Trouble {
    pub(super) why: String,
    asked: Option<Duration>,
}

impl Trouble {
    /// An upload session that is of no use any more.
    pub(super) fn lost(answer: &Answer) -> Self {
        let why = format!("an upload answered {}: {}", answer.status, answer.reason());
        Self { why, asked: None }
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(registry: &'a Registry, voice: UnboundedSender<PushEvent>) -> Self {
        let (requests, round_trip) = (AtomicU32::new(0), Mutex::default());
        Self { registry, meter: Meter::new(voice), requests, round_trip, warned: Mutex::default() }
    }

    /// A session that nobody listens to.
    pub(super) fn quiet(registry: &'a Registry) -> Self {
        Self::new(registry, unbounded_channel().0)
    }

    pub(super) fn retry_policy(&self) -> &'a RetryPolicy {
        &self.registry.retry_policy
    }

    /// The URL of a path at the registry itself.
    pub(super) fn url(&self, path: &str) -> Result<Uri, RegistryError> {
        self.resolve(&self.registry.base, path)
    }

    /// Where a header said that something is.
    pub(super) fn resolve(&self, base: &Uri, location: &str) -> Result<Uri, RegistryError> {
        let next = resolve(base, location)
            .map_err(|error| RegistryError::malformed(base, "a location", &error))?;
        let is_downgrade = next.scheme_str() != Some("https") && base.scheme_str() == Some("https");
        if is_downgrade || next.authority().is_none() {
            let why = format!("it leads to `{}`, which is not https", host(&next));
            return Err(RegistryError::malformed(base, "a location", &why));
        }
        Ok(next)
    }

    pub(super) fn say(&self, event: PushEvent) {
        self.meter.say(event);
    }

    /// Sends until there is an answer that waiting would not change.
    pub(super) async fn send(&self, scope: &Scope, ask: &Ask<'_>) -> Result<Answer, RegistryError> {
        let mut failures = 0;
        loop {
            let outcome = self.once(scope, ask).await;
            let Some(trouble) = self.trouble(&outcome) else {
                return outcome;
            };
            failures += 1;
            self.wait(failures, &trouble, outcome).await?;
        }
    }

    /// As `send`, but an answer that leads to another host is the answer.
    pub(super) async fn send_home(
        &self,
        scope: &Scope,
        ask: &Ask<'_>,
    ) -> Result<Answer, RegistryError> {
        self.send(scope, &Ask { leaves: false, ..ask.clone() }).await
    }

    /// Whether an outcome may become another one by waiting.
    pub(super) fn trouble(&self, outcome: &Result<Answer, RegistryError>) -> Option<Trouble> {
        match outcome {
            Ok(answer) => {
                let now = self.retry_policy().clock.now();
                let asked = answer.header("retry-after").and_then(|value| retry_after(value, now));
                let why = format!("`{}` answered {}", host(&answer.url), answer.status);
                may_pass(answer.status).then_some(Trouble { why, asked })
            }
            Err(RegistryError::Http(error)) if error.may_pass() => {
                Some(Trouble { why: error.in_one_line(), asked: None })
            }
            Err(_) => None,
        }
    }

    /// Waits after a failure, or gives up with it.
    pub(super) async fn wait(
        &self,
        failures: u32,
        trouble: &Trouble,
        outcome: Result<Answer, RegistryError>,
    ) -> Result<(), RegistryError> {
        if failures >= self.retry_policy().tries {
            let last = Box::new(outcome.map_or_else(|error| error, Answer::refusal));
            return Err(RegistryError::GaveUp { tries: failures, last });
        }
        let time = self.retry_policy().wait_after(failures, trouble.asked);
        self.say(PushEvent::Waiting(trouble.why.clone(), time));
        self.retry_policy().clock.wait(time).await;
        Ok(())
    }

    /// Sends once, but logs in where asked to, renews a refused token, and follows
    /// redirects. Credentials go to the registry's own origin and nowhere else.
    pub(super) async fn once(&self, scope: &Scope, ask: &Ask<'_>) -> Result<Answer, RegistryError> {
        let mut ask = ask.clone();
        let (mut renewals, mut hops) = (0, 0);
        loop {
            let is_own = same_origin(&ask.url, &self.registry.base);
            let authorization = if is_own { self.authorization(scope).await? } else { None };
            let header = authorization.as_ref().map(sensitive);
            let answer = self.exchange(&ask, header.as_ref()).await?;
            if answer.status == StatusCode::UNAUTHORIZED && is_own && renewals < RENEWALS {
                renewals += 1;
                if self.log_in(scope, &answer, authorization.as_ref()).await? {
                    continue;
                }
            }
            // "Expectation failed": it wants the body unasked.
            if answer.status == StatusCode::EXPECTATION_FAILED && ask.expects {
                ask.expects = false;
                continue;
            }
            match redirect(&answer) {
                Some(location) if hops < HOPS => {
                    hops += 1;
                    let next = self.resolve(&answer.url, location);
                    let is_home = |next: &Uri| same_origin(next, &self.registry.base);
                    if !ask.leaves && !next.as_ref().is_ok_and(is_home) {
                        return Ok(answer);
                    }
                    ask.url = next?;
                }
                _ => return Ok(answer),
            }
        }
    }

    fn credentials(&self) -> Option<&Credentials> {
        self.registry.login.as_ref().and_then(Login::credentials)
    }

    /// What to say who we are, as far as the registry has asked for it.
    async fn authorization(&self, scope: &Scope) -> Result<Option<Secret>, RegistryError> {
        if let Some(Login::Registry(token)) = &self.registry.login {
            return Ok(Some(bearer(token)));
        }
        let mut known = self.registry.tokens.lock().await;
        match known.challenge.clone() {
            None => Ok(None),
            Some(Challenge::Basic) => Ok(self.credentials().map(Credentials::basic)),
            Some(Challenge::Bearer { realm, service, .. }) => {
                let now = self.retry_policy().clock.now();
                if let Some(token) = known.fresh(scope, now) {
                    return Ok(Some(bearer(&token)));
                }
                let granted = self.fetch_token((&realm, service.as_deref()), scope).await?;
                Ok(Some(bearer(&known.keep(scope, granted, now))))
            }
        }
    }

    /// Learns from a 401 how to log in; `false` if there is nothing new to try.
    async fn log_in(
        &self,
        scope: &Scope,
        answer: &Answer,
        refused: Option<&Secret>,
    ) -> Result<bool, RegistryError> {
        let Some(challenge) = Challenge::best(answer.header_all("www-authenticate")) else {
            return Ok(false);
        };
        match (&self.registry.login, &challenge) {
            (Some(Login::Registry(_)), _) => return Ok(false),
            (Some(Login::Identity(_)), Challenge::Basic) => {
                let why = "it wants user and password, and there is only an identity token";
                return Err(RegistryError::Login {
                    host: host(&self.registry.base),
                    why: why.to_owned(),
                });
            }
            _ => {}
        }
        let mut known = self.registry.tokens.lock().await;
        known.challenge = Some(challenge.clone());
        let Challenge::Bearer { realm, service, scope: asked } = challenge else {
            return Ok(refused.is_none() && self.credentials().is_some());
        };
        let now = self.retry_policy().clock.now();
        match (known.fresh(scope, now), refused) {
            // Another job has renewed it meanwhile.
            (Some(fresh), refused) if refused != Some(&bearer(&fresh)) => return Ok(true),
            (Some(fresh), _) => known.forget(scope, &fresh),
            (None, _) => {}
        }
        let wider = scope.clone().and(asked.as_deref().unwrap_or_default());
        let granted = self.fetch_token((&realm, service.as_deref()), &wider).await?;
        known.keep(scope, granted, now);
        Ok(true)
    }

    /// As `send`, for what is not the registry's own: with these credentials, and no redirect.
    async fn send_to_realm(
        &self,
        ask: &Ask<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let mut failures = 0;
        loop {
            let outcome = self.exchange(ask, authorization).await;
            let Some(trouble) = self.trouble(&outcome) else {
                return outcome;
            };
            failures += 1;
            self.wait(failures, &trouble, outcome).await?;
        }
    }

    async fn fetch_token(
        &self,
        challenge: (&str, Option<&str>),
        scope: &Scope,
    ) -> Result<token::Granted, RegistryError> {
        let base = &self.registry.base;
        let login = self.registry.login.as_ref();
        let (ask, authorization) = token::request(base, challenge, scope, login)?;
        let answer = self.send_to_realm(&ask, authorization.as_ref()).await;
        let granted = answer
            .and_then(|answer| answer.wanted(&[200]))
            .and_then(|answer| token::granted(&answer));
        granted.map_err(|error| RegistryError::Token {
            host: host(base),
            realm: challenge.0.to_owned(),
            cause: Box::new(error),
        })
    }

    /// A registry that will refuse a blob has said so after about as long as it took to open
    /// the upload: it needs none of the blob for that.
    fn hold(&self) -> Duration {
        let twice = *lock(&self.round_trip) * 2;
        self.retry_policy().refusal.unwrap_or(twice.min(HOLD_MAX))
    }

    async fn exchange(
        &self,
        ask: &Ask<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if let Body::Bytes(bytes) = &ask.body {
            self.meter.count(bytes.len() as u64);
        }
        let began = Instant::now();
        let client = &self.registry.client;
        let answer = wire::exchange(client, ask, authorization, self.hold()).await?;
        if matches!(ask.body, Body::None) {
            *lock(&self.round_trip) = began.elapsed();
        }
        for warning in answer.header_all("warning").filter_map(warning_text) {
            if lock(&self.warned).insert(warning.clone()) {
                self.say(PushEvent::Warning(warning));
            }
        }
        Ok(answer)
    }
}

/// No refusal is waited for any longer.
const HOLD_MAX: Duration = Duration::from_millis(500);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}

fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Where an answer sends this request. What carries a body goes on only where it is certain
/// that it should be sent again as it is.
pub(super) fn redirect(answer: &Answer) -> Option<&str> {
    let is_read = matches!(answer.method, Method::GET | Method::HEAD);
    let is_redirect = match answer.status.as_u16() {
        307 | 308 => true,
        301..=303 => is_read,
        _ => false,
    };
    is_redirect.then(|| answer.header("location")).flatten()
}

/// The text of `299 - "text"`, the one kind of warning that registries send.
pub(super) fn warning_text(value: &str) -> Option<String> {
    let quoted = value.trim().strip_prefix("299 ")?.split_once('"')?.1;
    let text = quoted.strip_suffix('"').unwrap_or(quoted).replace("\\\"", "\"");
    let plain: String = text.chars().filter(|character| !character.is_control()).collect();
    Some(plain)
}
