//! The actions of others that our workflows use, by commit: a tag may be moved, a commit may not.

/// Somebody else's action, at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// `owner/repository`.
    pub name: &'static str,
    /// The commit, 40 hex digits.
    pub commit: &'static str,
    /// What its authors call that commit.
    pub version: &'static str,
}

/// Puts a commit of the repository on the machine.
pub const CHECKOUT: Action = Action {
    name: "actions/checkout",
    commit: "3d3c42e5aac5ba805825da76410c181273ba90b1",
    version: "v7.0.1",
};

/// Installs Nix, so that `./x` enters the pinned shell.
pub const INSTALL_NIX: Action = Action {
    name: "cachix/install-nix-action",
    commit: "13d8dd58da0234aa297dedd986986ccb8e7f3e24",
    version: "v31.11.1",
};

/// Keeps the Nix store between runs.
pub const CACHE_NIX: Action = Action {
    name: "nix-community/cache-nix-action",
    commit: "106bba72ed8e29c8357661199511ef07790175e9",
    version: "v7",
};

/// Keeps folders between runs.
pub const CACHE: Action = Action {
    name: "actions/cache",
    commit: "27d5ce7f107fe9357f9df03efb73ab90386fccae",
    version: "v5.0.5",
};

/// Brings back what another job keeps.
pub const CACHE_RESTORE: Action = Action { name: "actions/cache/restore", ..CACHE };

/// Keeps files for people to download.
pub const UPLOAD: Action = Action {
    name: "actions/upload-artifact",
    commit: "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    version: "v7.0.1",
};

/// Shows findings under "Security", where the repository has code scanning.
pub const UPLOAD_SARIF: Action = Action {
    name: "github/codeql-action/upload-sarif",
    commit: "95e58e9a2cdfd71adc6e0353d5c52f41a045d225",
    version: "v4.35.2",
};

/// All of them.
pub const ALL: [Action; 7] =
    [CHECKOUT, INSTALL_NIX, CACHE_NIX, CACHE, CACHE_RESTORE, UPLOAD, UPLOAD_SARIF];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_named_by_a_commit() {
        for action in ALL {
            let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            assert!(action.commit.len() == 40 && action.commit.chars().all(is_hex), "{action:?}");
            assert!(action.version.starts_with('v'), "{action:?}");
        }
    }
}
