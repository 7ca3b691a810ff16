//! Bodies that stream: whole, refused before their first byte, refused in the middle.

use super::server::{Next, Server, Wire, answer, start, write};
use super::settings;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use xtask_http::{Answer, Client, Error, Method, Request, Upload};

const PIECE: usize = 64 << 10;
/// More than every buffer between us and the server together.
const PIECES: u64 = 2000;
const SIZE: u64 = PIECES * PIECE as u64;

/// A body of `SIZE` bytes, and how much of it was taken.
fn body() -> (Upload, Arc<AtomicU64>) {
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    let pieces = stream::iter(0..PIECES).map(move |_| {
        count.fetch_add(PIECE as u64, Ordering::SeqCst);
        Ok(Bytes::from_static(&[7; PIECE]))
    });
    (Upload::new(SIZE, pieces), taken)
}

async fn put(server: &Server, upload: Upload) -> Result<Answer, Error> {
    let request = Request::to(Method::PUT, &server.url("/blob"))?.upload(upload);
    Client::new(settings()).send(request).await
}

/// Reads `bytes` of the body, then answers.
async fn after(mut wire: Box<dyn Wire>, bytes: u64, words: String) -> Next {
    tokio::io::copy(&mut (&mut wire).take(bytes), &mut tokio::io::sink()).await.ok()?;
    write(wire, words).await
}

#[tokio::test]
async fn a_body_arrives_whole_and_with_its_length() {
    let server = start(None, |wire, _| after(wire, SIZE, answer("201 Created", "taken"))).await;
    let (upload, taken) = body();
    let answer = put(&server, upload).await.unwrap();
    assert_eq!((answer.status().as_u16(), taken.load(Ordering::SeqCst)), (201, SIZE));
    let head = &server.whole()[0];
    assert!(head.contains(&format!("content-length: {SIZE}\r\n")), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
}

#[tokio::test]
async fn a_refusal_in_the_middle_is_heard_and_the_rest_stays_here() {
    // It refuses and reads no further; the connection stays open, so that nothing but the
    // answer can stop us.
    async fn refuse(mut wire: Box<dyn Wire>) -> Next {
        wire.read_exact(&mut [0; 4096]).await.ok()?;
        wire.write_all(answer("413 Too Large", "at most 1 MB").as_bytes()).await.ok()?;
        std::future::pending().await
    }
    let server = start(None, |wire, _| refuse(wire)).await;
    let (upload, taken) = body();
    let answer = put(&server, upload).await.unwrap();
    assert_eq!(answer.status().as_u16(), 413);
    assert_eq!(answer.text(100).await.unwrap(), "at most 1 MB");
    assert!(taken.load(Ordering::SeqCst) < SIZE, "the upload went on");
}

#[tokio::test]
async fn a_server_that_reads_on_after_its_refusal_gets_no_more() {
    async fn refuse(mut wire: Box<dyn Wire>) -> Next {
        wire.read_exact(&mut [0; 4096]).await.ok()?;
        wire.write_all(answer("413 Too Large", "no").as_bytes()).await.ok()?;
        tokio::io::copy(&mut wire, &mut tokio::io::sink()).await.ok()?;
        None
    }
    let server = start(None, |wire, _| refuse(wire)).await;
    // The second half is there only when the refusal has been heard.
    let (heard, taken) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
    let (wait, count) = (Arc::clone(&heard), Arc::clone(&taken));
    let pieces = stream::iter(0..PIECES).then(move |at| {
        let (wait, count) = (Arc::clone(&wait), Arc::clone(&count));
        async move {
            if at == PIECES / 2 {
                wait.notified().await;
            }
            count.fetch_add(1, Ordering::SeqCst);
            Ok(Bytes::from_static(&[7; PIECE]))
        }
    });
    let answer = put(&server, Upload::new(SIZE, pieces)).await.unwrap();
    heard.notify_one();
    assert_eq!(answer.text(100).await.unwrap(), "no");
    assert!(taken.load(Ordering::SeqCst) <= PIECES / 2);
}

#[tokio::test]
async fn a_body_that_is_held_does_not_begin_where_it_is_refused_at_once() {
    let server = start(None, |wire, _| write(wire, answer("401 Unauthorized", "who?"))).await;
    let (upload, taken) = body();
    let answer = put(&server, upload.hold(Duration::from_secs(600))).await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(answer.text(100).await.unwrap(), "who?");
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_held_body_begins_when_nobody_says_anything() {
    let server = start(None, |wire, _| after(wire, SIZE, answer("201 Created", ""))).await;
    let (upload, taken) = body();
    let answer = put(&server, upload.hold(Duration::from_millis(20))).await.unwrap();
    assert_eq!((answer.status().as_u16(), taken.load(Ordering::SeqCst)), (201, SIZE));
}

#[tokio::test]
async fn a_body_that_breaks_on_this_side_is_an_error() {
    let server = start(None, |wire, _| after(wire, SIZE, answer("201 Created", ""))).await;
    let pieces = stream::iter([Ok(Bytes::from_static(b"x")), Err(io::Error::other("the disk"))]);
    let error = put(&server, Upload::new(SIZE, pieces)).await.unwrap_err();
    assert!(super::with_causes(&error).contains("the disk"), "{}", super::with_causes(&error));
}
