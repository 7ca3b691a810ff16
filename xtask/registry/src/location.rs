//! Where the next request goes: `Location` and `Link` values, which may be relative or name
//! another host. They are kept as the registry wrote them, query included, never rebuilt.

use http::Uri;
use http::uri::{Authority, Scheme};

/// Resolves what a header said against the URL that was finally asked.
pub(super) fn resolve(base: &Uri, location: &str) -> Result<Uri, http::Error> {
    let scheme = base.scheme().unwrap_or(&Scheme::HTTPS);
    let authority = base.authority().map_or("", Authority::as_str);
    if location.contains("://") {
        return Ok(location.parse()?);
    }
    if location.starts_with("//") {
        return Ok(format!("{scheme}:{location}").parse()?);
    }
    if location.starts_with('/') {
        return Ok(format!("{scheme}://{authority}{location}").parse()?);
    }
    if location.starts_with('?') {
        return Ok(format!("{scheme}://{authority}{}{location}", base.path()).parse()?);
    }
    let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    Ok(format!("{scheme}://{authority}{folder}/{location}").parse()?)
}

/// Adds a parameter behind whatever query the URL has already.
pub(super) fn with_query(url: &Uri, key: &str, value: &str) -> Result<Uri, http::Error> {
    let separator = if url.query().is_some() { '&' } else { '?' };
    Ok(format!("{url}{separator}{key}={value}").parse()?)
}

/// Whether both are the same scheme, host and port: the limit beyond which no credentials go.
pub(super) fn same_origin(left: &Uri, right: &Uri) -> bool {
    let host = |url: &Uri| url.host().map(str::to_ascii_lowercase);
    left.scheme() == right.scheme() && host(left) == host(right) && port(left) == port(right)
}

fn port(url: &Uri) -> u16 {
    let default = if url.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
    url.port_u16().unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_resolved_as_the_registry_meant_it() {
        let base: Uri = "https://r.example/v2/a/blobs/uploads/".parse().unwrap();
        for (location, wanted) in [
            ("https://store.example/x?y=1", "https://store.example/x?y=1"),
            ("//store.example/x", "https://store.example/x"),
            ("/v2/a/u?_state=%2F", "https://r.example/v2/a/u?_state=%2F"),
            ("17?s=1", "https://r.example/v2/a/blobs/uploads/17?s=1"),
            ("?n=2", "https://r.example/v2/a/blobs/uploads/?n=2"),
        ] {
            assert_eq!(resolve(&base, location).unwrap().to_string(), wanted);
        }
    }

    #[test]
    fn a_parameter_goes_behind_the_query_that_is_there() {
        let add = |text: &str| {
            with_query(&text.parse().unwrap(), "digest", "sha256:0").unwrap().to_string()
        };
        assert_eq!(add("http://r.example/u"), "http://r.example/u?digest=sha256:0");
        assert_eq!(add("http://r.example/u?s=1"), "http://r.example/u?s=1&digest=sha256:0");
    }

    #[test]
    fn another_port_or_scheme_is_another_origin() {
        let same =
            |left: &str, right: &str| same_origin(&left.parse().unwrap(), &right.parse().unwrap());
        assert!(same("https://r.example/a", "https://R.example:443/b"));
        assert!(!same("https://r.example/a", "http://r.example/a"));
        assert!(!same("http://127.0.0.1:1/a", "http://127.0.0.1:2/a"));
    }
}
