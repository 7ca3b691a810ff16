//! Asks a URL, each time on a fresh connection, as somebody outside would.

use crate::runtime;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use xtask_core::secret::Secret;
use xtask_http::{Client, Error, HeaderValue, Method, Request, Settings, header};

/// The most of a body that is read.
const BODY_MAX: u64 = 1 << 20;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, up to 1 MiB.
    pub body: String,
    /// The release that answered, as it says itself (`x-app-version`).
    pub version: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Answer {
    /// The release that answered: in the header, or in the body of a status.
    pub fn release(&self) -> Option<String> {
        self.version.clone().or_else(|| self.text_at("/version"))
    }

    /// The text in its body to which a JSON pointer leads.
    pub fn text_at(&self, pointer: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        Some(body.pointer(pointer)?.as_str()?.to_owned())
    }
}

/// Asks for `url` and waits at most `limit`.
pub fn get(url: &str, limit: Duration) -> Result<Answer, Error> {
    runtime::wait(ask(url, limit))
}

/// A question with more than an address.
#[derive(Clone, Debug)]
pub struct Asked {
    pub url: String,
    pub is_post: bool,
    /// JSON, or nothing.
    pub body: String,
    pub bearer: Option<Secret>,
}

/// Asks it and waits at most `limit`.
pub fn ask_for(asked: &Asked, limit: Duration) -> Result<Answer, Error> {
    let method = if asked.is_post { Method::POST } else { Method::GET };
    let mut request = Request::to(method, &asked.url)?.within(limit);
    if !asked.body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        request = request.header(header::CONTENT_TYPE, json).bytes(asked.body.clone().into_bytes());
    }
    if let Some(token) = &asked.bearer
        && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
    {
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    runtime::wait(answered(request))
}

async fn ask(url: &str, limit: Duration) -> Result<Answer, Error> {
    answered(Request::get(url)?.within(limit)).await
}

async fn answered(request: Request) -> Result<Answer, Error> {
    let began = Instant::now();
    let answer = client().send(request).await?;
    let version = answer.header("x-app-version").map(ToOwned::to_owned);
    let status = answer.status().as_u16();
    let body = answer.text(BODY_MAX).await?;
    Ok(Answer { status, body, version, took: began.elapsed() })
}

/// A client that keeps no connection: every question is the first.
fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| Client::new(Settings::of_environment().with_fresh_connections()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn an_https_url_is_asked_and_a_server_without_tls_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/?hunter2", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || drop(listener.accept()));
        let error = get(&url, Duration::from_secs(30)).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        server.join().unwrap();
    }
}
