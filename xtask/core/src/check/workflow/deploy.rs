//! The row of `deploy.yml`, where a person moves an environment to a release, or back to one; and
//! the jobs that ship what `build.yml` has built.
//!
//! What the person says reaches a line by a variable and after `--`, so that it is neither a piece
//! of a script nor a flag. Each environment has a job of its own, and that job the environment's
//! secrets, of which only the step that ships is given any.

use super::action::UPLOAD;
use super::table::{machine, mirrored};
use super::{Input, Job, Name, Overtaken, Step, Trigger, Workflow};
use crate::deploy::{Environment, TargetKind};
use std::collections::BTreeSet;

/// Whether what was built is shipped.
const AFTER_BUILD: &str = "vars.SHIP_AFTER_BUILD == 'true'";

/// An environment on a server, as far as a workflow knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) name: String,
    url: String,
    pub(super) registry: String,
    /// The variables in which its secrets are given.
    variables: BTreeSet<String>,
    /// How many must have attested what gets there; beside one of GitHub's machines, others do.
    builders: u64,
    /// What its back-ups take, if it has any.
    pub(super) backup: Option<Kept>,
}

/// The variables in which the secrets of back-ups are given, by who needs them: each job is given
/// its own and no others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::check::workflow) struct Kept {
    /// The database, and what adds to the repository.
    pub(super) run: BTreeSet<String>,
    /// What reads the repository; the database is none of a drill's business.
    pub(super) drill: BTreeSet<String>,
    /// What deletes from it, if there is a key for that.
    pub(super) prune: BTreeSet<String>,
}

/// What backs up before a migration needs; a rollout neither prunes nor drills.
const TO_ADD: [&str; 4] = ["backup.password", "backup.key", "backup.secret", "backup.heartbeat"];

fn kept(environment: &Environment) -> Option<Kept> {
    let (database, sources) = (environment.database.as_ref()?, environment.backup_sources());
    environment.backup.as_ref()?;
    let named = |names: &[&str]| {
        let found = names.iter().filter_map(|name| sources.get(*name)?.variable());
        found.map(ToOwned::to_owned).collect::<BTreeSet<String>>()
    };
    let mut run = named(&TO_ADD);
    run.extend(database.direct().variable().map(ToOwned::to_owned));
    let drill =
        named(&["backup.password", "backup.key", "backup.secret", "backup.drill_heartbeat"]);
    let has_key = sources.contains_key("backup.prune.key");
    let prune = named(&["backup.password", "backup.prune.key", "backup.prune.secret"]);
    Some(Kept { run, drill, prune: if has_key { prune } else { BTreeSet::new() } })
}

impl Place {
    /// The environment called `name`, if it is on a server.
    pub fn of(name: &str, environment: &Environment) -> Option<Self> {
        let is_server = environment.target == TargetKind::Coolify;
        let mut backup = environment.backup_sources();
        backup.retain(|name, _| TO_ADD.contains(&name.as_str()));
        let sources = [environment.sources(), environment.notify_sources(), backup];
        let variables = sources.into_iter().flatten();
        let variables = variables.filter_map(|(_, it)| it.variable().map(ToOwned::to_owned));
        is_server.then(|| Self {
            name: name.to_owned(),
            url: environment.url.clone(),
            registry: environment.registry.to_string(),
            variables: variables.collect(),
            builders: environment.entry.builders,
            backup: kept(environment),
        })
    }

