//! Back-ups of the environment on the real engine, and a drill that passes: the services of the
//! release, booted on what was restored.

use super::scratch::Scratch;

pub(crate) fn are_proved_by_a_drill(scratch: &Scratch) {
    scratch.xtask(&["backup", "run", "local"]).ends(0);
    let before = containers(scratch);
    let answer = scratch.xtask(&["backup", "drill", "local", "--json"]).succeeds();
    let drill = &answer["drill"];
    assert_eq!(drill["outcome"], "passed", "{answer:#}");
    let checks = drill["checks"].as_array().unwrap();
    assert!(checks.iter().all(|it| it["passed"] == true), "{checks:#?}");
    let said = checks.iter().find(|it| it["name"] == "application").expect("it was booted");
    assert!(said["said"].as_str().unwrap().contains("answered"), "{said}");
    assert_ne!(drill["clusters"]["backedUp"], drill["clusters"]["restoredInto"]);
    assert_eq!(containers(scratch), before, "nothing of the drill stays");
}

fn containers(scratch: &Scratch) -> String {
    scratch.docker(&["ps", "--all", "--quiet", "--filter", "label=nutri.environment=drill"])
}
