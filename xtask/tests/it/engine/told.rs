//! What is told of an environment that runs only in part, and what is refused before it is asked.

use super::*;

impl Engine {
    /// As if this user had brought it up.
    fn known(self) -> Self {
        let secrets = self.world.path("../state/nutri/local/secrets.json");
        std::fs::create_dir_all(secrets.parent().unwrap()).unwrap();
        std::fs::write(&secrets, r#"{"database":"x","jwt":"y"}"#).unwrap();
        self
    }

    /// A container of that service at release `r1`.
    fn runs(&self, service: &str) {
        let labels = format!(r#"{OURS},"nutri.service":"{service}","nutri.release":"r1""#);
        self.has("container", &format!("nutri-{service}-r1-0123ab"), &labels);
    }
}

#[test]
fn services_whose_proxy_is_gone_are_not_told_as_never_rolled_out() {
    let engine = Engine::new().known();
    engine.runs("backend");
    let run = engine.world.run(&["status"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let said = run.stdout;
    assert!(said.contains("unknown: cannot tell which release serves: the proxy does"), "{said}");
    assert!(!said.contains("not rolled out"), "{said}");
    let said = engine.world.run(&["logs", "backend"]).ends(0);
    assert!(engine.changes().contains("logs --timestamps --tail 50 nutri-backend-r1-"), "{said}");
}

#[test]
fn a_service_that_deploy_toml_has_no_more_is_shown() {
    let engine = Engine::new().known();
    engine.runs("search");
    let run = engine.world.run(&["status"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let said = run.stdout;
    let line = said.lines().find(|it| it.starts_with("search")).unwrap();
    assert!(line.contains("not in `deploy.toml`"), "{said}");
}

#[test]
fn the_log_of_what_runs_beside_the_services_is_told_and_an_unknown_name_with_all_known_ones() {
    let engine = Engine::new().known();
    engine.has("container", "nutri-postgres", OURS);
    let _told = engine.world.run(&["logs", "postgres"]).ends(0);
    assert!(engine.changes().contains("logs --timestamps --tail 50 nutri-postgres"));
    let said = engine.world.run(&["logs", "mail"]).ends(2);
    let known = "known: `ml-service`, `backend`, `postgres`, `redis`, `registry`, `proxy`";
    assert!(said.contains(known), "{said}");
}

#[test]
fn what_is_no_name_of_a_release_is_refused_before_anything_is_started() {
    let engine = Engine::new().known();
    for verb in [["rollout", "local", "../x"], ["rollback", "local", "a b"]] {
        let said = engine.world.run(&verb).ends(2);
        assert!(said.contains("no release has that name"), "{said}");
    }
    assert_eq!(engine.changes(), "");
}

#[test]
fn a_file_that_is_no_text_is_a_mistake_with_its_byte() {
    let engine = Engine::new();
    let path = engine.world.path("deploy.toml");
    let mut bytes = std::fs::read(&path).unwrap();
    let line = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    bytes.extend(b"# \xff\n");
    let at = bytes.len() - 1;
    std::fs::write(&path, bytes).unwrap();
    let said = engine.world.run(&["status"]).ends(2);
    let words = format!("byte {at} of the file, in line {line}, is 0xff");
    assert!(said.contains(&words) && said.contains("E-config"), "{said}");
}
