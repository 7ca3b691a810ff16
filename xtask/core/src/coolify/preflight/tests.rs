//! Every line that a preflight may say.

use super::*;
use crate::coolify::observed::Fields;
use crate::coolify::plan::{Part, Remark};
use serde_json::{Value, json};

fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

fn application(changed: &[(&str, Value)]) -> Application {
    let mut fields = Fields::new();
    fields.insert("health_check_enabled".into(), json!(true));
    fields.insert("docker_registry_image_tag".into(), json!("sha256-00"));
    for (name, value) in changed {
        fields.insert((*name).to_owned(), value.clone());
    }
    Application {
        uuid: "app".into(),
        name: "backend".into(),
        description: None,
        server: None,
        network: None,
        fields,
        variables: Ok(Vec::new()),
    }
}

/// An environment that is fit.
fn fit() -> Facts {
    let both = Platform::ALL.to_vec();
    Facts {
        now: moment("2026-11-26T12:00:00Z"),
        api: Api::Answers("4.3.11".into()),
        clock: Ok(None),
        abilities: vec![("read", Ok(true)), ("write", Ok(true)), ("deploy", Ok(true))],
        is_root: Ok(false),
        token_ends: Ok(moment("2027-02-01T00:00:00Z")),
        server: Ok(Server {
            name: "localhost".into(),
            is_reachable: true,
            is_usable: true,
            queue_limit: Some(2),
            time_limit: Some(3600),
            proxy: Some("TRAEFIK".into()),
        }),
        disk_used: Ok(40),
        applications: BTreeMap::from([("backend".into(), Ok(Some(application(&[]))))]),
        active: Ok(Vec::new()),
        plan: Ok(Plan::default()),
        images: BTreeMap::from([("backend".into(), Ok(Image::There(both)))]),
        platform: Err("Coolify does not tell".into()),
        absent: Vec::new(),
        schema: Ok(Schema::Fits),
        certificate: Ok(Some(Certificate {
            begins: moment("2026-11-01T00:00:00Z"),
            ends: moment("2027-01-30T00:00:00Z"),
        })),
    }
}

