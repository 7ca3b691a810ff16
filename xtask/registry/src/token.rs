//! Tokens: one per scope, kept until they are about to expire, fetched from the realm that the
//! registry names, and shown to nobody but the registry.

use super::auth::{Challenge, Login, Scope};
use super::error::{RegistryError, host};
use super::wire::{Answer, Ask, Body};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex, MutexGuard};
use xtask_core::secret::Secret;
use xtask_http::is_loopback;

/// What stands as it is inside a query value.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'/');
/// What a token lives if nobody says how long.
const DEFAULT_LIFE: u64 = 60;
/// No token is believed for longer, whatever its realm says: a time beyond the clock's is none.
const LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// A token is renewed when it has less than this left, or less than half its life.
const MARGIN: Duration = Duration::from_secs(60);

/// What one registry told us about logging in, and the tokens we hold for it.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Known>);

#[derive(Default)]
pub(super) struct Known {
    pub(super) challenge: Option<Challenge>,
    by_scope: BTreeMap<Scope, Token>,
}

struct Token {
    value: Secret,
    renew_at: SystemTime,
}

impl Tokens {
    /// Locks; a request for a token is made under the lock, so that four jobs make one.
    pub(super) async fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().await
    }
}

impl Known {
    /// A token for `scope` that is good for a while yet.
    pub(super) fn fresh(&self, scope: &Scope, now: SystemTime) -> Option<Secret> {
        let token = self.by_scope.get(scope)?;
        (now < token.renew_at).then(|| token.value.clone())
    }

    /// Forgets the token for `scope` if it is still the one that was refused.
    pub(super) fn forget(&mut self, scope: &Scope, refused: &Secret) {
        if self.by_scope.get(scope).is_some_and(|token| token.value == *refused) {
            self.by_scope.remove(scope);
        }
    }

    pub(super) fn keep(&mut self, scope: &Scope, granted: Granted, now: SystemTime) -> Secret {
        let life = Duration::from_secs(granted.expires_in).min(LIFE_MAX);
        let renew_at = now + life.saturating_sub(MARGIN.min(life / 2));
        let value = granted.value;
        self.by_scope.insert(scope.clone(), Token { value: value.clone(), renew_at });
        value
    }
}

/// The request for a token. Credentials go to the realm, so it must be private: encrypted, or
/// on this machine.
pub(super) fn request(
    base: &Uri,
    challenge: (&str, Option<&str>),
    scope: &Scope,
    login: Option<&Login>,
) -> Result<(Ask<'static>, Option<HeaderValue>), RegistryError> {
    let (realm, service) = challenge;
    let refused = |why: String| RegistryError::Login { host: host(base), why };
    let own: Uri = realm.parse().map_err(|_| refused(format!("its realm `{realm}` is no URL")))?;
    if !is_private(base, &own) {
        return Err(refused(format!("its realm `{realm}` is not https")));
    }
    let service = service.map(|service| ("service", service.to_owned()));
    if let Some(Login::Identity(token)) = login {
        return Ok((exchange(own, service, scope, token), None));
    }
    let mut url = realm.to_owned();
    for (key, value) in service.into_iter().chain(scope.values().map(|value| ("scope", value))) {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&pair(key, &value));
    }
    let url: Uri = url.parse().map_err(|_| refused(format!("its realm `{realm}` is no URL")))?;
    let ask = Ask::new(Method::GET, url).limit(1 << 20);
    let credentials = login.and_then(Login::credentials);
    Ok((ask, credentials.map(|credentials| sensitive(&credentials.basic()))))
}

/// Whether a realm may be told a password: nobody hears it, or everything that the registry itself
/// is told is heard anyway, because somebody chose that for this very host.
fn is_private(base: &Uri, realm: &Uri) -> bool {
    let is_chosen = base.scheme_str() == Some("http") && base.authority() == realm.authority();
    let is_near = realm.authority().is_some() && (is_loopback(&host(realm)) || is_chosen);
    match realm.scheme_str() {
        Some("https") => realm.authority().is_some(),
        Some("http") => is_near,
        _ => false,
    }
}

/// An identity token for a token (OAuth 2, as Docker's registries speak it). It stands in the body.
fn exchange(
    realm: Uri,
    service: Option<(&str, String)>,
    scope: &Scope,
    token: &Secret,
) -> Ask<'static> {
    let fixed = [("grant_type", "refresh_token"), ("client_id", "nutri-xtask")];
    let fixed = fixed.map(|(key, value)| (key, value.to_owned()));
    let scopes = ("scope", scope.values().collect::<Vec<_>>().join(" "));
    let token = ("refresh_token", token.expose().to_owned());
    let all = fixed.into_iter().chain(service).chain([scopes, token]);
    let form = all.map(|(key, value)| pair(key, &value)).collect::<Vec<_>>().join("&");
    Ask::new(Method::POST, realm)
        .limit(1 << 20)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::Bytes(form.into()))
}

fn pair(key: &str, value: &str) -> String {
    format!("{key}={}", utf8_percent_encode(value, QUERY_VALUE))
}

/// A header value that `Debug` does not show.
pub(super) fn sensitive(value: &Secret) -> HeaderValue {
    // Base64 and the printable characters of a checked token are always legal in a header.
    let mut header =
        HeaderValue::from_str(value.expose()).unwrap_or(HeaderValue::from_static("invalid"));
    header.set_sensitive(true);
    header
}

/// A token as the realm grants it.
pub(super) struct Granted {
    pub(super) value: Secret,
    pub(super) expires_in: u64,
}

/// Reads the realm's answer. Its body is never repeated: it holds the token.
pub(super) fn granted(answer: &Answer) -> Result<Granted, RegistryError> {
    #[derive(Deserialize)]
    struct Spelled {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let malformed = |why| RegistryError::malformed(&answer.url, "a token", &why);
    let spelled: Spelled =
        serde_json::from_slice(&answer.body).map_err(|_| malformed("it is not JSON"))?;
    let mut values = [spelled.token, spelled.access_token].into_iter().flatten();
    let value = values.find(|value| !value.is_empty());
    let value = value.ok_or_else(|| malformed("there is none in it"))?;
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed("it cannot stand in a header"));
    }
    // Some services say 0 and mean that they do not say.
    let expires_in = spelled.expires_in.filter(|seconds| *seconds > 0).unwrap_or(DEFAULT_LIFE);
    Ok(Granted { value: Secret::new(value), expires_in })
}
