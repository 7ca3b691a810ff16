//! The client against the double, which has state: an application from nothing to gone.

use std::sync::Arc;
use std::time::Duration;
use xtask_core::coolify::value::sent;
use xtask_core::secret::Secret;
use xtask_fakes::coolify::api::{Coolify as Double, Options, Version as Run};
use xtask_fakes::coolify::update::simulated::{Image, Simulated};
use xtask_http::Client;
use xtask_providers::coolify::{
    ApplicationChange, Confirmed, Coolify, DeploymentId, Kind, NewApplication, NewProject,
    NewVariable, Settings, Status,
};

const IMAGE: &str = "127.0.0.1:5999/nutri/backend";
/// Values that other clients lose.
const VALUES: [(&str, &str); 5] = [
    ("QUOTE", "it's \"so\""),
    ("DOLLAR", "pa$s ${HOME} #x #y"),
    ("LINES", "-----BEGIN X-----\nab\\c\n-----END X-----"),
    ("JSON", r#"{"a":"it's"}"#),
    ("URL", "postgres://u:p@h/db?x=1&y=2"),
];

struct Stage {
    double: Double,
    host: Arc<Simulated>,
}

impl Stage {
    fn new(version: &str) -> Self {
        let host = Arc::new(Simulated::new());
        for (tag, image) in [("1", Image::good()), ("2", Image::good()), ("bad", Image::bad())] {
            host.publish(&format!("{IMAGE}:{tag}"), image);
        }
        let version = Run::parse(version).unwrap();
        let options = Options { version, limit: 100_000, ..Options::default() };
        Self { double: Double::start(options, host.clone()), host }
    }

    fn client(&self, token: &str) -> Coolify {
        let client = Client::new(xtask_http::Settings::of(|_| None));
        let token = Secret::new(self.double.token(token));
        let settings = Settings { pause: Duration::ZERO, ..Settings::default() };
        Coolify::new(client, &self.double.url(), token, settings)
    }
}

/// An application that is not deployed yet.
async fn made(coolify: &Coolify) -> String {
    let server = coolify.servers().await.unwrap().remove(0);
    assert!(server.is_usable());
    let new = NewProject { name: "nutri".to_owned(), description: None };
    let project = coolify.create_project(&new).await.unwrap();
    let mut new = NewApplication::new(&project, "production", &server.uuid);
    new.fields = ApplicationChange {
        name: Some("backend".to_owned()),
        image_name: Some(IMAGE.to_owned()),
        image_tag: Some("1".to_owned()),
        ports_exposes: Some("3000".to_owned()),
        limits_memory: Some("256m".to_owned()),
        health_check_enabled: Some(true),
        health_check_path: Some("/health".to_owned()),
        stop_grace_period: Some(5),
        ..Default::default()
    };
    let uuid = coolify.create_docker_image(&new).await.unwrap().uuid;
    let environment = coolify.environment(&project, "production").await.unwrap().unwrap();
    assert_eq!(environment.applications[0].uuid, uuid);
    uuid
}

async fn deployed(coolify: &Coolify, application: &str) -> Status {
    let claimed = coolify.deploy(application, true).await.unwrap().claimed.unwrap();
    let Confirmed::There(row) = coolify.confirm(&claimed).await.unwrap() else {
        panic!("a forced deployment has a row");
    };
    ended(coolify, &row.uuid).await
}

async fn ended(coolify: &Coolify, id: &DeploymentId) -> Status {
    loop {
        let row = coolify.deployment(id).await.unwrap().unwrap();
        if row.status.is_terminal() {
            return row.status;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn variables() -> Vec<NewVariable> {
    VALUES
        .iter()
        .map(|(key, value)| NewVariable::new(key, &sent(value).unwrap(), "xtask"))
        .collect()
}

#[tokio::test]
async fn an_application_goes_from_nothing_to_gone() {
    let stage = Stage::new("4.3.11");
    let coolify = stage.client("ci");
    let uuid = made(&coolify).await;
    let read = coolify.application(&uuid).await.unwrap().unwrap();
    assert_eq!((read.domains, read.limits_memory.as_deref()), (None, Some("256m")));
    assert_eq!(read.settings.unwrap().stop_grace_period, Some(5));

    coolify.update_variables(&uuid, &variables()).await.unwrap();
    coolify.update_variables(&uuid, &variables()).await.unwrap();
    assert_eq!(deployed(&coolify, &uuid).await, Status::Finished);
    let all = xtask_fakes::coolify::update::Containers::list(&*stage.host, &uuid);
    let seen = stage.host.environment(&all[0].name).unwrap();
    for (key, value) in VALUES {
        assert_eq!(seen.get(key).map(String::as_str), Some(value), "{key}");
    }

    let tag =
        |tag: &str| ApplicationChange { image_tag: Some(tag.to_owned()), ..Default::default() };
    coolify.update_application(&uuid, &tag("bad")).await.unwrap();
    assert_eq!(deployed(&coolify, &uuid).await, Status::Failed);
    coolify.update_application(&uuid, &tag("2")).await.unwrap();
    assert_eq!(deployed(&coolify, &uuid).await, Status::Finished);
    let page = coolify.deployments_of(&uuid, 0, 2).await.unwrap();
    assert_eq!((page.count, page.deployments.len()), (3, 2));
    assert_eq!(coolify.deployments().await.unwrap(), []);

    coolify.stop(&uuid).await.unwrap();
    coolify.delete_application(&uuid).await.unwrap();
    let events = xtask_fakes::coolify::update::Containers::events(&*stage.host);
    let is_prune = |event: &_| format!("{event:?}").to_lowercase().contains("prune");
    assert!(!events.iter().any(is_prune), "{events:?}");
}

#[tokio::test]
async fn a_skipped_deployment_is_a_phantom() {
    let stage = Stage::new("4.3.11");
    let coolify = stage.client("ci");
    let uuid = made(&coolify).await;
    stage.double.hold(true);
    let first = coolify.deploy(&uuid, true).await.unwrap().claimed.unwrap();
    let second = coolify.deploy(&uuid, false).await.unwrap().claimed.unwrap();
    assert!(matches!(coolify.confirm(&first).await.unwrap(), Confirmed::There(_)));
    assert_eq!(coolify.confirm(&second).await.unwrap(), Confirmed::Phantom);
    stage.double.hold(false);
}

#[tokio::test]
async fn each_token_is_refused_in_its_own_way() {
    let stage = Stage::new("4.3.11");
    let forbidden = |ability: &str| Kind::Forbidden { ability: Some(ability.to_owned()) };
    let cases = [
        ("expired", Kind::Unauthenticated),
        ("write", forbidden("read")),
        ("member-ci", Kind::TeamRole),
    ];
    for (token, kind) in cases {
        let error = stage.client(token).projects().await.unwrap_err();
        assert_eq!(error.kind(), &kind, "{token}");
    }
    let new = NewProject { name: "nutri".to_owned(), description: None };
    let error = stage.client("read").create_project(&new).await.unwrap_err();
    assert_eq!(error.kind(), &forbidden("write"));
    let uuid = made(&stage.client("ci")).await;
    assert_eq!(stage.client("other-ci").application(&uuid).await.unwrap(), None);

    let new = Stage::new("4.6.0");
    let uuid = made(&new.client("ci")).await;
    let error = new.client("ci").delete_application(&uuid).await.unwrap_err();
    assert_eq!(error.kind(), &forbidden("delete"));
    new.client("ci+delete").delete_application(&uuid).await.unwrap();
}
