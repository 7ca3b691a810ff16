//! Plans from nothing, from what is as wanted, and from what people changed.

mod meanwhile;

use super::*;
use crate::coolify::desired::{self, Given, Secrets};
use crate::coolify::fingerprint::stamped;
use crate::coolify::observed::{self, Fields, Known};
use crate::deploy::{Deploy, SecretSource};
use crate::moment::Moment;
use crate::secret::Secret;
use serde_json::{Value, json};

const STORAGE: &str = "
[environments.production.coolify.storage]
name = \"backups\"
endpoint = \"https://s3.example.org\"
bucket = \"nutri\"
region = \"eu\"
key = \"env:S3_KEY\"
secret = \"env:S3_SECRET\"
[environments.production.coolify.notifications]
webhook = \"env:WEBHOOK\"
";

fn deploy() -> Deploy {
    let text = include_str!("../../../../../deploy.toml");
    Deploy::parse(&format!("{text}{STORAGE}")).unwrap()
}

fn secrets() -> Secrets {
    let sources = deploy().environments["production"].sources();
    let value = |name: &String, source: &SecretSource| Secret::new(format!("{source:?} {name}"));
    sources.iter().map(|(name, source)| (name.clone(), value(name, source))).collect()
}

fn desired() -> Desired {
    desired::of(&deploy(), "production", &secrets()).unwrap()
}

fn nothing() -> Observed {
    Observed {
        server: observed::Server { uuid: "server-1".into(), name: "localhost".into() },
        destinations: Ok(vec![observed::Destination {
            uuid: "d1".into(),
            network: "coolify".into(),
        }]),
        project: None,
        environment: None,
        applications: Vec::new(),
        elsewhere: Vec::new(),
        cleanup: Ok(fields(&[
            ("docker_cleanup_frequency", json!("0 0 * * *")),
            ("docker_cleanup_threshold", json!(80)),
            ("force_docker_cleanup", json!(true)),
            ("delete_unused_volumes", json!(false)),
            ("delete_unused_networks", json!(false)),
            ("disable_application_image_retention", json!(false)),
        ])),
        storages: Ok(Vec::new()),
        notifications: Ok(observed::Notifications {
            fields: fields(&[
                ("webhook_enabled", json!(false)),
                ("deployment_success_webhook_notifications", json!(false)),
                ("deployment_failure_webhook_notifications", json!(true)),
            ]),
            webhook: None,
        }),
    }
}

