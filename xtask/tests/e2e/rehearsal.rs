//! The pipeline of production, run on this machine against the double of Coolify, with our own
//! images. A lost request fails it. A measurement that is void because this machine was too busy to
//! ask in time is told and no failure of the program: `coolify.rs` counts with a load of its own.

use crate::scratch::Scratch;

pub(crate) fn walks_the_road_of_production(scratch: &Scratch, serving: &str) {
    let run = scratch.xtask(&["rehearse", "production", "--json"]);
    let is_shown = run.code == Some(0);
    let answer = run.answers(if is_shown { 0 } else { 5 });
    assert_eq!(answer["walked"], is_shown, "{answer}");
    let steps = answer["steps"].as_array().unwrap();
    let said = |name: &str| {
        let step = steps.iter().find(|step| step["name"] == name);
        step.unwrap_or_else(|| panic!("no step `{name}`: {answer}"))["said"].as_str().unwrap()
    };
    assert_eq!(said("the same again"), "nothing to do");
    for moved in ["rollout of a change", "rollback"] {
        assert!(said(moved).starts_with("serves; lost 0 of "), "{answer}");
        let is_void = said(moved).contains("void");
        assert!(!is_void || said(moved).contains("the prober was saturated"), "{answer}");
    }
    assert_eq!(said("infra plan"), "empty");
    println!("rehearsal: {}; rollback: {}", said("rollout of a change"), said("rollback"));
    nothing_of_it_stays(scratch);
    scratch.serves(serving);
}

/// The double's containers are on the network of the local environment, under names of their own.
fn nothing_of_it_stays(scratch: &Scratch) {
    let network = format!("network={}", scratch.project);
    let names = scratch.docker(&["ps", "--all", "--filter", &network, "--format", "{{.Names}}"]);
    let foreign: Vec<&str> =
        names.lines().filter(|name| !name.starts_with(&scratch.project)).collect();
    assert!(foreign.is_empty() && !names.is_empty(), "{names}");
}
