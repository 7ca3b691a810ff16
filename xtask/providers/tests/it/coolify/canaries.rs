//! No secret is in an error, whichever way it comes about.

use super::server::{Scripted, TOKEN, json};
use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use xtask_core::coolify::value::sent;
use xtask_core::secret::Secret;
use xtask_fakes::http::Response;
use xtask_providers::coolify::{Error, NewS3, NewVariable, WebhookChange};

const CANARY: &str = "canary-4f9d hidden$VALUE/5e1b";
/// As little of it as would still be too much.
const PIECES: [&str; 6] = ["canary", "4f9d", "hidden", "VALUE", "5e1b", "canarytoken"];

fn variable() -> NewVariable {
    NewVariable::new("KEY", &sent(CANARY).unwrap(), "xtask")
}

/// Everything that can be printed of an error.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {:?}", error.kind());
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    text
}

fn assert_hidden(text: &str) {
    for piece in PIECES {
        assert!(!text.contains(piece), "`{piece}` in {text}");
    }
}

/// Texts as Coolify, PHP and compose write them, each with all of the value or a piece.
fn quotes() -> Vec<String> {
    vec![
        format!("failed to read .env: line 3: unexpected character \"4\" near \"{CANARY}\""),
        format!("The value {CANARY} is invalid."),
        format!("Undefined index {TOKEN}"),
        "near canary-4f9d it ends".to_owned(),
        "x4f9dx hiddenVALUE".to_owned(),
        format!("'{CANARY}'"),
        CANARY.to_owned(),
    ]
}

/// Every way by which a text of the server comes into an error.
fn answers() -> Vec<Response> {
    let quotes = quotes();
    let mut all = Vec::new();
    for text in &quotes {
        for status in [400, 401, 403, 404, 405, 409, 418, 422, 429, 500, 503] {
            let body = serde_json::json!({ "message": text, "error": text });
            all.push(json(status, body.to_string()).with("Retry-After", "9999"));
        }
        let shapes = [
            serde_json::json!({ "data.0.value": [text], text: ["x"] }),
            serde_json::json!({ "value": text }),
            serde_json::json!([text]),
            serde_json::json!([[text]]),
            serde_json::json!(text),
        ];
        for errors in shapes {
            let body = serde_json::json!({ "message": text, "errors": errors });
            all.push(json(422, body.to_string()));
        }
        let page = format!("<html><title>{text}</title>");
        all.extend([200, 404, 422, 500].map(|status| Response::new(status).body(page.as_str())));
        let quoted = serde_json::json!(text).to_string();
        all.extend([200, 422].map(|status| json(status, &quoted[..quoted.len() - 1])));
        all.push(Response::new(302).with("Location", "/canary").body(text.as_str()));
    }
    let permissions = format!("Missing required permissions: {CANARY}");
    all.push(json(403, serde_json::json!({ "message": permissions }).to_string()));
    all
}

#[tokio::test]
async fn no_error_about_a_secret_holds_it() {
    let bucket = NewS3 {
        name: "backups".to_owned(),
        description: None,
        endpoint: "https://s3.test".to_owned(),
        bucket: "b".to_owned(),
        region: "r".to_owned(),
        key: Secret::new(CANARY),
        secret: Secret::new(CANARY),
    };
    let webhook = WebhookChange { url: Some(Secret::new(CANARY)), ..Default::default() };
    let server = Scripted::new([]);
    let coolify = server.client();
    let mut errors = 0;
    for answer in answers() {
        server.answers(answer);
        let all = [
            coolify.create_variable("a1", &variable()).await.err(),
            coolify.update_variables("a1", &[variable()]).await.err(),
            coolify.create_s3(&bucket).await.err(),
            coolify.patch_webhook(&webhook).await.err(),
        ];
        for error in all.iter().flatten() {
            assert_hidden(&shown(error));
            errors += 1;
        }
    }
    assert!(errors > 400, "{errors}");
}

/// Bodies that hold a value where something else was wanted: the reader's own errors quote.
#[tokio::test]
async fn no_error_about_an_answer_holds_what_stands_in_it() {
    let bodies = [
        format!(
            "[{{\"uuid\":\"v1\",\"key\":\"K\",\"value\":\"{CANARY}\",\"is_literal\":\"{CANARY}\"}}]"
        ),
        format!("[{{\"uuid\":\"v1\",\"value\":\"{CANARY}\"}}]"),
        format!("[{{\"uuid\":\"v1\",\"key\":[\"{CANARY}\"]}}]"),
        format!("{{\"{CANARY}\":1}}"),
        format!("[\"{CANARY}\"]"),
        format!("\"{CANARY}\""),
        format!("[{CANARY}]"),
        format!("[{{\"uuid\":\"v1\",\"key\":\"K\",\"value\":\"{CANARY}"),
    ];
    for body in bodies {
        let server = Scripted::new([json(200, body.as_str())]);
        let error = server.client().variables("a1").await.unwrap_err();
        assert_hidden(&shown(&error));
    }
}

#[tokio::test]
async fn what_was_read_or_is_to_be_sent_does_not_print_itself() {
    let row = format!(
        "[{{\"uuid\":\"v1\",\"key\":\"K\",\"value\":\"{CANARY}\",\"real_value\":\"'{CANARY}'\"}}]"
    );
    let server = Scripted::new([json(200, row)]);
    let coolify = server.client();
    let read = coolify.variables("a1").await.unwrap();
    assert_eq!(read[0].value.as_ref().unwrap().expose(), CANARY);
    let logs = serde_json::json!([{ "output": CANARY, "type": "stderr" }]).to_string();
    let row =
        serde_json::json!({ "id": 1, "deployment_uuid": "d1", "status": "failed", "logs": logs });
    server.answers(json(200, row.to_string()));
    let deployment = coolify.deployment_named("d1").await.unwrap().unwrap();
    let lines = deployment.lines().unwrap();
    assert_eq!(lines[0].output.as_deref(), Some(CANARY));
    let all: [&dyn Debug; 5] = [&read, &coolify, &variable(), &deployment, &lines];
    all.iter().for_each(|one| assert_hidden(&format!("{one:?}")));
}
