//! What a provider answers on a bad day, one request after the other.

use crate::http::Response;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// A bad answer.
#[derive(Clone, Debug)]
pub struct Fault {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    cut_after: Option<usize>,
}

/// The bad answers that are still to come.
#[derive(Debug, Default)]
pub struct Faults(Mutex<VecDeque<Fault>>);

impl Fault {
    /// This status with this body.
    pub fn answer(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut_after: None }
    }

    /// The connection breaks before any answer.
    pub fn cut() -> Self {
        Self { cut_after: Some(0), ..Self::answer(200, "") }
    }

    /// The same with a header more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn response(self, content_type: &str) -> Response {
        let mut response = Response::new(self.status).with("Content-Type", content_type);
        for (name, value) in self.headers {
            response = response.with(name, value);
        }
        response.cut_after = self.cut_after;
        response.body(self.body)
    }
}

impl Faults {
    pub(crate) fn add(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    pub(crate) fn next(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
