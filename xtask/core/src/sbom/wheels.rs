//! A hash-pinned list of wheels, as uv and pip read it.

use crate::digest::Digest;

/// One wheel of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its name in normal form.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The files that it may be: one for each platform and form that was published.
    pub digests: Vec<Digest>,
}

/// A line of the list is neither a requirement nor a hash.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: wanted `name==version` or `--hash=sha256:…`, found `{text}`")]
pub struct RequirementError {
    line: usize,
    text: String,
}

/// Reads the list.
pub fn parse(text: &str) -> Result<Vec<Requirement>, RequirementError> {
    let mut found: Vec<Requirement> = Vec::new();
    for (position, line) in text.lines().enumerate() {
        let said = line.split('#').next().unwrap_or_default();
        for word in said.trim_end().trim_end_matches('\\').split_whitespace() {
            let refuse =
                || RequirementError { line: position + 1, text: word.chars().take(80).collect() };
            match word.strip_prefix("--hash=") {
                Some(digest) => {
                    let digest = digest.parse().map_err(|_| refuse())?;
                    found.last_mut().ok_or_else(refuse)?.digests.push(digest);
                }
                None => {
                    let (name, version) = word.split_once("==").ok_or_else(refuse)?;
                    let (name, version) = (normal(name), version.to_owned());
                    found.push(Requirement { name, version, digests: Vec::new() });
                }
            }
        }
    }
    Ok(found)
}

/// The one form of a name: lowercase, with `-` for every run of `-`, `_` and `.`.
pub fn normal(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let parts = lower.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_versions_and_every_hash() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let text = format!(
            "# a list\nNumpy_X==2.4 \\\n    --hash={one} \\\n    --hash={two}\n    # via\n"
        );
        let wanted =
            Requirement { name: "numpy-x".into(), version: "2.4".into(), digests: vec![one, two] };
        assert_eq!(parse(&text), Ok(vec![wanted]));
    }

    #[test]
    fn what_is_not_pinned_is_refused_with_its_line() {
        let error = parse("a==1\nb>=2\n").unwrap_err();
        assert!(error.to_string().starts_with("line 2: "), "{error}");
        assert!(parse("--hash=sha256:00").is_err());
    }
}
