//! Logging in: tokens per scope, renewed in time, and credentials that go nowhere else.

use super::world::{Image, PASSWORD, World, bearer, credentials, wait, with_causes};
use xtask_core::secret::Secret;
use xtask_fakes::registry::{Access, FakeRegistry, Fault, IDENTITY_TOKEN, on};
use xtask_registry::Login;

const MIB: usize = 1 << 20;

fn tokens(world: &World) -> usize {
    world.count("GET", "/token")
}

#[test]
fn one_token_serves_a_whole_push() {
    let (world, image) = (World::with_access(bearer()), Image::index(&["1"]));
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    assert_eq!(tokens(&world), 1, "four jobs share it");
    let log = world.fake.log();
    let asked = log.iter().find(|logged| logged.request.path == "/token").unwrap();
    let scope = Some("repository:acme/api:pull,push");
    assert_eq!(asked.request.parameter("scope"), scope);
    assert_eq!(asked.request.parameter("service"), Some("fake"));
    assert_eq!(log.iter().filter(|logged| logged.status == 401).count(), 1);
}

#[test]
fn a_mount_has_a_token_for_both_repositories() {
    let (world, mut image) = (World::with_access(bearer()), Image::index(&["1"]));
    world.fake.put_blob("acme/base", &image.blobs.0[&image.layer()]);
    image.mount_from(&[world.repository("acme/base")]);
    let receipt = world.push(&image).unwrap();
    assert_eq!(receipt.mounted.len(), 1);
    assert_eq!(tokens(&world), 2);
    let log = world.fake.log();
    let asked = log.iter().rfind(|logged| logged.request.path == "/token").unwrap();
    let scopes: Vec<&str> = asked
        .request
        .query
        .iter()
        .filter(|(key, _)| key == "scope")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(scopes, ["repository:acme/api:pull,push", "repository:acme/base:pull"]);
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let world = World::with_access(bearer());
    let asked_after = |seconds| {
        world.clock.pass(seconds);
        wait(world.registry.ping()).unwrap();
        tokens(&world)
    };
    assert_eq!([0, 239].map(asked_after), [1, 1], "300 seconds less a minute");
    assert_eq!([1, 0].map(asked_after), [2, 2]);
}

#[test]
fn a_token_that_is_refused_in_the_middle_is_renewed_once() {
    for (method, path) in [("HEAD", "/blobs/"), ("PUT", "/blobs/uploads/"), ("PUT", "/manifests/")]
    {
        let (world, image) = (World::with_access(bearer()), Image::single(2 << 20, &["1"]));
        world.fake.fault(Fault::ExpireTokens { on: on(method, path), times: 1 });
        world.push(&image).unwrap();
        assert!(world.holds(&image));
        assert_eq!(tokens(&world), 2, "{method} {path}");
        let log = world.fake.log();
        let mut refused = log.iter().filter(|logged| logged.status == 401);
        assert!(refused.all(|logged| logged.request.body.len() < MIB), "heard before the blob");
    }
}

#[test]
fn a_token_that_expires_between_two_chunks_is_renewed_and_no_chunk_is_sent_twice() {
    let (world, image) = (World::with_access(bearer()), Image::single(9 * MIB, &["1"]));
    world.has_the_rest_of(&image);
    world.fake.fault(Fault::RefuseMonolithic(413, "SIZE_INVALID"));
    world.fake.fault(Fault::ExpireTokens { on: on("PATCH", "/blobs/uploads/"), times: 2 });
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    let log = world.fake.log();
    let chunks = log.iter().filter(|logged| logged.request.method == "PATCH");
    let taken: Vec<Option<&str>> = chunks
        .filter(|logged| logged.status == 202)
        .map(|logged| logged.request.header("content-range"))
        .collect();
    let mut once = taken.clone();
    once.dedup();
    assert_eq!(taken, once, "each range is taken once");
}

#[test]
fn a_storm_of_401_ends_after_a_few_renewals() {
    let (world, image) = (World::with_access(bearer()), Image::index(&["1"]));
    let challenge = format!("Bearer realm=\"http://{}/token\"", world.fake.host());
    world.fake.fault(Fault::Status {
        on: on("*", "/v2/"),
        status: 401,
        body: String::new(),
        headers: vec![("WWW-Authenticate", challenge)],
        times: 1000,
    });
    let error = world.push(&image).unwrap_err();
    assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(401));
    assert!(error.hint().is_some_and(|hint| hint.contains("log in")), "{}", with_causes(&error));
    assert!(world.lines().len() <= 80, "{} requests", world.lines().len());
    assert_eq!(world.clock.waits(), [], "no waiting cures it");
}

#[test]
fn tokens_that_expire_under_every_blob_at_once_do_not_stop_a_push() {
    let (world, image) = (World::with_access(bearer()), Image::index(&["1"]));
    world.fake.fault(Fault::ExpireTokens { on: on("POST", "/blobs/uploads/"), times: 3 });
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    assert!(tokens(&world) <= 1 + 3 * 3, "{} tokens", tokens(&world));
}

#[test]
fn user_and_password_are_enough_where_the_registry_wants_only_them() {
    let (user, password) = ("ci".to_owned(), PASSWORD.to_owned());
    let world = World::with_access(Access::Basic { user, password });
    let image = Image::index(&["1"]);
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    let log = world.fake.log();
    assert_eq!(log.iter().filter(|logged| logged.status == 401).count(), 1);
    assert_eq!(log[0].request.header("authorization"), None, "not before it is asked for");
}

