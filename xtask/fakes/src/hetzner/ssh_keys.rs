//! Public keys of a project: each name once, and each key once.

use super::Answer;
use super::page::{is_meant, page};
use super::refusal::Refusal;
use super::state::{State, labels};
use crate::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

/// A public key.
#[derive(Clone, Debug)]
pub struct SshKey {
    pub name: String,
    pub public_key: String,
    pub labels: Value,
    fingerprint: String,
    created: String,
}

impl SshKey {
    fn shown(&self, id: u64) -> Value {
        json!({
            "id": id, "name": self.name, "fingerprint": self.fingerprint,
            "public_key": self.public_key, "labels": self.labels, "created": self.created,
        })
    }
}

/// As OpenSSH shows it: MD5 of what stands in Base64, in pairs.
fn fingerprint(public_key: &str) -> Option<String> {
    let mut words = public_key.split_whitespace();
    let kind = words.next().filter(|it| it.starts_with("ssh-") || it.starts_with("ecdsa-"))?;
    let bytes = STANDARD.decode(words.next()?).ok()?;
    // The kind stands in the key once more, after its length.
    let is_same = bytes.get(4..4 + kind.len()) == Some(kind.as_bytes());
    let pairs: Vec<String> = Md5::digest(&bytes).iter().map(|it| format!("{it:02x}")).collect();
    is_same.then(|| pairs.join(":"))
}

impl State {
    /// Somebody puts a key there by hand; its id.
    ///
    /// # Panics
    /// If it is no key.
    pub fn plant_ssh_key(&mut self, name: &str, public_key: &str) -> u64 {
        let body = json!({ "name": name, "public_key": public_key });
        let made = self.create_ssh_key(&body).expect("a key of a test is one");
        made.1["ssh_key"]["id"].as_u64().expect("it has an id")
    }

    pub(super) fn ssh_key(&mut self, request: &Request, rest: &[&str], body: &Value) -> Answer {
        let Some(id) = rest.first() else {
            return match request.method.as_str() {
                "GET" => self.list_ssh_keys(request),
                "POST" => self.create_ssh_key(body),
                _ => Err(Refusal::not_found("route")),
            };
        };
        let id: u64 = id.parse().map_err(|_| Refusal::not_found("ssh_key"))?;
        let key = self.ssh_keys.get_mut(&id).ok_or_else(|| Refusal::not_found("ssh_key"))?;
        match request.method.as_str() {
            "GET" => Ok((200, json!({ "ssh_key": key.shown(id) }))),
            "PUT" => {
                if let Some(name) = body["name"].as_str() {
                    key.name = name.to_owned();
                }
                if body["labels"].is_object() {
                    key.labels = labels(body)?;
                }
                Ok((200, json!({ "ssh_key": key.shown(id) })))
            }
            "DELETE" => {
                self.ssh_keys.remove(&id);
                Ok((204, Value::Null))
            }
            _ => Err(Refusal::not_found("route")),
        }
    }

    fn list_ssh_keys(&self, request: &Request) -> Answer {
        let print = request.parameter("fingerprint");
        let all = self.ssh_keys.iter().map(|(id, it)| it.shown(*id));
        let is_one = |it: &Value| print.is_none_or(|print| it["fingerprint"] == print);
        page(request, "ssh_keys", all.filter(|it| is_one(it) && is_meant(request, it)).collect())
    }

    fn create_ssh_key(&mut self, body: &Value) -> Answer {
        let name = body["name"].as_str().filter(|it| !it.is_empty());
        let name = name.ok_or_else(|| Refusal::invalid("name", "is required"))?.to_owned();
        let public_key = body["public_key"].as_str().unwrap_or_default().trim().to_owned();
        let fingerprint =
            fingerprint(&public_key).ok_or_else(|| Refusal::invalid("public_key", "is no key"))?;
        if self.ssh_keys.values().any(|it| it.fingerprint == fingerprint) {
            return Err(Refusal::taken("fingerprint"));
        }
        if self.ssh_keys.values().any(|it| it.name == name) {
            return Err(Refusal::taken("name"));
        }
        let (id, labels, created) = (self.new_id(), labels(body)?, self.time());
        let key = SshKey { name, public_key, labels, fingerprint, created };
        let shown = key.shown(id);
        self.ssh_keys.insert(id, key);
        Ok((201, json!({ "ssh_key": shown })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `ssh-keygen -l -E md5` says of it.
    #[test]
    fn a_fingerprint_is_that_of_openssh() {
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a";
        assert_eq!(
            fingerprint(key).as_deref(),
            Some("0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba")
        );
        assert_eq!(fingerprint("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkK"), None);
        assert_eq!(fingerprint("hello"), None);
    }
}
