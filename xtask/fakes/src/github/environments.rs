//! Environments of the repository: secrets that are opened with the private key that only the
//! server has, and variables.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::{PublicKey, SecretKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// When every variable was written.
const AT: &str = "2026-11-27T00:00:00Z";
/// The most that a secret may hold.
const LONGEST: usize = 48 * 1024;
/// As many secrets as an environment takes.
const MOST: usize = 100;

#[derive(Clone, Debug)]
pub struct Environment {
    key: [u8; 32],
    /// How often the key was changed; its name says it.
    pub keys: u32,
    /// Secrets by name, opened.
    pub secrets: BTreeMap<String, Kept>,
    /// Variables by name.
    pub variables: BTreeMap<String, String>,
    clock: u32,
}

/// A secret as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What was in the box.
    pub value: String,
    created_at: String,
    updated_at: String,
}

impl Default for Environment {
    fn default() -> Self {
        let (secrets, variables) = (BTreeMap::new(), BTreeMap::new());
        Self { key: [7; 32], keys: 1, secrets, variables, clock: 0 }
    }
}

type Answer = Option<(u16, Value)>;

impl Environment {
    /// Somebody writes a secret in the settings of the repository.
    pub fn write(&mut self, name: &str, value: &str) -> bool {
        let now = self.now();
        let created_at = self.secrets.get(name).map_or(&now, |it| &it.created_at).clone();
        let kept = Kept { value: value.to_owned(), created_at, updated_at: now };
        self.secrets.insert(name.to_owned(), kept).is_none()
    }

    /// Another key from now on; what is sealed for the old one is refused.
    pub fn change_key(&mut self) {
        self.keys += 1;
        self.key[0] = self.key[0].wrapping_add(1);
    }

    /// Each write is a second later than the one before, so that times tell them apart.
    fn now(&mut self) -> String {
        self.clock += 1;
        format!(
            "2026-11-27T{:02}:{:02}:{:02}Z",
            self.clock / 3600,
            self.clock / 60 % 60,
            self.clock % 60
        )
    }

    fn key_id(&self) -> String {
        format!("{}", 568_250_167_242_549_700_u64 + u64::from(self.keys))
    }

    fn public(&self) -> PublicKey {
        SecretKey::from(self.key).public_key()
    }

    pub(super) fn serve(
        &mut self,
        method: &str,
        path: &str,
        page: (usize, usize),
        body: &Value,
    ) -> Answer {
        match (method, path) {
            ("GET", "secrets/public-key") => {
                let key = STANDARD.encode(self.public().as_bytes());
                Some((200, json!({ "key_id": self.key_id(), "key": key })))
            }
            ("GET", "secrets") => Some((200, self.list(page))),
            ("POST", "variables") => self.create_variable(body),
            _ => match (method, path.split_once('/')?) {
                ("PUT", ("secrets", name)) => Some(self.put(name, body)),
                ("DELETE", ("secrets", name)) => {
                    self.secrets.remove(name).map(|_| (204, Value::Null))
                }
                ("GET", ("variables", name)) => {
                    let value = self.variables.get(name)?;
                    let answer = json!({
                        "name": name, "value": value, "created_at": AT, "updated_at": AT,
                    });
                    Some((200, answer))
                }
                ("PATCH", ("variables", name)) => {
                    let value = body["value"].as_str()?.to_owned();
                    *self.variables.get_mut(name)? = value;
                    Some((204, Value::Null))
                }
                _ => None,
            },
        }
    }

    fn list(&self, (size, page): (usize, usize)) -> Value {
        let row = |(name, kept): (&String, &Kept)| json!({ "name": name, "created_at": kept.created_at, "updated_at": kept.updated_at });
        let rows = self.secrets.iter().skip(size * (page - 1)).take(size).map(row);
        json!({ "total_count": self.secrets.len(), "secrets": rows.collect::<Value>() })
    }

    fn put(&mut self, name: &str, body: &Value) -> (u16, Value) {
        let refused = |why: &str| (422, json!({ "message": why }));
        if body["key_id"].as_str() != Some(&self.key_id()) {
            return refused("Validation Failed: key_id is not the current key");
        }
        let sealed = body["encrypted_value"].as_str().and_then(|it| STANDARD.decode(it).ok());
        let opened = sealed.and_then(|it| SecretKey::from(self.key).unseal(&it).ok());
        let Some(value) = opened.and_then(|it| String::from_utf8(it).ok()) else {
            return refused("Bad request - the encrypted value could not be decrypted");
        };
        let is_full = self.secrets.len() >= MOST && !self.secrets.contains_key(name);
        if !is_name(name) || value.len() > LONGEST || is_full {
            return refused("Secret names can only contain alphanumeric characters or underscores");
        }
        match self.write(&name.to_ascii_uppercase(), &value) {
            true => (201, json!({})),
            false => (204, Value::Null),
        }
    }

    fn create_variable(&mut self, body: &Value) -> Answer {
        let (name, value) = (body["name"].as_str()?, body["value"].as_str()?);
        if self.variables.contains_key(name) {
            return Some((409, json!({ "message": "Already exists" })));
        }
        self.variables.insert(name.to_owned(), value.to_owned());
        Some((201, json!({})))
    }
}

fn is_name(name: &str) -> bool {
    let fits = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    let starts = !name.starts_with(|it: char| it.is_ascii_digit());
    starts && !name.to_ascii_uppercase().starts_with("GITHUB_") && name.bytes().all(fits)
}