fn fields(pairs: &[(&str, Value)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn of_settings(settings: &desired::Settings) -> Fields {
    settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

const WRITTEN: &str = "2026-11-27T00:00:00Z";

fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

fn row(name: &str, variable: &desired::Variable) -> observed::Variable {
    let Given::Value(Ok(sent)) = &variable.sent else { panic!("{name} is not at hand") };
    observed::Variable {
        uuid: format!("row-{name}"),
        key: name.to_owned(),
        value: None,
        is_preview: false,
        is_literal: sent.is_literal,
        is_multiline: sent.is_multiline,
        is_shown_once: false,
        is_runtime: true,
        is_buildtime: false,
        comment: variable.fingerprint.as_ref().map(|it| stamped(&it.comment(), moment(WRITTEN))),
        changed: Some(moment(WRITTEN)),
    }
}

/// A Coolify that is as `desired`, seen by a token that may not read secrets.
fn as_wanted(desired: &Desired) -> Observed {
    let application = |it: &desired::Application| observed::Application {
        uuid: format!("app-{}", it.name),
        name: it.name.clone(),
        description: Some(desired.mark.clone()),
        server: Some("server-1".into()),
        network: Some("coolify".into()),
        fields: of_settings(&it.settings),
        variables: Ok(it.variables.iter().map(|(name, variable)| row(name, variable)).collect()),
    };
    let storage = |it: &desired::Storage| observed::Storage {
        uuid: "s3-1".into(),
        name: it.name.clone(),
        description: Some(format!("{} {}", desired.mark, it.fingerprint.as_ref().unwrap().text())),
        fields: of_settings(&team::described(it, &desired.mark)),
    };
    let notifications = desired.notifications.as_ref().unwrap();
    let Given::Value(webhook) = &notifications.webhook else { panic!("no webhook") };
    Observed {
        project: Some(observed::Project {
            uuid: "p1".into(),
            name: "nutri".into(),
            description: None,
        }),
        environment: Some("e1".into()),
        applications: desired.applications.iter().map(application).collect(),
        cleanup: Ok(of_settings(desired.cleanup.as_ref().unwrap())),
        storages: Ok(desired.storage.iter().map(storage).collect()),
        notifications: Ok(observed::Notifications {
            fields: of_settings(&notifications.settings),
            webhook: Some(webhook.clone()),
        }),
        ..nothing()
    }
}

fn variables(observed: &mut Observed, application: usize) -> &mut Vec<observed::Variable> {
    observed.applications[application].variables.as_mut().unwrap()
}

fn lines(plan: &Plan) -> String {
    let mut lines: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
    let mut remarks = |word: &str, remarks: &[Remark]| {
        lines.extend(remarks.iter().map(|it| format!("{word} {it}")));
    };
    remarks("unknown", &plan.unknown);
    remarks("refused", &plan.refused);
    remarks("foreign", &plan.foreign);
    lines.extend(plan.pending.iter().map(|it| format!("pending {}: {}", it.part, it.why())));
    lines.join("\n")
}

#[test]
fn from_nothing_everything_is_made_in_order_and_no_secret_is_shown() {
    let plan = plan(&desired(), &nothing());
    insta::assert_snapshot!(lines(&plan));
    let shown = format!("{}{plan:?}{}", lines(&plan), serde_json::to_string(&plan).unwrap());
    for secret in secrets().values() {
        assert!(!shown.contains(secret.expose()), "a secret is shown");
    }
}

#[test]
fn what_is_as_wanted_has_an_empty_plan() {
    let desired = desired();
    let plan = plan(&desired, &as_wanted(&desired));
    assert!(plan.is_empty(), "{}", lines(&plan));
    assert!(plan.foreign.is_empty());
}

#[test]
fn answers_in_other_types_are_the_same_answers() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let fields = &mut observed.applications[0].fields;
    fields.insert("health_check_retries".into(), json!("30"));
    fields.insert("custom_internal_name".into(), json!(""));
    assert!(plan(&desired, &observed).is_empty());
}

#[test]
fn what_a_person_changed_is_changed_back_field_by_field() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let fields = &mut observed.applications[1].fields;
    fields.insert("domains".into(), json!("https://api.nutri.app"));
    fields.insert("limits_memory".into(), json!("0"));
    fields.insert("ports_mappings".into(), json!("80:3000"));
    fields.insert("health_check_enabled".into(), json!(false));
    let rows = variables(&mut observed, 1);
    rows[0].is_buildtime = true;
    rows[1].value = Some(Secret::new("changed by hand"));
    rows[2].comment = Some("xtask".into());
    rows.retain(|it| it.key != "PORT");
    insta::assert_snapshot!(lines(&plan(&desired, &observed)));
}

#[test]
fn a_value_is_compared_by_itself_where_the_token_may_read_it() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let Given::Value(Ok(sent)) = &desired.applications[1].variables["JWT_SECRET"].sent else {
        panic!("it is at hand")
    };
    let rows = variables(&mut observed, 1);
    let jwt = rows.iter_mut().find(|it| it.key == "JWT_SECRET").unwrap();
    jwt.value = Some(sent.text.clone());
    jwt.comment = Some("xtask hmac-sha256:of-another-key".into());
    assert!(plan(&desired, &observed).is_empty());
}

#[test]
fn without_secrets_the_rest_is_planned_and_they_are_neither_equal_nor_changed() {
    let full = desired();
    let empty = desired::of(&deploy(), "production", &Secrets::new()).unwrap();
    insta::assert_snapshot!(lines(&plan(&empty, &as_wanted(&full))));
    let made = plan(&empty, &nothing());
    assert!(
        lines(&made).contains("it is not there; not at hand: `secrets.jwt`"),
        "{}",
        lines(&made)
    );
}

#[test]
fn only_what_we_wrote_is_removed_with_the_twin_that_came_of_it() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let rows = variables(&mut observed, 1);
    let like = |key: &str, comment: Option<&str>, is_preview: bool| observed::Variable {
        uuid: format!("{key}-{is_preview}"),
        key: key.into(),
        comment: comment.map(Into::into),
        is_preview,
        ..rows[0].clone()
    };
    let more = [
        like("OLD", Some("xtask sha256:00"), false),
        like("OLD", None, true),
        like("THEIRS", None, false),
        like("THEIRS", None, true),
        // Its release is a rollout's to say.
        like("APP_VERSION", Some("xtask"), false),
    ];
    rows.extend(more);
    let plan = plan(&desired, &observed);
    assert_eq!(plan.steps.len(), 1, "{}", lines(&plan));
    assert_eq!(plan.steps[0].uuids, ["OLD-false", "OLD-true"]);
    insta::assert_snapshot!(lines(&plan), @r"
    delete variable `OLD` of `backend` (nobody asks for it any more)
    foreign variable `THEIRS` of `backend`: it is not ours
    ");
}

