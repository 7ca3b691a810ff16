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

/// How often one that serves is asked before it is said not to be well, and how long between.
const LOOKS: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(500);

/// Whether one that serves answers 200: what it said last if it does not. One slow answer is no
/// sickness, and moving it for that would be worse than leaving it.
pub fn is_well(url: &str, limit: Duration) -> Result<(), String> {
    let mut last = String::new();
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(BETWEEN);
        }
        match get(url, limit) {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) => last = format!("it does not say that it is ready: {}", answer.status),
            Err(_) => "it does not answer".clone_into(&mut last),
        }
    }
    Err(last)
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
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    #[test]
    fn one_bad_answer_is_no_sickness_and_three_are() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ready", listener.local_addr().unwrap());
        let answers = std::thread::spawn(move || {
            for status in ["500 Busy", "200 OK", "503 No", "503 No", "503 No"] {
                let (mut stream, _) = listener.accept().unwrap();
                let _head = stream.read(&mut [0; 1024]).unwrap();
                let head =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
            }
        });
        let limit = Duration::from_secs(30);
        assert_eq!(is_well(&url, limit), Ok(()));
        assert_eq!(is_well(&url, limit), Err("it does not say that it is ready: 503".to_owned()));
        answers.join().unwrap();
    }

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
