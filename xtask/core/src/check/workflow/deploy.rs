//! The row of `deploy.yml`: a person moves an environment to a release, or back to one.
//!
//! What the person says reaches a line by a variable and after `--`, so that it is neither a piece
//! of a script nor a flag. Each environment has a job of its own, and that job the environment's
//! secrets, of which only the step that ships is given any.

use super::action::UPLOAD;
use super::table::machine;
use super::{Input, Job, Overtaken, Step, Trigger, Workflow};
use crate::deploy::{Environment, SecretSource, TargetKind};
use std::collections::BTreeSet;

/// An environment on a server, as far as a workflow knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    name: String,
    url: String,
    registry: String,
    /// The variables in which its secrets are given.
    variables: BTreeSet<String>,
}

impl Place {
    /// The environment called `name`, if it is on a server.
    pub fn of(name: &str, environment: &Environment) -> Option<Self> {
        let is_server = environment.target == TargetKind::Coolify;
        let sources = [environment.sources(), environment.notify_sources()];
        let variables = sources.into_iter().flatten().filter_map(|(_, source)| match source {
            SecretSource::Variable(name) => Some(name),
            _ => None,
        });
        is_server.then(|| Self {
            name: name.to_owned(),
            url: environment.url.clone(),
            registry: environment.registry.to_string(),
            variables: variables.collect(),
        })
    }

    #[cfg(test)]
    pub(super) fn example() -> Self {
        Self {
            name: "production".into(),
            url: "https://api.example.org".into(),
            registry: "ghcr.io/acme/nutri".into(),
            variables: ["PRODUCTION_TOKEN".into()].into(),
        }
    }

    /// A step of ours that ships: it alone is given the secrets.
    fn ships(&self, name: &str, words: String) -> Step {
        let step = Step::runs(name, words)
            .env("REGISTRY", self.registry.as_str())
            .env("REGISTRY_USER", "${{ github.actor }}")
            .env("REGISTRY_TOKEN", "${{ github.token }}");
        let secret = |step: Step, name: &String| {
            step.env(name.clone(), format!("${{{{ secrets.{name} }}}}"))
        };
        self.variables.iter().fold(step, secret)
    }

    fn job(&self) -> Job {
        let name = &self.name;
        let release = "${{ inputs.release }}";
        let reports = [
            ("name", "report"),
            ("path", "target/reports"),
            ("if-no-files-found", "ignore"),
            ("retention-days", "90"),
        ];
        let mut job = Job::new(name.clone(), format!("Move {name}"), 60)
            .may("contents", "read", "checks out")
            .may("packages", "write", "keeps beside a release what is said of it")
            .steps(machine())
            .steps([
                self.ships("Roll out", format!("rollout {name} --apply -- \"$RELEASE\""))
                    .when("inputs.action == 'rollout'")
                    .env("RELEASE", release),
                self.ships("Roll back to it", format!("rollback {name} --apply -- \"$RELEASE\""))
                    .when("inputs.action == 'rollback' && inputs.release != ''")
                    .env("RELEASE", release),
                self.ships("Roll back to the one before", format!("rollback {name} --apply"))
                    .when("inputs.action == 'rollback' && inputs.release == ''"),
                // Most of all where it failed.
                Step::uses("Keep the report", UPLOAD, &reports).when("always()"),
            ]);
        job.condition = Some(format!("inputs.environment == '{name}'").into());
        job.environment = Some(name.clone().into());
        job.url = Some(self.url.clone());
        job
    }
}

/// Moves one environment; runs for the same environment wait for each other, and none is cancelled.
pub(super) fn deploy(places: &[Place]) -> Workflow {
    let mut names: Vec<String> = places.iter().map(|it| it.name.clone()).collect();
    // The first is chosen already when the form opens.
    names.sort_by_key(|it| it == "production");
    let input = |name, description, options| Input { name, description, options };
    let asked = vec![
        input("environment", "What is moved", names),
        input("action", "Forward to a release, or back", vec!["rollout".into(), "rollback".into()]),
        input("release", "The release; empty: back to the one before", Vec::new()),
    ];
    Workflow {
        file: "deploy",
        name: "Deploy",
        purpose: "An environment on a server is moved to a release that is in the registry.",
        triggers: vec![Trigger::Asked(asked)],
        group: Some("deploy-${{ inputs.environment }}"),
        overtaken: Overtaken::Finishes,
        jobs: places.iter().map(Place::job).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::workflow::Does;

    #[test]
    fn the_form_does_not_open_on_production() {
        let place = |name: &str| Place { name: name.into(), ..Place::example() };
        let text = deploy(&[place("production"), place("staging")]).text();
        let (first, second) = (text.find("- staging"), text.find("- production"));
        assert!(first.is_some() && first < second, "{text}");
    }

    #[test]
    fn what_a_person_says_is_never_a_piece_of_a_line_and_secrets_are_for_one_step() {
        let workflow = deploy(&[Place::example()]);
        let job = &workflow.jobs[0];
        assert!(job.env.is_empty(), "a variable of the job is for all its steps");
        let mut ships = 0;
        for step in &job.steps {
            let secrets = step.env.iter().filter(|(_, value)| value.contains("secrets.")).count();
            match &step.does {
                Does::Runs(words) => {
                    assert!(!words.contains("${{"), "{words}");
                    assert!(!words.contains("$RELEASE") || words.ends_with("-- \"$RELEASE\""));
                    assert_eq!(secrets, 1, "{words}");
                    ships += 1;
                }
                _ => assert_eq!(secrets, 0, "{step:?}"),
            }
        }
        assert_eq!(ships, 3);
    }
}