    #[cfg(test)]
    pub(super) fn example() -> Self {
        Self {
            name: "production".into(),
            url: "https://api.example.org".into(),
            registry: "ghcr.io/acme/nutri".into(),
            variables: ["PRODUCTION_TOKEN".into()].into(),
            builders: 1,
            backup: Some(Kept {
                run: ["DIRECT_URL".into(), "JOB_KEY".into()].into(),
                drill: ["JOB_KEY".into()].into(),
                prune: ["PRUNE_KEY".into()].into(),
            }),
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

    /// A job that does `steps` there, and keeps the report as `artifact`.
    fn job(&self, name: String, artifact: &str, steps: impl IntoIterator<Item = Step>) -> Job {
        let reports = [
            ("name", artifact),
            ("path", "target/reports"),
            ("if-no-files-found", "ignore"),
            ("retention-days", "90"),
        ];
        let mut job = Job::new(self.name.clone(), name, 60)
            .may("contents", "read", "checks out")
            .may("packages", "write", "keeps beside a release what is said of it")
            .steps(machine())
            .steps(steps)
            // Most of all where it failed.
            .steps([Step::uses("Keep the report", UPLOAD, &reports).when("always()")]);
        job.environment = Some(self.name.clone().into());
        job.url = Some(self.url.clone());
        job
    }

    /// What lets a release in there, by whoever has the key: who ships has none.
    fn vouches(&self) -> [Step; 2] {
        let name = &self.name;
        let step = |title: String, words: String| {
            Step::runs(title, words)
                .when(AFTER_BUILD)
                .env("REGISTRY", self.registry.as_str())
                .env("REGISTRY_USER", "${{ github.actor }}")
                .env("REGISTRY_TOKEN", "${{ github.token }}")
                .env("SIGNING_KEY", "${{ secrets.SIGNING_KEY }}")
        };
        let id = format!("release-{name}");
        let version = format!("${{{{ steps.{id}.outputs.version }}}}");
        let create = step(format!("Release for {name}"), format!("release create {name}")).id(id);
        let verify = format!("release verify {name} --key env:SIGNING_KEY -- \"$VERSION\"");
        let verify = step(format!("Verify it for {name}, and sign that"), verify);
        [mirrored(create), verify.env("VERSION", version)]
    }

    fn moves(&self) -> Job {
        let name = &self.name;
        let release = "${{ inputs.release }}";
        let steps = [
            self.ships("Roll out", format!("rollout {name} --apply -- \"$RELEASE\""))
                .when("inputs.action == 'rollout'")
                .env("RELEASE", release),
            self.ships("Roll back to it", format!("rollback {name} --apply -- \"$RELEASE\""))
                .when("inputs.action == 'rollback' && inputs.release != ''")
                .env("RELEASE", release),
            self.ships("Roll back to the one before", format!("rollback {name} --apply"))
                .when("inputs.action == 'rollback' && inputs.release == ''"),
        ];
        let mut job = self.job(format!("Move {name}"), "report", steps);
        job.condition = Some(format!("inputs.environment == '{name}'").into());
        job
    }

    /// What was built is shipped. It is built here again, to the same digests: who has the secrets
    /// of an environment takes nothing from a job that had none.
    fn ship(&self) -> Job {
        let name = &self.name;
        let ship = mirrored(self.ships("Ship", format!("ship {name} --apply")));
        let mut job = self.job(format!("Ship to {name}"), &format!("report-{name}"), [ship]);
        // The same as that of `deploy.yml`, so that a person and a push wait for each other.
        job.group = Some(format!("deploy-{name}"));
        job.condition = Some(AFTER_BUILD.into());
        job
    }
}

/// Environments in the order in which a release reaches them: where users are is last.
fn in_order(places: &[Place]) -> Vec<&Place> {
    let mut places: Vec<&Place> = places.iter().collect();
    places.sort_by_key(|it| it.name == "production");
    places
}

/// Those into which a build of GitHub alone gets. What others must attest first is shipped by them.
fn alone(places: &[Place]) -> impl Iterator<Item = &Place> {
    in_order(places).into_iter().filter(|it| it.builders < 2)
}

/// The steps behind the build that let a release into each environment.
pub(super) fn vouched(places: &[Place]) -> Vec<Step> {
    alone(places).flat_map(Place::vouches).collect()
}

/// The jobs behind the one called `build`, each behind the one before: nothing is shipped that did
/// not build, and nothing reaches the last environment that failed in the first.
pub(super) fn after(build: &'static str, places: &[Place]) -> Vec<Job> {
    let mut before = Name::from(build);
    let behind = |place: &Place| {
        let job = place.ship().after(std::mem::take(&mut before));
        before = job.id.clone();
        job
    };
    alone(places).map(behind).collect()
}

/// Moves one environment; runs for the same environment wait for each other, and none is cancelled.
pub(super) fn deploy(places: &[Place]) -> Workflow {
    // The first is chosen already when the form opens.
    let names = in_order(places).into_iter().map(|it| it.name.clone()).collect();
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
        jobs: places.iter().map(Place::moves).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::workflow::Does;
    use crate::deploy::Deploy;

    #[test]
    fn a_step_that_ships_is_given_every_variable_of_its_environment_also_what_may_be_absent() {
        let deploy = Deploy::parse(include_str!("../../../../../deploy.toml")).unwrap();
        let production = Place::of("production", deploy.environment("production").unwrap());
        let text = deploy_of(production.unwrap());
        for name in ["PRODUCTION_JWT_SECRET", "PRODUCTION_JWT_SECRET_PREVIOUS"] {
            let line = format!("{name}: ${{{{ secrets.{name} }}}}");
            assert_eq!(text.matches(&line).count(), 3, "{line}: {text}");
        }
    }

    fn deploy_of(place: Place) -> String {
        deploy(&[place]).text()
    }

    #[test]
    fn the_form_does_not_open_on_production() {
        let place = |name: &str| Place { name: name.into(), ..Place::example() };
        let text = deploy(&[place("production"), place("staging")]).text();
        let (first, second) = (text.find("- staging"), text.find("- production"));
        assert!(first.is_some() && first < second, "{text}");
    }

    #[test]
    fn nothing_is_shipped_that_did_not_build_and_production_is_last() {
        let place = |name: &str| Place { name: name.into(), ..Place::example() };
        let jobs = after("build", &[place("production"), place("staging")]);
        let needs: Vec<_> = jobs.iter().map(|it| (it.id.as_ref(), it.needs.clone())).collect();
        assert_eq!(
            needs,
            [("staging", vec!["build".into()]), ("production", vec!["staging".into()])]
        );
        assert!(jobs.iter().all(|it| it.group == Some(format!("deploy-{}", it.id))));
    }

    #[test]
    fn where_others_attest_too_the_build_ships_nothing_and_says_nothing() {
        let two = Place { name: "production".into(), builders: 2, ..Place::example() };
        let one = Place { name: "staging".into(), ..Place::example() };
        let places = [two, one];
        let ids: Vec<_> = after("build", &places).iter().map(|it| it.id.to_string()).collect();
        assert_eq!(ids, ["staging"]);
        assert_eq!(vouched(&places).len(), 2);
        assert_eq!(deploy(&places).jobs.len(), 2, "a person may move both");
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
