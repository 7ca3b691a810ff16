//! What an application's description says: whose it is, and for which release it is configured.
//!
//! A rollout writes the release in the request that sets the tag, as `begun=`; once it was seen to
//! serve, as `release=`. So a run that was killed in between is told from one that ended. Where
//! `infra apply` changes what a container is told, `changed=` stands there: the containers that
//! run do not know of it before they are deployed again.

/// What the description of an application of ours says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// No rollout has reached it.
    Nothing,
    /// It was configured for this release, and nobody has seen that it came to serve.
    Begun(String),
    /// It was seen to serve this release.
    Served(String),
    /// It was seen to serve this release, and what it is told was changed since.
    Changed(String),
}

impl Marked {
    /// What a description says; `None` if it is not of `mark`.
    pub fn read(description: Option<&str>, mark: &str) -> Option<Self> {
        let rest = description?.strip_prefix(mark)?;
        if rest.is_empty() {
            return Some(Self::Nothing);
        }
        let (word, release) = rest.strip_prefix(' ')?.split_once('=')?;
        match word {
            "begun" => Some(Self::Begun(release.to_owned())),
            "release" => Some(Self::Served(release.to_owned())),
            "changed" => Some(Self::Changed(release.to_owned())),
            _ => None,
        }
    }

    /// Whether a description is of `mark`, whatever release it names.
    pub fn is(description: Option<&str>, mark: &str) -> bool {
        Self::read(description, mark).is_some()
    }

    pub fn description(&self, mark: &str) -> String {
        match self {
            Self::Nothing => mark.to_owned(),
            Self::Begun(release) => format!("{mark} begun={release}"),
            Self::Served(release) => format!("{mark} release={release}"),
            Self::Changed(release) => format!("{mark} changed={release}"),
        }
    }

    /// What a person should know of it.
    pub fn remark(&self, name: &str) -> Option<String> {
        match self {
            Self::Nothing | Self::Served(_) => None,
            Self::Begun(release) => Some(format!(
                "a rollout of `{release}` to `{name}` was begun and never seen to end"
            )),
            Self::Changed(release) => Some(format!(
                "`{name}` was changed after `{release}` was deployed; its containers do not know \
                 of it yet"
            )),
        }
    }

    /// The release that it is configured for.
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Begun(release) | Self::Served(release) | Self::Changed(release) => Some(release),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let mark = "xtask nutri/production";
        let of = |word: fn(String) -> Marked| word("r1".into());
        let words = [of(Marked::Begun), of(Marked::Served), of(Marked::Changed)];
        for marked in words.into_iter().chain([Marked::Nothing]) {
            let text = marked.description(mark);
            assert_eq!(Marked::read(Some(&text), mark), Some(marked), "{text}");
        }
    }

    #[test]
    fn another_environments_and_a_persons_are_none() {
        let mark = "xtask nutri/prod";
        for text in ["xtask nutri/production", "xtask nutri/prod by hand", "", "mine", "xtask"] {
            assert_eq!(Marked::read(Some(text), mark), None, "{text}");
        }
        assert!(!Marked::is(None, mark));
    }
}
