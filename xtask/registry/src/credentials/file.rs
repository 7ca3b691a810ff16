//! A credentials file, as Docker and Podman write it, and as people have edited it over the years.

use super::{CredentialsError, Source, TOKEN_USER};
use crate::auth::{Credentials, Login};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use xtask_core::reference::Repository;
use xtask_core::secret::Secret;

/// What may be absent may be `null` as well.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AuthFile {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    cred_helpers: Option<BTreeMap<String, Option<String>>>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

/// Understands a credentials file. The helper of one registry comes before the helper for all,
/// that before what stands in the file itself. A registry whose helper is called nothing has its
/// credentials in the file. A file without a word says nothing.
pub fn parse(
    text: &str,
    repository: &Repository,
    place: &str,
) -> Result<Option<Source>, CredentialsError> {
    let malformed = |why: &str| CredentialsError::Malformed {
        registry: repository.registry().to_owned(),
        place: place.to_owned(),
        why: why.to_owned(),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    // serde's message may repeat a value; its place may not.
    let file: AuthFile = serde_json::from_str(text)
        .map_err(|error| malformed(&format!("it is not such a file (line {})", error.line())))?;
    let auths = file.auths.unwrap_or_default();
    let key = key_of(&auths, repository);
    let helpers = file.cred_helpers.unwrap_or_default();
    let own = key_of(&helpers, repository);
    let name = match own {
        Some(own) => helpers[own].clone(),
        None => file.creds_store,
    };
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        let keys = keys_to_ask(own.or(key), repository);
        return Ok(Some(Source::Helper { name, keys }));
    }
    let Some(Some(entry)) = key.map(|key| &auths[key]) else { return Ok(None) };
    Ok(inline(entry).map_err(malformed)?.map(Source::Inline))
}

/// Docker writes `auth` and leaves the user empty; where both are there, `auth` is what counts.
fn inline(entry: &Entry) -> Result<Option<Login>, &'static str> {
    let some = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    if let Some(token) = some(&entry.registrytoken) {
        return Ok(Some(Login::Registry(Secret::new(token))));
    }
    if let Some(token) = some(&entry.identitytoken) {
        return Ok(Some(Login::Identity(Secret::new(token))));
    }
    if let Some(auth) = some(&entry.auth) {
        return pair(auth.trim()).map(Some);
    }
    let pair = some(&entry.username).zip(some(&entry.password));
    Ok(pair.map(|(user, password)| login(user, Secret::new(password))))
}

fn pair(auth: &str) -> Result<Login, &'static str> {
    let pair = STANDARD.decode(auth).map_err(|_| "its `auth` is not base64")?;
    let pair = String::from_utf8(pair).map_err(|_| "its `auth` is not text")?;
    let (user, password) = pair.split_once(':').ok_or("its `auth` has no `:`")?;
    // Old Dockers padded with zero bytes.
    Ok(login(user.to_owned(), Secret::new(password.trim_end_matches('\0'))))
}

pub(super) fn login(user: String, password: Secret) -> Login {
    match user.as_str() {
        TOKEN_USER => Login::Identity(password),
        _ => Login::Password(Credentials { user, password }),
    }
}

/// The key under which a file knows a repository: Podman's per namespace first, the longest before
/// the shorter, then the host. As it is, before any way in which Docker has spelled it.
fn key_of<'a, T>(map: &'a BTreeMap<String, T>, repository: &Repository) -> Option<&'a String> {
    let names = names(repository);
    let exact = || names.iter().find_map(|name| map.keys().find(|key| *key == name));
    let spelled = || names.iter().find_map(|name| map.keys().find(|key| plain(key) == *name));
    // With a scheme it is the address of a registry, whatever its path says.
    let of_host = || {
        map.keys().find(|key| {
            key.contains("://") && plain(key).split('/').next() == Some(repository.registry())
        })
    };
    exact().or_else(spelled).or_else(of_host)
}

fn names(repository: &Repository) -> Vec<String> {
    let mut names = vec![repository.to_string()];
    while let Some((shorter, _)) = names[names.len() - 1].rsplit_once('/') {
        names.push(shorter.to_owned());
    }
    names
}

/// A key without its scheme, its last slashes and the version of an API.
fn plain(key: &str) -> String {
    let key = key.split_once("://").map_or(key, |(_scheme, rest)| rest).trim_end_matches('/');
    let key = ["/v1", "/v2"].iter().find_map(|end| key.strip_suffix(end)).unwrap_or(key);
    let (host, path) = key.split_once('/').map_or((key, ""), |(host, path)| (host, path));
    let host = match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        other => other,
    };
    if path.is_empty() { host.to_owned() } else { format!("{host}/{path}") }
}

/// By what a helper may know the registry: as the file spells it, by its host, by its address.
fn keys_to_ask(spelled: Option<&String>, repository: &Repository) -> Vec<String> {
    let main = match repository.registry() {
        "docker.io" => "https://index.docker.io/v1/".to_owned(),
        registry => registry.to_owned(),
    };
    let address = (!main.contains("://")).then(|| format!("https://{main}"));
    let mut keys: Vec<String> = Vec::new();
    for key in spelled.cloned().into_iter().chain([main]).chain(address) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}
