//! What differs between two locks, for a person to review: each package, and why.

use super::closure::Asker;
use super::resolve::Resolved;
use super::version::newer;
use crate::image::lock::{Lock, LockedPackage};
use crate::platform::Platform;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One package of one layer that differs, on the platforms where it differs in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub package: String,
    /// The version before, if it was there.
    pub before: Option<String>,
    /// The version after, if it is there.
    pub after: Option<String>,
    pub reason: Reason,
    pub platforms: BTreeSet<Platform>,
}

/// Why a package of a lock differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The named archive holds a newer version.
    Newer(String),
    /// No archive holds the locked version any more, nor a newer one.
    Older(String),
    /// The same version, from another archive or place.
    Moved(String),
    /// The same version with another digest, which no honest archive has.
    OtherBytes,
    /// It was not there, and these ask for it.
    Needed(BTreeSet<Asker>),
    /// Another layer holds it now.
    InLayer(String),
    /// The definition leaves it out now.
    LeftOut,
    /// Nothing asks for it any more.
    Idle,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(archive) => write!(formatter, "newer in `{archive}`"),
            Self::Older(archive) => {
                write!(formatter, "`{archive}` no longer holds the newer one")
            }
            Self::Moved(archive) => write!(formatter, "the same version, now from `{archive}`"),
            Self::OtherBytes => {
                write!(formatter, "the same version with other bytes: distrust the mirror")
            }
            Self::Needed(askers) => write!(formatter, "newly needed by {}", first(askers)),
            Self::InLayer(layer) => write!(formatter, "now in layer `{layer}`"),
            Self::LeftOut => write!(formatter, "left out by the definition"),
            Self::Idle => write!(formatter, "nothing asks for it any more"),
        }
    }
}

/// Three names, and how many more.
fn first(askers: &BTreeSet<Asker>) -> String {
    let shown: Vec<String> = askers.iter().take(3).map(ToString::to_string).collect();
    match askers.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |version: &Option<String>| version.clone().unwrap_or_else(|| "absent".into());
        let Self { package, before, after, reason, platforms } = self;
        write!(formatter, "{package}: {}", shown(before))?;
        if before != after {
            write!(formatter, " -> {}", shown(after))?;
        }
        write!(formatter, ", {reason}")?;
        if platforms.len() == Platform::ALL.len() {
            return Ok(());
        }
        let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        write!(formatter, " ({} only)", platforms.join(", "))
    }
}

/// What differs from `before` to `after`, by layer, ordered by package; a change that is the same
/// on several platforms is one.
pub fn changes(before: &Lock, after: &Resolved) -> BTreeMap<String, Vec<Change>> {
    let mut by_layer = BTreeMap::new();
    for layer in before.layers.keys().chain(after.layers.keys()).collect::<BTreeSet<_>>() {
        let mut folded = BTreeMap::new();
        for platform in Platform::ALL {
            let before = files(before.layers.get(layer), platform);
            for (package, (before, after_file)) in
                pairs(before, files(after.layers.get(layer), platform))
            {
                if before == after_file {
                    continue;
                }
                let reason = reason(package, before, after_file, after);
                let version = |file: Option<&LockedPackage>| file.map(|it| it.version.clone());
                let key = (package.to_owned(), version(before), version(after_file), reason);
                folded.entry(key).or_insert_with(BTreeSet::new).insert(platform);
            }
        }
        let change = |((package, before, after, reason), platforms)| Change {
            package,
            before,
            after,
            reason,
            platforms,
        };
        if !folded.is_empty() {
            by_layer.insert(layer.clone(), folded.into_iter().map(change).collect());
        }
    }
    by_layer
}

type Files<'a> = Option<&'a BTreeMap<Platform, Vec<LockedPackage>>>;

fn files(layer: Files<'_>, platform: Platform) -> &[LockedPackage] {
    layer.and_then(|layer| layer.get(&platform)).map_or(&[], Vec::as_slice)
}

type Pair<'a> = (Option<&'a LockedPackage>, Option<&'a LockedPackage>);

fn pairs<'a>(
    before: &'a [LockedPackage],
    after: &'a [LockedPackage],
) -> BTreeMap<&'a str, Pair<'a>> {
    let mut pairs: BTreeMap<&str, Pair<'_>> = BTreeMap::new();
    before.iter().for_each(|it| pairs.entry(&it.name).or_default().0 = Some(it));
    after.iter().for_each(|it| pairs.entry(&it.name).or_default().1 = Some(it));
    pairs
}

fn reason(
    package: &str,
    before: Option<&LockedPackage>,
    after: Option<&LockedPackage>,
    resolved: &Resolved,
) -> Reason {
    match (before, after) {
        (Some(before), Some(after)) => match newer(&before.version, &after.version) {
            Ordering::Less => Reason::Newer(after.archive.clone()),
            Ordering::Greater => Reason::Older(before.archive.clone()),
            Ordering::Equal if before.digest != after.digest => Reason::OtherBytes,
            Ordering::Equal => Reason::Moved(after.archive.clone()),
        },
        (_, Some(_)) => Reason::Needed(resolved.askers.get(package).cloned().unwrap_or_default()),
        _ => gone(package, resolved),
    }
}

fn gone(package: &str, resolved: &Resolved) -> Reason {
    let holds = |platforms: &BTreeMap<Platform, Vec<LockedPackage>>| {
        platforms.values().flatten().any(|file| file.name == package)
    };
    let layer = resolved.layers.iter().find(|(_, platforms)| holds(platforms));
    match layer {
        Some((layer, _)) => Reason::InLayer(layer.clone()),
        None if resolved.left_out.contains(package) => Reason::LeftOut,
        None => Reason::Idle,
    }
}

#[cfg(test)]
mod tests;
