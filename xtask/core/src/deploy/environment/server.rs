//! The server below a Coolify: how it is reached, and what it is made into.

use crate::reader::Table;
use std::str::FromStr;

/// A server that we make ready and keep so, over SSH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Where its SSH listens.
    pub port: u16,
    /// The person's account there, who may use `sudo`.
    pub user: String,
    /// Its own public key; without it, that of `~/.ssh/known_hosts` is wanted.
    pub host_key: Option<String>,
    /// The public keys that may log in as `user`.
    pub keys: Vec<String>,
    /// How much swap it has, in megabytes; 0 for none.
    pub swap_mb: u64,
    /// When an update may reboot it, `HH:MM` of its own time; never if not said.
    pub reboot_at: Option<String>,
    /// Its time zone, as `Europe/Berlin`.
    pub timezone: String,
}

const SWAP_MB: u64 = 4096;

pub(super) fn read(table: &Table<'_>) -> Option<Server> {
    let host = table.parsed::<Word>("host");
    let port = table.optional_number("port", 1..=65535);
    let user = table.optional_parsed::<Account>("user");
    let host_key = table.optional_parsed::<Key>("host_key").map(|it| it.0);
    let swap_mb = table.optional_number("swap_mb", 0..=65536);
    let reboot_at = table.optional_parsed::<Clock>("reboot_at").map(|it| it.0);
    let timezone = table.optional_parsed::<Word>("timezone");
    let keys = read_keys(table);
    table.refuse_unknown();
    Some(Server {
        host: host?.0,
        port: port.and_then(|it| u16::try_from(it).ok()).unwrap_or(22),
        user: user.map_or_else(|| "deploy".to_owned(), |it| it.0),
        host_key,
        keys: keys?,
        swap_mb: swap_mb.unwrap_or(SWAP_MB),
        reboot_at,
        timezone: timezone.map_or_else(|| "Etc/UTC".to_owned(), |it| it.0),
    })
}

/// Without a key nobody would get in any more.
fn read_keys(table: &Table<'_>) -> Option<Vec<String>> {
    let texts = table.texts("keys");
    let mut keys = Vec::new();
    for text in &texts {
        match text.parse::<Key>() {
            Ok(key) => keys.push(key.0),
            Err(error) => table.refuse("keys", error),
        }
    }
    if texts.is_empty() {
        table.refuse("keys", "it names no public key, so nobody could log in");
    }
    (!texts.is_empty() && keys.len() == texts.len()).then_some(keys)
}

/// A name, an address or a zone: nothing that a shell or a program's options would read into it.
struct Word(String);

impl FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |it: u8| it.is_ascii_alphanumeric() || b"-._:/+".contains(&it);
        match !text.is_empty() && !text.starts_with('-') && text.bytes().all(fits) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("`{text}` is no name: wanted letters, digits and `-._:/+`")),
        }
    }
}

/// The name of a person's account.
struct Account(String);

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-_".contains(&it);
        let starts = text.starts_with(|it: char| it.is_ascii_lowercase());
        match starts && text.len() <= 32 && text.bytes().all(fits) && text != "root" {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("`{text}` is no name of a person's account")),
        }
    }
}

/// A public key as OpenSSH writes it: kind, Base64, and perhaps a comment.
struct Key(String);

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let is_kind =
            |it: &str| it.starts_with("ssh-") || it.starts_with("ecdsa-") || it.starts_with("sk-");
        let is_body = |it: &str| {
            let fits = |it: u8| it.is_ascii_alphanumeric() || b"+/=".contains(&it);
            it.starts_with("AAAA") && it.bytes().all(fits)
        };
        let is_plain =
            text.trim() == text && !text.contains(['\'', '"', '\n', '\r', '\\', '$', '`']);
        match parts.as_slice() {
            [kind, body, ..] if is_kind(kind) && is_body(body) && is_plain => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("it is no public key as `ssh-ed25519 AAAA… NAME`".to_owned()),
        }
    }
}

/// `HH:MM`.
struct Clock(String);

impl FromStr for Clock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |it: &str, below: u8| it.len() == 2 && it.parse().is_ok_and(|it: u8| it < below);
        match text.split_once(':') {
            Some((hour, minute)) if part(hour, 24) && part(minute, 60) => Ok(Self(text.to_owned())),
            _ => Err(format!("`{text}` is no time of a day: wanted `HH:MM`")),
        }
    }
}
