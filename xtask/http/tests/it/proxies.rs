//! Proxies of the environment: for other machines, never for this one.

use super::server::{
    Next, Server, Wire, answer, answering, answering_tls, free_port, start, write,
};
use super::tls::Authority;
use super::{text, with, with_causes};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use xtask_http::{Client, Error, Settings};

const EVERY: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

#[tokio::test]
async fn a_proxy_that_leads_nowhere_does_not_touch_loopback() {
    let authority = Authority::new();
    let (plain, secure) = (
        answering("200 OK", "plain").await,
        answering_tls(authority.server("localhost"), "tls").await,
    );
    for variable in EVERY {
        let nowhere = format!("http://127.0.0.1:{}", free_port());
        let settings = with(&[(variable, nowhere)]);
        let client = Client::new(Settings { ca_file: Some(authority.file()), ..settings });
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("http://{host}:{}/", plain.port);
            assert_eq!(text(&client, &url).await.unwrap().1, "plain", "{variable}");
        }
        let url = format!("https://localhost:{}/", secure.port);
        assert_eq!(text(&client, &url).await.unwrap().1, "tls", "{variable}");
    }
}

/// A proxy that answers for everybody in the clear, and leads every tunnel to `port`.
async fn proxy(port: u16) -> Server {
    start(None, move |wire, head| serve(wire, head, port)).await
}

async fn serve(mut wire: Box<dyn Wire>, head: String, port: u16) -> Next {
    if !head.starts_with("CONNECT") {
        return write(wire, answer("200 OK", "by proxy")).await;
    }
    wire.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    let mut far = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    tokio::io::copy_bidirectional(&mut wire, &mut far).await.ok()?;
    None
}

#[tokio::test]
async fn another_machine_is_asked_through_the_proxy_in_the_clear_and_over_tls() {
    let authority = Authority::new();
    let server = answering_tls(authority.server("far.invalid"), "through the tunnel").await;
    let proxy = proxy(server.port).await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let settings = with(&[("HTTP_PROXY", address.clone()), ("https_proxy", address)]);
    let client = Client::new(Settings { ca_file: Some(authority.file()), ..settings });
    assert_eq!(text(&client, "http://far.invalid/a").await.unwrap().1, "by proxy");
    assert_eq!(text(&client, "https://far.invalid/b").await.unwrap().1, "through the tunnel");
    assert_eq!(
        proxy.heads(),
        ["GET http://far.invalid/a HTTP/1.1", "CONNECT far.invalid:443 HTTP/1.1"]
    );
    assert_eq!(server.heads(), ["GET /b HTTP/1.1"]);
}

#[tokio::test]
async fn who_stands_in_no_proxy_is_asked_directly() {
    let authority = Authority::new();
    let proxy = proxy(free_port()).await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let settings = with(&[("HTTP_PROXY", address), ("NO_PROXY", "far.invalid".to_owned())]);
    let client = Client::new(Settings { ca_file: Some(authority.file()), ..settings });
    let error = text(&client, "http://far.invalid/").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "there is no such host: {error:?}");
    assert_eq!(proxy.connections(), 0);
    assert_eq!(text(&client, "http://near.invalid/").await.unwrap().1, "by proxy");
}

#[tokio::test]
async fn the_password_of_a_proxy_reaches_the_proxy_and_no_error() {
    let authority = Authority::new();
    let with_password = |port: u16| {
        let settings = with(&[("HTTP_PROXY", format!("http://me:hunter2@127.0.0.1:{port}"))]);
        Client::new(Settings { ca_file: Some(authority.file()), ..settings })
    };
    let proxy = proxy(free_port()).await;
    text(&with_password(proxy.port), "http://far.invalid/").await.unwrap();
    assert!(proxy.whole()[0].contains("proxy-authorization: Basic bWU6aHVudGVyMg=="));
    let client = with_password(free_port());
    let error = text(&client, "http://far.invalid/?hunter2").await.unwrap_err();
    let text = format!("{} {error:?} {client:?}", with_causes(&error));
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
}

#[tokio::test]
async fn what_is_no_proxy_is_refused_by_the_name_of_its_variable() {
    let authority = Authority::new();
    let settings = with(&[("HTTPS_PROXY", "http://hunter2:hunter2".to_owned())]);
    let client = Client::new(Settings { ca_file: Some(authority.file()), ..settings });
    let error = text(&client, "https://far.invalid/").await.unwrap_err();
    assert!(matches!(error, Error::Proxy { variable: "HTTPS_PROXY" }), "{error:?}");
    assert!(!format!("{} {error:?}", with_causes(&error)).contains("hunter2"), "{error:?}");
}
