//! Whether a release and a schema go together.

use crate::database::migration::MARK;
use std::fmt;

/// A migration as far as it matters for older releases.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Applied {
    pub name: String,
    /// Whether its author says that older releases run on the schema it leaves.
    pub is_safe: bool,
}

/// A release that would serve on a schema that it does not know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Skew {
    /// The wanted release does not know what is applied already.
    Ahead { release: String, migration: String },
    /// What serves would not know what is to be applied, until it is replaced.
    Pending { release: String, migration: String },
}

impl fmt::Display for Skew {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ahead { release, migration } => write!(
                formatter,
                "release `{release}` does not know the applied migration `{migration}`, \
                 which is not marked `{MARK}`"
            ),
            Self::Pending { release, migration } => write!(
                formatter,
                "release `{release}` serves, and does not know the pending migration \
                 `{migration}`, which is not marked `{MARK}`"
            ),
        }
    }
}

/// Every migration that some release would not know and whose author did not say that this is
/// safe. `knows` are the migrations of the wanted release; `serving` is what serves, and what an
/// interrupted run may still bring to serve.
pub fn judge(
    to: &str,
    knows: &[String],
    serving: &[String],
    applied: &[Applied],
    pending: &[Applied],
) -> Vec<Skew> {
    let unsafe_of = |all: &[Applied]| -> Vec<String> {
        all.iter().filter(|it| !it.is_safe).map(|it| it.name.clone()).collect()
    };
    let ahead = unsafe_of(applied).into_iter().filter(|it| !knows.contains(it));
    let ahead = ahead.map(|migration| Skew::Ahead { release: to.to_owned(), migration });
    let pending = serving.iter().flat_map(|release| {
        let skew = |migration| Skew::Pending { release: release.clone(), migration };
        unsafe_of(pending).into_iter().map(skew)
    });
    ahead.chain(pending).collect()
}
