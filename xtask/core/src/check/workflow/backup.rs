//! The rows of `backup.yml`, which takes a back-up each night, and of `drill.yml`, which proves one
//! each week. Who adds has no key that deletes, and who drills none to the database.

use super::action::UPLOAD;
use super::deploy::Place;
use super::table::{machine, mirrored};
use super::{Job, Overtaken, Step, Trigger, Workflow};
use std::collections::BTreeSet;

/// A step of ours that is given these secrets, and nothing else is.
fn given(step: Step, variables: &BTreeSet<String>) -> Step {
    let secret =
        |step: Step, name: &String| step.env(name.clone(), format!("${{{{ secrets.{name} }}}}"));
    variables.iter().fold(step, secret)
}

/// A job with the secrets of a GitHub environment.
fn job(id: String, name: String, environment: &str, minutes: u64) -> Job {
    let mut job =
        Job::new(id, name, minutes).may("contents", "read", "checks out").steps(machine());
    job.environment = Some(environment.to_owned().into());
    job
}

/// The GitHub environment of back-ups and drills. Not the one that is shipped to: a reviewer who is
/// asked there would be asked each night, and no back-up would be taken while he sleeps.
fn unattended(place: &Place) -> String {
    format!("{}-backup", place.name)
}

/// Each night: a back-up, whether the repository is whole, and then what is let go.
pub(super) fn backup(places: &[Place]) -> Workflow {
    let kept = places.iter().filter_map(|place| Some((place, place.backup.as_ref()?)));
    let jobs = kept.flat_map(|(place, kept)| {
        let name = &place.name;
        let run = Step::runs("Back up", format!("backup run {name} --why daily"));
        let check = Step::runs("Check the repository", format!("backup check {name}")).id("check");
        let backup = job(name.clone(), format!("Back up {name}"), &unattended(place), 60)
            .output("repository", "check")
            .steps([given(run, &kept.run), given(check, &kept.run)]);
        [Some(backup), pruned(place, &kept.prune)].into_iter().flatten()
    });
    Workflow {
        file: "backup",
        name: "Back up",
        purpose: "The databases of the servers are kept elsewhere, each night.",
        triggers: vec![Trigger::Time("11 2 * * *"), Trigger::Person],
        group: Some("backup"),
        overtaken: Overtaken::Finishes,
        jobs: jobs.collect(),
    }
}

/// Deleting is a job of its own, in a GitHub environment of its own: its key is nobody else's. It
/// runs where tonight's back-up was taken and the repository is whole, also where the check minds
/// something else: what is damaged, or was not looked at, may need what is old.
fn pruned(place: &Place, variables: &BTreeSet<String>) -> Option<Job> {
    if variables.is_empty() {
        return None;
    }
    let name = &place.name;
    let environment = format!("{name}-prune");
    // restic takes a lock of a machine that is gone for dead after 30 minutes.
    let prune = Step::runs("Let old ones go", format!("backup prune {name} --apply --wait=2400"));
    let mut job = job(environment.clone(), format!("Prune back-ups of {name}"), &environment, 120);
    job.condition =
        Some(format!("!cancelled() && needs.{name}.outputs.repository == 'good'").into());
    Some(job.after(name.clone()).steps([given(prune, variables)]))
}

/// Each week: the newest back-up, restored and served to the services of its release.
pub(super) fn drill(places: &[Place]) -> Workflow {
    let kept = places.iter().filter_map(|place| Some((place, place.backup.as_ref()?)));
    let jobs = kept.map(|(place, kept)| {
        let name = &place.name;
        let drill = Step::runs("Restore and boot", format!("backup drill {name}"))
            .env("REGISTRY", place.registry.as_str())
            .env("REGISTRY_USER", "${{ github.actor }}")
            .env("REGISTRY_TOKEN", "${{ github.token }}")
            // Without it the evidence is not signed, and the drill says so.
            .env("SIGNING_KEY", "${{ secrets.SIGNING_KEY }}");
        let artifact = format!("drill-{name}");
        let evidence = [
            ("name", artifact.as_str()),
            ("path", "target/drills"),
            ("if-no-files-found", "error"),
            ("retention-days", "90"),
        ];
        job(name.clone(), format!("Drill of {name}"), &unattended(place), 60)
            .may("packages", "read", "pulls the images of the release")
            .steps([mirrored(given(drill, &kept.drill))])
            // Most of all where it failed.
            .steps([Step::uses("Keep the evidence", UPLOAD, &evidence).when("always()")])
    });
    Workflow {
        file: "drill",
        name: "Drill",
        purpose: "Whether the newest back-up can be restored, and the services run on it.",
        triggers: vec![Trigger::Time("37 3 * * 0"), Trigger::Person],
        group: Some("drill"),
        overtaken: Overtaken::Finishes,
        jobs: jobs.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(job: &Job) -> BTreeSet<&str> {
        let all = job.steps.iter().flat_map(|it| &it.env);
        all.filter(|(_, value)| value.contains("secrets.")).map(|(name, _)| name.as_ref()).collect()
    }

    #[test]
    fn who_adds_cannot_delete_and_who_drills_cannot_reach_the_database() {
        let workflow = backup(&[Place::example()]);
        let [run, prune] = workflow.jobs.as_slice() else { panic!("{workflow:?}") };
        assert_eq!(secrets(run), ["DIRECT_URL", "JOB_KEY"].into());
        assert_eq!(secrets(prune), ["PRUNE_KEY"].into());
        assert_ne!(run.environment, prune.environment);
        assert_eq!(run.environment, Some("production-backup".to_owned().into()), "no reviewer");
        assert_eq!(prune.needs, ["production"], "nothing goes where nothing came");
        let whole = "!cancelled() && needs.production.outputs.repository == 'good'";
        assert_eq!(prune.condition.as_deref(), Some(whole), "nor where something is damaged");
        assert_eq!(
            run.outputs,
            [("repository", "${{ steps.check.outputs.repository }}".to_owned())]
        );
        let workflow = drill(&[Place::example()]);
        assert_eq!(secrets(&workflow.jobs[0]), ["JOB_KEY", "SIGNING_KEY"].into());
        let last = workflow.jobs[0].steps.last().unwrap();
        assert_eq!(last.condition.as_deref(), Some("always()"));
    }

    #[test]
    fn a_place_without_backups_has_no_jobs() {
        let mut place = Place::example();
        place.backup = None;
        assert!(backup(std::slice::from_ref(&place)).jobs.is_empty());
        assert!(drill(&[place]).jobs.is_empty());
    }
}
