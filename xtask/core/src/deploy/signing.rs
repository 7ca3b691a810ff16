//! Who signs what is said about images, and whose signatures are believed.

use super::{KEPT, SecretSource};
use crate::reader::Table;

/// The keys. Without any, nothing is signed and nothing is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// Where the private key comes from, if something is signed.
    pub key: Option<SecretSource>,
    /// The files of the public keys that are believed, from the root of the repository.
    pub public_keys: Vec<String>,
}

pub(super) fn read(table: &Table<'_>) -> Signing {
    let key = table.optional_parsed("key");
    if key == Some(SecretSource::Generate) {
        let made = "`cargo xtask image keygen` makes a key; here stands where it is kept";
        table.refuse("key", format!("wanted {KEPT}; {made}"));
    }
    let public_keys = table.texts("public_keys");
    for path in &public_keys {
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            table.refuse("public_keys", format!("`{path}` is no path inside the repository"));
        }
    }
    table.refuse_unknown();
    Signing { key, public_keys }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Source;

    fn signing(text: &str) -> Result<Signing, String> {
        let read = |root: &Table<'_>| root.table("signing").map(|table| read(&table));
        Source::new("deploy.toml", text).read(read).map_err(|findings| findings.to_string())
    }

    #[test]
    fn a_key_is_named_by_where_it_is_kept() {
        let text = "[signing]\nkey = \"env:KEY\"\npublic_keys = [\"keys/a.pub\"]\n";
        let found = signing(text).unwrap();
        assert_eq!(found.key, Some(SecretSource::Variable("KEY".into())));
        assert_eq!(found.public_keys, ["keys/a.pub"]);
    }

    #[test]
    fn every_mistake_is_named() {
        let text = "[signing]\nkey = \"generate\"\npublic_keys = [\"../a.pub\"]\nkeys = 1\n";
        let message = signing(text).unwrap_err();
        for wanted in ["image keygen", "`../a.pub` is no path inside", "keys"] {
            assert!(message.contains(wanted), "{message}");
        }
        let message = signing("[signing]\nkey = \"hunter2\"\n").unwrap_err();
        assert!(message.contains("a secret itself never stands here"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}
