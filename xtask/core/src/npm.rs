//! What a lock of npm says that nobody may overlook.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct PackageLock {
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Package {
    dev: bool,
    optional: bool,
    dev_optional: bool,
    has_install_script: bool,
}

/// What is wrong between the install scripts of a lock and those that a definition declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptFindings {
    /// Packages with a script that nobody declared as not needed.
    pub undeclared: Vec<String>,
    /// Declarations of packages that have none.
    pub stale: Vec<String>,
}

impl ScriptFindings {
    /// Whether there is nothing to refuse.
    pub fn is_empty(&self) -> bool {
        self.undeclared.is_empty() && self.stale.is_empty()
    }
}

/// Judges the packages of `lock` (a `package-lock.json`) that run in production, with the
/// optional ones if `optional`, by the names that are `declared`.
pub fn judge_scripts(
    lock: &str,
    optional: bool,
    declared: &[(String, String)],
) -> Result<ScriptFindings, serde_json::Error> {
    let lock: PackageLock = serde_json::from_str(lock)?;
    let installed = |package: &Package| {
        !package.dev && (optional || !(package.optional || package.dev_optional))
    };
    let scripts = lock.packages.iter().filter(|(_, it)| it.has_install_script && installed(it));
    let mut names: Vec<&str> = scripts.filter_map(|(path, _)| name(path)).collect();
    names.sort_unstable();
    names.dedup();
    let is_declared = |name: &str| declared.iter().any(|(known, _)| known == name);
    let undeclared = names.iter().filter(|name| !is_declared(name));
    let stale = declared.iter().filter(|(name, _)| !names.contains(&name.as_str()));
    Ok(ScriptFindings {
        undeclared: undeclared.map(|name| (*name).to_owned()).collect(),
        stale: stale.map(|(name, _)| name.clone()).collect(),
    })
}

/// `node_modules/a/node_modules/@b/c` is `@b/c`; the root has no name.
fn name(path: &str) -> Option<&str> {
    path.rsplit_once("node_modules/").map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"{ "packages": {
        "": { "hasInstallScript": true },
        "node_modules/plain": {},
        "node_modules/tool": { "dev": true, "hasInstallScript": true },
        "node_modules/fast": { "optional": true, "hasInstallScript": true },
        "node_modules/peer": { "devOptional": true, "hasInstallScript": true },
        "node_modules/plain/node_modules/@b/native": { "hasInstallScript": true }
    } }"#;

    fn judge(optional: bool, declared: &[&str]) -> ScriptFindings {
        let declared: Vec<_> =
            declared.iter().map(|name| ((*name).to_owned(), "why".to_owned())).collect();
        judge_scripts(LOCK, optional, &declared).unwrap()
    }

    #[test]
    fn a_script_of_a_package_that_runs_in_production_must_be_declared() {
        assert_eq!(judge(false, &[]).undeclared, ["@b/native"]);
        assert_eq!(judge(true, &[]).undeclared, ["@b/native", "fast", "peer"]);
        assert!(judge(false, &["@b/native"]).is_empty());
    }

    #[test]
    fn a_declaration_without_a_script_is_stale() {
        assert_eq!(judge(false, &["@b/native", "plain", "tool"]).stale, ["plain", "tool"]);
    }
}
