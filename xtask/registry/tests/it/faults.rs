//! Everything that goes wrong on the way, and how the push arrives all the same.

use super::world::{Image, World, with_causes};
use std::time::Duration;
use xtask_fakes::registry::{Fault, Logged, on};
use xtask_registry::{PushEvent, RegistryError, RetryPolicy};

const MIB: usize = 1 << 20;

fn patches(world: &World) -> Vec<Logged> {
    world.fake.log().into_iter().filter(|logged| logged.request.method == "PATCH").collect()
}

fn ranges(world: &World) -> Vec<String> {
    let range = |logged: &Logged| logged.request.header("content-range").unwrap().to_owned();
    patches(world).iter().map(range).collect()
}

#[test]
fn a_blob_is_one_request_with_its_length() {
    let (world, image) = (World::open(), Image::single(3 * MIB, &["1"]));
    world.push(&image).unwrap();
    let log = world.fake.log();
    let put = log.iter().find(|logged| logged.request.body.len() == 3 * MIB).unwrap();
    assert_eq!(put.request.method, "PUT");
    assert_eq!(put.request.header("content-length"), Some("3145728"));
    assert_eq!(put.request.header("transfer-encoding"), None);
    assert!(patches(&world).is_empty());
}

#[test]
fn a_refused_blob_goes_in_chunks_and_was_not_sent_before() {
    let cases = [
        (413, ""),
        (405, "UNSUPPORTED"),
        (411, ""),
        (400, "SIZE_INVALID"),
        (400, "BLOB_UPLOAD_INVALID"),
    ];
    for (status, code) in cases {
        let (world, image) = (World::open(), Image::single(9 * MIB, &["1"]));
        // The refusal comes for certain: nothing is sent before it, however slow the machine.
        let refusal = Some(Duration::from_secs(600));
        let world = world.with_retry_policy(|retry_policy| RetryPolicy { refusal, ..retry_policy });
        world.fake.fault(Fault::RefuseMonolithic(status, code));
        let receipt = world.push(&image).unwrap();
        assert!(world.holds(&image), "{status} {code}");
        let wanted = ["0-4194303", "4194304-8388607", "8388608-9437183"];
        assert_eq!(ranges(&world).into_iter().filter(|r| r.len() > 6).collect::<Vec<_>>(), wanted);
        let small = image.push.blobs[1].size + 2 * image.push.manifests[0].1.len() as u64;
        assert!(receipt.bytes_sent <= (9 * MIB) as u64 + 2 * small, "the refusal came first");
        let chunked = |event: &PushEvent| matches!(event, PushEvent::Chunked(..));
        assert_eq!(world.heard(chunked), 2);
    }
}

#[test]
fn other_refusals_are_final() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    let on = on("PUT", "/blobs/uploads/upload-");
    world.fake.fault(Fault::refusal(on, 400, "NAME_INVALID", "no", 9));
    let error = world.push(&image).unwrap_err();
    assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(400));
    assert_eq!((patches(&world).len(), world.clock.waits().len()), (0, 0));
}

#[test]
fn chunks_become_smaller_where_416_means_too_large() {
    let (world, image) = (World::open(), Image::single(3 * MIB, &["1"]));
    world.fake.fault(Fault::RefuseMonolithic(413, ""));
    world.fake.fault(Fault::PatchLimit(MIB));
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    let largest = patches(&world)
        .iter()
        .filter(|patch| patch.status == 202)
        .map(|patch| patch.request.body.len())
        .max();
    assert_eq!(largest, Some(3 * MIB / 4));
}

#[test]
fn a_registry_that_takes_no_chunk_size_is_given_up() {
    let (world, image) = (World::open(), Image::single(MIB, &["1"]));
    world.fake.fault(Fault::RefuseMonolithic(413, ""));
    world.fake.fault(Fault::PatchLimit(1));
    let error = world.push(&image).unwrap_err();
    assert!(matches!(error, RegistryError::Blob { .. }), "{error}");
    assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(416));
}

#[test]
fn what_the_registry_says_it_has_is_where_it_goes_on() {
    let (world, image) = (World::open(), Image::single(MIB, &["1"]));
    world.fake.fault(Fault::RefuseMonolithic(413, ""));
    world.fake.fault(Fault::PatchTakes(300_000));
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    let starts: Vec<String> = ranges(&world)
        .into_iter()
        .filter(|range| range.len() > 5)
        .map(|range| range.split('-').next().unwrap().to_owned())
        .collect();
    assert_eq!(starts, ["0", "300000", "600000", "900000"]);
}

