//! Whether a value reaches the services that are told it.

use crate::coolify::value::sent;
use crate::deploy::{Deploy, Environment, SecretSource, TargetKind};
use crate::template::Template;

/// A service that would not get the value whole, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// `JWT_SECRET` of `backend` in `production`.
    pub whose: String,
    pub why: String,
}

/// Each variable that `value`, as `name` of the encrypted file `file`, would not reach.
pub fn lost(deploy: &Deploy, file: &str, name: &str, value: &str) -> Vec<Lost> {
    let is_it =
        |source: &SecretSource| source.age().is_some_and(|it| it.file == file && it.name == name);
    let mut lost = Vec::new();
    for (environment_name, environment) in &deploy.environments {
        let sources = environment.sources().into_iter().filter(|(_, source)| is_it(source));
        for (reference, _) in sources {
            for (service, setting, template) in asking(deploy, &reference) {
                let Some(why) = refusal(environment, template, &reference, value) else { continue };
                let whose = format!("`{setting}` of `{service}` in `{environment_name}`");
                lost.push(Lost { whose, why });
            }
        }
    }
    lost
}

fn asking<'a>(
    deploy: &'a Deploy,
    reference: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Template)> {
    let settings = deploy.services.iter().flat_map(|service| {
        service.settings.iter().map(|(name, it)| (service.name.as_str(), name.as_str(), it))
    });
    settings.filter(move |(_, _, template)| template.references().any(|it| it == reference))
}

/// What else the template holds is filled with a letter: it is judged where it is known.
fn refusal(
    environment: &Environment,
    template: &Template,
    reference: &str,
    value: &str,
) -> Option<String> {
    let answer = |it: &str| Some(if it == reference { value.to_owned() } else { "x".to_owned() });
    let filled = template.fill(answer).ok()?;
    match environment.target {
        TargetKind::Coolify => sent(&filled).err().map(|why| why.to_string()),
        TargetKind::Docker if filled.contains('\n') => Some("it holds a line break".to_owned()),
        TargetKind::Docker => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy() -> Deploy {
        let text = include_str!("../../../../deploy.toml")
            .replace("env:PRODUCTION_JWT_SECRET\"", "age:production/jwt\"")
            .replace("jwt = \"generate\"", "jwt = \"age:local/jwt\"");
        Deploy::parse(&text).unwrap()
    }

    #[test]
    fn what_would_not_arrive_is_told_for_whom_and_why() {
        let deploy = deploy();
        let lost = |file: &str, value: &str| lost(&deploy, file, "jwt", value);
        assert_eq!(lost("production", "fine-and-long"), []);
        let trimmed = lost("production", "ends with a backslash\\");
        assert_eq!(trimmed[0].whose, "`JWT_SECRET` of `backend` in `production`");
        assert!(trimmed[0].why.contains("backslash"), "{trimmed:?}");
        assert_eq!(lost("local", "two\nlines")[0].why, "it holds a line break");
        assert_eq!(lost("production", "two\nlines"), [], "Coolify carries them");
        assert_eq!(lost("elsewhere", "two\nlines"), []);
    }
}
