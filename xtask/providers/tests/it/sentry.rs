//! Releases at Sentry: made once, with their commits, and deployed each time.

use serde_json::json;
use xtask_core::secret::Secret;
use xtask_fakes::causes::with_causes;
use xtask_fakes::faults::Fault;
use xtask_fakes::sentry::{FakeSentry, TOKEN};
use xtask_http::{Client, Settings};
use xtask_providers::call::Kind;
use xtask_providers::sentry::{Commit, Deploy, Sentry};

fn sentry(fake: &FakeSentry, token: &str) -> Sentry {
    let client = Client::new(Settings::of(|_| None));
    Sentry::new(client, &fake.url(), "acme", Secret::new(token))
}

fn deploy() -> Deploy {
    Deploy {
        environment: "production".into(),
        url: "https://api.example".into(),
        date_started: "2026-11-27T00:00:00Z".into(),
        date_finished: "2026-11-27T00:01:00Z".into(),
    }
}

fn commit() -> Commit {
    let texts = ["a".repeat(40), "fix it".into(), "Ada".into(), "2026-11-26T00:00:00Z".into()];
    let [id, message, author_name, timestamp] = texts;
    Commit { id, message, author_name, timestamp }
}

#[tokio::test]
async fn a_release_is_made_once_and_deployed_each_time() {
    let fake = FakeSentry::start("acme", &["backend"]);
    let sentry = sentry(&fake, TOKEN);
    let projects = ["backend".to_owned()];
    for version in ["nutri@b3f6981e1b64", "nutri@b3f6981e1b64"] {
        sentry.release(version, &projects, &[commit()]).await.unwrap();
        sentry.finalise(version, "2026-11-27T00:01:00Z").await.unwrap();
        sentry.deploy(version, &deploy()).await.unwrap();
    }
    let releases = fake.releases();
    assert_eq!(releases.len(), 1);
    let release = &releases["nutri@b3f6981e1b64"];
    assert_eq!(release["commits"][0], json!(commit()));
    assert_eq!(release["dateReleased"], "2026-11-27T00:01:00Z");
    let deploys = release["deploys"].as_array().unwrap();
    assert_eq!(deploys.len(), 2);
    assert_eq!(deploys[0]["dateStarted"], "2026-11-27T00:00:00Z");
}

#[tokio::test]
async fn a_gateway_is_asked_again_for_what_is_made_once_only() {
    let fake = FakeSentry::start("acme", &["backend"]);
    let sentry = sentry(&fake, TOKEN);
    let projects = ["backend".to_owned()];
    fake.fail([502, 524].map(|status| Fault::answer(status, "<html>bad gateway</html>")));
    sentry.release("v1", &projects, &[]).await.unwrap();
    fake.fail([Fault::answer(504, "")]);
    let error = sentry.deploy("v1", &deploy()).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::ServerError { .. }), "{error:?}");
    assert_eq!(fake.releases()["v1"]["deploys"], json!([]));
}

#[tokio::test]
async fn a_refusal_has_sentrys_words_and_not_the_token() {
    let fake = FakeSentry::start("acme", &["backend"]);
    let error = sentry(&fake, "hunter2hunter2").release("v1", &[], &[]).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::Unauthenticated);
    let text = format!("{} {error:?}", with_causes(&error));
    assert!(text.contains("Sentry said: Invalid token") && !text.contains("hunter2"), "{text}");
    let known = sentry(&fake, TOKEN);
    let error = known.release("v1", &["frontend".to_owned()], &[]).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::Invalid);
    let error = known.deploy("v9", &deploy()).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::NotFound);
    assert!(error.to_string().contains("releases/v9/deploys/"), "{error}");
}
