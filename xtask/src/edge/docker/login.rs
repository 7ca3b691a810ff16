//! Who the engine's own program is at a registry, where nobody has said `docker login`: it does not
//! know `REGISTRY`, `REGISTRY_USER` and `REGISTRY_TOKEN`, by which machines of CI are told who they are.

use crate::edge::files;
use crate::error::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::path::Path;
use tempfile::TempDir;
use xtask_core::reference::Reference;
use xtask_registry::credentials::Surroundings;

const FILE: &str = "config.json";

/// A folder for `DOCKER_CONFIG`, if variables say who we are at the registry of `image`: what the
/// person's own folder holds, and these credentials. It goes with its value.
pub(super) fn folder(image: &str, around: &Surroundings) -> Result<Option<TempDir>> {
    let failed = || format!("failed to log in for `{image}`");
    let Ok(reference) = image.parse::<Reference>() else { return Ok(None) };
    let told = around.from_variables.iter().find(|it| it.is_for(&reference.repository));
    let Some(told) = told else { return Ok(None) };
    let of_home = around.home.as_ref().map(|home| home.join(".docker"));
    let own = around.docker_config.clone().or(of_home);
    let made = tempfile::Builder::new().prefix("xtask-docker-").tempdir().or_outside(failed)?;
    let mut config = Map::new();
    if let Some(own) = own
        && files::is_there(&own)?
    {
        if let Some(text) = files::read_if_there(&own.join(FILE))? {
            config = serde_json::from_str(&text).or_outside(failed)?;
        }
        link_rest(&own, made.path()).or_outside(failed)?;
    }
    let (user, password) = (&told.credentials.user, told.credentials.password.expose());
    let login = STANDARD.encode(format!("{user}:{password}"));
    log_in(&mut config, reference.repository.registry(), &login);
    let text = Value::Object(config).to_string();
    files::write_private(&made.path().join(FILE), text.as_bytes())?;
    Ok(Some(made))
}

/// A store or a helper would be asked instead of what stands in the file.
fn log_in(config: &mut Map<String, Value>, registry: &str, login: &str) {
    config.remove("credsStore");
    if let Some(Value::Object(helpers)) = config.get_mut("credHelpers") {
        helpers.remove(registry);
    }
    let all = config.entry("auths").or_insert_with(|| json!({}));
    if !all.is_object() {
        *all = json!({});
    }
    all[registry] = json!({ "auth": login });
}

/// Which engine is asked stands in `contexts`, beside the file.
fn link_rest(own: &Path, made: &Path) -> std::io::Result<()> {
    let own = std::fs::canonicalize(own)?;
    for entry in std::fs::read_dir(&own)? {
        let name = entry?.file_name();
        if name != FILE {
            std::os::unix::fs::symlink(own.join(&name), made.join(&name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    const IMAGE: &str = "ghcr.io/acme/nutri/backend:1";

    fn around(home: &Path, registry: &str) -> Surroundings {
        let pairs = [("REGISTRY", registry), ("REGISTRY_USER", "ann"), ("REGISTRY_TOKEN", "t")];
        Surroundings::of(|name| match name {
            "HOME" => Some(home.into()),
            name => pairs.iter().find(|it| it.0 == name).map(|it| OsString::from(it.1)),
        })
    }

    #[test]
    fn the_registry_that_is_named_and_no_other_is_logged_in_to() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join(".docker");
        std::fs::create_dir_all(own.join("contexts")).unwrap();
        std::fs::write(
            own.join(FILE),
            r#"{"credsStore":"x","credHelpers":{"ghcr.io":"y","a.b":"z"},"currentContext":"far"}"#,
        )
        .unwrap();
        let made = folder(IMAGE, &around(home.path(), "ghcr.io/acme/nutri")).unwrap().unwrap();
        let text = std::fs::read_to_string(made.path().join(FILE)).unwrap();
        let config: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(config["auths"]["ghcr.io"]["auth"], STANDARD.encode("ann:t"));
        assert_eq!(config["credHelpers"], json!({ "a.b": "z" }));
        assert_eq!(
            (&config["credsStore"], &config["currentContext"]),
            (&Value::Null, &"far".into())
        );
        assert!(made.path().join("contexts").is_dir());
        assert!(folder(IMAGE, &around(home.path(), "other.example/x")).unwrap().is_none());
        let kept = std::fs::read_to_string(own.join(FILE)).unwrap();
        assert!(!kept.contains("auths"), "the person's own file stays as it is");
    }
}