fn said(facts: &Facts) -> String {
    let line = |it: &Line| {
        let hint = it.hint.as_deref().map(|hint| format!(" [{hint}]")).unwrap_or_default();
        format!("{:<7} {}: {}{hint}", it.verdict.word(), it.what, it.said)
    };
    judge(facts).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Only what is not as it should be.
fn wrong(facts: &Facts) -> String {
    said(facts).lines().filter(|it| !it.starts_with("pass")).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_environment_that_is_fit_passes_line_by_line() {
    assert_eq!(worst(&judge(&fit())), Verdict::Pass, "{}", said(&fit()));
    insta::assert_snapshot!(said(&fit()));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut facts = fit();
    facts.clock = Ok(Some("Coolify's clock is 300 s ahead of this machine's".into()));
    facts.abilities[1].1 = Ok(false);
    facts.is_root = Ok(true);
    facts.token_ends = Ok(moment("2026-11-29T12:00:00Z"));
    facts.server.as_mut().unwrap().is_usable = false;
    facts.disk_used = Ok(96);
    facts.applications.insert("ml-service".into(), Ok(None));
    let broken = application(&[
        ("health_check_enabled", json!(false)),
        ("health_check_retries", json!("0")),
        ("health_check_port", json!("3000")),
        ("ports_exposes", json!("3000")),
        ("ports_mappings", json!("80:3000")),
        ("custom_internal_name", json!("backend")),
        ("is_consistent_container_name_enabled", json!(true)),
        ("docker_registry_image_tag", Value::Null),
        ("custom_docker_run_options", json!("--security-opt=no-new-privileges")),
        ("pre_deployment_command", json!("true")),
    ]);
    facts.applications.insert("backend".into(), Ok(Some(broken)));
    let active = |application: &str, is_queued, since: &str| Active {
        application: application.into(),
        uuid: "d-1".into(),
        is_queued,
        since: Some(moment(since)),
    };
    facts.active = Ok(vec![
        active("backend", false, "2026-11-26T10:00:00Z"),
        active("backend", true, "2026-11-26T11:59:00Z"),
        active("another", true, "2026-11-26T11:59:00Z"),
    ]);
    facts.absent = vec![("secrets.jwt".into(), "set `JWT` for this command only".into())];
    let part = Part::Variable { application: "backend".into(), name: "JWT_SECRET".into() };
    let why = "it ends with a backslash, which fails the deployment".to_owned();
    facts.plan.as_mut().unwrap().refused.push(Remark { part, why });
    facts.images.insert("backend".into(), Ok(Image::Absent));
    facts.images.insert("ml-service".into(), Ok(Image::There(vec![Platform::Amd64])));
    facts.platform = Ok(Platform::Arm64);
    facts.schema = Ok(Schema::Behind(vec!["20260101_meals".into()]));
    facts.certificate = Ok(Some(Certificate {
        begins: moment("2026-09-01T00:00:00Z"),
        ends: moment("2026-11-30T00:00:00Z"),
    }));
    insta::assert_snapshot!(wrong(&facts));
}

#[test]
fn what_cannot_be_found_out_is_neither_good_nor_bad() {
    let why = || "the API was not reached".to_owned();
    let facts = Facts {
        api: Api::Refuses("the API is switched off".into(), "switch it on".into()),
        clock: Err(why()),
        abilities: vec![("write", Err(why()))],
        is_root: Err(why()),
        token_ends: Err(why()),
        server: Err(why()),
        disk_used: Err(why()),
        applications: BTreeMap::from([("backend".into(), Err(why()))]),
        active: Err(why()),
        plan: Err(why()),
        images: BTreeMap::from([("backend".into(), Err("the registry is down".into()))]),
        schema: Err("the database cannot be reached".into()),
        certificate: Err("nobody listens".into()),
        ..fit()
    };
    insta::assert_snapshot!(wrong(&facts));
}

#[test]
fn a_certificate_is_judged_by_its_own_lifetime() {
    let verdict = |begins: &str, ends: &str| {
        let mut facts = fit();
        let (begins, ends) = (moment(begins), moment(ends));
        facts.certificate = Ok(Some(Certificate { begins, ends }));
        let lines = judge(&facts);
        lines.iter().find(|it| it.what == "certificate").unwrap().verdict
    };
    // Six days: of a certificate for 90 days too little, of one for seven enough.
    assert_eq!(verdict("2026-09-03T00:00:00Z", "2026-12-02T12:00:00Z"), Verdict::Fail);
    assert_eq!(verdict("2026-11-25T12:00:00Z", "2026-12-02T12:00:00Z"), Verdict::Pass);
    assert_eq!(verdict("2026-09-15T00:00:00Z", "2026-12-14T00:00:00Z"), Verdict::Warn);
    assert_eq!(verdict("2026-09-15T00:00:00Z", "2026-11-14T00:00:00Z"), Verdict::Fail);
    assert_eq!(verdict("2026-12-01T00:00:00Z", "2027-11-14T00:00:00Z"), Verdict::Fail);
}

#[test]
fn an_untested_version_a_missing_proxy_and_a_full_queue_fail() {
    let mut facts = fit();
    facts.api = Api::Untested("this is Coolify 5.0.0; known are 4.1 to 4.7".into());
    facts.server.as_mut().unwrap().proxy = Some("NONE".into());
    let one = Active { application: "a".into(), uuid: "d".into(), is_queued: true, since: None };
    facts.active = Ok(vec![one.clone(), one]);
    facts.images.insert("backend".into(), Ok(Image::There(vec![Platform::Amd64])));
    insta::assert_snapshot!(wrong(&facts), @"
    fail    API: this is Coolify 5.0.0; known are 4.1 to 4.7 [docs/deployment/COOLIFY.md says which versions are known]
    fail    server `localhost`: it has no proxy: domains are taken and not kept, and nothing is reached
    fail    queue: it is full: 2 deployments wait
    warn    image of `backend`: in the registry for linux/amd64 only; the server's is not known
    ");
}
