//! The rows: every workflow of the repository.
//!
//! To add one, write a function that gives its `Workflow` and name it in `all`. What it runs is a
//! verb of ours; if there is no such verb yet, that comes first.

use super::action::{CACHE, CACHE_NIX, CACHE_RESTORE, CHECKOUT, INSTALL_NIX, UPLOAD, UPLOAD_SARIF};
use super::area::Area;
use super::backup::{backup, drill};
use super::deploy::{Place, after, deploy, vouched};
use super::{Job, Overtaken, Step, Trigger, Workflow};
use crate::check::task::Task;

/// The tasks that look at what we depend on, and whose answer changes while nothing here does.
const AUDITS: [&str; 5] = ["cargo-deny", "cargo-advisories", "npm-audit", "pip-audit", "gitleaks"];

/// The job that succeeds only if all others did.
const GATE: &str = "gate";

/// What a job calls the tasks that it could not run.
const LEFT_OUT: &str = "not_checked";

/// Public repositories have code scanning; of a private one, somebody must say so.
const CODE_SCANNING: &str =
    "!cancelled() && (!github.event.repository.private || vars.CODE_SCANNING == 'true')";

/// Where images go: the variable `REGISTRY` of the repository, or GitHub's own registry.
const REGISTRY: &str = "${{ vars.REGISTRY || format('ghcr.io/{0}', github.repository) }}";

/// What the workflows are made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Everything that `ci` runs.
    pub tasks: &'a [Task],
    /// The images of the services, by name.
    pub images: &'a [String],
    /// Where releases go.
    pub places: &'a [Place],
}

pub fn all(facts: Facts<'_>) -> Vec<Workflow> {
    vec![
        test(facts),
        build(facts),
        deploy(facts.places),
        backup(facts.places),
        drill(facts.places),
        rebuild(facts),
        audit(facts),
        renew(),
    ]
}

fn test(facts: Facts<'_>) -> Workflow {
    let jobs = areas(facts.tasks).into_iter().chain([migrations()]).collect();
    let jobs = gated(jobs, facts.tasks);
    Workflow {
        file: "test",
        name: "Test",
        purpose: "Every check and test of the repository, before anything enters main.",
        triggers: vec![Trigger::PullRequest],
        group: None,
        overtaken: Overtaken::IsCancelled,
        jobs,
    }
}

/// Every task of `ci`, shared out over machines.
fn areas(tasks: &[Task]) -> Vec<Job> {
    let areas = Area::all(tasks).into_iter();
    let job = |area: Area| Some(area_job(area, &area.words(tasks)?, tasks));
    areas.filter_map(job).collect()
}

/// `jobs`, and one that succeeds only if they all did; what is only on record keeps nobody waiting.
/// It tells what they left out.
fn gated(mut jobs: Vec<Job>, tasks: &[Task]) -> Vec<Job> {
    let mut gate = Job::new(GATE, "All checks passed", 5);
    let keeps_waiting = |job: &&Job| !tasks.iter().any(|it| it.on_request && it.name == job.id);
    gate.needs = jobs.iter().filter(keeps_waiting).map(|job| job.id.clone()).collect();
    // Without this a gate behind a failed job would be skipped, and GitHub takes that for good.
    gate.condition = Some("always()".into());
    let telling = jobs.iter().filter(keeps_waiting).filter(|job| !job.outputs.is_empty());
    let left_out = telling.map(|job| {
        let left_out = format!("needs.{}.outputs.{LEFT_OUT}", job.id);
        Step::tells(format!("Not checked by {}: ${{{{ {left_out} }}}}", job.name))
            .when(format!("{left_out} != ''"))
    });
    let fails = Step::fails("Fail unless every job succeeded").when(
        "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled') \
         || contains(needs.*.result, 'skipped')",
    );
    let gate = gate.steps(left_out.chain([fails]).collect::<Vec<_>>());
    jobs.push(gate);
    jobs
}

/// What a branch would do to databases, on the page of the run. It has no secret and asks none.
fn migrations() -> Job {
    let plan = Step::runs("Plan what is new", "migrate plan --since \"origin/$BASE\"");
    Job::new("migrations", "Migrations", 10)
        .may("contents", "read", "checks out")
        .steps(cached_machine("migrations"))
        .steps([plan.env("BASE", "${{ github.base_ref || 'main' }}")])
}

