//! Which secrets are put into an environment of GitHub. Nobody reads a value there again, so what
//! was put is known by what we keep beside it: an HMAC, and when GitHub says that it was written,
//! in a variable of the same environment. It is the same for every machine, and goes with it.

use crate::coolify::fingerprint::{Fingerprint, Key};
use crate::secret::Secret;
use crate::ship::review::ReviewStep;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The variable that holds what we know of what we put.
pub const VARIABLE: &str = "XTASK_SECRETS";

/// What is known of one secret that we put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// Tells its value from others.
    pub fingerprint: String,
    /// When GitHub says that it was written.
    pub updated_at: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The names that are there, each with when it was written.
    pub listed: BTreeMap<String, String>,
    /// What we noted.
    pub noted: BTreeMap<String, Put>,
}

/// One secret that is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name there.
    pub name: String,
    pub why: &'static str,
    /// What tells its value from others.
    pub fingerprint: String,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is written.
    pub steps: Vec<Step>,
    /// What is there and nobody here asks for; it stays.
    pub foreign: Vec<String>,
}

/// Reads the variable; what somebody else wrote into it tells nothing.
pub fn noted(text: Option<&str>) -> BTreeMap<String, Put> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What tells a value from others.
pub fn fingerprint(key: &Key, name: &str, value: &Secret) -> String {
    Fingerprint::keyed(key, name, value).text().to_owned()
}

/// Plans how these secrets come to be there.
pub fn plan(wanted: &BTreeMap<String, Secret>, found: &Found, key: &Key) -> Plan {
    let step = |(name, value): (&String, &Secret)| {
        let fingerprint = fingerprint(key, name, value);
        let why = reason(found.listed.get(name), found.noted.get(name), &fingerprint)?;
        Some(Step { name: name.clone(), why, fingerprint })
    };
    let is_foreign = |name: &&String| !wanted.contains_key(*name);
    Plan {
        steps: wanted.iter().filter_map(step).collect(),
        foreign: found.listed.keys().filter(is_foreign).cloned().collect(),
    }
}

fn reason(listed: Option<&String>, noted: Option<&Put>, wanted: &str) -> Option<&'static str> {
    match (listed, noted) {
        (None, _) => Some("it is not there"),
        (Some(_), None) => Some("nothing tells its value, which nobody can read"),
        (Some(at), Some(noted)) if noted.updated_at != *at => {
            Some("somebody else wrote it since, and nobody can read what")
        }
        (Some(_), Some(noted)) if noted.fingerprint != wanted => Some("its value is another one"),
        _ => None,
    }
}

impl Step {
    /// It as it is reviewed.
    pub fn review(&self, place: &str) -> ReviewStep {
        let what = format!("put secret `{}` into {place} ({})", self.name, self.why);
        ReviewStep::new(what).with(self.fingerprint.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_to_write_is_told_and_what_is_as_wanted_is_left() {
        let key = Key::of(&Secret::new("postgres://a"), "x");
        let names = ["A", "B", "C", "D", "E"];
        let wanted: BTreeMap<String, Secret> =
            names.iter().map(|it| ((*it).to_owned(), Secret::new(format!("value-{it}")))).collect();
        let mut found = Found::default();
        for name in &names[1..] {
            found.listed.insert((*name).to_owned(), "t1".to_owned());
            let fingerprint = fingerprint(&key, name, &wanted[*name]);
            let put = Put { fingerprint, updated_at: "t1".to_owned() };
            found.noted.insert((*name).to_owned(), put);
        }
        found.listed.insert("THEIRS".to_owned(), "t0".to_owned());
        found.noted.remove("B");
        found.listed.insert("C".to_owned(), "t2".to_owned());
        found.noted.get_mut("D").unwrap().fingerprint = "hmac-sha256:00".to_owned();
        let plan = plan(&wanted, &found, &key);
        let steps: Vec<_> = plan.steps.iter().map(|it| (it.name.as_str(), it.why)).collect();
        insta::assert_debug_snapshot!(steps, @r#"
        [
            (
                "A",
                "it is not there",
            ),
            (
                "B",
                "nothing tells its value, which nobody can read",
            ),
            (
                "C",
                "somebody else wrote it since, and nobody can read what",
            ),
            (
                "D",
                "its value is another one",
            ),
        ]
        "#);
        assert_eq!(plan.foreign, ["THEIRS"]);
        assert!(!format!("{plan:?}").contains("value-"));
        assert_eq!(noted(Some("by hand")), BTreeMap::new());
        let text = serde_json::to_string(&found.noted).unwrap();
        assert_eq!(noted(Some(&text)), found.noted);
    }
}
