//! Whether what an engine has under a name is the image that is meant. A name tells nothing:
//! whoever may talk to the engine gives it to anything.

use crate::digest::Digest;
use serde::{Deserialize, Deserializer};

/// An image as an engine describes it, as far as it tells which program runs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EngineImage {
    /// The digest that the engine knows it by.
    pub id: String,
    /// The processor it is for, as OCI names it.
    #[serde(default)]
    architecture: String,
    /// Its layers; an engine that tells none says nothing of them.
    #[serde(rename = "RootFS")]
    root_fs: Option<Layers>,
    #[serde(default, deserialize_with = "or_default")]
    config: Start,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Layers {
    #[serde(default, deserialize_with = "or_default")]
    layers: Vec<String>,
}

/// The config of an OCI image, as far as the same is in an engine's answer.
#[derive(Deserialize)]
struct ImageConfig {
    architecture: String,
    rootfs: RootFs,
    #[serde(default, deserialize_with = "or_default")]
    config: Start,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

/// What of a config decides which program runs. The engine adds fields of its own beside them, and
/// writes nothing in several ways: absent, `null`, `""` and `[]`.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Start {
    #[serde(deserialize_with = "or_default")]
    user: String,
    #[serde(deserialize_with = "or_default")]
    env: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    entrypoint: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    cmd: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    working_dir: String,
}

/// Reads `null` as the empty value of its type: engines write it for what was not set.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl EngineImage {
    /// Whether it is the image whose config has these bytes. Engines name an image by the digest of
    /// its config; those with containerd's store name what they loaded by a digest of their own,
    /// and there the layers and the config are compared.
    pub fn is(&self, config: &[u8]) -> bool {
        if self.id == Digest::of(config).to_string() {
            return true;
        }
        let Ok(wanted) = serde_json::from_slice::<ImageConfig>(config) else { return false };
        self.root_fs.as_ref().is_some_and(|it| it.layers == wanted.rootfs.diff_ids)
            && self.architecture == wanted.architecture
            && self.config == wanted.config
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn is_image(found: &Value, config: &[u8]) -> bool {
        serde_json::from_value::<EngineImage>(found.clone()).unwrap().is(config)
    }

    #[test]
    fn an_image_is_known_by_its_config_or_by_all_that_runs() {
        let config = json!({ "architecture": "amd64", "rootfs": { "diff_ids": ["sha256:a"] },
                             "config": { "User": "1:1", "Entrypoint": ["/bin/a"] } })
        .to_string();
        let id = Digest::of(config.as_bytes()).to_string();
        assert!(is_image(&json!({ "Id": id }), config.as_bytes()));
        let other = |layer: &str, user: &str, entrypoint: &str| {
            json!({ "Id": "sha256:b", "Architecture": "amd64", "RootFS": { "Layers": [layer] },
                    "Config": { "User": user, "Entrypoint": [entrypoint], "Cmd": null } })
        };
        let same = |found: &Value| is_image(found, config.as_bytes());
        assert!(same(&other("sha256:a", "1:1", "/bin/a")));
        assert!(!same(&other("sha256:x", "1:1", "/bin/a")), "other files");
        assert!(!same(&other("sha256:a", "0:0", "/bin/a")), "another user");
        assert!(!same(&other("sha256:a", "1:1", "/bin/x")), "another program");
        let mut more = other("sha256:a", "1:1", "/bin/a");
        more["Config"]["Cmd"] = json!(["x"]);
        assert!(!same(&more), "other arguments");
        assert!(!same(&json!({ "Id": "sha256:b" })));
        assert!(!is_image(&json!({ "Id": "sha256:b" }), b"{}"), "nothing is not the same");
    }
}
