//! What `deploy.toml` may say, and how each mistake is named.

use super::*;

/// The committed file without its keys.
fn committed() -> String {
    let whole = include_str!("../../../../deploy.toml");
    whole.split_once("\n# Whose signatures").expect("keys stand last").0.to_owned()
}

fn mistakes(text: &str) -> String {
    Deploy::parse(text).unwrap_err().to_string()
}

#[test]
fn the_committed_file_is_valid_and_orders_what_is_needed_first() {
    let deploy = Deploy::parse(&committed()).unwrap();
    let order: Vec<&str> = deploy.rollout_order().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(order, ["ml-service", "backend"]);
    assert_eq!(deploy.environments.len(), 3);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let text = committed()
        .replace("project = \"nutri\"", "project = \"Nutri!\"")
        .replace("access = \"public\"", "access = \"open\"")
        .replace("memory_mb = 4096", "memory = 4096")
        .replace("port = 5512", "port = 0")
        .replace("\"generate\"", "\"hunter2\"");
    insta::assert_snapshot!(mistakes(&text));
}

#[test]
fn only_a_public_service_tells_of_one_that_nobody_asks() {
    let line = "reported = { by = \"backend\", at = \"/checks/ml_service/version\" }";
    let with = |other: &str| mistakes(&committed().replace(line, other));
    let said = with("reported = { by = \"ml-service\", at = \"/version\" }");
    assert!(said.contains("`ml-service` is no public service"), "{said}");
    let said = with("reported = { by = \"mail\", at = \"/version\" }");
    assert!(said.contains("`mail` is no public service"), "{said}");
    let said = with("reported = { by = \"backend\", at = \"version\" }");
    assert!(said.contains("no JSON pointer"), "{said}");
    let ready = "ready = \"/api/health/ready\"";
    let own = format!("{ready}\n{line}");
    let said = mistakes(&committed().replace(ready, &own));
    assert!(said.contains("is asked itself"), "{said}");
}

#[test]
fn a_probe_streams_to_paths_of_a_service_that_is_reached_from_outside() {
    let deploy = Deploy::parse(&committed()).unwrap();
    let probe = &deploy.service("backend").unwrap().probe;
    assert_eq!(probe.upload.as_deref(), Some("/api/auth/login"));
    assert_eq!(deploy.service("ml-service").unwrap().probe, Probe::default());
    let said = mistakes(&committed().replace("upload = \"/api/auth/login\"", "upload = \"foods\""));
    assert!(said.contains("`foods` is not a path"), "{said}");
    let said =
        mistakes(&committed().replace("[services.backend.probe]", "[services.ml-service.probe]"));
    assert!(said.contains("it is internal; a probe asks from outside"), "{said}");
}

#[test]
fn a_secret_in_the_open_is_refused() {
    let open = committed().replace("\"${secrets.jwt}\"", "\"0123456789\"");
    assert!(mistakes(&open).contains("holds a secret in the open"));
    let url = committed().replace("\"${redis.url}\"", "\"redis://u:p@host\"");
    assert!(mistakes(&url).contains("holds a secret in the open"));
}

#[test]
fn references_needs_and_ports_are_judged_across_the_file() {
    let text = committed()
        .replace("needs = [\"ml-service\"]", "needs = [\"mail\"]")
        .replace(
            "\nredis = { image = \"images/backing-redis.toml\", port = 5512 }",
            "\nredis = { image = \"images/backing-redis.toml\", port = 5511 }",
        )
        .replace("${redis.url}", "${cache.url}");
    insta::assert_snapshot!(mistakes(&text));
}

/// A service with a mistake of its own is none that nobody described.
#[test]
fn a_mistake_in_one_service_makes_no_other_wrong() {
    let text = committed().replace("ready = \"/api/health/ready\"", "ready = \"api/health/ready\"");
    let said = mistakes(&text);
    assert!(said.contains("services.backend.health.ready") && said.lines().count() == 1, "{said}");
}

