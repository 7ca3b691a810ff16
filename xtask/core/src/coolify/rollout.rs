//! What a rollout does to one application and why, and what somebody else did to it.

use super::desired::Marked;

/// How a release wants an application.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The tag that names its image by digest.
    pub tag: &'a str,
    /// Why it is deployed whatever it serves, if it is.
    pub anew: Option<&'a str>,
}

/// How it was found.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The tag that the next deployment takes.
    pub tag: Option<&'a str>,
    /// What its description says.
    pub marked: &'a Marked,
    /// The release that it answers as, if it was asked and told one.
    pub answers: Option<&'a str>,
    /// How many variables are not as wanted. What names the release is as wanted if it names the
    /// one that it was deployed for.
    pub variables: usize,
    /// Whether somebody cancelled its newest deployment.
    pub is_cancelled: bool,
    /// Whether a deployment of it waits or runs: what that brings is not known.
    pub is_under_way: bool,
    /// Whether somebody else deployed it since: what that brought is not known.
    pub is_foreign: bool,
}

/// Why it is to be deployed; nothing if it serves what is wanted, whichever release it was deployed
/// for.
pub fn reasons(wanted: Wanted<'_>, found: &Found<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    if found.tag != Some(wanted.tag) {
        reasons.push(match found.marked.release() {
            Some(release) => format!("its image is not that of `{release}`"),
            None => "it has another image".to_owned(),
        });
    }
    match found.marked {
        Marked::Served(_) => {}
        Marked::Begun(release) => {
            reasons.push(format!("a rollout of `{release}` was begun and never seen to end"));
        }
        Marked::Changed(_) => {
            reasons.push("what it is told was changed since it was deployed".to_owned());
        }
        Marked::Nothing => reasons.push("no release of it was rolled out".to_owned()),
    }
    if let Some(answers) = found.answers.filter(|it| found.marked.release() != Some(it)) {
        reasons.push(format!("release `{answers}` answers"));
    }
    if found.variables > 0 {
        reasons.push("what it is told differs".to_owned());
    }
    if found.is_cancelled {
        reasons.push("its last deployment was cancelled, so two containers may run".to_owned());
    }
    if found.is_under_way {
        reasons.push("a deployment of it is under way".to_owned());
    }
    if found.is_foreign {
        reasons.push("somebody else deployed it since".to_owned());
    }
    reasons.extend(wanted.anew.map(ToOwned::to_owned));
    reasons
}

/// That another release answers than the one that it is configured for.
pub fn configured(name: &str, marked: &Marked, answers: Option<&str>) -> Option<String> {
    let (answers, release) = (answers?, marked.release()?);
    (answers != release)
        .then(|| format!("`{name}` is configured for release `{release}`, and `{answers}` answers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted { tag: "sha256-2", anew: None };

    fn found(marked: &Marked) -> Found<'_> {
        let (tag, answers) = (Some("sha256-2"), Some("r2"));
        let (is_cancelled, is_under_way, is_foreign) = (false, false, false);
        Found { tag, marked, answers, variables: 0, is_cancelled, is_under_way, is_foreign }
    }

    #[test]
    fn what_serves_as_wanted_is_left_alone() {
        let served = Marked::Served("r2".into());
        assert_eq!(reasons(WANTED, &found(&served)), Vec::<String>::new());
        assert_eq!(configured("backend", &served, Some("r2")), None);
        let unasked = Found { answers: None, ..found(&served) };
        assert_eq!(reasons(WANTED, &unasked), Vec::<String>::new());
        let older = Marked::Served("r1".into());
        let older = Found { answers: Some("r1"), ..found(&older) };
        assert_eq!(reasons(WANTED, &older), Vec::<String>::new(), "whichever release brought it");
    }

    #[test]
    fn each_difference_is_a_reason_of_its_own() {
        let served = Marked::Served("r2".into());
        let one = |found: Found<'_>, word: &str| {
            let reasons = reasons(WANTED, &found);
            assert!(matches!(&reasons[..], [one] if one.contains(word)), "{reasons:?}");
        };
        one(Found { tag: Some("latest"), ..found(&served) }, "image is not that of `r2`");
        one(Found { answers: Some("r1"), ..found(&served) }, "`r1` answers");
        one(Found { variables: 1, ..found(&served) }, "told differs");
        one(Found { is_cancelled: true, ..found(&served) }, "cancelled");
        one(found(&Marked::Begun("r2".into())), "never seen to end");
        one(Found { is_under_way: true, ..found(&served) }, "under way");
        one(Found { is_foreign: true, ..found(&served) }, "somebody else deployed it");
        one(found(&Marked::Changed("r2".into())), "changed since it was deployed");
        one(Found { answers: None, ..found(&Marked::Nothing) }, "no release");
        let anew = Wanted { anew: Some("asked for"), ..WANTED };
        assert_eq!(reasons(anew, &found(&served)), ["asked for"]);
    }

    #[test]
    fn another_release_than_the_configured_one_is_told() {
        let served = Marked::Served("r1".into());
        let said = configured("backend", &served, Some("r2")).unwrap();
        assert!(said.contains("`r1`, and `r2` answers"), "{said}");
        assert_eq!(configured("backend", &served, None), None);
        assert_eq!(configured("backend", &Marked::Nothing, Some("r2")), None);
    }
}
