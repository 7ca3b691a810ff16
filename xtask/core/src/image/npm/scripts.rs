//! Install scripts: none is run, so each must be known as one that is not needed.

use super::{NpmLock, Package};

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

impl NpmLock {
    /// Judges the packages that run in production, with the optional ones of every platform if
    /// `optional`, by the names that are `declared`.
    pub fn judge_scripts(&self, optional: bool, declared: &[(String, String)]) -> ScriptFindings {
        let installed = |package: &&Package| {
            !package.dev && (optional || !(package.optional || package.dev_optional))
        };
        let scripts = self.packages.iter().filter(|it| it.has_install_script).filter(installed);
        let mut names: Vec<&str> = scripts.map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let is_declared = |name: &str| declared.iter().any(|(known, _)| known == name);
        let undeclared = names.iter().filter(|name| !is_declared(name));
        let stale = declared.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        ScriptFindings {
            undeclared: undeclared.map(|name| (*name).to_owned()).collect(),
            stale: stale.map(|(name, _)| name.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::{HASH, lock};
    use super::*;
    use serde_json::json;

    fn judge(optional: bool, declared: &[&str]) -> ScriptFindings {
        let package = |flag: &str| json!({ "version": "1.0.0", "integrity": HASH, flag: true, "hasInstallScript": true });
        let lock = lock(&json!({
            "": { "hasInstallScript": true },
            "node_modules/plain": { "version": "1.0.0", "integrity": HASH },
            "node_modules/tool": package("dev"),
            "node_modules/fast": package("optional"),
            "node_modules/peer": package("devOptional"),
            "node_modules/plain/node_modules/@b/native": package("peer"),
        }));
        let declared: Vec<_> =
            declared.iter().map(|name| ((*name).to_owned(), "why".to_owned())).collect();
        lock.judge_scripts(optional, &declared)
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
