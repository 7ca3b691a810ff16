//! What a bad network, a proxy or a stranger does to the client.

use super::server::{Scripted, client, json, quick};
use std::time::{Duration, SystemTime};
use xtask_fakes::http::Response;
use xtask_providers::coolify::{ApplicationChange, Kind, NewProject, Settings, Version, Warning};

const PAGE: &str = "<!DOCTYPE html>\n<html><title>Sign in</title></html>";
const PROJECTS: &str = r#"[{"id":1,"uuid":"p1","name":"nutri","description":null}]"#;

fn project() -> NewProject {
    NewProject { name: "nutri".to_owned(), description: None }
}

fn page(status: u16) -> Response {
    Response::new(status).with("Content-Type", "text/html; charset=UTF-8").body(PAGE)
}

/// The kind of what comes of reading the projects, and how often they were asked for.
async fn read(answers: impl IntoIterator<Item = Response>) -> (Option<Kind>, usize) {
    let server = Scripted::new(answers);
    let outcome = server.client().projects().await;
    (outcome.err().map(|error| error.kind().clone()), server.asked().len())
}

/// The same of making one, and whether it is unknown what became of it.
async fn create(answers: impl IntoIterator<Item = Response>) -> (Kind, bool, usize) {
    let server = Scripted::new(answers);
    let error = server.client().create_project(&project()).await.unwrap_err();
    (error.kind().clone(), error.is_outcome_unknown(), server.asked().len())
}

#[tokio::test]
async fn a_page_where_json_was_asked_is_no_answer_and_no_absence() {
    for status in [200, 400, 401, 403, 404, 409, 422] {
        assert_eq!(read([page(status)]).await, (Some(Kind::NotJson), 1), "{status}");
        let server = Scripted::new([page(status)]);
        let error = server.client().application("a1").await.unwrap_err();
        assert_eq!(error.kind(), &Kind::NotJson, "{status}");
    }
    assert_eq!(create([page(201)]).await, (Kind::NotJson, true, 1));
    assert_eq!(create([page(404)]).await, (Kind::NotJson, false, 1));
}

#[tokio::test]
async fn a_page_of_a_proxy_keeps_the_meaning_of_its_status() {
    assert_eq!(read([page(502)]).await, (Some(Kind::ServerError), 4));
    assert_eq!(read([page(502), json(200, PROJECTS)]).await, (None, 2));
    let limited = page(429).with("Retry-After", "3600");
    let retry_after = Some(Duration::from_secs(3600));
    assert_eq!(read([limited]).await, (Some(Kind::TooMany { retry_after }), 1));
}

