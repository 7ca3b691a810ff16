//! The probe against real sockets with faults. Nothing here asks how long something took: what is
//! waited for is that a server has seen so many requests, or that a connection has ended.

mod held;
mod town;

use super::*;
use crate::edge::clock;
use std::io::Read as _;
use std::net::TcpListener;
use town::{Town, refused, reset};
use xtask_core::deploy::Deploy;
use xtask_core::ship::probe::measure;
use xtask_core::ship::proof::{Loss, Measurement};
use xtask_fakes::http::Response;

/// The kinds of clients that ask and are answered.
const PASSING: [Kind; 4] = [Kind::Fresh, Kind::KeepAlive, Kind::Upload, Kind::Download];

fn backend() -> Service {
    let deploy = Deploy::parse(include_str!("../../../../deploy.toml")).unwrap();
    deploy.service("backend").unwrap().clone()
}

/// A pace at which a test is over soon. The limits are such that no machine is that slow.
fn quick() -> Pace {
    let ms = Duration::from_millis;
    let every = |every| Schedule { offset: ms(0), every: ms(every) };
    Pace {
        fresh: every(5),
        keep_alive: every(5),
        upload: every(20),
        download: every(20),
        events: every(3_600_000),
        websocket: every(3_600_000),
        stream: ms(10),
        limit: ms(60_000),
    }
}

fn probe(url: &str) -> Probe {
    Probe::at_pace(url, &backend(), quick())
}

fn measured(probe: Probe) -> Measurement {
    measure(&probe.finish().samples, "r1", "r2")
}

/// What becomes of one request of that kind.
fn asked(kind: Kind, url: &str) -> (End, Option<String>) {
    let asker = asker(kind, url, quick());
    let heard = runtime::wait(asker.ask());
    (heard.end, heard.release)
}

fn asker(kind: Kind, url: &str, pace: Pace) -> Asker {
    Asker::new(kind, url, &backend(), pace, &CancellationToken::new()).unwrap()
}

#[test]
fn a_switch_under_all_four_kinds_of_clients_is_seen_and_loses_nothing() {
    let town = Town::serving("r1");
    let probe = probe(&town.url());
    PASSING.iter().for_each(|kind| town.sees(*kind, 5));
    town.serve("r2");
    PASSING.iter().for_each(|kind| town.sees(*kind, 5));
    let measured = measured(probe);
    let kinds: Vec<Kind> = measured.kinds.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, PASSING);
    assert_eq!(measured.total().lost, 0, "{measured:?}");
    assert!(measured.releases["r1"] >= 20 && measured.releases["r2"] >= 20, "{measured:?}");
    assert!(measured.switched_at_ms.is_some());
    assert_eq!(measured.total().sent, town.requests(), "each that was sent was received once");
}

/// Nobody is answered before twenty have asked. Who waits for an answer before asking again would
/// wait for ever; and the first waits for at least nineteen moments of the plan.
#[test]
fn what_is_due_is_sent_whatever_became_of_what_was_sent_before() {
    let town = Town::holding_until(20);
    let pace = quick();
    let probe =
        Probe::at_pace(&town.url(), &Service { probe: Default::default(), ..backend() }, pace);
    town.sees(Kind::Fresh, 20);
    town.sees(Kind::KeepAlive, 20);
    let log = probe.finish();
    for kind in [Kind::Fresh, Kind::KeepAlive] {
        let mut samples: Vec<_> = log.samples.iter().filter(|it| it.kind == kind).collect();
        samples.sort_by_key(|it| it.planned);
        let wanted = (0..samples.len() as u32).map(|number| pace.fresh.due(number));
        assert!(wanted.eq(samples.iter().map(|it| it.planned)), "none of the plan is left out");
        assert!(samples[0].latency() >= pace.fresh.every * 19, "{:?}", samples[0]);
        assert!(samples.iter().all(|it| it.end == End::Answered), "{samples:?}");
    }
}

#[test]
fn a_prober_with_too_much_under_way_says_what_it_did_not_send() {
    let town = Town::holding_until(u64::MAX);
    let pace = Pace {
        fresh: Schedule { offset: Duration::ZERO, every: Duration::from_millis(1) },
        ..quick()
    };
    let service = Service { probe: Default::default(), ..backend() };
    let probe = Probe::at_pace(&town.url(), &service, pace);
    town.sees(Kind::Fresh, UNDER_WAY_MAX as u64);
    let unsent = |samples: &[Sample]| samples.iter().filter(|it| it.end == End::Unsent).count();
    let has_unsent = || match unsent(&probe.samples.all()) {
        0 => Err("all of it was sent"),
        _ => Ok(()),
    };
    clock::wait_for(Duration::from_secs(600), Duration::from_millis(1), has_unsent).unwrap();
    town.release();
    let samples = probe.finish().samples;
    let received = (samples.len() - unsent(&samples)) as u64;
    assert_eq!(received, town.requests(), "what it calls unsent was never sent");
    assert!(matches!(measure(&samples, "r1", "r2").void(), [_, ..]), "void, and not `0 lost`");
}

