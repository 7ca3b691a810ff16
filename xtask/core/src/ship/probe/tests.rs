//! What samples come to. Times are made up: nothing here waits.

use super::*;
use crate::ship::proof::KindCount;
use crate::ship::proof::Proof;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn sample(kind: Kind, planned: u64, took: u64, release: &str) -> Sample {
    let (sent, ended) = (ms(planned), ms(planned + took));
    let release = Some(release.to_owned());
    Sample { kind, planned: ms(planned), sent, ended, end: End::Answered, release, again: false }
}

/// 100 requests in ten seconds, each answered in 5 ms, the second half by the new release.
fn steady() -> Vec<Sample> {
    let schedule = Schedule { offset: ms(0), every: ms(100) };
    let one = |number| {
        let planned = u64::try_from(schedule.due(number).as_millis()).unwrap();
        sample(Kind::Fresh, planned, 5, if number < 50 { "r1" } else { "r2" })
    };
    (0..100).map(one).collect()
}

fn lose(sample: &mut Sample, loss: Loss) {
    sample.end = End::Lost(loss);
    sample.release = None;
}

fn fresh(samples: &[Sample]) -> KindCount {
    measure(samples, "r1", "r2").kinds.remove(0)
}

#[test]
fn a_quiet_switch_loses_nothing_and_its_moment_is_known() {
    let measured = measure(&steady(), "r1", "r2");
    assert_eq!(measured.verdict, Verdict::NoneLost);
    assert_eq!(measured.switched_at_ms, Some(5005));
    assert_eq!(measured.releases.values().copied().collect::<Vec<_>>(), [50, 50]);
    let count = &measured.kinds[0];
    assert_eq!((count.sent, count.lost, count.late, count.latency.p99_ms), (100, 0, 0, 5));
}

/// A closed loop would have sent one request in those two seconds, and called 99 of 100 quick.
#[test]
fn one_stall_of_two_seconds_is_felt_by_every_request_that_was_due_in_it() {
    let mut samples = steady();
    let (from, until) = (ms(3000), ms(5000));
    for stalled in samples.iter_mut().filter(|it| it.planned >= from && it.planned < until) {
        stalled.ended = until + ms(5);
    }
    let count = fresh(&samples);
    assert_eq!((count.sent, count.lost), (100, 0), "all that were due are counted");
    assert_eq!(count.latency.p99_ms, 1905);
    assert_eq!(count.latency.max_ms, 2005);
    assert_eq!(count.latency.p50_ms, 5);
    let slow = samples.iter().filter(|it| it.latency() > ms(100)).count();
    assert_eq!(slow, 20, "not one, but all twenty");
}

#[test]
fn a_request_that_is_sent_late_counts_from_its_planned_moment() {
    let mut samples = steady();
    samples[7].sent += ms(600);
    samples[7].ended += ms(600);
    let count = fresh(&samples);
    assert_eq!((count.late, count.latency.max_ms), (1, 605));
    assert_eq!(measure(&samples, "r1", "r2").verdict, Verdict::NoneLost);
}

#[test]
fn a_prober_that_falls_behind_has_measured_nothing() {
    let mut samples = steady();
    for late in &mut samples[..11] {
        late.sent += LATE + ms(1);
    }
    let reason = VoidReason::Saturated { late: 11, unsent: 0, planned: 100 };
    let measured = measure(&samples, "r1", "r2");
    assert_eq!(measured.verdict, Verdict::Void { reasons: vec![reason] });
    samples[0].sent -= ms(1);
    assert_eq!(measure(&samples, "r1", "r2").verdict, Verdict::NoneLost, "a tenth is let pass");
    samples[99].end = End::Unsent;
    let measured = measure(&samples, "r1", "r2");
    assert!(matches!(measured.void(), [VoidReason::Saturated { late: 10, unsent: 1, .. }]));
    assert_eq!((measured.kinds[0].sent, measured.kinds[0].unsent), (99, 1));
}