fn area_job(area: Area, words: &str, tasks: &[Task]) -> Job {
    let (id, name, minutes) = match area {
        Area::Rust => ("rust", "Rust", 60),
        Area::Services => ("services", "Services", 25),
        Area::Apart(task) => (task, task, 20 + limit_of(task, tasks)),
        Area::Rest => ("rest", "Everything else", 15),
    };
    let artifact = format!("logs-{id}");
    let reports = [
        ("name", artifact.as_str()),
        ("path", "target/ci"),
        ("if-no-files-found", "ignore"),
        ("retention-days", "14"),
    ];
    Job::new(id, name, minutes)
        .may("contents", "read", "checks out")
        .output(LEFT_OUT, "check")
        .steps(cached_machine(id))
        .steps([mirrored(Step::runs("Check", words)).id("check")])
        .steps([Step::uses("Keep logs and coverage", UPLOAD, &reports).when("!cancelled()")])
}

/// How long `task` may take before it is ended, in minutes.
fn limit_of(task: &str, tasks: &[Task]) -> u64 {
    let found = tasks.iter().find(|it| it.name == task);
    found.map_or(0, |it| it.limit.as_secs() / 60)
}

/// Nothing is published that failed a check: what `test.yml` runs comes first, and what those jobs
/// keep is there for pull requests, which read the caches of `main`.
fn build(facts: Facts<'_>) -> Workflow {
    let places = facts.places;
    // What is only on record keeps nobody waiting.
    let checks: Vec<Task> = facts.tasks.iter().filter(|it| !it.on_request).cloned().collect();
    let scanned = [
        ("name", "scan"),
        ("path", "target/scan.sarif"),
        ("if-no-files-found", "error"),
        ("retention-days", "90"),
    ];
    let shown = [("sarif_file", "target/scan.sarif"), ("category", "images")];
    // One job, so that what is signed is what was scanned, and nobody hands it over between.
    let mut build = Job::new("build", "Build, scan, push and attest", 20)
        .may("contents", "read", "checks out")
        .may("packages", "write", "pushes images")
        .may("security-events", "write", "shows what the scan found")
        .may("actions", "read", "tells code scanning of which run it is")
        .after(GATE)
        .env("REGISTRY", REGISTRY)
        .steps(machine())
        .steps([mirrored(Step::runs("Build for all platforms", "image build"))])
        .runs("Scan", "image scan --sarif target/scan.sarif")
        .steps([Step::uses("Keep what the scan found", UPLOAD, &scanned).when("!cancelled()")])
        .steps([mirrored(logged_in(Step::runs(
            "Push under the commit",
            "image push --to \"$REGISTRY\" --without-latest",
        )))])
        .steps([logged_in(Step::runs(
            "Sign what is said of them",
            "image attest --to \"$REGISTRY\" --key env:SIGNING_KEY",
        ))
        .env("SIGNING_KEY", "${{ secrets.SIGNING_KEY }}")])
        .steps([mirrored(logged_in(Step::runs(
            "Let latest name what is signed",
            "image push --to \"$REGISTRY\" --tag latest",
        )))])
        .steps([newest_step("Read back and believe")])
        // What is only shown stops nothing.
        .steps([Step::uses("Show what the scan found", UPLOAD_SARIF, &shown)
            .when(CODE_SCANNING)
            .tolerated()])
        .steps(vouched(places));
    build.environment = Some("registry".into());
    Workflow {
        file: "build",
        name: "Build",
        purpose: "From a push to main to scanned, signed images in the registry.",
        triggers: vec![Trigger::Push],
        group: None,
        overtaken: Overtaken::Finishes,
        jobs: gated(areas(&checks), &checks)
            .into_iter()
            .chain([build])
            .chain(after("build", places))
            .collect(),
    }
}