#[test]
fn what_has_our_name_and_is_not_ours_is_adopted_by_name() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let application = &mut observed.applications[0];
    application.description = Some("made by hand".into());
    application.fields.insert("description".into(), json!("made by hand"));
    variables(&mut observed, 0)[0].comment = None;
    let mut other = observed.applications[1].clone();
    (other.name, other.uuid) = ("grafana".into(), "app-g".into());
    other.description = None;
    let mut gone = other.clone();
    (gone.name, gone.description) = ("mailer".into(), Some(desired.mark.clone()));
    observed.applications.extend([other, gone]);
    insta::assert_snapshot!(lines(&plan(&desired, &observed)), @r"
    adopt application `ml-service` (it has the name and is not ours)
        description: made by hand → xtask nutri/production
    adopt variable `DATABASE_URL` of `ml-service` (it has the name and is not ours; its value is replaced)
    delete application `mailer` (no service has that name any more; its containers end with it)
    foreign application `grafana`: it is not ours
    ");
}

#[test]
fn what_can_never_become_the_wanted_is_refused_with_every_reason() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let application = &mut observed.applications[0];
    application.fields.insert("ports_exposes".into(), json!("8000"));
    application.fields.insert("build_pack".into(), json!("nixpacks"));
    (application.server, application.network) = (Some("other".into()), Some("other".into()));
    application.description = Some("xtask nutri/staging".into());
    let rows = variables(&mut observed, 1);
    let mut twice = rows[0].clone();
    (twice.uuid, twice.comment) = ("again".into(), None);
    rows.push(twice);
    let again = observed.applications[1].clone();
    observed.applications.push(again);
    let plan = plan(&desired, &observed);
    insta::assert_snapshot!(lines(&Plan { steps: Vec::new(), ..plan }));
}

#[test]
fn a_row_of_ours_that_stands_twice_is_removed_once() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let rows = variables(&mut observed, 1);
    let mut twice = rows[0].clone();
    twice.uuid = "again".into();
    rows.push(twice);
    let plan = plan(&desired, &observed);
    assert_eq!((plan.steps.len(), &plan.steps[0].uuids), (1, &vec!["again".to_owned()]));
}

#[test]
fn what_cannot_be_found_out_says_why_and_is_no_step() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let why: Known<_> = Err("this Coolify has no API for it".into());
    (observed.destinations, observed.storages) = (why, Err("the token lacks `read`".into()));
    observed.applications[0].fields.shift_remove("max_restart_count");
    observed.notifications.as_mut().unwrap().webhook = None;
    insta::assert_snapshot!(lines(&plan(&desired, &observed)), @"
    unknown network `coolify`: this Coolify has no API for it
    unknown application `ml-service`: this Coolify does not tell `max_restart_count`
    unknown storage `backups`: the token lacks `read`
    unknown webhook of the team: where it posts to is shown only to a token with `read:sensitive`
    ");
}

#[test]
fn another_value_is_another_plan_though_its_lines_are_the_same() {
    let review = |jwt: &str| {
        let mut secrets = secrets();
        secrets.insert("secrets.jwt".into(), Secret::new(jwt));
        let desired = desired::of(&deploy(), "production", &secrets).unwrap();
        plan(&desired, &nothing()).review("infra apply", "production")
    };
    let (one, other) = (review("a"), review("b"));
    assert_eq!(one.lines(), other.lines());
    assert_ne!(one, other);
    assert_eq!(one, review("a"));
}

#[test]
fn another_key_of_the_storage_is_written_and_a_foreign_storage_is_adopted() {
    let desired = desired();
    let mut observed = as_wanted(&desired);
    let storage = &mut observed.storages.as_mut().unwrap()[0];
    storage.description = None;
    storage.fields.insert("description".into(), Value::Null);
    let made = plan(&desired, &observed);
    assert_eq!((made.steps.len(), made.steps[0].action), (1, Action::Adopt), "{}", lines(&made));
    let old = "xtask nutri/production hmac-sha256:00";
    let storage = &mut observed.storages.as_mut().unwrap()[0];
    storage.description = Some(old.into());
    storage.fields.insert("description".into(), json!(old));
    let made = plan(&desired, &observed);
    assert_eq!((made.steps.len(), made.steps[0].action), (1, Action::Change), "{}", lines(&made));
}