#[test]
fn lost_requests_are_counted_by_kind_of_client_and_of_loss() {
    let mut samples = steady();
    lose(&mut samples[1], Loss::Refused);
    lose(&mut samples[2], Loss::Status(502));
    lose(&mut samples[3], Loss::Status(502));
    let mut kept = sample(Kind::KeepAlive, 40, 5, "r1");
    lose(&mut kept, Loss::Closed);
    samples.push(kept);
    let measured = measure(&samples, "r1", "r2");
    assert_eq!(measured.verdict, Verdict::Lost);
    assert_eq!(
        measured.losses(),
        ["fresh: 1 refused, 2 status 502", "keep-alive: 1 closed without an answer"]
    );
}

#[test]
fn without_both_releases_there_was_no_switch_to_lose_requests_at() {
    let measured = measure(&steady()[..50], "r1", "r2");
    let reason = VoidReason::NoSwitch { unheard: vec!["r2".into()] };
    assert_eq!(measured.verdict, Verdict::Void { reasons: vec![reason] });
    assert_eq!(measured.total().sent, 50, "what was counted stays to be read");
    let reason = VoidReason::OneRelease { release: "r1".into() };
    assert_eq!(measure(&steady(), "r1", "r1").verdict, Verdict::Void { reasons: vec![reason] });
    let nothing = Verdict::Void { reasons: vec![VoidReason::NothingSent] };
    assert_eq!(measure(&[], "r1", "r2").verdict, nothing);
}

#[test]
fn losses_do_not_make_a_void_measurement_count() {
    let mut samples = steady();
    samples.truncate(50);
    lose(&mut samples[9], Loss::Reset);
    let measured = measure(&samples, "r1", "r2");
    assert!(!measured.void().is_empty());
    assert_eq!(measured.total().lost, 1);
}

#[test]
fn streams_that_were_open_over_the_switch_are_told() {
    let mut samples = steady();
    samples.push(sample(Kind::Upload, 1000, 3000, "r1"));
    samples.push(sample(Kind::Upload, 2000, 6000, "r1"));
    samples.push(sample(Kind::Download, 4000, 6000, "r1"));
    let measured = measure(&samples, "r1", "r2");
    let over: Vec<_> = measured.kinds.iter().map(|it| (it.kind, it.over_switch)).collect();
    assert_eq!(over, [(Kind::Fresh, 0), (Kind::Upload, 1), (Kind::Download, 1)]);
    assert_eq!(measured.total().p99_ms, 5, "a stream is slow because we make it so");
}

#[test]
fn a_refusal_is_an_answer_if_the_service_made_it() {
    assert_eq!(judge(200, None), End::Answered);
    assert_eq!(judge(401, Some("r1")), End::Answered);
    assert_eq!(judge(404, None), End::Lost(Loss::Status(404)), "a proxy without a route");
    assert_eq!(judge(503, Some("r1")), End::Lost(Loss::Status(503)));
}

#[test]
fn percentiles_are_values_that_were_measured() {
    assert_eq!(percentile(&[], 99), 0);
    assert_eq!(percentile(&[7], 99), 7);
    let sorted: Vec<u64> = (1..=100).collect();
    assert_eq!([50, 95, 99, 100].map(|it| percentile(&sorted, it)), [50, 95, 99, 100]);
}

#[test]
fn what_was_sent_again_is_told_and_is_not_lost() {
    let mut again = sample(Kind::KeepAlive, 10, 5, "r2");
    again.again = true;
    let samples = [sample(Kind::KeepAlive, 0, 5, "r1"), again];
    let measured = measure(&samples, "r1", "r2");
    let [count] = measured.kinds.as_slice() else { panic!("{measured:?}") };
    assert_eq!((count.sent, count.lost, count.again), (2, 0, 1));
    let proof = Proof { probe: Some(measured), ..Proof::default() };
    let rows = proof.rows();
    let (_, line) = rows.iter().find(|(name, _)| *name == "keep-alive").unwrap();
    assert!(line.ends_with(", 1 sent again"), "{line}");
}

/// Where only an internal service moves, the public one answers as before: that is no void.
#[test]
fn where_the_public_service_stays_no_switch_is_asked_for() {
    let staying = measure_staying(&steady());
    assert_eq!(staying.verdict, Verdict::NoneLost);
    assert!(staying.line().ends_with("; the public service stays"), "{}", staying.line());
    let nothing = Verdict::Void { reasons: vec![VoidReason::NothingSent] };
    assert_eq!(measure_staying(&[]).verdict, nothing);
}
