//! The client against real sockets: TLS with authorities of our own, proxies, limits, uploads.
#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is asserting")]

mod limits;
mod proxies;
mod server;
mod tls;
mod uploads;

use std::time::Duration;
use xtask_fakes::causes::with_causes;
use xtask_http::{Client, Error, Limits, Method, Proxies, Request, Settings};

/// Settings that no environment has a say in.
fn settings() -> Settings {
    Settings::of(|_| None)
}

/// Settings with these limits, which no test waits for unless it is about them.
fn limited(change: impl FnOnce(&mut Limits)) -> Settings {
    let mut settings = settings();
    change(&mut settings.limits);
    settings
}

/// Settings with these variables of the environment.
fn with(variables: &[(&str, String)]) -> Settings {
    let found = |name: &str| variables.iter().find(|(own, _)| *own == name);
    let proxies = Proxies::of(|name| found(name).map(|(_, value)| value.into()));
    Settings { proxies, ..settings().within(Duration::from_secs(30)) }
}

async fn text(client: &Client, url: &str) -> Result<(u16, String), Error> {
    let answer = client.send(Request::get(url)?).await?;
    Ok((answer.status().as_u16(), answer.text(1 << 20).await?))
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_goes_there() {
    let server = server::answering("302 Found\r\nlocation: /elsewhere", "moved").await;
    let answer = Client::new(settings()).send(Request::get(&server.url("/")).unwrap()).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status().as_u16(), answer.header("location")), (302, Some("/elsewhere")));
    assert_eq!(server.heads(), ["GET / HTTP/1.1"]);
}

#[tokio::test]
async fn connections_are_kept_unless_each_question_is_to_be_the_first() {
    for (settings, wanted) in [(settings(), 1), (settings().with_fresh_connections(), 3)] {
        let server = server::answering("200 OK", "fine").await;
        let client = Client::new(settings);
        for _ in 0..3 {
            assert_eq!(text(&client, &server.url("/")).await.unwrap(), (200, "fine".to_owned()));
        }
        assert_eq!((server.connections(), server.heads().len()), (wanted, 3));
    }
}

#[tokio::test]
async fn we_say_who_asks() {
    let server = server::answering("200 OK", "").await;
    text(&Client::new(settings()), &server.url("/")).await.unwrap();
    assert!(server.whole()[0].contains("user-agent: nutri-xtask/"), "{:?}", server.whole());
}

#[tokio::test]
async fn nobody_there_is_said_with_the_networks_words_and_without_the_query() {
    let port = server::free_port();
    let url = format!("http://127.0.0.1:{port}/v2/a?_state=hunter2");
    let error = text(&Client::new(settings()), &url).await.unwrap_err();
    assert!(error.is_refused() && error.may_pass(), "{error:?}");
    let wanted = format!("failed to reach `127.0.0.1:{port}` with GET /v2/a\n  caused by: ");
    let text = with_causes(&error);
    assert!(text.starts_with(&wanted) && text.contains("Connection refused"), "{text}");
    assert!(!format!("{text} {error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn what_is_no_address_is_refused_without_its_query() {
    for url in ["ftp://a.example/x?hunter2", "a.example", "http://?hunter2", "https://a b/?hunter2"]
    {
        let error = text(&Client::new(settings()), url).await.unwrap_err();
        assert!(matches!(error, Error::Url { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn a_path_that_lets_in_whoever_knows_it_is_in_no_error() {
    const SHOWN: &str = "the webhook";
    let secret = |url: &str| Request::to_secret(Method::POST, url, SHOWN);
    let port = server::free_port();
    let request = secret(&format!("http://127.0.0.1:{port}/hooks/hunter2")).unwrap();
    assert!(!format!("{request:?}").contains("hunter2"), "{request:?}");
    let error = Client::new(settings()).send(request).await.unwrap_err();
    let wanted = format!("failed to reach `127.0.0.1:{port}` with POST the webhook");
    assert_eq!(error.to_string(), wanted);
    assert!(!format!("{} {error:?}", with_causes(&error)).contains("hunter2"), "{error:?}");
    for url in ["hunter2", "ftp://a.example/hunter2", "https://a b/hunter2", "/hunter2", ""] {
        let error = secret(url).unwrap_err();
        assert!(error.to_string().starts_with("cannot ask `the webhook`: "), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
