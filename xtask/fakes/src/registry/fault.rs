//! What a registry can do wrong, as data.

use crate::http::{Request, Response};

/// Which requests a fault meets: a method, and a part of the path or of the query.
#[derive(Clone, Debug)]
pub struct On {
    method: &'static str,
    path: String,
}

/// Requests with `method` (`*` for any) whose path, or one pair of whose query, holds `path`.
pub fn on(method: &'static str, path: &str) -> On {
    On { method, path: path.to_owned() }
}

impl On {
    pub(super) fn meets(&self, request: &Request) -> bool {
        let is_method = self.method == "*" || self.method == request.method;
        let mut pairs = request.query.iter().map(|(key, value)| format!("{key}={value}"));
        let is_path = request.path.contains(&self.path);
        is_method && (is_path || pairs.any(|pair| pair.contains(&self.path)))
    }
}

/// One thing that goes wrong. Those with `times` do so that often and then no more.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers without doing anything.
    Status {
        /// Whom it meets.
        on: On,
        status: u16,
        body: String,
        /// Headers, such as `Retry-After`.
        headers: Vec<(&'static str, String)>,
        times: u32,
    },
    /// Reads so many bytes of the body, then cuts the connection.
    CloseAfterBytes {
        /// Whom it meets.
        on: On,
        bytes: usize,
        times: u32,
    },
    /// Does what was asked, then cuts the connection after so many bytes of the answer.
    CutAnswer {
        /// Whom it meets.
        on: On,
        bytes: usize,
        times: u32,
    },
    /// Does what was asked, and answers 500 all the same.
    CommitThenFail {
        /// Whom it meets.
        on: On,
        times: u32,
    },
    /// Every token given out so far stops being good when this request comes.
    ExpireTokens {
        /// Whom it meets.
        on: On,
        times: u32,
    },
    /// Adds a header to what would be answered.
    Header {
        /// Whom it meets.
        on: On,
        name: &'static str,
        /// And what it says.
        value: String,
    },
    /// Somebody else points a tag at another manifest just before this is answered.
    MovesTag {
        /// Whom it meets.
        on: On,
        /// In which repository.
        repository: String,
        tag: String,
        /// The digest that it names from then on.
        digest: String,
        times: u32,
    },
    /// Leaves the digest out of answers about manifests.
    NoContentDigest,
    /// Says another digest of manifests than theirs.
    WrongContentDigest,
    /// Gives other bytes than those of the name.
    WrongBytes,
    /// `Location` is a path, without a host.
    RelativeLocation,
    /// `Location` of uploads is on another host, which wants no credentials.
    ForeignLocation,
    /// Blobs are read from another host.
    RedirectBlobs,
    /// Refuses bodies of `PATCH` over so many bytes with 416, as GHCR does.
    PatchLimit(usize),
    /// Keeps only so many bytes of each `PATCH`, and says so in `Range`.
    PatchTakes(usize),
    /// Refuses, before its body, one request for a whole blob with this status and this code.
    RefuseMonolithic(u16, &'static str),
    /// Says that a mount worked, and has nothing.
    FalseMount,
    /// Says of blobs that they are there until a manifest names them.
    FalseHead { times: u32 },
    /// No fault: keeps the lists of referrers itself, and says so.
    KeepsReferrers,
    /// Lists so many tags a page.
    PageOf(usize),
}

impl Fault {
    /// The number of times left, of those faults that count.
    pub(super) fn times(&mut self) -> Option<&mut u32> {
        match self {
            Self::Status { times, .. }
            | Self::CloseAfterBytes { times, .. }
            | Self::CutAnswer { times, .. }
            | Self::CommitThenFail { times, .. }
            | Self::ExpireTokens { times, .. }
            | Self::MovesTag { times, .. }
            | Self::FalseHead { times } => Some(times),
            _ => None,
        }
    }

    /// A refusal in the registry's own form.
    pub fn refusal(on: On, status: u16, code: &str, message: &str, times: u32) -> Self {
        let body = String::from_utf8_lossy(&errors(status, code, message).body).into_owned();
        Self::Status { on, status, body, headers: Vec::new(), times }
    }

    /// A status without a word.
    pub fn status(on: On, status: u16, times: u32) -> Self {
        Self::Status { on, status, body: String::new(), headers: Vec::new(), times }
    }
}

/// A refusal as the distribution specification words it.
pub(super) fn errors(status: u16, code: &str, message: &str) -> Response {
    let body = serde_json::json!({"errors": [{"code": code, "message": message, "detail": {}}]});
    Response::new(status).with("Content-Type", "application/json").body(body.to_string())
}