#[test]
fn a_wrong_password_fails_with_advice_and_is_not_repeated() {
    let basic = Access::Basic { user: "ci".to_owned(), password: PASSWORD.to_owned() };
    for access in [bearer(), basic] {
        let fake = FakeRegistry::with_access(access);
        let world = World::of(fake, Some(credentials("hunter2")));
        let error = wait(world.registry.ping()).unwrap_err();
        let text = format!("{} {error:?} {:?}", with_causes(&error), world.registry);
        assert!(!text.contains("hunter2") && !text.contains("Y2k6aHVudGVyMg"), "{text}");
        assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(401));
        assert!(error.hint().is_some_and(|hint| hint.contains("log in")), "{text}");
        assert_eq!(world.clock.waits(), []);
    }
}

#[test]
fn who_is_nobody_may_read_but_not_write() {
    let world = World::with_access(bearer());
    let image = Image::single(500, &["1"]);
    world.push(&image).unwrap();
    let nobody = world.client(None);
    let pin = world.repository("acme/api").pin(image.root());
    assert!(wait(nobody.manifest(&pin)).unwrap().is_some());
    let error =
        wait(nobody.push_image(&world.repository("acme/other"), &image.push, &image.blobs, |_| {}))
            .unwrap_err();
    assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(401));
}

#[test]
fn no_credentials_go_to_another_host() {
    for fault in [Fault::ForeignLocation, Fault::RedirectBlobs] {
        let (world, image) = (World::with_access(bearer()), Image::single(500, &["1"]));
        world.fake.fault(fault.clone());
        world.push(&image).unwrap();
        let repository = world.repository("acme/api");
        let bytes = wait(world.registry.blob(&repository, &image.push.blobs[0])).unwrap();
        assert_eq!(bytes, image.blobs.0[&image.layer()]);
        let log = world.fake.log();
        let foreign: Vec<_> = log.iter().filter(|logged| logged.is_foreign).collect();
        assert!(!foreign.is_empty(), "{fault:?}");
        let authorized = foreign.iter().filter(|one| one.request.header("authorization").is_some());
        assert_eq!(authorized.count(), 0, "{fault:?}");
    }
}

#[test]
fn a_realm_that_is_no_realm_is_refused() {
    let world = World::open();
    world.fake.fault(Fault::Status {
        on: on("GET", "/v2/"),
        status: 401,
        body: String::new(),
        headers: vec![("WWW-Authenticate", "Bearer realm=\"ftp://x\"".to_owned())],
        times: 1,
    });
    let error = wait(world.registry.ping()).unwrap_err();
    let wanted =
        format!("cannot log in to `{}`: its realm `ftp://x` is not https", world.fake.host());
    assert_eq!(with_causes(&error), wanted);
}

#[test]
fn a_realm_in_the_clear_on_another_machine_gets_no_password() {
    let world = World::with_access(bearer());
    world.fake.fault(Fault::Status {
        on: on("GET", "/v2/"),
        status: 401,
        body: String::new(),
        headers: vec![("WWW-Authenticate", "Bearer realm=\"http://192.0.2.1/t\"".to_owned())],
        times: 1,
    });
    let text = with_causes(&wait(world.registry.ping()).unwrap_err());
    assert!(text.ends_with("its realm `http://192.0.2.1/t` is not https"), "{text}");
}

/// A client that has such a token for its login.
fn with_login(access: Access, login: Login) -> World {
    let mut world = World::of(FakeRegistry::with_access(access), None);
    world.registry = world.client(None).with_login(Some(login));
    world
}

#[test]
fn an_identity_token_is_exchanged_at_the_realm_and_stands_in_no_address() {
    let world = with_login(bearer(), Login::Identity(Secret::new(IDENTITY_TOKEN)));
    let image = Image::index(&["1"]);
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    assert_eq!(world.count("POST", "/token"), 1, "four jobs share what it brings");
    let log = world.fake.log();
    let asked = log.iter().find(|logged| logged.request.path == "/token").unwrap();
    assert!(asked.request.query.is_empty() && asked.request.header("authorization").is_none());
    let shown = |logged: &xtask_fakes::registry::Logged| format!("{:?}", logged.request.headers);
    assert!(log.iter().all(|logged| !shown(logged).contains(IDENTITY_TOKEN)));
}

#[test]
fn an_identity_token_that_is_wrong_or_not_wanted_is_said_and_not_shown() {
    let basic = Access::Basic { user: "ci".to_owned(), password: PASSWORD.to_owned() };
    for (access, words) in [(bearer(), "invalid identity token"), (basic, "only an identity token")]
    {
        let world = with_login(access, Login::Identity(Secret::new("hunter2")));
        let error = wait(world.registry.ping()).unwrap_err();
        let text = format!("{} {error:?}", with_causes(&error));
        assert!(text.contains(words) && !text.contains("hunter2"), "{text}");
        assert_eq!(world.clock.waits(), [], "no waiting cures it");
    }
}

#[test]
fn a_registry_token_is_sent_as_it_is_and_never_renewed() {
    let world = with_login(bearer(), Login::Registry(Secret::new("hunter2")));
    let error = wait(world.registry.ping()).unwrap_err();
    assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(401));
    let log = world.fake.log();
    assert_eq!(log.len(), 1, "{:?}", world.lines());
    assert_eq!(log[0].request.header("authorization"), Some("Bearer hunter2"));
}
