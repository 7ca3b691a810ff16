//! What a rollout does to one application and why, and what somebody else did to it.

use super::desired::Marked;

/// How a release wants an application.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The release.
    pub release: &'a str,
    /// The tag that names its image by digest.
    pub tag: &'a str,
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
    /// How many variables are not as wanted.
    pub variables: usize,
    /// Its newest deployment.
    pub last: Option<Last<'a>>,
}

/// The newest deployment of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last<'a> {
    /// By this it is addressed.
    pub uuid: &'a str,
    /// Whether it was asked for over the API, as ours are.
    pub is_api: bool,
    /// Whether a webhook asked for it.
    pub is_webhook: bool,
    /// Whether somebody cancelled it.
    pub is_cancelled: bool,
}

/// Why it is to be deployed; nothing if it serves what is wanted.
pub fn reasons(wanted: Wanted<'_>, found: &Found<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    if found.tag != Some(wanted.tag) {
        reasons.push("it has another image".to_owned());
    }
    match found.marked {
        Marked::Served(release) if release == wanted.release => {}
        Marked::Begun(release) => {
            reasons.push(format!("a rollout of `{release}` was begun and never seen to end"));
        }
        Marked::Served(release) => reasons.push(format!("it is of release `{release}`")),
        Marked::Changed(release) if release == wanted.release => {
            reasons.push("what it is told was changed since it was deployed".to_owned());
        }
        Marked::Changed(release) => reasons.push(format!("it is of release `{release}`")),
        Marked::Nothing => reasons.push("no release of it was rolled out".to_owned()),
    }
    if let Some(answers) = found.answers.filter(|answers| *answers != wanted.release)
        && found.marked.release() != Some(answers)
    {
        reasons.push(format!("release `{answers}` answers"));
    }
    if found.variables > 0 {
        reasons.push("what it is told differs".to_owned());
    }
    if found.last.is_some_and(|last| last.is_cancelled) {
        reasons.push("its last deployment was cancelled, so two containers may run".to_owned());
    }
    reasons
}

/// What is not as our last rollout left it, for people: none of it was our doing.
pub fn drift(name: &str, found: &Found<'_>) -> Vec<String> {
    let mut drift = Vec::new();
    if let (Some(answers), Some(release)) = (found.answers, found.marked.release())
        && answers != release
    {
        let line =
            format!("`{name}` is configured for release `{release}`, and `{answers}` answers");
        drift.push(line);
    }
    if let Some(last) = found.last.filter(|last| !last.is_api) {
        let who = if last.is_webhook { "a webhook" } else { "somebody at the panel" };
        let line = format!("the last deployment of `{name}`, `{}`, was made by {who}", last.uuid);
        drift.push(line);
    }
    drift
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted { release: "r2", tag: "sha256-2" };
    const OURS: Last<'_> =
        Last { uuid: "d1", is_api: true, is_webhook: false, is_cancelled: false };

    fn found(marked: &Marked) -> Found<'_> {
        let (tag, answers, last) = (Some("sha256-2"), Some("r2"), Some(OURS));
        Found { tag, marked, answers, variables: 0, last }
    }

    #[test]
    fn what_serves_as_wanted_is_left_alone() {
        let served = Marked::Served("r2".into());
        assert_eq!(reasons(WANTED, &found(&served)), Vec::<String>::new());
        assert_eq!(drift("backend", &found(&served)), Vec::<String>::new());
        let unasked = Found { answers: None, last: None, ..found(&served) };
        assert_eq!(reasons(WANTED, &unasked), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_a_reason_of_its_own() {
        let served = Marked::Served("r2".into());
        let one = |found: Found<'_>, word: &str| {
            let reasons = reasons(WANTED, &found);
            assert!(matches!(&reasons[..], [one] if one.contains(word)), "{reasons:?}");
        };
        one(Found { tag: Some("latest"), ..found(&served) }, "another image");
        one(Found { answers: Some("r1"), ..found(&served) }, "`r1` answers");
        one(Found { variables: 1, ..found(&served) }, "told differs");
        let cancelled = Last { is_cancelled: true, ..OURS };
        one(Found { last: Some(cancelled), ..found(&served) }, "cancelled");
        one(found(&Marked::Begun("r2".into())), "never seen to end");
        one(found(&Marked::Served("r1".into())), "of release `r1`");
        one(found(&Marked::Changed("r2".into())), "changed since it was deployed");
        one(found(&Marked::Changed("r1".into())), "of release `r1`");
        one(found(&Marked::Nothing), "no release");
    }

    #[test]
    fn what_others_did_is_told() {
        let served = Marked::Served("r1".into());
        let hand = Last { is_api: false, ..OURS };
        let said = drift("backend", &Found { last: Some(hand), ..found(&served) });
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("`r2` answers") && said[1].contains("at the panel"), "{said:?}");
        let hook = Last { is_webhook: true, ..hand };
        let said = drift("backend", &Found { last: Some(hook), ..found(&served) });
        assert!(said[1].contains("a webhook"), "{said:?}");
    }
}
