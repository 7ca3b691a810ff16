//! Names, versions and paths of a lock: a strange one makes npm fetch from elsewhere, or write
//! elsewhere.

/// Whether npm could publish a package of this name: `b`, `@a/b`. An address is none.
pub(super) fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!*'()".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed)
    };
    match name.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
        None => part(name) && name != "node_modules",
        Some(Some((scope, name))) => part(scope) && part(name),
        Some(None) => false,
    }
}

/// Whether the version is one of the registry, and neither an address nor an alias.
pub(super) fn is_version(version: &str) -> bool {
    semver::Version::parse(version).is_ok()
}

/// Whether a relative path stays where it begins.
pub(super) fn stays_inside(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':']);
    path.split('/').all(plain) && !path.contains(char::is_control)
}

/// Splits the path of a package: the folder that it is for, and what it is called there.
/// `node_modules/a/node_modules/@b/c` is `@b/c` of `node_modules/a`; the root is the empty path.
pub(super) fn place(path: &str) -> Option<(&str, &str)> {
    match path.rsplit_once("/node_modules/") {
        Some(place) => Some(place),
        None => Some(("", path.strip_prefix("node_modules/")?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_neither_names_nor_versions() {
        for good in ["a", "@a/b", "JSONStream", "left-pad", "a.b_c~d"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "@a", "@/b", "a/b", "a@npm:b", "..", "@a/..", "file:x", "node_modules"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_version("1.2.3-rc.1+x"));
        for bad in ["", "1", "^1.0.0", "npm:b@1.0.0", "https://x/a.tgz", "git+ssh://x/a", "latest"]
        {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn a_path_says_whose_folder_it_is_in() {
        assert_eq!(place("node_modules/a"), Some(("", "a")));
        assert_eq!(place("node_modules/a/node_modules/@b/c"), Some(("node_modules/a", "@b/c")));
        assert_eq!(place("packages/x/node_modules/c"), Some(("packages/x", "c")));
        assert_eq!(place("packages/x"), None);
        assert!(stays_inside("packages/x") && !stays_inside("../x") && !stays_inside("/x"));
    }
}
