//! What the services ask for against what each environment has. Values are looked at and not told.

use super::weak::Weakness;
use crate::deploy::{Deploy, Environment, SecretSource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A variable of a service that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub service: String,
    pub setting: String,
    /// What it holds: `secrets.jwt`, `database.url`.
    pub reference: String,
    /// Whether the service goes without it.
    pub is_optional: bool,
}

/// What one environment has of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there, and why it could be guessed.
    There(Option<Weakness>),
    /// The target makes it.
    Made,
    /// It is not there, and need not be.
    LeftOut,
    /// It is not there: why.
    Missing(String),
    /// Nobody here can tell: why.
    Unknown(String),
    /// It is there, and nothing asks for it.
    Unused,
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub environment: String,
    /// The service and its variable, if one asks.
    pub variable: Option<String>,
    pub secret: String,
    /// Where it comes from.
    pub source: Option<String>,
    /// A word for what is the matter.
    pub state: &'static str,
    /// More about it.
    pub why: Option<String>,
}

/// What a service says of one of its own variables.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Declared {
    pub name: String,
    /// Whether the service does not start without it.
    #[serde(rename = "required")]
    pub is_required: bool,
}

impl State {
    /// The word and more.
    pub fn said(&self) -> (&'static str, Option<String>) {
        match self {
            Self::There(None) => ("ok", None),
            Self::There(Some(weakness)) => ("weak", Some(weakness.to_string())),
            Self::Made => ("ok", Some("made here".to_owned())),
            Self::LeftOut => ("left out", None),
            Self::Missing(why) => ("missing", Some(why.clone())),
            Self::Unknown(why) => ("unknown", Some(why.clone())),
            Self::Unused => ("unused", Some("nothing asks for it".to_owned())),
        }
    }
}

impl Line {
    /// Whether something is to be done about it.
    pub fn is_wrong(&self) -> bool {
        matches!(self.state, "weak" | "missing" | "unused")
    }

    /// Whether nobody here can tell.
    pub fn is_unknown(&self) -> bool {
        self.state == "unknown"
    }
}

/// Every variable of every service that holds a secret.
pub fn needs(deploy: &Deploy) -> Vec<Need> {
    let is_secret = |it: &&str| !it.starts_with("services.") && *it != "release.version";
    let mut needs = Vec::new();
    for service in &deploy.services {
        for (setting, template) in &service.settings {
            let optional: BTreeSet<&str> = template.optional().collect();
            needs.extend(template.references().filter(is_secret).map(|reference| Need {
                service: service.name.clone(),
                setting: setting.clone(),
                reference: reference.to_owned(),
                is_optional: optional.contains(reference),
            }));
        }
    }
    needs
}

/// Those secrets of an environment in `deploy.toml` that no service asks for.
pub fn unused(deploy: &Deploy, environment: &Environment) -> Vec<(String, SecretSource)> {
    let asked: BTreeSet<String> = needs(deploy).into_iter().map(|it| it.reference).collect();
    // The database that we run ourselves is given this password.
    let is_own = |name: &str| environment.backing.is_some() && name == "database";
    let secrets = environment.secrets.iter();
    let idle = secrets.filter(|(name, _)| !asked.contains(&format!("secrets.{name}")));
    let idle = idle.filter(|(name, _)| !is_own(name));
    idle.map(|(name, source)| (format!("secrets.{name}"), source.clone())).collect()
}

/// The names in the encrypted file `file` that something in `deploy.toml` asks for.
pub fn asked_of(deploy: &Deploy, file: &str) -> BTreeSet<String> {
    let sources = deploy.environments.values().flat_map(Environment::all_sources);
    let sources = sources.chain(deploy.signing.key.clone());
    let names = sources.filter_map(|it| it.age().cloned()).filter(|it| it.file == file);
    names.map(|it| it.name).collect()
}

/// Every encrypted file that `deploy.toml` asks something of.
pub fn files(deploy: &Deploy) -> BTreeSet<String> {
    let sources = deploy.environments.values().flat_map(Environment::all_sources);
    let sources = sources.chain(deploy.signing.key.clone());
    sources.filter_map(|it| it.age().cloned()).map(|it| it.file).collect()
}

/// What `settings.json` of a service says of its variables. A test of the service holds that file to
/// its code.
pub fn declared(text: &str) -> Result<Vec<Declared>, serde_json::Error> {
    serde_json::from_str(text)
}

/// What a service wants and `deploy.toml` does not give, and what it is given and does not know.
pub fn contradictions(given: &BTreeSet<&str>, declared: &[Declared]) -> Vec<(String, String)> {
    let wanted = declared.iter().filter(|it| it.is_required && !given.contains(it.name.as_str()));
    let wanted = wanted.map(|it| {
        (
            it.name.clone(),
            "the service does not start without it, and `deploy.toml` gives none".into(),
        )
    });
    let is_known = |name: &&&str| declared.iter().any(|it| it.name == ***name);
    let strange = given.iter().filter(|name| !declared.is_empty() && !is_known(name));
    let strange = strange.map(|it| ((*it).to_owned(), "the service knows no such variable".into()));
    wanted.chain(strange).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_declares_is_held_against_what_it_is_given() {
        let text = r#"[{"name": "DATABASE_URL", "required": true, "type": "URL"},
                       {"name": "PORT", "required": false}]"#;
        let declared = declared(text).unwrap();
        let found = contradictions(&BTreeSet::from(["PORT", "JWT"]), &declared);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["DATABASE_URL", "JWT"]);
        assert_eq!(contradictions(&BTreeSet::from(["JWT"]), &[]), []);
    }
}
