//! Whether what an engine has under a name is the image that is meant. A name tells nothing:
//! whoever may talk to the engine gives it to anything.

use crate::digest::Digest;
use serde_json::Value;

/// What of a config decides which program runs. The engine adds fields of its own beside them.
const TELLING: [&str; 5] = ["User", "Env", "Entrypoint", "Cmd", "WorkingDir"];

/// Whether `found`, as the engine describes it, is the image whose config has these bytes. Engines
/// name an image by the digest of its config; those with containerd's store name what they loaded
/// by a digest of their own, and there the layers and the config are compared.
pub fn is_image(found: &Value, config: &[u8]) -> bool {
    if found["Id"].as_str() == Some(&Digest::of(config).to_string()) {
        return true;
    }
    let Ok(wanted) = serde_json::from_slice::<Value>(config) else { return false };
    let layers = &wanted["rootfs"]["diff_ids"];
    layers.is_array()
        && found["RootFS"]["Layers"] == *layers
        && found["Architecture"] == wanted["architecture"]
        && TELLING.iter().all(|it| given(&found["Config"][it]) == given(&wanted["config"][it]))
}

/// A value, unless it says nothing.
fn given(value: &Value) -> Option<&Value> {
    let says_nothing = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    (!says_nothing).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
