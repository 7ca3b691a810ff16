//! What a trace is told of an exchange: method, host, path, status and time. Never a header, a
//! query or a body: any of them may hold a secret.

use crate::answer::Answer;
use crate::error::Error;
use crate::request::Request;
use http::Method;
use std::time::Instant;

pub(crate) struct Exchange {
    method: Method,
    host: String,
    path: String,
    began: Instant,
}

impl Exchange {
    pub(crate) fn begin(request: &Request) -> Self {
        let url = &request.url;
        let host = url.host().unwrap_or_default().to_owned();
        let (method, path) = (request.method.clone(), request.path().to_owned());
        Self { method, host, path, began: Instant::now() }
    }

    /// How it ended: when the head of the answer was there, or why there is none.
    pub(crate) fn end(&self, outcome: &Result<Answer, Error>) {
        let Self { method, host, path, began } = self;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(answer) => {
                let status = answer.status().as_u16();
                tracing::debug!(%method, host, path, status, ms, "http");
            }
            Err(error) => tracing::debug!(%method, host, path, %error, ms, "http"),
        }
    }
}