#[tokio::test]
async fn a_body_that_is_cut_is_read_again_but_not_made_again() {
    let short = || json(200, PROJECTS).with("Content-Length", "4000");
    let cut = || Response { cut_after: Some(120), ..short() };
    let ends = || json(200, &PROJECTS[..30]);
    for cut in [cut(), ends()] {
        assert_eq!(read([cut.clone(), json(200, PROJECTS)]).await, (None, 2));
        assert_eq!(read([cut.clone()]).await, (Some(Kind::Truncated), 4));
        assert_eq!(create([cut]).await, (Kind::Truncated, true, 1));
    }
    let refusal = json(404, r#"{"message":"Project not fo"#);
    assert_eq!(read([refusal]).await.0, Some(Kind::Truncated), "half a refusal is none");
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_where_twice_is_once() {
    let reset = || Response { cut_after: Some(0), ..Response::new(200) };
    assert_eq!(read([reset(), reset(), json(200, PROJECTS)]).await, (None, 3));
    assert_eq!(create([reset()]).await, (Kind::Unreachable, true, 1));
    let server = Scripted::new([reset(), json(200, r#"{"uuid":"a1"}"#)]);
    let change = ApplicationChange { name: Some("a".to_owned()), ..Default::default() };
    server.client().update_application("a1", &change).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn nobody_listening_is_said_and_nothing_was_sent() {
    let url = Scripted::new([]).url();
    let error = client(&url, quick()).projects().await.unwrap_err();
    assert_eq!(error.kind(), &Kind::ConnectionRefused);
    let error = client(&url, quick()).create_project(&project()).await.unwrap_err();
    assert!(!error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_slow_server_ends_the_exchange_and_not_the_run() {
    // The answer promises more than it sends and stays open: no timing decides.
    let open = json(200, PROJECTS).with("Content-Length", "4000");
    let settings = Settings { exchange: Duration::from_millis(200), tries: 2, ..quick() };
    let server = Scripted::new([open]);
    let error = server.client_with(settings).projects().await.unwrap_err();
    assert_eq!(error.kind(), &Kind::TimedOut);
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let other = Scripted::new([json(200, PROJECTS)]);
    for status in [301, 302, 307, 308] {
        let away =
            Response::new(status).with("Location", format!("{}/api/v1/projects", other.url()));
        assert_eq!(read([away]).await, (Some(Kind::Unexpected), 1), "{status}");
    }
    assert_eq!(other.asked().len(), 0);
}

#[tokio::test]
async fn too_many_requests_and_a_full_queue_are_two_things() {
    let limit = || json(429, "{\n    \"message\": \"Too Many Attempts.\"\n}");
    let limit = |seconds: &str| limit().with("Retry-After", seconds).with("X-RateLimit-Reset", "1");
    assert_eq!(read([limit("0"), json(200, PROJECTS)]).await, (None, 2));
    let (kind, ..) = create([limit("3600")]).await;
    assert_eq!(kind, Kind::TooMany { retry_after: Some(Duration::from_secs(3600)) });

    let full = r#"{"message":"Deployment queue is full. Please wait for existing deployments to complete."}"#;
    let deployed =
        r#"{"deployments":[{"message":"m","resource_uuid":"a1","deployment_uuid":"d1"}]}"#;
    let server = Scripted::new([json(429, full).with("Retry-After", "0"), json(200, deployed)]);
    server.client().deploy("a1", true).await.unwrap();
    assert_eq!(server.asked().len(), 2, "nothing was queued the first time");
    let server = Scripted::new([json(429, full).with("Retry-After", "300")]);
    let error = server.client().deploy("a1", true).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::QueueFull { retry_after: Some(Duration::from_secs(300)) });
}

#[tokio::test]
async fn a_refusal_is_asked_once() {
    let said = r#"{"message":"No."}"#;
    for status in [400, 401, 403, 404, 409, 422] {
        let (kind, asked) = read([json(status, said)]).await;
        assert!(kind.is_some() && asked == 1, "{status}");
    }
}

#[tokio::test]
async fn an_ended_run_asks_nothing_more() {
    let server = Scripted::new([page(503)]);
    let settings = Settings { pause: Duration::from_secs(3600), ..quick() };
    let cancel = settings.cancel.clone();
    let coolify = server.client_with(Settings { longest_pause: settings.pause, ..settings });
    let ended = async {
        while server.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(coolify.projects(), ended);
    assert_eq!(outcome.unwrap_err().kind(), &Kind::ServerError, "what it last met");
    assert_eq!(coolify.projects().await.unwrap_err().kind(), &Kind::Cancelled);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn nothing_is_written_to_a_version_that_nobody_has_looked_at() {
    for version in ["4.0.3", "4.8.0", "5.0.0"] {
        let server = Scripted::of_version(version, [json(200, PROJECTS)]);
        let coolify = server.client();
        let error = coolify.create_project(&project()).await.unwrap_err();
        let found: Version = version.parse().unwrap();
        assert_eq!(error.kind(), &Kind::OutsideTestedVersions { found });
        assert!(server.asked().is_empty(), "{version}");
        let text = format!(
            "failed to ask Coolify (GET version): this is Coolify {version}; known are 4.1 to 4.7"
        );
        assert_eq!(error.to_string(), text);
        assert_eq!(coolify.projects().await.unwrap().len(), 1, "reading harms nobody");
    }
    let server = Scripted::of_version("4.2.1", []);
    let error = server.client().s3_storages().await.unwrap_err();
    assert!(
        error.to_string().ends_with("this is Coolify 4.2.1; it takes 4.3.0 or later"),
        "{error}"
    );
    let server = Scripted::of_version(PAGE, []);
    let error = server.client().create_project(&project()).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::NotJson);
}

#[tokio::test]
async fn a_wrong_clock_is_a_warning() {
    let now: fn() -> SystemTime = || SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let dated = |date: &str| json(200, PROJECTS).with("Date", date);
    let server = Scripted::new([dated("Sun, 06 Nov 1994 09:49:37 GMT")]);
    let coolify = server.client_with(Settings { clock: now, ..quick() });
    coolify.projects().await.unwrap();
    let ahead = Warning::ClockSkew { seconds: 3600, is_ahead: true };
    assert_eq!(coolify.warnings(), [ahead]);
    server.answers(dated("Sun, 06 Nov 1994 08:49:37 GMT"));
    coolify.projects().await.unwrap();
    assert_eq!(coolify.warnings(), []);
}

#[tokio::test]
async fn lists_come_as_objects_and_truths_as_numbers() {
    let rows = r#"{"3":{"id":"7","deployment_uuid":"d7","status":"queued","is_api":1},
        "0":{"id":9,"deployment_uuid":"d9","status":"paused-by-moon","is_api":"0","application_id":132,"new":[{}]},
        "1":{"id":8,"deployment_uuid":"d8","status":"in_progress","is_api":"true"}}"#;
    let server = Scripted::new([json(200, rows)]);
    let all = server.client().deployments().await.unwrap();
    let ids: Vec<&str> = all.iter().map(|one| one.uuid.as_str()).collect();
    assert_eq!(ids, ["d7", "d8", "d9"]);
    assert_eq!(all.iter().map(|one| one.is_api).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(all[2].status.as_str(), "paused-by-moon");
    assert!(!all[2].status.is_terminal() && !all[2].status.is_active());
    assert_eq!(all[2].application_id.as_deref(), Some("132"));

    server.answers(json(200, r#"{"message":"not a list"}"#));
    let error = server.client().deployments().await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Malformed { line: 1, .. }), "{error}");
}
