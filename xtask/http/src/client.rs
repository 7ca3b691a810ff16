//! The client, and its one constructor.

use crate::answer::Answer;
use crate::error::{Cause, Error, Whom};
use crate::exchange::Exchange;
use crate::limit::Watch;
use crate::loopback::is_loopback;
use crate::proxies::Proxies;
use crate::request::{Body, Request};
use crate::settings::Settings;
use reqwest::{Certificate, ClientBuilder, redirect, retry};
use std::sync::{Arc, OnceLock};

/// Connections that are kept for each host.
const KEPT: usize = 8;

/// Asks servers. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    /// One for each way, made when it is first taken: most runs ask this machine alone, and need
    /// neither the certificates of all the world nor a machine that has any.
    ways: [OnceLock<reqwest::Client>; 4],
}

/// How a host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// This machine, in the clear.
    Loopback,
    /// This machine, over TLS.
    LoopbackTls,
    /// Any other that is asked directly.
    Direct,
    /// Any other, through a proxy where one is set.
    Outside,
}

impl Client {
    /// A client with these settings.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Inner { settings, ways: Default::default() }))
    }

    /// Sends `request` once, and waits for the head of the answer. Whatever the status, it is an
    /// answer; a redirect is not followed.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let exchange = Exchange::begin(&request);
        let outcome = self.ask(request).await;
        exchange.end(&outcome);
        outcome
    }

    async fn ask(&self, request: Request) -> Result<Answer, Error> {
        let whom = Whom::of(&request);
        let Request { method, url, headers, body, total, shown: _ } = request;
        let client = self.0.client(Way::to(&url, &self.0.settings.proxies))?;
        let mut limits = self.0.settings.limits;
        limits.total = total.or(limits.total);
        let watch = Watch::begin(limits, whom);
        let (body, valve) = match body {
            Body::None => (None, None),
            Body::Bytes(bytes) => (Some(bytes.into()), None),
            Body::Upload(upload) => {
                let (body, valve) = upload.start(&watch.moves);
                (Some(body), Some(valve))
            }
        };
        let asked = client.request(method, url.to_string()).headers(headers);
        let asked = body.into_iter().fold(asked, reqwest::RequestBuilder::body);
        let response = watch.head(asked.send()).await?;
        valve.iter().for_each(|valve| valve.shut());
        Ok(Answer { response, watch, _valve: valve })
    }
}

impl Way {
    fn to(url: &http::Uri, proxies: &Proxies) -> Self {
        let is_own = url.authority().is_some_and(|authority| is_loopback(authority.as_str()));
        match (is_own, url.scheme_str() == Some("https")) {
            (true, false) => Self::Loopback,
            (true, true) => Self::LoopbackTls,
            (false, _) if proxies.except(url) => Self::Direct,
            (false, _) => Self::Outside,
        }
    }
}

impl Inner {
    fn client(&self, way: Way) -> Result<&reqwest::Client, Error> {
        let place = &self.ways[way as usize];
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let made = self.make(way)?;
        Ok(place.get_or_init(|| made))
    }

    fn make(&self, way: Way) -> Result<reqwest::Client, Error> {
        // Somebody else's choice is as good: what matters is that there is one.
        rustls::crypto::ring::default_provider().install_default().ok();
        let Settings { limits, keeps_connections, .. } = &self.settings;
        let builder = reqwest::Client::builder()
            .user_agent(concat!("nutri-xtask/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .pool_max_idle_per_host(if *keeps_connections { KEPT } else { 0 })
            .no_proxy();
        let builder = match way {
            Way::Loopback => builder.tls_backend_preconfigured(trusts_nobody()),
            Way::LoopbackTls | Way::Direct => self.trusting(builder)?,
            Way::Outside => {
                let proxies = self.settings.proxies.build()?;
                proxies.into_iter().fold(self.trusting(builder)?, ClientBuilder::proxy)
            }
        };
        builder.build().map_err(|error| Error::Client(Box::new(Cause::of(&error))))
    }

    /// The machine's authorities, which are reqwest's choice already, and those of the setting.
    fn trusting(&self, builder: ClientBuilder) -> Result<ClientBuilder, Error> {
        let Some(path) = &self.settings.ca_file else {
            return Ok(builder);
        };
        let failed = |why: String| Error::Authorities { path: path.clone(), why };
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let all = Certificate::from_pem_bundle(&text).map_err(|error| failed(error.to_string()))?;
        if all.is_empty() {
            return Err(failed("there is no certificate in it".to_owned()));
        }
        Ok(builder.tls_certs_merge(all))
    }
}

fn trusts_nobody() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore::empty();
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}