fn rebuild(facts: Facts<'_>) -> Workflow {
    let verify = |name: &String| {
        let words = format!("image verify --against \"$REGISTRY/{name}:$VERSION\" {name}");
        mirrored(logged_in(Step::runs(format!("Rebuild {name} and compare"), words)))
            .env("VERSION", "${{ needs.newest.outputs.version }}")
            .when("!cancelled()")
    };
    let rebuild = at_newest(Job::new("rebuild", "Rebuild and compare", 30))
        .steps(facts.images.iter().map(verify));
    Workflow {
        file: "rebuild",
        name: "Rebuild",
        purpose: "Whether the newest images still come out of their commit, bit for bit.",
        triggers: vec![Trigger::Time("23 4 * * 1"), Trigger::Person],
        group: None,
        overtaken: Overtaken::Finishes,
        jobs: vec![newest(), rebuild],
    }
}

fn audit(facts: Facts<'_>) -> Workflow {
    let mut jobs = vec![newest()];
    let audits = AUDITS.iter().filter(|name| facts.tasks.iter().any(|task| task.name == **name));
    let only: String = audits.map(|name| format!(" --only {name}")).collect();
    if !only.is_empty() {
        let words = format!("ci --strict --keep-going{only}");
        jobs.push(
            Job::new("dependencies", "Dependencies", 15)
                .may("contents", "read", "checks out")
                .steps(cached_machine("audit"))
                .runs("Audit what we depend on", words),
        );
    }
    let images = at_newest(Job::new("images", "Newest images", 30))
        .steps([mirrored(Step::runs("Rebuild them", "image build"))])
        .runs("Scan them with what is known today", "image scan");
    jobs.push(images);
    Workflow {
        file: "audit",
        name: "Audit",
        purpose: "What became known since yesterday about what we depend on and ship.",
        triggers: vec![Trigger::Time("41 5 * * *"), Trigger::Person],
        group: None,
        overtaken: Overtaken::Finishes,
        jobs,
    }
}

fn renew() -> Workflow {
    let renew = mirrored(Step::runs("Renew, and open a pull request", "renew --apply"))
        .env("GITHUB_TOKEN", "${{ secrets.RENEW_TOKEN || github.token }}");
    let mut job = Job::new("renew", "Renew", 30)
        .may("contents", "write", "writes a branch of its own")
        .may("pull-requests", "write", "opens the pull request")
        .steps(machine())
        .steps([renew]);
    job.environment = Some("renew".into());
    Workflow {
        file: "renew",
        name: "Renew",
        purpose: "What Dependabot cannot see: the locks of the images, and flake.lock.",
        triggers: vec![Trigger::Time("17 3 * * 2"), Trigger::Person],
        group: None,
        overtaken: Overtaken::Finishes,
        jobs: vec![job],
    }
}

/// The job that finds out what the newest images were made from.
fn newest() -> Job {
    Job::new("newest", "Find the newest images", 10)
        .may("contents", "read", "checks out")
        .may("packages", "read", "reads private images")
        .env("REGISTRY", REGISTRY)
        .output("commit", "newest")
        .output("version", "newest")
        .steps(machine())
        .steps([newest_step("Ask the registry")])
}

fn newest_step(name: &str) -> Step {
    logged_in(Step::runs(name, "image newest --from \"$REGISTRY\"")).id("newest")
}

/// A job that stands on the commit of the newest images.
fn at_newest(job: Job) -> Job {
    let commit = "${{ needs.newest.outputs.commit }}";
    let job = job.after("newest").may("contents", "read", "checks out");
    job.may("packages", "read", "reads private images")
        .env("REGISTRY", REGISTRY)
        .steps(machine_at(Some(commit)))
}

/// A machine with the checkout and the pinned shell. Whoever publishes, attests, rebuilds or writes
/// starts from nothing: a cache is what any job of the branch could have written.
pub(super) fn machine() -> Vec<Step> {
    machine_at(None)
}

fn machine_at(commit: Option<&str>) -> Vec<Step> {
    // All of history: one check looks for secrets in every commit.
    let mut checkout = vec![("persist-credentials", "false"), ("fetch-depth", "0")];
    checkout.extend(commit.map(|it| ("ref", it)));
    vec![Step::uses("Check out", CHECKOUT, &checkout), Step::uses("Install Nix", INSTALL_NIX, &[])]
}

