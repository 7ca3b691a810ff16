//! Addresses that people wrote into files, as they may be shown.

/// `text` up to what may hold a secret: without a user and a password, a query and a fragment.
pub fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    // What stands before its `@` is a name.
    let is_alias = text.starts_with("npm:");
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = if is_alias { host } else { host.rsplit('@').next().unwrap_or_default() };
    let visible = |letter: &char| !letter.is_control();
    format!("{scheme}{host}{path}").chars().filter(visible).take(120).collect()
}

/// Whether `text` may be an address, with a password in it, that stands where a name is wanted.
pub fn may_be_one(text: &str) -> bool {
    text.contains("://") || text.contains('@')
}

/// A word of a person's in a message: what may be an address is not repeated.
pub fn named(text: &str) -> &str {
    if may_be_one(text) { "(an address, not repeated here)" } else { text }
}

/// The scheme and the host of an address of the web.
pub fn origin(text: &str) -> Option<String> {
    let shown = shown(text);
    let (scheme, rest) = shown.split_once("://")?;
    let host = rest.split('/').next()?;
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_repeated_and_what_may_be_an_address_is_not() {
        assert_eq!(named("staging"), "staging");
        for text in ["postgres://own:pw@host/app", "own:pw@host", "postgres://host"] {
            assert!(may_be_one(text) && !named(text).contains("host"), "{text}");
        }
    }

    #[test]
    fn users_passwords_queries_and_fragments_are_not_shown() {
        for (text, wanted) in [
            ("git+ssh://git:pass@host/a/b.git#v1", "git+ssh://host/a/b.git"),
            ("https://a:p@ss@host/x.tgz?token=1", "https://host/x.tgz"),
            ("https://token@host?x", "https://host"),
            ("file:../x", "file:../x"),
            ("git@host:a/b", "host:a/b"),
            ("npm:other@1.0.0", "npm:other@1.0.0"),
            ("https://host/@scope/x\u{1b}[0m", "https://host/@scope/x[0m"),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
        assert_eq!(origin("https://u:p@host:1/x"), Some("https://host:1".into()));
        assert_eq!(origin("git+ssh://host/x"), None);
    }
}
