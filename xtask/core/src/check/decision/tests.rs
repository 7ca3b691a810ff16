use super::*;
use crate::check::task::all;
use crate::check::task::tests::stub;

fn key(of: &str) -> Key {
    let same = Digest::of(b"same");
    Key { inputs: Digest::of(of.as_bytes()), needs: same, tools: same, row: same }
}

/// A task that passed as it is now.
fn passed() -> Known {
    Known { key: Some(key("a")), passed: Some(key("a")), ..Known::default() }
}

fn changed() -> Known {
    Known { passed: Some(key("b")), ..passed() }
}

fn unaffected(known: Known) -> Known {
    Known { selected_by: Some(Vec::new()), ..known }
}

fn affected(known: Known) -> Known {
    Known { selected_by: Some(vec!["a.ts".to_owned()]), ..known }
}

/// `test` needs `form`, and `build` for what it makes.
fn reasons(known: &[Known; 3], belief: Belief) -> [String; 3] {
    let mut build = stub("build", &[]);
    build.makes = &["dist"];
    let tasks = [build, stub("form", &[]), stub("test", &["build", "form"])];
    let decisions = decisions(&tasks, known, belief);
    std::array::from_fn(|at| decisions[at].to_string())
}

const CACHED: &str = "cached: it passed, and nothing it depends on changed";
const UNAFFECTED: &str = "unaffected: none of its inputs changed";

#[test]
fn what_passed_under_the_same_conditions_is_cached() {
    assert_eq!(reasons(&[passed(), passed(), passed()], Belief::Same), [CACHED; 3]);
}

#[test]
fn each_condition_that_changed_has_a_name() {
    let with = |change: fn(&mut Key)| {
        let mut now = passed();
        change(now.key.as_mut().unwrap());
        decisions(&[stub("a", &[])], &[now], Belief::Same)[0].to_string()
    };
    assert_eq!(with(|key| key.inputs = Digest::of(b"x")), "runs: its inputs changed");
    assert_eq!(with(|key| key.needs = Digest::of(b"x")), "runs: what it needs changed");
    assert_eq!(with(|key| key.tools = Digest::of(b"x")), "runs: a tool it uses changed");
    assert_eq!(with(|key| key.row = Digest::of(b"x")), "runs: its row in the table changed");
}

#[test]
fn what_never_passed_runs_and_brings_nothing_that_still_stands() {
    let known = [passed(), passed(), Known { passed: None, ..passed() }];
    let runs = "runs: no pass of it is cached";
    assert_eq!(reasons(&known, Belief::Same), [CACHED, CACHED, runs]);
}

#[test]
fn what_was_made_and_is_gone_is_made_again() {
    let gone = Known { gone: Some("dist".to_owned()), ..passed() };
    let [build, ..] = reasons(&[gone, passed(), passed()], Belief::Same);
    assert_eq!(build, "runs: `dist`, which it makes, is gone");
}

#[test]
fn continuous_integration_and_a_fresh_run_believe_nothing() {
    for belief in [Belief::NoneInCi, Belief::NoneFresh] {
        let reasons = reasons(&[passed(), passed(), passed()], belief);
        assert!(reasons.iter().all(|it| it.starts_with("runs: ")), "{reasons:?}");
    }
}

#[test]
fn what_depends_on_the_outside_is_never_cached() {
    let mut audit = stub("audit", &[]);
    audit.never_cached = Some("advisories are published every day");
    let decisions = decisions(&[audit], &[passed()], Belief::Same);
    assert_eq!(decisions[0].to_string(), "runs: never cached: advisories are published every day");
}

#[test]
fn an_unaffected_task_runs_only_if_what_it_makes_is_needed_and_not_there() {
    let test = || affected(changed());
    let needs = "runs: `test` needs what it makes";
    let [build, form, tested] =
        reasons(&[unaffected(changed()), unaffected(changed()), test()], Belief::Same);
    assert_eq!([&build, &form, &tested], [needs, UNAFFECTED, "runs: changed: a.ts"]);
    let [build, ..] = reasons(&[unaffected(passed()), unaffected(passed()), test()], Belief::Same);
    assert_eq!(build, UNAFFECTED, "what it made is there");
    let [build, ..] =
        reasons(&[unaffected(passed()), unaffected(passed()), test()], Belief::NoneInCi);
    assert_eq!(build, needs, "a new machine has nothing that was made");
    let none = reasons(&std::array::from_fn(|_| unaffected(changed())), Belief::NoneInCi);
    assert_eq!(none, [UNAFFECTED; 3]);
}

#[test]
fn changed_inputs_select_a_task_and_a_shared_edge_selects_all_that_name_it() {
    let tasks = all();
    let selected = |path: &str| -> Vec<&str> {
        let changed = [path.to_owned()];
        tasks.iter().filter(|it| !selecting(it, &changed).is_empty()).map(|it| it.name).collect()
    };
    assert_eq!(selected("xtask/core/src/check/task/table.rs").len(), tasks.len());
    assert_eq!(selected("scripts/tools.txt").len(), tasks.len());
    let contract = selected("services/ml-service/src/nutri_ml/http/schemas.py");
    assert!(contract.contains(&"jest") && contract.contains(&"pytest"), "{contract:?}");
    assert!(!contract.contains(&"eslint") && !contract.contains(&"clippy"), "{contract:?}");
    let page = selected("docs/README.md");
    assert!(page.contains(&"rust-test") && !page.contains(&"jest"), "{page:?}");
}
