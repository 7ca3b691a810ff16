//! Whose a container, volume or network is: told by its labels, never by its name.

use crate::ship::instance::LABEL_PROJECT;
use std::collections::BTreeMap;

/// The label that holds the environment's name.
pub const LABEL_ENVIRONMENT: &str = "nutri.environment";
/// What was made before there was such a label belongs here: no other environment existed.
const FIRST_ENVIRONMENT: &str = "local";

/// One environment of one project, which owns what carries its labels and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The project's name: what is ours has a name that starts with it.
    pub project: String,
    /// The environment's name.
    pub environment: String,
}

impl Owner {
    /// The environment called `environment` of `project`.
    pub fn new(project: &str, environment: &str) -> Self {
        Self { project: project.to_owned(), environment: environment.to_owned() }
    }

    /// The flags that put the labels on what is made.
    pub fn label_flags(&self) -> [String; 4] {
        let flag = || "--label".to_owned();
        let project = format!("{LABEL_PROJECT}={}", self.project);
        let environment = format!("{LABEL_ENVIRONMENT}={}", self.environment);
        [flag(), project, flag(), environment]
    }

    /// Whether something with these labels is this environment's.
    pub fn owns(&self, labels: &BTreeMap<String, String>) -> bool {
        let environment = labels.get(LABEL_ENVIRONMENT).map_or(FIRST_ENVIRONMENT, String::as_str);
        labels.get(LABEL_PROJECT) == Some(&self.project) && environment == self.environment
    }

    /// Why something with these labels is not ours, in words.
    pub fn why_not_owned(&self, labels: &BTreeMap<String, String>) -> String {
        match labels.get(LABEL_PROJECT) {
            None => "it has no label of ours".to_owned(),
            Some(project) if *project != self.project => format!("it belongs to `{project}`"),
            Some(_) => {
                let environment = labels.get(LABEL_ENVIRONMENT);
                let environment = environment.map_or(FIRST_ENVIRONMENT, String::as_str);
                format!("it belongs to environment `{environment}`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_labels_of_this_project_and_environment_make_something_ours() {
        let local = Owner::new("nutri", "local");
        let ours = labels(&[(LABEL_PROJECT, "nutri"), (LABEL_ENVIRONMENT, "local")]);
        let earlier = labels(&[(LABEL_PROJECT, "nutri")]);
        assert!(local.owns(&ours) && local.owns(&earlier));
        let preview = Owner::new("nutri", "preview");
        assert!(!preview.owns(&ours) && !preview.owns(&earlier));
        let other = labels(&[(LABEL_PROJECT, "shop"), (LABEL_ENVIRONMENT, "local")]);
        assert!(!local.owns(&other) && !local.owns(&labels(&[])));
    }

    #[test]
    fn what_is_not_owned_is_described() {
        let local = Owner::new("nutri", "local");
        assert_eq!(local.why_not_owned(&labels(&[])), "it has no label of ours");
        assert_eq!(
            local.why_not_owned(&labels(&[(LABEL_PROJECT, "shop")])),
            "it belongs to `shop`"
        );
        let preview = labels(&[(LABEL_PROJECT, "nutri"), (LABEL_ENVIRONMENT, "preview")]);
        assert_eq!(local.why_not_owned(&preview), "it belongs to environment `preview`");
    }
}
