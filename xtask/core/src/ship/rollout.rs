//! One release moving through one environment: which containers start, switch, drain and go.

use crate::plan::Step;
use crate::ship::instance::{Desired, Observed};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One change of a rollout. Everything names containers, never positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Change {
    /// A container that serves nobody is removed.
    Remove {
        /// Its name at the engine.
        container: String,
    },
    /// A container is started and must become ready before anything else changes.
    Start {
        /// As `deploy.toml` names it.
        service: String,
        /// The name of the new container: service, release and settings.
        container: String,
    },
    /// The proxy sends new requests to another container.
    Switch {
        service: String,
        /// The container that is sent requests from now on.
        container: String,
    },
    /// A container finishes what it has, ends, and is removed.
    Drain { service: String, container: String },
}

/// Why a container is started again though it is as wanted.
const ENDED: &str = "it ended by itself";
/// Why a container is removed that its engine starts anew again and again.
const CRASHING: &str = "it ends and is started again, over and over";
/// Why a service is switched, whatever else is the reason that it moves.
pub const ONCE_READY: &str = "once it is ready";

/// The changes of one service, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceRollout {
    /// As `deploy.toml` names it.
    pub service: String,
    /// What it answers as then: the release, or the one that what stays was started for.
    pub version: Option<String>,
    /// What is done before the old container may go.
    pub forward: Vec<Step<Change>>,
    /// What is done once the new release is verified.
    pub retire: Vec<Step<Change>>,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remove { container } => write!(formatter, "remove `{container}`"),
            Self::Start { container, .. } => write!(formatter, "start `{container}`"),
            Self::Switch { container, .. } => write!(formatter, "switch to `{container}`"),
            Self::Drain { container, .. } => write!(formatter, "drain `{container}`"),
        }
    }
}

/// Plans the rollout of every service, in the order given. `serving` tells which container the
/// proxy sends the requests of a service to.
pub fn plan(
    project: &str,
    desired: &[Desired],
    observed: &[Observed],
    serving: &BTreeMap<String, String>,
) -> Vec<ServiceRollout> {
    let plan_one = |wanted: &Desired| {
        let of_service = |it: &&Observed| it.service == wanted.service.name;
        let observed: Vec<&Observed> = observed.iter().filter(of_service).collect();
        let serving = serving.get(&wanted.service.name).map(String::as_str);
        plan_service(project, wanted, &observed, serving)
    };
    let known = desired.iter().map(plan_one);
    known.chain(plan_strangers(desired, observed)).collect()
}

/// Containers of services that `deploy.toml` has no more. They may be asked by the release that
/// serves, so they go once the new one is verified.
fn plan_strangers(desired: &[Desired], observed: &[Observed]) -> Vec<ServiceRollout> {
    let is_known = |it: &&Observed| desired.iter().any(|wanted| wanted.service.name == it.service);
    let strangers = observed.iter().filter(|it| !it.service.is_empty() && !is_known(it));
    let leaves = |it: &Observed| {
        let (service, container) = (it.service.clone(), it.container.clone());
        let why = format!("`{service}` is in `deploy.toml` no more");
        let change = match it.running {
            true => Change::Drain { service: service.clone(), container },
            false => Change::Remove { container },
        };
        let (forward, retire) = (Vec::new(), vec![Step::new(change, why)]);
        ServiceRollout { service, version: None, forward, retire }
    };
    strangers.map(leaves).collect()
}

