//! The reverse proxy, told through Caddy's admin API which container serves.

use crate::error::{Context as _, Failure, Result};
use crate::runtime;
use serde_json::Value;
use std::time::Duration;
use xtask_http::{Client, Error, HeaderValue, Request, Settings, StatusCode, header::CONTENT_TYPE};

/// A configuration is a page or two; this is far beyond.
const BODY_MAX: u64 = 10 << 20;

/// The admin API of one proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    base: String,
    client: Client,
}

impl Proxy {
    /// The proxy whose admin API is on `port` of this machine's loopback address.
    pub fn new(port: u16) -> Self {
        let settings = Settings::of_environment().within(Duration::from_secs(10));
        Self { base: format!("http://127.0.0.1:{port}"), client: Client::new(settings) }
    }

    /// The configuration it runs with.
    pub fn config(&self) -> Result<Value> {
        let url = format!("{}/config/", self.base);
        let answer = Request::get(&url).and_then(|request| self.ask(request));
        let (_, text) = answer.or_outside(|| format!("failed to ask the proxy at `{url}`"))?;
        serde_json::from_str(&text)
            .or_outside(|| "failed to read the proxy's configuration".to_owned())
    }

    /// Gives it a whole configuration; when this returns, new requests follow it.
    pub fn load(&self, config: &Value) -> Result<()> {
        let failed = || "failed to change the proxy".to_owned();
        let url = format!("{}/load", self.base);
        let request = Request::to(xtask_http::Method::POST, &url).or_outside(failed)?;
        let json = HeaderValue::from_static("application/json");
        let request = request.header(CONTENT_TYPE, json).bytes(config.to_string());
        let (status, body) = self.ask(request).or_outside(failed)?;
        if status.is_success() {
            return Ok(());
        }
        Err(Failure::outside(failed()).reason(format!("{status}: {body}")))
    }

    fn ask(&self, request: Request) -> Result<(StatusCode, String), Error> {
        runtime::wait(async {
            let answer = self.client.send(request).await?;
            Ok((answer.status(), answer.text(BODY_MAX).await?))
        })
    }
}
