//! Streams that a probe holds, against servers that keep them, end them in order, and cut them.

use super::*;
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use xtask_core::ship::proof::Loss;

/// What becomes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It stays open.
    Kept,
    /// The server ends it as its protocol says.
    Ended,
    /// The connection just goes.
    Cut,
    /// It is answered, and no stream.
    Status(u16),
}

fn service() -> Service {
    let mut service = backend();
    service.probe.events = Some("/events".to_owned());
    service.probe.websocket = Some("/ws".to_owned());
    service
}

/// A server of one such stream; it tells when it has opened it.
async fn serve(kind: Kind, fate: Fate, listener: TcpListener, opened: CancellationToken) {
    let (mut wire, _) = listener.accept().await.unwrap();
    match (kind, fate) {
        (_, Fate::Status(status)) => {
            head(&mut wire).await;
            let answer =
                format!("HTTP/1.1 {status} X\r\nx-app-version: r1\r\ncontent-length: 0\r\n\r\n");
            wire.write_all(answer.as_bytes()).await.unwrap();
        }
        (Kind::Websocket, _) => speak(wire, fate).await,
        _ => send(wire, fate, opened).await,
    }
}

async fn head(wire: &mut TcpStream) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        wire.read_exact(&mut byte).await.unwrap();
        head.push(byte[0]);
    }
}

async fn send(mut wire: TcpStream, fate: Fate, opened: CancellationToken) {
    head(&mut wire).await;
    let head = "HTTP/1.1 200 OK\r\nx-app-version: r1\r\ncontent-type: text/event-stream\r\n";
    let first = "transfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";
    wire.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    opened.cancel();
    match fate {
        Fate::Ended => wire.write_all(b"0\r\n\r\n").await.unwrap(),
        // Until the client has gone.
        Fate::Kept => drop(wire.read(&mut [0]).await),
        Fate::Cut | Fate::Status(_) => {}
    }
}

async fn speak(wire: TcpStream, fate: Fate) {
    let mut socket = tokio_tungstenite::accept_async(wire).await.unwrap();
    // A ping is the first word of a client that looks whether it is alive.
    assert!(matches!(socket.next().await, Some(Ok(Message::Ping(_)))));
    match fate {
        Fate::Ended => {
            socket.close(None).await.unwrap();
            while socket.next().await.is_some_and(|it| it.is_ok()) {}
        }
        Fate::Kept | Fate::Cut | Fate::Status(_) => {}
    }
}

/// What a probe says of a stream that meets with this fate.
fn held(kind: Kind, fate: Fate) -> (End, Option<String>) {
    held_while(kind, fate, None)
}

/// The same while a release is drained.
fn held_while(kind: Kind, fate: Fate, drained: Option<&str>) -> (End, Option<String>) {
    runtime::wait(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (hurry, opened) = (CancellationToken::new(), CancellationToken::new());
        let told = Drained::default();
        if let Some(release) = drained {
            told.set(release.to_owned()).unwrap();
        }
        let asker = Asker::new(kind, &url, &service(), quick(), &hurry).unwrap().draining(&told);
        let server = tokio::spawn(serve(kind, fate, listener, opened.clone()));
        let asking = tokio::spawn(async move { asker.ask().await });
        if fate == Fate::Kept {
            // Nothing ends it but the end of the probe.
            opened.cancelled().await;
            hurry.cancel();
        }
        let heard = asking.await.unwrap();
        server.await.unwrap();
        (heard.end, heard.release)
    })
}

#[test]
fn a_stream_is_held_until_the_probe_ends_and_lost_if_it_ends_before_in_whatever_way() {
    for (kind, fate, end) in [
        (Kind::Events, Fate::Kept, End::Answered),
        (Kind::Events, Fate::Ended, End::Lost(Loss::Ended)),
        (Kind::Events, Fate::Cut, End::Lost(Loss::Cut)),
        (Kind::Events, Fate::Status(503), End::Lost(Loss::Status(503))),
        (Kind::Events, Fate::Status(204), End::Lost(Loss::Status(204))),
        (Kind::Websocket, Fate::Ended, End::Lost(Loss::Ended)),
        (Kind::Websocket, Fate::Cut, End::Lost(Loss::Cut)),
        (Kind::Websocket, Fate::Status(404), End::Lost(Loss::Status(404))),
        (Kind::Websocket, Fate::Status(200), End::Lost(Loss::Status(200))),
    ] {
        assert_eq!(held(kind, fate).0, end, "{kind} {fate:?}");
    }
    assert_eq!(held(Kind::Events, Fate::Kept).1.as_deref(), Some("r1"));
}

/// The server says that it is `r1`.
#[test]
fn what_a_drained_release_ends_in_order_is_not_lost_and_all_else_is() {
    for (drained, fate, end) in [
        ("r1", Fate::Ended, End::Answered),
        ("r0", Fate::Ended, End::Lost(Loss::Ended)),
        ("r1", Fate::Cut, End::Lost(Loss::Cut)),
    ] {
        assert_eq!(held_while(Kind::Events, fate, Some(drained)).0, end, "{drained} {fate:?}");
    }
}

/// The server's side holds that a ping comes, and that the client says that it goes.
#[test]
fn a_websocket_is_asked_whether_it_is_alive_and_closed_politely() {
    runtime::wait(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (hurry, pinged) = (CancellationToken::new(), CancellationToken::new());
        let asker = Asker::new(Kind::Websocket, &url, &service(), quick(), &hurry).unwrap();
        let told = pinged.clone();
        let server = tokio::spawn(async move {
            let (wire, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(wire).await.unwrap();
            let mut closed = false;
            while let Some(Ok(message)) = socket.next().await {
                told.cancel();
                closed |= message.is_close();
            }
            closed
        });
        let asking = tokio::spawn(async move { asker.ask().await });
        pinged.cancelled().await;
        hurry.cancel();
        assert_eq!(asking.await.unwrap().end, End::Answered);
        assert!(server.await.unwrap(), "it says that it goes");
    });
}

#[test]
fn what_no_path_is_told_for_is_not_asked() {
    for kind in [Kind::Events, Kind::Websocket] {
        let asker = Asker::new(kind, "http://x", &backend(), quick(), &CancellationToken::new());
        assert!(asker.is_none());
    }
}