fn plan_service(
    project: &str,
    desired: &Desired,
    observed: &[&Observed],
    serving: Option<&str>,
) -> ServiceRollout {
    let service = desired.service.name.clone();
    let kept = kept(desired, observed, serving);
    let version = kept.map_or(&desired.release, |it| &it.release).clone();
    let container =
        kept.map_or_else(|| new_name(project, desired, observed), |it| it.container.clone());
    let version = Some(version);
    let mut rollout = ServiceRollout { service, version, forward: Vec::new(), retire: Vec::new() };
    for other in observed.iter().filter(|it| it.container != container) {
        retire_other(&mut rollout, other, serving);
    }
    if kept.is_none() {
        if let Some(found) = observed.iter().find(|it| it.container == container) {
            let container = container.clone();
            let why = if found.crashing.is_some() { CRASHING } else { ENDED };
            rollout.forward.push(Step::new(Change::Remove { container }, why));
        }
        let why = why_started(desired, observed, serving);
        let (service, container) = (desired.service.name.clone(), container.clone());
        rollout.forward.push(Step::new(Change::Start { service, container }, why));
    }
    if kept.is_none() || serving != Some(container.as_str()) {
        let change = Change::Switch { service: desired.service.name.clone(), container };
        rollout.forward.push(Step::new(change, ONCE_READY));
    }
    rollout
}

/// The container that stays, or is switched to: one that runs as wanted. The one that serves is
/// preferred, then one that a killed run started for this very release.
fn kept<'o>(
    desired: &Desired,
    observed: &[&'o Observed],
    serving: Option<&str>,
) -> Option<&'o Observed> {
    let met = observed.iter().copied().filter(|it| desired.is_met_by(it));
    let is_fit = |it: &&Observed| {
        // One that is to be replaced all the same was not started by a run that was killed.
        desired.anew.is_none()
            || (it.release == desired.release && serving != Some(it.container.as_str()))
    };
    let rank = |it: &&Observed| match it.container.as_str() {
        container if serving == Some(container) => 0,
        _ if it.release == desired.release => 1,
        _ => 2,
    };
    met.filter(is_fit).min_by_key(rank)
}

/// A name that no container has that runs and stays.
fn new_name(project: &str, desired: &Desired, observed: &[&Observed]) -> String {
    let name = desired.container(project);
    let runs = |it: &Observed| it.running && it.crashing.is_none();
    let is_taken = |name: &String| observed.iter().any(|it| runs(it) && it.container == *name);
    let more = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(more).find(|it| !is_taken(it)).expect("numbers do not end")
}

/// What differs from what serves.
fn why_started(desired: &Desired, observed: &[&Observed], serving: Option<&str>) -> String {
    let Some(found) = observed.iter().find(|it| serving == Some(it.container.as_str())) else {
        return "no release of it serves".to_owned();
    };
    let mut reasons = Vec::new();
    if found.digest != desired.digest.to_string() {
        reasons.push(format!("its image is not that of `{}`", found.release));
    }
    if found.settings != desired.settings.to_string() {
        reasons.push(format!("what it is told is not what it was at `{}`", found.release));
    }
    if !found.running {
        reasons.push(ENDED.to_owned());
    }
    if found.crashing.is_some() {
        reasons.push(CRASHING.to_owned());
    }
    reasons.extend(desired.anew.clone());
    reasons.join("; ")
}

/// What runs is drained once the new release is verified, also if it serves nobody: a run that was
/// killed may have left the last verified release so, and until then it is not removed.
fn retire_other(rollout: &mut ServiceRollout, other: &Observed, serving: Option<&str>) {
    let container = other.container.clone();
    if !other.running {
        let why = "it ended, and serves nobody";
        rollout.forward.insert(0, Step::new(Change::Remove { container }, why));
        return;
    }
    let service = rollout.service.clone();
    let why = match serving == Some(container.as_str()) {
        true => format!("release `{}` is replaced", other.release),
        false => "it serves nobody: left by an earlier rollout".to_owned(),
    };
    rollout.retire.push(Step::new(Change::Drain { service, container }, why));
}

/// The containers that these plans start, each with its service. One that ran already is none of
/// them, though it is switched to: a killed run left it, and it may be the last verified release.
pub fn started(plans: &[ServiceRollout]) -> impl Iterator<Item = (&str, &str)> {
    let steps = plans.iter().flat_map(|plan| &plan.forward);
    steps.filter_map(|step| match &step.what {
        Change::Start { service, container } => Some((service.as_str(), container.as_str())),
        _ => None,
    })
}

