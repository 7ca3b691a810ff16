//! Servers that never come to an end. Each limit is short where the test is about it, and far
//! away where it is not.

use super::server::{Next, Wire, answering, start, write};
use super::{limited, settings, text};
use std::time::Duration;
use xtask_http::{Client, Error, Limits};

const SHORT: Duration = Duration::from_millis(50);

/// A server that says `words` to each request and then nothing.
async fn saying(words: &'static str) -> super::server::Server {
    async fn act(wire: Box<dyn Wire>, words: &'static str) -> Next {
        let wire = write(wire, words.to_owned()).await;
        std::future::pending::<()>().await;
        wire
    }
    start(None, move |wire, _| act(wire, words)).await
}

async fn cut_off(words: &'static str, change: impl FnOnce(&mut Limits)) -> String {
    let server = saying(words).await;
    let error = text(&Client::new(limited(change)), &server.url("/a?hunter2")).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }) && error.may_pass(), "{error:?}");
    let text = error.to_string();
    let start = format!("failed to reach `127.0.0.1:{}` with GET /a: ", server.port);
    assert!(!text.contains("hunter2"), "{text}");
    text.strip_prefix(&start).unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[tokio::test]
async fn who_never_answers_is_not_waited_for() {
    let message = cut_off("", |limits| limits.answer = SHORT).await;
    assert_eq!(message, "no answer began within 50ms");
    let message = cut_off("", |limits| limits.total = Some(SHORT)).await;
    assert_eq!(message, "no whole answer came within 50ms");
}

#[tokio::test]
async fn who_stops_in_the_middle_is_not_waited_for() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf";
    let message = cut_off(half, |limits| limits.idle = SHORT).await;
    assert_eq!(message, "no byte moved within 50ms");
    let message = cut_off(half, |limits| limits.total = Some(SHORT)).await;
    assert_eq!(message, "no whole answer came within 50ms");
}

#[tokio::test]
async fn no_more_than_the_limit_is_held_in_memory() {
    let server = answering("200 OK", "12345678").await;
    let client = Client::new(settings());
    let ask = async || {
        let request = xtask_http::Request::get(&server.url("/")).unwrap();
        client.send(request).await.unwrap()
    };
    assert_eq!(ask().await.bytes(8).await.unwrap(), b"12345678");
    assert_eq!(ask().await.beginning(7).await.unwrap(), b"1234567");
    let error = ask().await.bytes(7).await.unwrap_err();
    assert!(error.to_string().ends_with("it is larger than 7 bytes"), "{error}");
    assert!(!error.may_pass());
}
