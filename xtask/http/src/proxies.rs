//! Proxies, as the environment names them for every program.

use crate::error::Error;
use crate::exceptions::Exceptions;
use http::Uri;
use std::ffi::OsString;
use xtask_core::secret::Secret;

/// The proxies for other machines. An address may hold a password, so none is ever shown.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Named>,
    https: Option<Named>,
    /// Hosts that are asked directly.
    except: Exceptions,
}

#[derive(Clone, Debug)]
struct Named {
    variable: &'static str,
    address: Secret,
}

impl Proxies {
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; in small letters they come first.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // What is no text is no address either; it must not pass for no proxy.
        let lossy = |it: OsString| it.to_string_lossy().into_owned();
        let text = |name: &str| variable(name).map(lossy).filter(|it| !it.is_empty());
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                text(name).map(|it| Named { variable: name, address: Secret::new(it) })
            })
        };
        Self {
            http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            except: Exceptions::parse(
                &text("no_proxy").or_else(|| text("NO_PROXY")).unwrap_or_default(),
            ),
        }
    }

    /// Whether `url` is asked directly, though there may be proxies.
    pub(crate) fn except(&self, url: &Uri) -> bool {
        self.except.name(url)
    }

    pub(crate) fn build(&self) -> Result<Vec<reqwest::Proxy>, Error> {
        let http = self.http.as_ref().map(|named| named.proxy(reqwest::Proxy::http));
        let https = self.https.as_ref().map(|named| named.proxy(reqwest::Proxy::https));
        [http, https].into_iter().flatten().collect()
    }
}

impl Named {
    fn proxy(
        &self,
        make: fn(String) -> reqwest::Result<reqwest::Proxy>,
    ) -> Result<reqwest::Proxy, Error> {
        let refused = || Error::Proxy { variable: self.variable };
        let address = self.address.expose();
        if !is_address(address) {
            return Err(refused());
        }
        // The cause would repeat the address.
        make(address.to_owned()).map_err(|_| refused())
    }
}

/// Whether it is `host:port`, with a scheme that we speak or none. reqwest takes more than that,
/// and then tries to reach it.
fn is_address(text: &str) -> bool {
    let has_scheme = text.contains("://");
    let whole = if has_scheme { text.to_owned() } else { format!("http://{text}") };
    let Ok(address) = whole.parse::<Uri>() else { return false };
    let Some(authority) = address.authority() else { return false };
    let place = authority.as_str().rsplit('@').next().unwrap_or_default();
    let port = place.strip_prefix(authority.host()).unwrap_or_default();
    let is_port = port.is_empty() || authority.port_u16().is_some_and(|port| port > 0);
    let spoken = matches!(address.scheme_str(), Some("http" | "https"));
    spoken && is_port && !authority.host().is_empty() && authority.host() != "[]"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_proxy_is_refused_by_its_variable_alone() {
        let proxies = |value: &str| {
            Proxies::of(|name| (name == "HTTPS_PROXY").then(|| OsString::from(value)))
        };
        for address in [
            "proxy:3128",
            "proxy",
            "http://proxy.example/",
            "https://user:p%40ss@proxy:3128",
            "http://[::1]:3128",
            "HTTP://proxy:80",
        ] {
            assert!(proxies(address).build().is_ok(), "{address}");
        }
        for rubbish in [
            "::::",
            ":3128",
            "http://",
            "http://hunter2@",
            "http://user:hunter2@:3128",
            "http://proxy:99999",
            "http://proxy:",
            "http://proxy:0",
            "http://proxy:hunter2",
            "ftp://proxy:21",
            "socks5://proxy:1080",
            "http://a proxy",
            "hunter2\u{fffd}",
        ] {
            let error = proxies(rubbish).build().unwrap_err();
            assert!(!error.may_pass() && error.is_setting(), "{rubbish}: {error:?}");
            let said = format!("{error} {error:?} {}", error.hint().unwrap());
            assert!(said.contains("`HTTPS_PROXY`") && !said.contains("hunter2"), "{said}");
        }
    }
}
