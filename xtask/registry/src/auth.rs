//! Who we are and what a registry wants to know of us: challenges, scopes, credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::reference::Repository;
use xtask_core::secret::Secret;

/// A user of a registry. The password never shows itself, in `Debug` neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password, or the token that stands for one.
    pub password: Secret,
}

impl Credentials {
    /// The value of an `Authorization` header that says it in HTTP Basic.
    pub(super) fn basic(&self) -> Secret {
        let pair = format!("{}:{}", self.user, self.password.expose());
        Secret::new(format!("Basic {}", STANDARD.encode(pair)))
    }
}

/// How we say who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// With user and password.
    Password(Credentials),
    /// With a token that the realm takes for a password (`identitytoken`).
    Identity(Secret),
    /// With a token that the registry itself takes (`registrytoken`). Nobody renews it.
    Registry(Secret),
}

impl Login {
    /// User and password, where that is what there is.
    pub(super) fn credentials(&self) -> Option<&Credentials> {
        match self {
            Self::Password(credentials) => Some(credentials),
            Self::Identity(_) | Self::Registry(_) => None,
        }
    }
}

/// How a registry wants to be spoken to, as `WWW-Authenticate` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with every request.
    Basic,
    /// A token from `realm`.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// The best of the challenges in these headers: a token before a password.
    pub(super) fn best<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let all: Vec<Self> = headers.flat_map(challenges).filter_map(Self::known).collect();
        let bearer = all.iter().find(|challenge| **challenge != Self::Basic);
        bearer.or(all.first()).cloned()
    }

    fn known((scheme, mut parameters): (String, BTreeMap<String, String>)) -> Option<Self> {
        match scheme.as_str() {
            "basic" => Some(Self::Basic),
            "bearer" => Some(Self::Bearer {
                realm: parameters.remove("realm")?,
                service: parameters.remove("service"),
                scope: parameters.remove("scope"),
            }),
            _ => None,
        }
    }
}

/// Reads one header, which may hold several challenges. A comma parts both parameters and
/// challenges, and may stand inside quotes: a word followed by no `=` starts a challenge.
fn challenges(header: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',', '\t']);
    while !rest.is_empty() {
        let end = rest.find([' ', '=', ',', '\t']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start();
        match (after.strip_prefix('='), found.last_mut()) {
            (Some(value), Some((_, parameters))) => {
                let (value, after) = parameter_value(value.trim_start());
                parameters.insert(word.to_ascii_lowercase(), value);
                rest = after;
            }
            (Some(_), None) => return found,
            (None, _) => {
                found.push((word.to_ascii_lowercase(), BTreeMap::new()));
                rest = after;
            }
        }
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    found
}

/// A token up to the next comma or space, or a quoted text with its escapes undone.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => value.push(plain),
        }
    }
    (value, "")
}

/// What a token must allow: actions by resource, such as `pull,push` on `repository:acme/api`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope(BTreeMap<String, BTreeSet<String>>);

impl Scope {
    /// Reading one repository.
    pub(super) fn pull(repository: &Repository) -> Self {
        Self::default().and(&format!("repository:{}:pull", repository.path()))
    }

    /// Reading and writing one repository.
    pub(super) fn push(repository: &Repository) -> Self {
        Self::default().and(&format!("repository:{}:pull,push", repository.path()))
    }

    /// This, and also reading `repository`: a mount needs both, for public sources too.
    pub(super) fn and_pull(&self, repository: &Repository) -> Self {
        self.clone().and(&format!("repository:{}:pull", repository.path()))
    }

    /// This, and also what a challenge asked for (`type:name:actions`, parted by spaces).
    pub(super) fn and(mut self, scopes: &str) -> Self {
        for one in scopes.split_whitespace() {
            let Some((resource, actions)) = one.rsplit_once(':') else {
                continue;
            };
            let own = self.0.entry(resource.to_owned()).or_default();
            own.extend(actions.split(',').map(str::to_owned));
        }
        self
    }

    /// One `scope=` value per resource.
    pub(super) fn values(&self) -> impl Iterator<Item = String> {
        let join = |actions: &BTreeSet<String>| {
            actions.iter().map(String::as_str).collect::<Vec<_>>().join(",")
        };
        self.0.iter().map(move |(resource, actions)| format!("{resource}:{}", join(actions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(headers: &[&str]) -> Option<Challenge> {
        Challenge::best(headers.iter().copied())
    }

    #[test]
    fn reads_the_challenge_of_every_large_registry() {
        let challenge = best(&[
            r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull""#,
        ]);
        let wanted = Challenge::Bearer {
            realm: "https://ghcr.io/token".to_owned(),
            service: Some("ghcr.io".to_owned()),
            scope: Some("repository:a/b:pull".to_owned()),
        };
        assert_eq!(challenge, Some(wanted));
    }

    #[test]
    fn commas_inside_quotes_and_escapes_belong_to_the_value() {
        let header = r#"bEARER  Realm="https://r/\"t\"" , scope="repository:a:pull,push" "#;
        let Some(Challenge::Bearer { realm, scope, service }) = best(&[header]) else { panic!() };
        assert_eq!(realm, r#"https://r/"t""#);
        assert_eq!((scope.as_deref(), service), (Some("repository:a:pull,push"), None));
    }

    #[test]
    fn a_token_is_better_than_a_password_wherever_it_stands() {
        let both = r#"Basic realm="x", Bearer realm="https://r/t""#;
        for headers in [&[both][..], &[r#"Basic realm="x""#, r#"Bearer realm="https://r/t""#]] {
            assert!(matches!(best(headers), Some(Challenge::Bearer { .. })), "{headers:?}");
        }
        assert_eq!(best(&["Negotiate, Basic realm=x"]), Some(Challenge::Basic));
    }

    #[test]
    fn what_is_no_challenge_is_none() {
        for header in ["", "Bearer", "realm=\"x\"", "Negotiate abc=", "Bearer realm", ",,"] {
            assert_eq!(best(&[header]), None, "{header}");
        }
    }

    #[test]
    fn scopes_are_one_value_per_resource_in_a_fixed_order() {
        let repository = |text: &str| text.parse::<Repository>().unwrap();
        let scope = Scope::push(&repository("ghcr.io/b")).and_pull(&repository("ghcr.io/a"));
        let scope = scope.and("repository:b:pull registry:catalog:*");
        let values: Vec<String> = scope.values().collect();
        assert_eq!(values, ["registry:catalog:*", "repository:a:pull", "repository:b:pull,push"]);
    }

    #[test]
    fn a_password_does_not_show_itself() {
        let credentials =
            Credentials { user: "ci".to_owned(), password: Secret::new("correct horse") };
        assert!(!format!("{credentials:?} {}", credentials.basic()).contains("horse"));
        assert_eq!(credentials.basic().expose(), "Basic Y2k6Y29ycmVjdCBob3JzZQ==");
    }
}