#[test]
fn names_of_what_runs_beside_the_services_are_reserved() {
    let taken = ["postgres", "redis", "registry", "proxy", "releases"];
    for name in taken {
        let text = committed().replace("ml-service", name);
        let line = format!(
            "deploy.toml:7: `services.{name}`: the name `{name}` is reserved for what runs beside \
             the services; reserved: `postgres`, `redis`, `registry`, `proxy`, `releases`"
        );
        assert!(mistakes(&text).contains(&line), "{}", mistakes(&text));
    }
    let backing = committed_backing();
    let names: Vec<&str> =
        crate::ship::backing::backing_services(&backing).iter().map(|it| it.name()).collect();
    assert_eq!(names, taken[..4], "every backing service that is started is reserved");
    Deploy::parse(&committed().replace("ml-service", "proxy-of-ours")).unwrap();
}

fn committed_backing() -> Backing {
    Deploy::parse(&committed()).unwrap().environments["local"].backing.clone().unwrap()
}

#[test]
fn an_unknown_environment_names_the_known() {
    let deploy = Deploy::parse(&committed()).unwrap();
    let error = deploy.environment("prod").unwrap_err().to_string();
    assert_eq!(error, "unknown environment `prod`; known: `local`, `production`, `staging`");
}

#[test]
fn a_path_that_leaves_the_repository_is_refused() {
    let text = committed().replace("path = \"services/backend\"", "path = \"../backend\"");
    assert!(mistakes(&text).contains("leaves the repository"));
}

#[test]
fn an_internal_service_may_not_take_a_port_of_the_proxy() {
    let text = committed().replace("port = 8000", "port = 2019");
    assert!(mistakes(&text).contains("port 2019 is taken inside the proxy"));
}

#[test]
fn the_addresses_and_the_backing_agree() {
    let text = committed()
        .replace("127.0.0.1:8080", "127.0.0.1:9090")
        .replace("127.0.0.1:5510/nutri", "127.0.0.1:5599/nutri")
        .replace("\ndatabase = \"generate\"", "")
        .replace("access = \"public\"", "access = \"internal\"");
    let found = mistakes(&text);
    for wanted in [
        "which listens on port 8080",
        "which listens on port 5510",
        "`database` is missing",
        "none is public",
    ] {
        assert!(found.contains(wanted), "{wanted} in {found}");
    }
}

#[test]
fn without_a_word_on_scans_the_policy_is_the_committed_one() {
    let text = committed();
    let start = text.find("[scan]").unwrap();
    let end = text[start..].find("\n# ").unwrap() + start;
    let without = format!("{}{}", &text[..start], &text[end..]);
    assert_eq!(Deploy::parse(&without).unwrap().scan, Deploy::parse(&text).unwrap().scan);
}

#[test]
fn every_mistake_of_the_scan_policy_is_named() {
    let allow = |id: &str, more: &str| format!("[[scan.allow]]\nid = \"{id}\"\n{more}\n");
    let mut text = committed()
        .replace("severities = [\"CRITICAL\", \"HIGH\"]", "severities = [\"SEVERE\"]")
        .replace("fixed_only = true", "fixed_only = \"yes\"")
        .replace("max_age_hours = 48", "max_age = 48")
        .replace("secrets = \"refuse\"", "secrets = \"ignore\"");
    text += &allow("CVE-1", "reason = \"why\"\nexpires = \"2027-02-30\"");
    text += &allow("CVE-2", "reason = \" \"\nexpires = \"2027-01-31\"");
    text += &allow("CVE-3", "reason = \"why\"\nexpires = \"2027-01-31\"\nuntil = \"x\"");
    text += &allow("CVE-3", "reason = \"why\"\nexpires = \"2027-01-31\"\n");
    insta::assert_snapshot!(mistakes(&text));
}

#[test]
fn an_image_is_a_definition_by_a_name_that_registries_take() {
    let with = |path: &str| mistakes(&committed().replace("images/backend.toml", path));
    let message = with("images/Backend.toml");
    assert!(
        message.contains(".image`: `Backend` is not the name of an image: wanted low"),
        "{message}"
    );
    for path in ["elsewhere/backend.toml", "images/deep/backend.toml", "images/backend"] {
        let message = with(path);
        assert!(message.contains("is not a definition; wanted `images/NAME.toml`"), "{message}");
    }
}
