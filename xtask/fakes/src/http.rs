//! A small HTTP/1.1 server on loopback that can do what a good one never does: stop reading at
//! any byte, stop writing at any byte, refuse before the body. One thread per connection; it
//! ends with its value.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The head of a request, and later its body.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `PUT`, …
    pub method: String,
    /// The path without the query, as it was sent.
    pub path: String,
    /// The query's pairs in their order, escapes undone.
    pub query: Vec<(String, String)>,
    /// Every header, names in lowercase.
    pub headers: Vec<(String, String)>,
    /// The body; empty while only the head is there.
    pub body: Vec<u8>,
}

/// What a server answers.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// Headers beside `Content-Length`, which is added.
    pub headers: Vec<(String, String)>,
    /// The body; its length alone is sent in answer to `HEAD`.
    pub body: Vec<u8>,
    /// After so many bytes, head included, the connection is cut.
    pub cut_after: Option<usize>,
}

/// What becomes of a request once its head is known.
#[derive(Debug)]
pub enum Admission {
    /// The body is read, then the request is answered.
    Read,
    /// This is the answer, whatever the body.
    Refuse(Response),
    /// After so many bytes of the body the connection is cut.
    CutAfter(usize),
}

/// The mind behind a server.
pub trait Handler: Send + Sync + 'static {
    /// Decides on the head alone.
    fn admit(&self, head: &Request) -> Admission;
    /// Answers the whole request.
    fn answer(&self, request: &Request) -> Response;
    /// Hears what had arrived of a request when its connection was cut.
    fn cut(&self, _part: &Request) {}
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    is_stopping: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

/// A connection that nobody uses is given up after this time, so that no thread stays behind.
const IDLE: Duration = Duration::from_secs(20);

impl Server {
    /// Starts on a free port of loopback.
    pub fn start(handler: Arc<impl Handler>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let is_stopping = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&is_stopping);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), handler) = (stream, Arc::clone(&handler)) else {
                    continue;
                };
                // What a client does to its connection is no failure of ours.
                std::thread::spawn(move || serve(stream, &*handler).ok());
            }
        });
        Ok(Self { address, is_stopping, listener: Some(listener) })
    }

    /// `127.0.0.1` and the port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        // One last connection wakes the listener up.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            listener.join().ok();
        }
    }
}

impl Request {
    /// The value of a header, by its lowercase name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn expects_continue(&self) -> bool {
        self.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    }
}

impl Response {
    /// An answer without a body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), cut_after: None }
    }

    /// The same with a header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

fn serve(stream: TcpStream, handler: &dyn Handler) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read_head(&mut reader)? {
        let expects = request.expects_continue();
        let response = match handler.admit(&request) {
            Admission::CutAfter(bytes) => {
                let wanted = content_length(&request).unwrap_or(0).min(bytes as u64);
                if expects {
                    writer.write_all(CONTINUE)?;
                }
                (&mut reader).take(wanted).read_to_end(&mut request.body)?;
                handler.cut(&request);
                return writer.shutdown(Shutdown::Both);
            }
            // The client has not begun to send: it is spared it, and the connection ends.
            Admission::Refuse(response) if expects => {
                write(&mut writer, &request, &response.with("Connection", "close"))?;
                return writer.shutdown(Shutdown::Both);
            }
            Admission::Refuse(response) => {
                read_body(&mut reader, &mut request)?;
                response
            }
            Admission::Read => {
                if expects {
                    writer.write_all(CONTINUE)?;
                }
                read_body(&mut reader, &mut request)?;
                handler.answer(&request)
            }
        };
        write(&mut writer, &request, &response)?;
        if response.cut_after.is_some() {
            return writer.shutdown(Shutdown::Both);
        }
    }
    Ok(())
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    // Some clients try TLS first: they are told at once that it is not spoken here.
    if reader.fill_buf()?.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
        return Ok(None);
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(&head).map_err(io::Error::other)?;
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = parsed.headers.iter();
    Ok(Some(Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: pairs(query),
        headers: headers.map(|h| (h.name.to_ascii_lowercase(), text(h.value))).collect(),
        body: Vec::new(),
    }))
}

pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn content_length(request: &Request) -> Option<u64> {
    request.header("content-length")?.parse().ok()
}

/// Reads the body by its length, or in the chunks of a client that does not know the length.
fn read_body(reader: &mut impl BufRead, request: &mut Request) -> io::Result<()> {
    if let Some(length) = content_length(request) {
        let read = reader.take(length).read_to_end(&mut request.body)? as u64;
        return if read == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    }
    if request.header("transfer-encoding") != Some("chunked") {
        return Ok(());
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        reader.take(size).read_to_end(&mut request.body)?;
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn write(writer: &mut TcpStream, request: &Request, response: &Response) -> io::Result<()> {
    let mut bytes = format!("HTTP/1.1 {} Status\r\n", response.status).into_bytes();
    let names_length = response.headers.iter().any(|(name, _)| name == "Content-Length");
    for (name, value) in &response.headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    if !names_length && response.status != 204 {
        bytes.extend(format!("Content-Length: {}\r\n", response.body.len()).into_bytes());
    }
    bytes.extend(b"\r\n");
    if request.method != "HEAD" {
        bytes.extend(&response.body);
    }
    let end = response.cut_after.unwrap_or(bytes.len()).min(bytes.len());
    writer.write_all(&bytes[..end])
}