/// Whether a rollout of these plans would change what serves.
pub fn is_idle(plans: &[ServiceRollout]) -> bool {
    plans.iter().all(|plan| plan.forward.is_empty() && plan.retire.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;
    use crate::digest::Digest;

    fn desired(release: &str) -> Desired {
        let deploy = Deploy::parse(include_str!("../../../../deploy.toml")).unwrap();
        let repository: crate::reference::Repository =
            "127.0.0.1:5510/nutri/backend".parse().unwrap();
        let digest = Digest::of(release.as_bytes());
        Desired {
            service: deploy.service("backend").unwrap().clone(),
            release: release.into(),
            image: repository.pin(digest),
            digest,
            settings: Digest::of(b"settings"),
            anew: None,
        }
    }

    fn observed(desired: &Desired, running: bool) -> Observed {
        Observed {
            container: desired.container("nutri"),
            service: desired.service.name.clone(),
            release: desired.release.clone(),
            digest: desired.digest.to_string(),
            settings: desired.settings.to_string(),
            running,
            crashing: None,
            restarts: 0,
            started_at: String::new(),
            port: None,
        }
    }

    fn lines(wanted: &Desired, found: &[Observed], serving: Option<&Desired>) -> String {
        let serving = serving.map(|it| (it.service.name.clone(), it.container("nutri")));
        let plans =
            plan("nutri", std::slice::from_ref(wanted), found, &serving.into_iter().collect());
        let steps = plans[0].forward.iter().chain(&plans[0].retire);
        steps.map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_first_rollout_starts_and_switches() {
        insta::assert_snapshot!(lines(&desired("r1"), &[], None), @"
        start `nutri-backend-r1-cde0fb` (no release of it serves)
        switch to `nutri-backend-r1-cde0fb` (once it is ready)
        ");
    }

    #[test]
    fn the_old_one_serves_until_the_new_one_is_switched_to() {
        let old = desired("r1");
        let found = [observed(&old, true)];
        insta::assert_snapshot!(lines(&desired("r2"), &found, Some(&old)), @"
        start `nutri-backend-r2-cde0fb` (its image is not that of `r1`)
        switch to `nutri-backend-r2-cde0fb` (once it is ready)
        drain `nutri-backend-r1-cde0fb` (release `r1` is replaced)
        ");
    }

    #[test]
    fn what_an_interrupted_rollout_left_goes_last() {
        let (old, cut) = (desired("r1"), desired("r2"));
        let found = [observed(&old, true), observed(&cut, true)];
        insta::assert_snapshot!(lines(&desired("r3"), &found, Some(&old)), @"
        start `nutri-backend-r3-cde0fb` (its image is not that of `r1`)
        switch to `nutri-backend-r3-cde0fb` (once it is ready)
        drain `nutri-backend-r1-cde0fb` (release `r1` is replaced)
        drain `nutri-backend-r2-cde0fb` (it serves nobody: left by an earlier rollout)
        ");
    }

    #[test]
    fn what_a_killed_run_left_running_is_not_started_by_whoever_goes_on_with_it() {
        let (verified, cut) = (desired("r1"), desired("r2"));
        let found = [observed(&verified, true), observed(&cut, true)];
        let serving = BTreeMap::from([("backend".to_owned(), cut.container("nutri"))]);
        let back = plan("nutri", std::slice::from_ref(&verified), &found, &serving);
        assert!(!is_idle(&back) && started(&back).next().is_none(), "{back:?}");
        let next = plan("nutri", &[desired("r3")], &found, &serving);
        let container = desired("r3").container("nutri");
        assert_eq!(started(&next).collect::<Vec<_>>(), [("backend", container.as_str())]);
    }

    #[test]
    fn a_wanted_container_that_ended_is_started_anew() {
        let wanted = desired("r1");
        insta::assert_snapshot!(lines(&wanted, &[observed(&wanted, false)], Some(&wanted)), @"
        remove `nutri-backend-r1-cde0fb` (it ended by itself)
        start `nutri-backend-r1-cde0fb` (it ended by itself)
        switch to `nutri-backend-r1-cde0fb` (once it is ready)
        ");
    }

    /// The same image with the same settings, wanted by a later release.
    fn later(desired: &Desired) -> Desired {
        Desired { release: "r9".into(), ..desired.clone() }
    }

    #[test]
    fn what_a_release_does_not_change_stays_and_answers_as_it_did() {
        let served = desired("r1");
        let wanted = later(&served);
        assert_eq!(lines(&wanted, &[observed(&served, true)], Some(&served)), "");
        let serving = BTreeMap::from([("backend".to_owned(), served.container("nutri"))]);
        let plans = plan("nutri", &[wanted], &[observed(&served, true)], &serving);
        assert_eq!(plans[0].version.as_deref(), Some("r1"));
    }

    #[test]
    fn each_difference_is_told() {
        let served = desired("r1");
        let told = |wanted: &Desired| lines(wanted, &[observed(&served, true)], Some(&served));
        let settings = Desired {
            settings: Digest::of(b"other"),
            anew: Some("--all".into()),
            ..later(&served)
        };
        assert!(told(&settings).contains("(what it is told is not what it was at `r1`; --all)"));
        let image = Desired { digest: Digest::of(b"other"), ..later(&served) };
        assert!(told(&image).contains("(its image is not that of `r1`)"), "{}", told(&image));
    }

    #[test]
    fn what_is_to_be_replaced_all_the_same_gets_a_name_of_its_own() {
        let served = desired("r1");
        let wanted = Desired { anew: Some("asked for".into()), ..served.clone() };
        insta::assert_snapshot!(lines(&wanted, &[observed(&served, true)], Some(&served)), @"
        start `nutri-backend-r1-cde0fb-2` (asked for)
        switch to `nutri-backend-r1-cde0fb-2` (once it is ready)
        drain `nutri-backend-r1-cde0fb` (release `r1` is replaced)
        ");
        // A killed run has started it already.
        let second = Observed {
            container: "nutri-backend-r1-cde0fb-2".to_owned(),
            ..observed(&served, true)
        };
        insta::assert_snapshot!(lines(&wanted, &[observed(&served, true), second], Some(&served)), @"
        switch to `nutri-backend-r1-cde0fb-2` (once it is ready)
        drain `nutri-backend-r1-cde0fb` (release `r1` is replaced)
        ");
    }

    #[test]
    fn a_wanted_container_that_keeps_on_ending_does_not_run_already() {
        let wanted = desired("r1");
        let crashing = Observed { crashing: Some(7), ..observed(&wanted, true) };
        insta::assert_snapshot!(lines(&wanted, &[crashing], Some(&wanted)), @"
        remove `nutri-backend-r1-cde0fb` (it ends and is started again, over and over)
        start `nutri-backend-r1-cde0fb` (it ends and is started again, over and over)
        switch to `nutri-backend-r1-cde0fb` (once it is ready)
        ");
    }

    #[test]
    fn a_service_that_is_described_no_more_goes_last_and_the_backing_stays() {
        let wanted = desired("r1");
        let of = |service: &str, running| Observed {
            container: format!("nutri-{service}-r0-cde0fb"),
            service: service.to_owned(),
            ..observed(&desired("r0"), running)
        };
        let found = [observed(&wanted, true), of("search", true), of("queue", false), of("", true)];
        let serving = BTreeMap::from([("backend".to_owned(), wanted.container("nutri"))]);
        let plans = plan("nutri", std::slice::from_ref(&wanted), &found, &serving);
        assert!(!is_idle(&plans) && plans.iter().all(|it| it.forward.is_empty()));
        let last = plans.iter().flat_map(|it| &it.retire).map(ToString::to_string);
        insta::assert_snapshot!(last.collect::<Vec<_>>().join("\n"), @"
        drain `nutri-search-r0-cde0fb` (`search` is in `deploy.toml` no more)
        remove `nutri-queue-r0-cde0fb` (`queue` is in `deploy.toml` no more)
        ");
    }

    #[test]
    fn nothing_is_done_where_everything_is_as_wanted() {
        let wanted = desired("r1");
        assert_eq!(lines(&wanted, &[observed(&wanted, true)], Some(&wanted)), "");
    }
}
