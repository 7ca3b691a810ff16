//! What people are told when a registry says no, or says nothing.

use super::world::{Image, World, wait, with_causes};
use std::net::TcpListener;
use xtask_fakes::registry::{Fault, on};
use xtask_registry::{Registry, RetryPolicy};

/// How a refusal to open an upload ends: the text, and the hint.
fn refused(status: u16, code: &str, message: &str) -> (String, Option<String>) {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.fake.fault(Fault::refusal(on("POST", "/blobs/uploads/"), status, code, message, 99));
    let error = world.push(&image).unwrap_err();
    (with_causes(&error), error.hint())
}

#[test]
fn each_refusal_of_ghcr_is_mapped_to_the_setting_that_cures_it() {
    let cases = [
        (403, "installation not allowed to Create organization package", "packages: write"),
        (403, "permission_denied: write_package", "Manage Actions access"),
        (403, "permission_denied: read_package", "packages: read"),
        (403, "permission_denied: The token provided does not match expected scopes.", "classic"),
        (403, "denied", "forks can only read"),
        (
            401,
            "unauthenticated: User cannot be authenticated with the token provided.",
            "docker login",
        ),
    ];
    for (status, message, wanted) in cases {
        let (text, hint) = refused(status, "DENIED", message);
        assert!(text.ends_with(&format!("the registry said: DENIED: {message}")), "{text}");
        assert!(hint.as_ref().is_some_and(|hint| hint.contains(wanted)), "{message}: {hint:?}");
    }
}

#[test]
fn other_refusals_have_their_advice_too() {
    for (status, code, wanted) in [
        (404, "NAME_UNKNOWN", "the repository's name"),
        (413, "SIZE_INVALID", "larger than"),
        (429, "TOOMANYREQUESTS", "limits requests"),
    ] {
        let (text, hint) = refused(status, code, "no");
        assert!(hint.as_ref().is_some_and(|hint| hint.contains(wanted)), "{text}: {hint:?}");
    }
    assert_eq!(refused(400, "NAME_INVALID", "no").1, None, "no advice is better than a guess");
}

#[test]
fn a_head_without_words_leaves_the_refusal_to_who_has_some() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.fake.fault(Fault::status(on("HEAD", "/v2/"), 403, 99));
    let message = "permission_denied: write_package";
    world.fake.fault(Fault::refusal(on("POST", "/blobs/uploads/"), 403, "DENIED", message, 99));
    let error = world.push(&image).unwrap_err();
    assert!(with_causes(&error).ends_with(message), "{}", with_causes(&error));
}

#[test]
fn nobody_there_is_said_with_the_networks_words() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let retry_policy = RetryPolicy { tries: 1, ..RetryPolicy::default() };
    let registry =
        Registry::new(&format!("127.0.0.1:{port}"), None).with_retry_policy(retry_policy);
    let error = wait(registry.ping()).unwrap_err();
    let wanted = format!(
        "gave up at try 1\n  caused by: failed to reach `127.0.0.1:{port}` with GET /v2/\n"
    );
    let text = with_causes(&error);
    assert!(text.starts_with(&wanted) && text.contains("Connection refused"), "{text}");
    assert!(error.hint().is_some_and(|hint| hint.contains("nothing listens there")));
}

#[test]
fn the_state_of_an_upload_is_not_in_the_error() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    let on = on("PUT", "/blobs/uploads/");
    world.fake.fault(Fault::refusal(on, 403, "DENIED", "no", 99));
    let error = world.push(&image).unwrap_err();
    let text = format!("{} {error:?}", with_causes(&error));
    assert!(!text.contains("_turn") && !text.contains("digest="), "{text}");
}
