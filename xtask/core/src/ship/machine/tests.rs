//! What the model found, each as the shortest story of it, and what is said of a run.

use super::*;
use crate::ship::ledger::{Action, Outcome, Record, Versions};

fn course(manner: Manner) -> Course {
    let moves = ["ml-service", "backend"].map(|service| Move {
        service: service.to_owned(),
        why: "it is of release `a`".to_owned(),
    });
    Course {
        action: Action::Rollout,
        from: Some("a".to_owned()),
        back: Some("a".to_owned()),
        takes_over: false,
        to: "b".to_owned(),
        moves: moves.to_vec(),
        versions: versions("b", "b"),
        before: versions("a", "a"),
        all: false,
        manner,
        migrations: vec!["1_b".to_owned()],
        forced: None,
        backup: BackUp::Taken("before migrations".into()),
    }
}

/// What the backend and the ML service answer as.
fn versions(backend: &str, ml: &str) -> Versions {
    let both = [("backend", backend), ("ml-service", ml)];
    both.into_iter().map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

fn past(run: &str, action: Action, from: Option<&str>, to: &str, ended: Ended) -> Past {
    let versions = versions(to, to);
    let (run, from, to) = (run.to_owned(), from.map(ToOwned::to_owned), to.to_owned());
    Past { run, action, from, to, versions, ended }
}

/// Walks on, `failing` these steps, and tells what was done and how it ended.
fn walk(mut journal: Journal, failing: &[&str]) -> (String, End) {
    let mut told = Vec::new();
    loop {
        match next(&journal, true) {
            Next::End(end) => return (told.join(", "), end),
            Next::Do(step, _) => {
                told.push(step.to_string());
                match failing.contains(&step.name().as_str()) {
                    true => journal.failed(step, "no"),
                    false => journal.passed(step),
                }
            }
        }
    }
}

fn walked(manner: Manner, failing: &[&str]) -> (String, End) {
    walk(Journal::new("r", course(manner)), failing)
}

#[test]
fn both_roads_and_what_is_said_of_them() {
    let lines = |manner| -> String {
        let course = course(manner);
        let line = |step: &Step| format!("{step}: {}", course.why(step));
        let lines: Vec<String> = course.steps().iter().map(line).collect();
        format!("{}\n{}", course.order(), lines.join("\n"))
    };
    insta::assert_snapshot!(lines(Manner::Together), @"
    all start first, are tested together, and one switch moves all
    preflight: what would stop it half-way is to be known first
    lease: one change at a time
    begin: no release serves without a record
    back up: before migrations
    migrate: `b` expects 1_b
    fetch: nothing is started before everything is there
    start `ml-service`: it is of release `a`
    start `backend`: it is of release `a`
    smoke test: the new releases are to work with each other
    switch all at once: no request meets the new release of one and the old of another
    verify: what serves is what answers from outside
    drain: the new release is verified
    record: the ledger tells how it ended
    notify: people are told how it ended
    ");
    insta::assert_snapshot!(lines(Manner::InTurn), @"
    one service after the other: this target cannot move them in one moment, so the new release of one serves with the old one of the next for a while
    preflight: what would stop it half-way is to be known first
    lease: one change at a time
    begin: no release serves without a record
    back up: before migrations
    migrate: `b` expects 1_b
    fetch: nothing is started before everything is there
    deploy `ml-service`: it is of release `a`
    deploy `backend`: it is of release `a`
    verify: what serves is what answers from outside
    drain: the new release is verified
    record: the ledger tells how it ended
    notify: people are told how it ended
    ");
}

#[test]
fn what_follows_each_failure() {
    let told = |step: &str| {
        let (told, end) = walked(Manner::InTurn, &[step]);
        format!(
            "{step}: {end:?}: … {}",
            told.rsplit_once(", fetch").map_or(told.as_str(), |it| it.1)
        )
    };
    let steps = [
        "preflight",
        "begin",
        "migrate",
        "fetch",
        "deploy-backend",
        "verify",
        "drain",
        "record",
        "notify",
    ];
    insta::assert_snapshot!(steps.map(told).join("\n"), @"
    preflight: Untouched: … preflight
    begin: Untouched: … preflight, lease, begin
    migrate: Failed: … preflight, lease, begin, back up, migrate, record, notify
    fetch: Failed: … , record, notify
    deploy-backend: Returned: … , deploy `ml-service`, deploy `backend`, go back, record, notify
    verify: Returned: … , deploy `ml-service`, deploy `backend`, verify, go back, record, notify
    drain: Serves: … , deploy `ml-service`, deploy `backend`, verify, drain, record, notify
    record: Open: … , deploy `ml-service`, deploy `backend`, verify, drain, record
    notify: Done: … , deploy `ml-service`, deploy `backend`, verify, drain, record, notify
    ");
}

#[test]
fn who_cannot_go_back_stays_open_and_says_nothing_to_the_ledger() {
    let (told, end) = walked(Manner::Together, &["verify", "go-back"]);
    assert!(told.ends_with("verify, go back"), "{told}");
    assert_eq!(end, End::Open);
    assert_eq!(walked(Manner::Together, &["verify", "record"]).1, End::Open);
    assert_eq!(walked(Manner::Together, &["verify", "notify"]).1, End::Returned);
}

/// It was recorded as failed, and a rollback went past it although it served.
#[test]
fn what_serves_and_is_verified_is_so_though_old_containers_are_not_stopped() {
    let failing = |step: Step| {
        let mut journal = Journal::new("r", course(Manner::Together));
        journal.failed(step, "no");
        journal.is_served()
    };
    assert!(Journal::new("r", course(Manner::Together)).is_served());
    assert!(failing(Step::Retire));
    assert!(!failing(Step::Verify) && !failing(Step::Switch) && !failing(Step::Record));
}

#[test]
fn a_lost_lease_ends_a_run_before_its_next_step_and_on_the_way_back_too() {
    let mut journal = Journal::new("r", course(Manner::InTurn));
    assert!(matches!(next(&journal, false), Next::Do(Step::Preflight, _)));
    [Step::Preflight, Step::Lease, Step::Begin].into_iter().for_each(|it| journal.passed(it));
    assert_eq!(next(&journal, false), Next::End(End::LeaseLost));
    journal.failed(Step::Verify, "no");
    assert_eq!(next(&journal, false), Next::End(End::LeaseLost));
}

/// Found by the model: the next run's journal took the place of one that was on its way back, and
/// was killed before its own beginning stood in the ledger.
#[test]
fn a_journal_takes_the_place_of_the_one_before_once_the_ledger_knows_of_its_run() {
    let mut journal = Journal::new("r", course(Manner::InTurn));
    [Step::Preflight, Step::Lease].into_iter().for_each(|it| journal.passed(it));
    assert!(!journal.is_kept());
    journal.passed(Step::Begin);
    assert!(journal.is_kept());
}

/// Found by the model: it was recorded as failed with nothing changed, over a mixture that the run
/// before had left, and nobody looked at that any more.
#[test]
fn after_an_interrupted_run_an_early_failure_is_returned_from_too() {
    assert_eq!(walked(Manner::InTurn, &["fetch"]).1, End::Failed);
    let over = Course { takes_over: true, ..course(Manner::InTurn) };
    for step in ["back-up", "migrate", "fetch"] {
        let (told, end) = walk(Journal::new("r", over.clone()), &[step]);
        assert!(told.ends_with("go back, record, notify"), "{step}: {told}");
        assert_eq!(end, End::Returned);
    }
}

#[test]
fn an_interrupted_rollout_is_taken_back_to_what_served_before_it_and_no_further() {
    let settled = [
        past("1", Action::Rollout, None, "z", Ended::Done),
        past("2", Action::Rollout, Some("z"), "a", Ended::Done),
    ];
    let begun = past("3", Action::Rollout, Some("a"), "b", Ended::NotYet);
    let open = [settled.as_slice(), &[begun]].concat();
    // The public service was not replaced yet: what serves there says nothing of the others.
    assert_eq!(roll_back(&open, Some("a")).as_deref(), Some("a"));
    assert_eq!(roll_back(&open, Some("b")).as_deref(), Some("a"));
    assert_eq!(roll_back(&settled, Some("a")).as_deref(), Some("z"));
}

/// `r2` changed the ML service, and `r3` nothing at all.
#[test]
fn a_rollback_goes_to_a_release_that_something_differs_in() {
    let done = |to: &str, backend: &str, ml: &str| Past {
        versions: versions(backend, ml),
        ..past(to, Action::Rollout, None, to, Ended::Done)
    };
    let all = [done("r1", "r1", "r1"), done("r2", "r1", "r2"), done("r3", "r1", "r2")];
    assert_eq!(roll_back(&all, Some("r3")).as_deref(), Some("r1"));
    assert_eq!(roll_back(&all[..2], Some("r2")).as_deref(), Some("r1"));
    assert_eq!(roll_back(&all[1..], Some("r3")), None);
}

#[test]
fn a_killed_rollback_that_is_repeated_goes_to_the_same_release() {
    let open = [
        past("1", Action::Rollout, None, "z", Ended::Done),
        past("2", Action::Rollout, Some("z"), "a", Ended::Done),
        past("3", Action::Rollout, Some("a"), "b", Ended::Done),
        past("4", Action::Rollback, Some("b"), "a", Ended::NotYet),
    ];
    for serving in ["b", "a"] {
        assert_eq!(roll_back(&open, Some(serving)).as_deref(), Some("a"), "{serving}");
        assert_eq!(return_to(&open, Some(serving), "a").as_deref(), Some("b"), "{serving}");
    }
}

#[test]
fn what_comes_after_several_interrupted_runs_returns_to_what_served_before_the_first() {
    let open = [
        past("1", Action::Rollout, None, "a", Ended::Done),
        past("2", Action::Rollout, Some("a"), "b", Ended::NotYet),
        past("3", Action::Rollback, Some("b"), "a", Ended::NotYet),
    ];
    assert_eq!(return_to(&open, Some("b"), "c").as_deref(), Some("a"));
    assert_eq!(return_to(&open[..1], Some("a"), "b").as_deref(), Some("a"));
    assert_eq!(return_to(&open[..1], Some("a"), "a").as_deref(), Some("a"), "other settings");
    assert_eq!(return_to(&[], None, "a"), None);
}

#[test]
fn an_interrupted_run_is_taken_up_in_the_direction_of_its_own_journal() {
    let open = [
        past("1", Action::Rollout, None, "a", Ended::Done),
        past("2", Action::Rollout, Some("a"), "b", Ended::NotYet),
    ];
    let mut journal = Journal::new("2", course(Manner::InTurn));
    journal.failed(Step::Verify, "no");
    let both = versions("a", "b");
    assert_eq!(take_up(&open, Some(&journal), &both), Ok(Taken::Back("a".to_owned())));
    let forward = Ok(Taken::Forward(Action::Rollout, "b".to_owned()));
    assert_eq!(take_up(&open, None, &both), forward);
    let mut to_nothing = journal.clone();
    to_nothing.course.back = None;
    let nothing = Err(Refused::NothingBefore("b".to_owned()));
    assert_eq!(take_up(&open, Some(&to_nothing), &both), nothing, "what failed is not tried again");
    let of_another = Journal { run: "1".to_owned(), ..journal };
    assert_eq!(take_up(&open, Some(&of_another), &both), forward);
    assert_eq!(take_up(&open, None, &versions("a", "x")), Err(Refused::Strange("x".to_owned())));
    assert_eq!(take_up(&open[..1], None, &both), Err(Refused::NothingOpen));
}

/// What a service stayed at is of an older release than any that the interrupted run was about.
#[test]
fn what_a_service_stayed_at_is_no_strange_release() {
    let second = Past {
        versions: versions("a", "b"),
        ..past("2", Action::Rollout, Some("a"), "b", Ended::Done)
    };
    let third = Past {
        versions: versions("a", "c"),
        ..past("3", Action::Rollout, Some("b"), "c", Ended::NotYet)
    };
    let open = [past("1", Action::Rollout, None, "a", Ended::Done), second, third];
    let forward = Ok(Taken::Forward(Action::Rollout, "c".to_owned()));
    for ml in ["b", "c"] {
        assert_eq!(take_up(&open, None, &versions("a", ml)), forward, "{ml}");
    }
    // The ML service was never left at this one.
    let strange = Err(Refused::Strange("a".to_owned()));
    assert_eq!(take_up(&open, None, &versions("a", "a")), strange);
}

#[test]
fn the_release_that_serves_is_told_by_what_all_services_answer_as() {
    let done = |to: &str, backend: &str, ml: &str| Past {
        versions: versions(backend, ml),
        ..past(to, Action::Rollout, None, to, Ended::Done)
    };
    // `r2` changed one service, `r3` none, `r4` did not come to serve.
    let past = [
        done("r1", "r1", "r1"),
        done("r2", "r1", "r2"),
        done("r3", "r1", "r2"),
        Past { ended: Ended::Failed, ..done("r4", "r4", "r2") },
    ];
    let of = |backend: &str, ml: &str| release_of(&past, &versions(backend, ml), "backend");
    assert_eq!(of("r1", "r2").as_deref(), Some("r3"));
    assert_eq!(of("r1", "r1").as_deref(), Some("r1"));
    assert_eq!(of("r1", "x").as_deref(), Some("r3"), "a person deployed the other one");
    assert_eq!(of("x", "r2").as_deref(), Some("x"));
    assert_eq!(of("r4", "r2").as_deref(), Some("r4"), "killed after its switch");
    assert_eq!(release_of(&past, &Versions::new(), "backend"), None);
    assert_eq!(release_of(&[], &versions("r1", "r1"), "backend").as_deref(), Some("r1"));
}

/// Before services were left alone, all of them answered as the release.
#[test]
fn a_record_without_versions_says_that_all_services_answer_as_its_release() {
    let digest = crate::digest::Digest::of(b"image");
    let services = ["backend", "ml-service"].map(|name| (name.to_owned(), digest));
    let record = Record {
        services: services.into_iter().collect(),
        ..Record::new(Action::Rollout, Outcome::Done, "ada", "2026-11-23T00:00:00Z", "r1")
    };
    assert!(!record.body().contains("versions"), "{}", record.body());
    assert_eq!(Past::of(&[record])[0].versions, versions("r1", "r1"));
}

/// An internal service of a rollout that was cut off is no less served than the public one, and
/// what was asked for and has not come yet may still come.
#[test]
fn a_schema_is_judged_by_all_that_serves_or_may_come_to_serve() {
    let migration = |is_safe| [Applied { name: "1_b".to_owned(), is_safe }];
    let knows = ["1_b".to_owned()];
    let judged = |serving: &[String], is_safe| {
        let skews = judge("b", &knows, serving, &[], &migration(is_safe));
        skews.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(judged(&[], false), [""; 0]);
    assert_eq!(judged(&["a".to_owned()], true), [""; 0]);
    assert_eq!(
        judged(&["a".to_owned()], false),
        ["release `a` serves, and does not know the pending migration `1_b`, \
          which is not marked `-- xtask:rollback-safe`"]
    );
    let ahead = judge("a", &[], &[], &migration(false), &[]);
    assert_eq!(
        ahead[0].to_string(),
        "release `a` does not know the applied migration `1_b`, \
         which is not marked `-- xtask:rollback-safe`"
    );
}
