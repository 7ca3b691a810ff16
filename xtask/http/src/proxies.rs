//! Proxies, as the environment names them for every program.

use crate::error::Error;
use reqwest::NoProxy;
use std::ffi::OsString;
use xtask_core::secret::Secret;

/// The proxies for other machines. An address may hold a password, so none is ever shown.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Named>,
    https: Option<Named>,
    /// Hosts that are asked directly.
    except: Option<String>,
}

#[derive(Clone, Debug)]
struct Named {
    variable: &'static str,
    address: Secret,
}

impl Proxies {
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; in small letters they come first.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| variable(name)?.into_string().ok().filter(|it| !it.is_empty());
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                text(name).map(|it| Named { variable: name, address: Secret::new(it) })
            })
        };
        Self {
            http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            except: text("no_proxy").or_else(|| text("NO_PROXY")),
        }
    }

    pub(crate) fn build(&self) -> Result<Vec<reqwest::Proxy>, Error> {
        let except = || self.except.as_deref().and_then(NoProxy::from_string);
        let http = self.http.as_ref().map(|named| named.proxy(reqwest::Proxy::http));
        let https = self.https.as_ref().map(|named| named.proxy(reqwest::Proxy::https));
        let all = [http, https].into_iter().flatten();
        all.map(|proxy| Ok(proxy?.no_proxy(except()))).collect()
    }
}

impl Named {
    fn proxy(
        &self,
        make: fn(String) -> reqwest::Result<reqwest::Proxy>,
    ) -> Result<reqwest::Proxy, Error> {
        // The cause would repeat the address.
        make(self.address.expose().to_owned()).map_err(|_| Error::Proxy { variable: self.variable })
    }
}