/// The same, with what earlier runs have downloaded: for checks, which sign and write nothing.
fn cached_machine(area: &str) -> Vec<Step> {
    let nix = [
        ("primary-key", "nix-${{ runner.os }}-${{ hashFiles('flake.lock', 'nix/**') }}"),
        ("restore-prefixes-first-match", "nix-${{ runner.os }}-"),
        ("gc-max-store-size-linux", "3G"),
    ];
    let key =
        |of: &str, locks: &str| format!("{of}-${{{{ runner.os }}}}-${{{{ hashFiles({locks}) }}}}");
    // Whole keys only: what a lock does not name any more is not carried on from run to run.
    let (downloads, builds) = (key("downloads", LOCKS), key("builds", RUST));
    let kept = |path, key| [("path", path), ("key", key)];
    let mut steps = machine();
    steps.push(Step::uses("Keep the Nix store", CACHE_NIX, &nix));
    let of_downloads = kept(DOWNLOADS, downloads.as_str());
    steps.push(match area {
        FETCHES_ALL => Step::uses("Keep downloads", CACHE, &of_downloads),
        _ => Step::uses("Bring downloads", CACHE_RESTORE, &of_downloads),
    });
    let of_builds = kept("target/debug", builds.as_str());
    steps.push(match area {
        COMPILES_ALL => Step::uses("Keep builds", CACHE, &of_builds),
        _ => Step::uses("Bring builds", CACHE_RESTORE, &of_builds),
    });
    steps
}

/// The job that compiles what all others do: one folder for all of them, because a repository has
/// 10 GB for its caches, and what goes beyond pushes older ones out.
const COMPILES_ALL: &str = "rust";

/// The job that downloads what all others do: a key is written once, so it must hold everything.
const FETCHES_ALL: &str = "e2e";

/// What decides what is downloaded.
const LOCKS: &str = "'Cargo.lock', 'images/**/*.lock', 'services/**/package-lock.json', \
                     'xtask/tests/oracle/package-lock.json', 'services/**/requirements*.txt', \
                     'scripts/tools.txt'";

/// What decides what is compiled of others; our own crates are compiled in each run.
const RUST: &str = "'Cargo.lock', 'Cargo.toml', 'flake.lock'";

/// The same for all jobs.
const DOWNLOADS: &str = "~/.cargo/registry\n~/.cargo/git\n~/.cache/nutri\n~/.npm";

/// The registry's host is told who we are; `REGISTRY` says which host that is.
fn logged_in(step: Step) -> Step {
    step.env("REGISTRY_USER", "${{ github.actor }}").env("REGISTRY_TOKEN", "${{ github.token }}")
}

/// GitHub's machines know no mirror of Debian; a repository may have a variable that names one.
pub(super) fn mirrored(step: Step) -> Step {
    step.env("XTASK_DEBIAN_MIRROR", "${{ vars.DEBIAN_MIRROR }}")
        .env("XTASK_DEBIAN_SNAPSHOT", "${{ vars.DEBIAN_SNAPSHOT }}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::workflow::Does;

    #[test]
    fn who_publishes_attests_rebuilds_or_writes_restores_no_cache() {
        let tasks = crate::check::task::all();
        let images = ["backend".to_owned()];
        let places = [Place::example()];
        let facts = Facts { tasks: &tasks, images: &images, places: &places };
        let trusted = |job: &Job| {
            let writes = job.permissions.iter().any(|it| it.access == "write");
            let rebuilds = job
                .steps
                .iter()
                .any(|step| matches!(&step.does, Does::Runs(words) if words.starts_with("image ")));
            writes || rebuilds || job.environment.is_some()
        };
        let mut looked = 0;
        for job in all(facts).iter().flat_map(|workflow| &workflow.jobs).filter(|it| trusted(it)) {
            looked += 1;
            let restores = |step: &&Step| matches!(&step.does, Does::Uses(it, _) if [CACHE, CACHE_NIX, CACHE_RESTORE].contains(it));
            let found: Vec<&Step> = job.steps.iter().filter(restores).collect();
            assert!(found.is_empty(), "`{}` restores a cache: {found:?}", job.id);
        }
        assert!(looked >= 6, "build, deploy, newest twice, rebuild, images, renew");
    }
}