#[test]
fn a_connection_cut_at_any_byte_of_a_blob_costs_a_fresh_upload() {
    for bytes in [0, 1, 4095, 70_000, 2 * MIB - 1, 2 * MIB] {
        let (world, image) = (World::open(), Image::single(2 * MIB, &["1"]));
        world.has_the_rest_of(&image);
        let on = on("PUT", "/blobs/uploads/upload-");
        world.fake.fault(Fault::CloseAfterBytes { on, bytes, times: 1 });
        let receipt = world.push(&image).unwrap();
        assert!(world.holds(&image), "cut after {bytes}");
        assert_eq!(receipt.uploaded.len(), 1);
        assert_eq!(world.clock.waits(), [Duration::from_millis(500)]);
        assert_eq!(world.count("POST", "/blobs/uploads/"), 2, "a fresh one for the second try");
        assert_eq!(world.heard(|event| matches!(event, PushEvent::Waiting(..))), 1);
    }
}

#[test]
fn a_long_blob_whose_connection_breaks_twice_goes_in_chunks() {
    let (world, image) = (World::open(), Image::single(5 * MIB, &["1"]));
    let on = on("PUT", "/blobs/uploads/upload-1");
    world.has_the_rest_of(&image);
    world.fake.fault(Fault::CloseAfterBytes { on, bytes: MIB, times: 1 });
    let on = xtask_fakes::registry::on("PUT", "/blobs/uploads/upload-2");
    world.fake.fault(Fault::CloseAfterBytes { on, bytes: MIB, times: 1 });
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    assert_eq!(ranges(&world), ["0-4194303", "4194304-5242879"]);
}

#[test]
fn a_connection_cut_at_any_byte_of_a_chunk_goes_on_from_there() {
    for bytes in [0, 1, 2, 4095, 70_000, MIB - 1, MIB] {
        let (world, image) = (World::open(), Image::single(MIB, &["1"]));
        world.has_the_rest_of(&image);
        world.fake.fault(Fault::RefuseMonolithic(413, ""));
        world.fake.fault(Fault::CloseAfterBytes { on: on("PATCH", ""), bytes, times: 1 });
        world.push(&image).unwrap();
        assert!(world.holds(&image), "cut after {bytes}");
        let wanted: Vec<String> = match bytes {
            MIB => vec!["0-1048575".to_owned()],
            // `0-0` may be no byte or one: a wrong guess is put right by 416.
            1 => continue,
            _ => vec!["0-1048575".to_owned(), format!("{bytes}-1048575")],
        };
        assert_eq!(ranges(&world), wanted);
    }
}

#[test]
fn an_answer_cut_at_any_byte_is_asked_for_again() {
    let requests = [
        ("HEAD", "/blobs/"),
        ("POST", "/blobs/uploads/"),
        ("PUT", "/blobs/uploads/"),
        ("PUT", "/manifests/"),
        ("HEAD", "/manifests/"),
    ];
    for (method, path) in requests {
        for bytes in [0, 1, 12, 30, 60] {
            let (world, image) = (World::open(), Image::single(500, &["1"]));
            world.fake.fault(Fault::CutAnswer { on: on(method, path), bytes, times: 1 });
            world
                .push(&image)
                .unwrap_or_else(|error| panic!("{method} {path}: {}", with_causes(&error)));
            assert!(world.holds(&image), "{method} {path} cut after {bytes}");
            assert_eq!(world.fake.tag("acme/api", "1"), Some(image.root().to_string()));
        }
    }
}

#[test]
fn a_commit_that_was_done_and_answered_500_is_found_and_not_repeated() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    let on_commit = on("PUT", "/blobs/uploads/");
    world.fake.fault(Fault::CommitThenFail { on: on_commit, times: 2 });
    world.push(&image).unwrap();
    assert_eq!(world.count("PUT", "/blobs/uploads/"), 2, "one for each blob");

    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.fake.fault(Fault::CommitThenFail { on: on("PUT", "/manifests/"), times: 1 });
    world.push(&image).unwrap();
    assert_eq!(world.fake.tag("acme/api", "1"), Some(image.root().to_string()));
}