#[test]
fn every_way_to_lose_a_request_has_its_name() {
    let cut = Response::new(200).body("x".repeat(1000));
    let lost = |url: &str| asked(Kind::Fresh, url).0;
    assert_eq!(lost(&refused()), End::Lost(Loss::Refused));
    let server = reset();
    assert_eq!(lost(&server.url), End::Lost(Loss::Reset));
    let town = Town::answering(Response { cut_after: Some(0), ..cut.clone() });
    assert_eq!(lost(&town.url()), End::Lost(Loss::Closed));
    let town = Town::answering(Response { cut_after: Some(500), ..cut });
    assert_eq!(lost(&town.url()), End::Lost(Loss::Cut));
    assert_eq!(asked(Kind::Download, &town.url()).0, End::Lost(Loss::Cut));
    let town = Town::answering(Response::new(502));
    assert_eq!(lost(&town.url()), End::Lost(Loss::Status(502)));
    let town = Town::answering(Response::new(404));
    assert_eq!(lost(&town.url()), End::Lost(Loss::Status(404)), "a proxy that has no route");
    assert_eq!(asked(Kind::Upload, &town.url()).0, End::Lost(Loss::Status(404)));
    assert_eq!(lost("http://no-such-host.invalid"), End::Lost(Loss::Unreachable));
}

#[test]
fn an_answer_that_does_not_come_in_time_is_lost() {
    let town = Town::holding_until(u64::MAX);
    let pace = Pace { limit: Duration::from_millis(20), ..quick() };
    let heard = runtime::wait(asker(Kind::Fresh, &town.url(), pace).ask());
    assert_eq!(heard.end, End::Lost(Loss::TimedOut));
    town.release();
}

#[test]
fn a_refusal_of_the_service_itself_is_an_answer() {
    let refusal = Response::new(401).with("X-App-Version", "r1");
    let town = Town::answering(refusal);
    assert_eq!(asked(Kind::Upload, &town.url()), (End::Answered, Some("r1".to_owned())));
    let body = &town.last().body;
    assert_eq!(body.len(), 6 << 10);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(body).unwrap(), serde_json::json!({}));
}

#[test]
fn an_upload_that_is_cut_is_lost() {
    let town = Town::cutting_uploads(1000);
    let (end, _) = asked(Kind::Upload, &town.url());
    assert!(matches!(end, End::Lost(Loss::Reset | Loss::Closed)), "{end:?}");
}

/// The server ends a connection between two requests, and the second is asked for only once both
/// sides know that.
#[test]
fn a_connection_that_ends_between_two_requests_loses_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut wire = town::answer_once(&listener);
        wire.shutdown(std::net::Shutdown::Write).unwrap();
        // The client has hung up as well: it sends nothing here any more.
        assert_eq!(wire.read(&mut [0]).unwrap(), 0);
        listener
    });
    let asker = asker(Kind::KeepAlive, &url, quick());
    assert_eq!(runtime::wait(asker.ask()).end, End::Answered);
    let listener = server.join().unwrap();
    let server = std::thread::spawn(move || drop(town::answer_once(&listener)));
    assert_eq!(runtime::wait(asker.ask()).end, End::Answered);
    server.join().unwrap();
}

#[test]
fn each_fresh_request_opens_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || [(); 2].map(|()| town::answer_once(&listener)));
    let asker = asker(Kind::Fresh, &url, quick());
    for _ in 0..2 {
        assert_eq!(runtime::wait(asker.ask()).end, End::Answered);
    }
    drop(server.join().unwrap());
}

/// Which connection carries the second request is the client's choice: a new one may be open before
/// the kept one is free. Whichever it is ends without an answer, and the request is sent again.
#[test]
fn a_request_that_a_kept_connection_has_swallowed_is_sent_again_once() {
    let town = Town::swallowing(2);
    let asker = asker(Kind::KeepAlive, &town.url(), quick());
    let first = runtime::wait(asker.ask());
    assert_eq!((first.end, first.again), (End::Answered, false));
    let second = runtime::wait(asker.ask());
    assert_eq!((second.end, second.again), (End::Answered, true));
    assert_eq!(town.requests(), 3);
}

/// Who opens a connection for each request has none that was kept.
#[test]
fn a_request_on_a_connection_of_its_own_is_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        town::read_head(&mut listener.accept().unwrap().0);
        listener
    });
    let heard = runtime::wait(asker(Kind::Fresh, &url, quick()).ask());
    assert_eq!((heard.end, heard.again), (End::Lost(Loss::Closed), false));
    drop(server.join().unwrap());
}

/// What is swallowed twice is lost.
#[test]
fn what_is_swallowed_again_is_lost() {
    let cut = Response::new(200).body("x".repeat(1000));
    let town = Town::answering(Response { cut_after: Some(0), ..cut });
    let heard = runtime::wait(asker(Kind::KeepAlive, &town.url(), quick()).ask());
    assert_eq!((heard.end, heard.again), (End::Lost(Loss::Closed), true));
    assert_eq!(town.requests(), 2);
}

#[test]
fn a_probe_that_is_dropped_ends() {
    let town = Town::serving("r1");
    let probe = probe(&town.url());
    let stop = probe.stop.clone();
    drop(probe);
    assert!(stop.is_cancelled());
}
