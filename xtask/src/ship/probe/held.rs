//! A stream that a probe holds until the probe ends: events, or a WebSocket. One that the other side
//! ends before is lost, however politely it was ended: a client would have to open another. Only
//! what a release holds when it is drained may be ended, and then in order.

use super::ask::{Asker, Heard, loss, release_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use xtask_core::ship::probe::{End, judge};
use xtask_core::ship::proof::{Kind, Loss};
use xtask_http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use xtask_http::{Answer, HeaderValue, Request, Settings, Upgraded};

/// What a stream of events is.
pub(super) const EVENTS: &str = "text/event-stream";
/// A key says only that the answer is to this request; it keeps no secret and need not be random.
const KEY: [u8; 16] = *b"nutri-xtask-hold";
/// How often a WebSocket is asked whether it is alive.
const PING: Duration = Duration::from_secs(1);
/// A stream of events may be silent for as long as nothing happens.
const SILENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings of a client that holds streams of events.
pub(super) fn settings(settings: Settings) -> Settings {
    let mut settings = settings.with_fresh_connections();
    settings.limits.idle = SILENCE;
    settings
}

/// The request that opens a WebSocket.
pub(super) fn handshake(request: Request) -> Request {
    let key = HeaderValue::from_str(&STANDARD.encode(KEY)).expect("base64 may stand in a header");
    request
        .header(CONNECTION, HeaderValue::from_static("Upgrade"))
        .header(UPGRADE, HeaderValue::from_static("websocket"))
        .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
        .header(SEC_WEBSOCKET_KEY, key)
}

impl Asker {
    /// Opens it, and holds it until the probe ends or the other side ends it.
    pub(super) async fn hold(&self) -> Heard {
        let opened = match self.request() {
            Ok(request) => timeout(self.limit, self.client.send(request)).await,
            Err(error) => Ok(Err(error)),
        };
        let lost = |loss| Heard { end: End::Lost(loss), release: None, again: false };
        let answer = match opened {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return lost(loss(&error)),
            Err(_) => return lost(Loss::TimedOut),
        };
        let (status, release) = (answer.status().as_u16(), release_of(&answer));
        let end = match (self.kind, status) {
            (Kind::Websocket, 101) if is_accepted(&answer) => self.hold_websocket(answer).await,
            (Kind::Events, 200) => self.hold_events(answer).await,
            // An answer, even a good one, is no stream.
            _ => match judge(status, release.as_deref()) {
                End::Answered => End::Lost(Loss::Status(status)),
                end => end,
            },
        };
        let end = self.unless_drained(end, release.as_deref());
        Heard { end, release, again: false }
    }

    /// A stream that a drained release has ended in order is none that was lost.
    fn unless_drained(&self, end: End, release: Option<&str>) -> End {
        let drained = self.drained.get();
        let is_its = drained.is_some_and(|drained| release.is_none_or(|own| own == drained));
        if end == End::Lost(Loss::Ended) && is_its { End::Answered } else { end }
    }

    async fn hold_events(&self, mut answer: Answer) -> End {
        loop {
            tokio::select! {
                () = self.hurry.cancelled() => return End::Answered,
                piece = answer.piece() => match piece {
                    Ok(Some(_)) => {}
                    Ok(None) => return End::Lost(Loss::Ended),
                    Err(_) => return End::Lost(Loss::Cut),
                },
            }
        }
    }

    async fn hold_websocket(&self, answer: Answer) -> End {
        let Ok(wire) = answer.upgrade().await else { return End::Lost(Loss::Cut) };
        let mut socket = WebSocketStream::from_raw_socket(wire, Role::Client, None).await;
        let end = self.hold_socket(&mut socket).await;
        // Whoever is gone already needs no word; whoever does not listen is not waited for.
        timeout(PING, socket.close(None)).await.ok();
        end
    }

    async fn hold_socket(&self, socket: &mut WebSocketStream<Upgraded>) -> End {
        let mut ticks = tokio::time::interval(PING);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                () = self.hurry.cancelled() => return End::Answered,
                _ = ticks.tick() => {
                    if heard.elapsed() > self.limit + PING {
                        return End::Lost(Loss::TimedOut);
                    }
                    if socket.send(Message::Ping(Bytes::new())).await.is_err() {
                        return End::Lost(Loss::Cut);
                    }
                }
                message = socket.next() => match message {
                    Some(Ok(Message::Close(_))) | None => return End::Lost(Loss::Ended),
                    Some(Ok(_)) => heard = Instant::now(),
                    Some(Err(_)) => return End::Lost(Loss::Cut),
                },
            }
        }
    }
}

fn is_accepted(answer: &Answer) -> bool {
    let wanted = derive_accept_key(STANDARD.encode(KEY).as_bytes());
    answer.header(SEC_WEBSOCKET_ACCEPT.as_str()) == Some(&wanted)
}
