//! The reverse proxy, told through Caddy's admin API which container serves.

use crate::error::{Context as _, Failure, Result};
use serde_json::Value;
use std::time::Duration;

/// The admin API of one proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    base: String,
    agent: ureq::Agent,
}

impl Proxy {
    /// The proxy whose admin API is on `port` of this machine's loopback address.
    pub fn new(port: u16) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .proxy(None);
        Self { base: format!("http://127.0.0.1:{port}"), agent: config.build().into() }
    }

    /// The configuration it runs with.
    pub fn config(&self) -> Result<Value> {
        let url = format!("{}/config/", self.base);
        let mut response = self
            .agent
            .get(&url)
            .call()
            .or_outside(|| format!("failed to ask the proxy at `{url}`"))?;
        let text = response.body_mut().read_to_string();
        let text = text.or_outside(|| "failed to read the proxy's configuration".to_owned())?;
        serde_json::from_str(&text)
            .or_outside(|| "failed to read the proxy's configuration".to_owned())
    }

    /// Gives it a whole configuration; when this returns, new requests follow it.
    pub fn load(&self, config: &Value) -> Result<()> {
        let url = format!("{}/load", self.base);
        let request = self.agent.post(&url).header("Content-Type", "application/json");
        let sent = request.send(config.to_string());
        let mut response = sent.or_outside(|| "failed to change the proxy".to_owned())?;
        if response.status().is_success() {
            return Ok(());
        }
        let said = response.body_mut().read_to_string().unwrap_or_default();
        let status = response.status();
        Err(Failure::outside("failed to change the proxy").reason(format!("{status}: {said}")))
    }
}
