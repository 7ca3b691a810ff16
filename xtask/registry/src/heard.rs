//! Everything that a registry can say to us, through every reader of it at once: the door of
//! the fuzzer, which has no registry to ask.

use super::auth::{Challenge, Scope};
use super::chunks::{chunk_after, end_of_range};
use super::location::{resolve, same_origin, with_query};
use super::retry_policy::{RetryPolicy, retry_after};
use super::session::{redirect, warning_text};
use super::tags::{next_link, page};
use super::token::{Known, granted, request};
use super::wire::Answer;
use super::{manifest, refusal::Refusal};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use std::time::{Duration, SystemTime};

/// Reads `headers` and `body` as the answer to any question.
///
/// # Panics
/// Where a reader breaks a promise; the registry alone must not be able to.
pub fn all_of(headers: &[(&str, &str)], body: &[u8]) {
    let url: Uri = "https://r.example/v2/a/blobs/uploads/".parse().expect("a URL");
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            map.append(name, value);
        }
    }
    for status in [200, 202, 302, 307, 401, 416, 429] {
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = Answer {
            method: Method::GET,
            url: url.clone(),
            status,
            headers: map.clone(),
            body: body.to_vec(),
        };
        read(&answer);
    }
}

fn read(answer: &Answer) {
    let now = SystemTime::now();
    challenge(answer, now);
    if let Ok(granted) = granted(answer) {
        Known::default().keep(&Scope::default(), granted, now);
    }
    follow(answer, redirect(answer));
    follow(answer, answer.header("location"));
    follow(answer, answer.header_all("link").find_map(next_link));
    let end = end_of_range(answer);
    assert!(end.is_none_or(|end| end != 1), "`0-0` is an empty upload");
    assert!(chunk_after(answer, 1 << 20, 1 << 40) <= 64 << 20, "a chunk is held in memory");
    let asked = answer.header("retry-after").and_then(|value| retry_after(value, now));
    let retry_policy = RetryPolicy::default();
    assert!(
        retry_policy.wait_after(1, asked) <= retry_policy.longest_wait.max(Duration::from_secs(1))
    );
    drop(answer.header("warning").and_then(warning_text));
    drop((page(answer), manifest::described(answer)));
    let refusal = Refusal::of(&answer.body).to_string();
    assert!(
        !refusal.contains(|character: char| character.is_control()),
        "{refusal:?} moves a cursor"
    );
}

/// A password goes to a private realm only.
fn challenge(answer: &Answer, now: SystemTime) {
    let challenge = Challenge::best(answer.header_all("www-authenticate"));
    let Some(Challenge::Bearer { realm, service, scope }) = challenge else { return };
    let scope = Scope::default().and(scope.as_deref().unwrap_or_default());
    if let Ok((ask, _)) = request(&answer.url, (&realm, service.as_deref()), &scope, None) {
        let plain = ask.url.scheme_str() == Some("http");
        let host = ask.url.authority().map_or("", |authority| authority.as_str());
        assert!(!plain || xtask_http::is_loopback(host), "{}", ask.url);
    }
    drop(Known::default().fresh(&scope, now));
}

fn follow(answer: &Answer, location: Option<&str>) {
    let Some(url) = location.and_then(|location| resolve(&answer.url, location).ok()) else {
        return;
    };
    assert!(same_origin(&url, &url));
    if let Ok(with) = with_query(&url, "digest", "sha256:0") {
        assert!(same_origin(&url, &with), "a parameter changes where {url} goes");
    }
}
