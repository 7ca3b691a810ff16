//! Who may do what: open to all, HTTP Basic, or tokens from a realm of its own.

use crate::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

/// The user's identity token, which the realm takes for the password.
pub const IDENTITY_TOKEN: &str = "identity-token";
/// With this password the user may read, and not write.
pub const READING_PASSWORD: &str = "may-read";

/// How a registry wants to be spoken to.
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// Everybody may do everything.
    #[default]
    Open,
    /// User and password with each request.
    Basic { user: String, password: String },
    /// A token with each request; who is nobody gets one for reading.
    Bearer {
        user: String,
        password: String,
        /// What `expires_in` says.
        expires_in: u64,
    },
}

/// The tokens that are good, and what each allows.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    granted: BTreeMap<String, Vec<String>>,
    given_out: u32,
}

impl Access {
    fn knows(&self, request: &Request) -> bool {
        let (Self::Basic { user, password } | Self::Bearer { user, password, .. }) = self else {
            return true;
        };
        says(request, user, password)
    }

    fn lets_read(&self, request: &Request) -> bool {
        matches!(self, Self::Bearer { user, .. } if says(request, user, READING_PASSWORD))
    }
}

fn says(request: &Request, user: &str, password: &str) -> bool {
    let wanted = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    request.header("authorization") == Some(&wanted)
}

impl Tokens {
    /// Lets a request through, or says what is missing.
    pub(super) fn admit(&self, access: &Access, request: &Request, host: &str) -> Option<Response> {
        let needed = needed_scope(request);
        let challenge = match access {
            Access::Open => return None,
            Access::Basic { .. } if access.knows(request) => return None,
            Access::Basic { .. } => "Basic realm=\"fake\"".to_owned(),
            Access::Bearer { .. } if self.covers(access, request, needed.as_deref()) => {
                return None;
            }
            Access::Bearer { .. } => {
                let scope = needed.map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
                format!("Bearer realm=\"http://{host}/token\",service=\"fake\"{scope}")
            }
        };
        let response = super::fault::errors(401, "UNAUTHORIZED", "authentication required");
        Some(response.with("WWW-Authenticate", challenge))
    }

    /// From now on none of them is good, whatever it said.
    pub(super) fn expire(&mut self) {
        self.granted.clear();
    }

    /// Whether the request's token covers `scope`.
    pub(super) fn covers(&self, access: &Access, request: &Request, scope: Option<&str>) -> bool {
        if !matches!(access, Access::Bearer { .. }) {
            return true;
        }
        let token = request.header("authorization").and_then(|own| own.strip_prefix("Bearer "));
        let scopes = token.and_then(|token| self.granted.get(token));
        scopes.is_some_and(|scopes| scope.is_none_or(|scope| covers(scopes, scope)))
    }

    pub(super) fn grant(&mut self, access: &Access, request: &Request) -> Response {
        let Access::Bearer { expires_in, .. } = access else {
            return Response::new(404);
        };
        if request.method == "POST" {
            return self.exchange(request, *expires_in);
        }
        let is_known = access.knows(request);
        if request.header("authorization").is_some() && !is_known && !access.lets_read(request) {
            return super::fault::errors(401, "UNAUTHORIZED", "incorrect username or password");
        }
        let asked = request.query.iter().filter(|(key, _)| key == "scope");
        let allowed = |scope: &str| is_known || scope.ends_with(":pull");
        let scopes: Vec<String> =
            asked.map(|(_, value)| value.clone()).filter(|scope| allowed(scope)).collect();
        self.given_out += 1;
        let token = format!("fake-token-{}", self.given_out);
        self.granted.insert(token.clone(), scopes);
        let body = serde_json::json!({"token": token, "expires_in": expires_in});
        Response::new(200).body(body.to_string())
    }
}

impl Tokens {
    /// Tokens for an identity token, as OAuth 2 has it: the form stands in the body.
    fn exchange(&mut self, request: &Request, expires_in: u64) -> Response {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let pairs = crate::http::pairs(&form);
        let value =
            |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let is_form = request.header("content-type") == Some("application/x-www-form-urlencoded");
        let is_refresh =
            value("grant_type") == Some("refresh_token") && value("client_id").is_some();
        if !is_form || !is_refresh || value("service") != Some("fake") {
            return super::fault::errors(400, "UNSUPPORTED", "no such grant");
        }
        if value("refresh_token") != Some(IDENTITY_TOKEN) {
            return super::fault::errors(401, "UNAUTHORIZED", "invalid identity token");
        }
        let scopes = value("scope").unwrap_or_default().split(' ').map(str::to_owned).collect();
        self.given_out += 1;
        let token = format!("fake-token-{}", self.given_out);
        self.granted.insert(token.clone(), scopes);
        // Some realms spell the token in this way, and leave the other one empty.
        let body = serde_json::json!({
            "access_token": token, "token": "", "refresh_token": "", "expires_in": expires_in,
        });
        Response::new(200).body(body.to_string())
    }
}

fn covers(scopes: &[String], wanted: &str) -> bool {
    let split = |scope: &str| {
        let (resource, actions) = scope.rsplit_once(':').unwrap_or((scope, ""));
        (resource.to_owned(), actions.split(',').map(str::to_owned).collect::<Vec<_>>())
    };
    let (resource, actions) = split(wanted);
    let mut own = scopes.iter().map(|scope| split(scope));
    own.any(|(own, allowed)| own == resource && actions.iter().all(|a| allowed.contains(a)))
}

/// What a request needs: pulling to read, pulling and pushing to write.
fn needed_scope(request: &Request) -> Option<String> {
    let name = super::routes::repository_of(&request.path)?;
    let actions = match request.method.as_str() {
        "GET" | "HEAD" => "pull",
        _ => "pull,push",
    };
    Some(format!("repository:{name}:{actions}"))
}
