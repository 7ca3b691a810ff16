//! Whether what is deleted in a bucket is gone some day. Where a bucket keeps versions, as every
//! bucket of Backblaze does, deleting only hides; a rule must end what is hidden, or pruning frees
//! nothing for ever.

use std::fmt;

/// What became of asking a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// It keeps no versions.
    NotKept,
    /// They end after so many days.
    EndsAfter(u64),
    /// They stay for ever.
    Stays,
    /// It did not say.
    Unknown(String),
}

impl Hidden {
    /// Whether it is as it should be; `None` if that could not be found out.
    pub fn is_good(&self) -> Option<bool> {
        match self {
            Self::NotKept => Some(true),
            Self::EndsAfter(days) => Some(*days <= DAYS_MAX),
            Self::Stays => Some(false),
            Self::Unknown(_) => None,
        }
    }
}

/// The most that a hidden version may stay.
pub const DAYS_MAX: u64 = 30;

impl fmt::Display for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotKept => formatter.write_str("the bucket keeps no old versions"),
            Self::EndsAfter(days) => {
                write!(formatter, "hidden versions end after {days} days; {DAYS_MAX} at most is wanted")
            }
            Self::Stays => formatter.write_str(
                "the bucket keeps versions and no rule of its life cycle ends the hidden ones: what is pruned is paid for ever",
            ),
            Self::Unknown(why) => write!(formatter, "its rules are unknown: {why}"),
        }
    }
}

/// What the answers to `GET ?versioning` and `GET ?lifecycle` say. The second is `None` where the
/// bucket has no rules.
pub fn judge(versioning: &str, lifecycle: Option<&str>) -> Hidden {
    // Amazon's name of the answer, and that of its older clients, which moto gives.
    let names = ["<VersioningConfiguration", "<GetBucketVersioningResponse"];
    if !names.iter().any(|name| versioning.contains(name)) {
        return Hidden::Unknown("the answer is no configuration of versions".to_owned());
    }
    // `Suspended` keeps those that are there, so it counts as keeping.
    if first(versioning, "Status").is_none() {
        return Hidden::NotKept;
    }
    let Some(lifecycle) = lifecycle else { return Hidden::Stays };
    let days = all(lifecycle, "Rule").filter(|rule| applies_to_all(rule)).filter_map(|rule| {
        let expiration = first(rule, "NoncurrentVersionExpiration")?;
        first(expiration, "NoncurrentDays")?.trim().parse::<u64>().ok()
    });
    days.min().map_or(Hidden::Stays, Hidden::EndsAfter)
}

/// Whether a rule is on, and for every object.
fn applies_to_all(rule: &str) -> bool {
    let is_on = first(rule, "Status").is_some_and(|it| it.trim() == "Enabled");
    let prefix = first(rule, "Prefix").unwrap_or_default();
    let is_narrow = ["Tag", "And", "ObjectSizeGreaterThan", "ObjectSizeLessThan"];
    is_on && prefix.trim().is_empty() && is_narrow.iter().all(|name| first(rule, name).is_none())
}

/// What stands in the first element of that name. The documents of S3 have no attributes there, no
/// comments and no CDATA; what is written otherwise is not found, and so is never taken for good.
fn first<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    all(text, name).next()
}

fn all<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (inside, after) = after.split_once(&close)?;
        rest = after;
        Some(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: &str =
        "<VersioningConfiguration xmlns=\"x\"><Status>Enabled</Status></VersioningConfiguration>";

    fn rule(status: &str, filter: &str, days: u64) -> String {
        format!(
            "<LifecycleConfiguration><Rule><ID>r</ID>{filter}<Status>{status}</Status>\
             <NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays>\
             </NoncurrentVersionExpiration></Rule></LifecycleConfiguration>"
        )
    }

    #[test]
    fn a_bucket_that_hides_needs_a_rule_that_ends_what_is_hidden() {
        assert_eq!(judge("<VersioningConfiguration/>", None), Hidden::NotKept);
        assert_eq!(judge(ON, None), Hidden::Stays);
        let whole = rule("Enabled", "<Filter><Prefix></Prefix></Filter>", 1);
        assert_eq!(judge(ON, Some(&whole)), Hidden::EndsAfter(1));
        assert_eq!(judge(ON, Some(&whole)).is_good(), Some(true));
        assert_eq!(judge(ON, Some(&rule("Enabled", "", 365))).is_good(), Some(false));
    }

    #[test]
    fn a_rule_that_is_off_or_for_some_objects_only_does_not_count() {
        for rule in [
            rule("Disabled", "", 1),
            rule("Enabled", "<Filter><Prefix>logs/</Prefix></Filter>", 1),
            rule("Enabled", "<Filter><Tag><Key>a</Key></Tag></Filter>", 1),
            "<LifecycleConfiguration/>".to_owned(),
        ] {
            assert_eq!(judge(ON, Some(&rule)), Hidden::Stays, "{rule}");
        }
    }

    #[test]
    fn an_answer_of_another_kind_is_neither_good_nor_bad() {
        assert_eq!(judge("<html>502</html>", None).is_good(), None);
        assert_eq!(judge("", None).is_good(), None);
    }
}
