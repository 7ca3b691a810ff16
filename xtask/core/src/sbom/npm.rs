//! npm's `package-lock.json`, as far as an inventory needs it.

use super::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One package of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedModule {
    /// Where npm puts it: `node_modules/a/node_modules/b`.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digests of its tarball.
    pub hashes: Vec<Hash>,
    /// Its licence, as it says itself.
    pub licence: Option<String>,
    /// The processors it is for, as npm spells them; none means any.
    pub cpus: Vec<String>,
}

#[derive(Deserialize)]
struct Spelled {
    packages: BTreeMap<String, SpelledModule>,
}

#[derive(Deserialize)]
struct SpelledModule {
    name: Option<String>,
    version: Option<String>,
    integrity: Option<String>,
    license: Option<String>,
    #[serde(default)]
    cpu: Cpus,
}

/// One, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cpus {
    One(String),
    Several(Vec<String>),
}

impl Default for Cpus {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

/// Reads a lock of version 2 or 3; packages without a version are links, and are left out.
pub fn parse(text: &str) -> Result<Vec<LockedModule>, serde_json::Error> {
    let spelled: Spelled = serde_json::from_str(text)?;
    let modules = spelled.packages.into_iter().filter(|(path, _)| !path.is_empty());
    let module = |(path, module): (String, SpelledModule)| {
        let own = path.rsplit("node_modules/").next().unwrap_or(&path).to_owned();
        let hashes = module.integrity.iter().flat_map(|text| hashes(text)).collect();
        Some(LockedModule {
            name: module.name.unwrap_or(own),
            path,
            version: module.version?,
            hashes,
            licence: module.license,
            cpus: match module.cpu {
                Cpus::One(cpu) => vec![cpu],
                Cpus::Several(cpus) => cpus,
            },
        })
    };
    Ok(modules.filter_map(module).collect())
}

/// `sha512-` and base64, several of them with blanks between.
fn hashes(integrity: &str) -> Vec<Hash> {
    let hash = |word: &str| {
        let (name, text) = word.split_once('-')?;
        let algorithm = match name {
            "sha256" => "SHA-256",
            "sha512" => "SHA-512",
            _ => return None,
        };
        Some(Hash { algorithm, hex: hex::encode(STANDARD.decode(text).ok()?) })
    };
    integrity.split_whitespace().filter_map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_names_and_integrity() {
        let text = r#"{"packages": {"": {"name": "x", "version": "1"},
            "node_modules/a/node_modules/@s/b": {"version": "2", "license": "MIT",
                "integrity": "sha1-AAAA sha256-/w=="},
            "node_modules/alias": {"name": "real", "version": "3", "cpu": "x64"},
            "node_modules/link": {"link": true}}}"#;
        let found = parse(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].version.as_str()), ("@s/b", "2"));
        assert_eq!(found[0].hashes, [Hash { algorithm: "SHA-256", hex: "ff".into() }]);
        assert_eq!(
            (found[1].name.as_str(), found[1].cpus.as_slice()),
            ("real", ["x64".into()].as_slice())
        );
    }
}