#[test]
fn an_upload_that_the_registry_has_forgotten_is_begun_anew() {
    for code in ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"] {
        let (world, image) = (World::open(), Image::single(500, &["1"]));
        let on = on("PUT", "/blobs/uploads/");
        world.fake.fault(Fault::refusal(on, 404, code, "unknown", 1));
        world.push(&image).unwrap();
        assert!(world.holds(&image), "{code}");
        assert_eq!(world.count("POST", "/blobs/uploads/"), 3);
    }
}

#[test]
fn what_may_pass_is_waited_for() {
    for status in [408, 429, 500, 502, 503, 504] {
        let (world, image) = (World::open(), Image::single(500, &["1"]));
        world.fake.fault(Fault::status(on("*", "/v2/"), status, 2));
        world.push(&image).unwrap();
        let waits = world.clock.waits().iter().map(Duration::as_millis).collect::<Vec<_>>();
        assert_eq!(waits, [500, 1000], "{status}");
    }
}

#[test]
fn the_registrys_own_wait_is_honoured_and_said_up_to_a_limit() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    for (seconds, path) in [("7", "/manifests/"), ("86400", "/manifests/sha256")] {
        world.fake.fault(Fault::Status {
            on: on("PUT", path),
            status: 429,
            body: String::new(),
            headers: vec![("Retry-After", seconds.to_owned())],
            times: 1,
        });
    }
    world.push(&image).unwrap();
    assert_eq!(world.clock.waits(), [7, 60].map(Duration::from_secs));
    let host = world.fake.host();
    let wanted = PushEvent::Waiting(
        format!("`{host}` answered 429 Too Many Requests"),
        Duration::from_secs(7),
    );
    assert_eq!(world.heard(|event| *event == wanted), 1);
}

#[test]
fn the_last_try_says_how_often_it_tried() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.fake.fault(Fault::refusal(on("HEAD", "/manifests/"), 503, "UNAVAILABLE", "", 99));
    let error = world.push(&image).unwrap_err();
    let wanted = format!(
        "gave up at try 5\n  caused by: HEAD /v2/acme/api/manifests/1 at `{}` answered 503 \
         Service Unavailable\n  caused by: the registry gave no reason",
        world.fake.host()
    );
    assert_eq!(with_causes(&error), wanted);
    assert_eq!(world.clock.waits().len(), 4);
}

#[test]
fn a_location_may_be_relative_or_on_another_host() {
    for fault in [Fault::RelativeLocation, Fault::ForeignLocation] {
        for way in [None, Some(Fault::RefuseMonolithic(413, ""))] {
            let (world, image) = (World::open(), Image::single(MIB, &["1"]));
            world.fake.fault(fault.clone());
            way.into_iter().for_each(|way| world.fake.fault(way));
            world.push(&image).unwrap_or_else(|error| panic!("{fault:?}: {}", with_causes(&error)));
            assert!(world.holds(&image), "{fault:?}");
        }
    }
}

/// A redirect to `url` of requests that open an upload.
fn redirected(url: String, times: u32) -> Fault {
    Fault::Status {
        on: on("POST", "/blobs/uploads/"),
        status: 307,
        body: String::new(),
        headers: vec![("Location", url)],
        times,
    }
}

#[test]
fn a_relative_location_is_where_the_redirect_led() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.has_the_rest_of(&image);
    let elsewhere = world.fake.foreign_host();
    let url = format!("http://{elsewhere}/v2/acme/api/blobs/uploads/");
    world.fake.fault(redirected(url, 1));
    world.fake.fault(Fault::RelativeLocation);
    world.push(&image).unwrap();
    assert!(world.holds(&image));
    let log = world.fake.log();
    let uploads = log.iter().filter(|logged| logged.is_foreign && logged.request.method == "PUT");
    assert_eq!(uploads.count(), 1);
}

#[test]
fn redirects_that_go_round_in_circles_are_left() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.fake.fault(redirected("?again".to_owned(), 99));
    let error = world.push(&image).unwrap_err();
    assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(307));
}

#[test]
fn who_expects_nothing_of_us_gets_the_blob_unasked() {
    let (world, image) = (World::open(), Image::single(2 * MIB, &["1"]));
    world.has_the_rest_of(&image);
    let on = on("PUT", "/blobs/uploads/upload-");
    world.fake.fault(Fault::status(on, 417, 1));
    world.push(&image).unwrap_or_else(|error| panic!("{}", with_causes(&error)));
    assert!(world.holds(&image));
}
