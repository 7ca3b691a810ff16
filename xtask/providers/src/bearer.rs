//! Who we are, as it stands in a header.

use xtask_core::secret::Secret;
use xtask_http::HeaderValue;

/// A token that cannot stand in a header is no token: the provider then says that it is bad.
pub(crate) fn bearer(token: &Secret) -> HeaderValue {
    let text = format!("Bearer {}", token.expose());
    let mut value =
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer invalid"));
    value.set_sensitive(true);
    value
}
