//! How a proof is told and recorded.

use super::*;

fn count(kind: Kind, lost_by: &[(Loss, u64)]) -> KindCount {
    KindCount {
        kind,
        sent: 100,
        lost: lost_by.iter().map(|(_, count)| count).sum(),
        lost_by: lost_by.iter().copied().collect(),
        late: 0,
        unsent: 0,
        again: 0,
        over_switch: 1,
        latency: Latency { p50_ms: 1, p95_ms: 2, p99_ms: 3, max_ms: 6000 },
    }
}

fn measurement(verdict: Verdict) -> Measurement {
    let mut stream = count(Kind::Upload, &[(Loss::Cut, 1)]);
    stream.latency.p99_ms = 6000;
    let fresh = count(Kind::Fresh, &[(Loss::Refused, 2), (Loss::Status(502), 1)]);
    let kinds = vec![fresh, count(Kind::KeepAlive, &[]), stream];
    let releases = BTreeMap::from([("r1".to_owned(), 10)]);
    Measurement { verdict, kinds, releases, switched_at_ms: Some(7), stays: false }
}

#[test]
fn a_measurement_is_told_by_kind_and_in_one_line() {
    let lost = measurement(Verdict::Lost);
    assert_eq!(lost.total(), ProbeCount { sent: 300, lost: 4, p99_ms: 3 });
    assert_eq!(lost.losses(), ["fresh: 2 refused, 1 status 502", "upload: 1 body cut"]);
    assert_eq!(lost.line(), "lost 4 of 300 requests");
    let reasons = vec![
        VoidReason::NoSwitch { unheard: vec!["r2".into()] },
        VoidReason::Saturated { late: 40, unsent: 2, planned: 60 },
    ];
    let void = measurement(Verdict::Void { reasons });
    insta::assert_snapshot!(void.line(), @"lost 4 of 300 requests, and that is void: it saw no switch: never heard from `r2`; the prober was saturated: of 60 requests it sent 40 late and 2 not at all");
}

#[test]
fn a_proof_comes_back_from_its_record_as_it_was() {
    let reasons = vec![
        VoidReason::NothingSent,
        VoidReason::OneRelease { release: "r1".into() },
        VoidReason::NoSwitch { unheard: vec!["r2".into()] },
    ];
    for verdict in [Verdict::NoneLost, Verdict::Lost, Verdict::Void { reasons }] {
        let rounds = vec![Round { at_ms: 0, took_ms: 4 }];
        let verified = Verified { version: "r2".into(), rounds, ..Verified::default() };
        let probe = Some(measurement(verdict));
        let proof = Proof { probe, verified: Some(verified), traffic: None };
        let text = serde_json::to_string(&proof).unwrap();
        assert_eq!(serde_json::from_str::<Proof>(&text).unwrap(), proof, "{text}");
    }
    assert_eq!(serde_json::from_str::<Proof>("{}").unwrap(), Proof::default());
}

#[test]
fn a_void_measurement_is_void_in_every_row_and_list() {
    let reasons = vec![VoidReason::NothingSent];
    let probe = Some(measurement(Verdict::Void { reasons }));
    let proof = Proof { probe, ..Proof::default() };
    let rows = proof.rows();
    assert_eq!(rows[0], ("lost", "void: no request was due".to_owned()));
    assert_eq!(rows[1].1, "2 refused, 1 status 502 of 100 lost, p50 1 ms, p99 3 ms");
    assert_eq!(rows[3].1, "1 body cut of 100 lost, 1 open over the switch");
    assert!(proof.doubt().unwrap().contains("void"));
    let probe = Some(measurement(Verdict::NoneLost));
    assert_eq!(Proof { probe, ..Proof::default() }.doubt(), None);
    assert_eq!(Proof::default().doubt(), None, "a first rollout has nothing to lose");
}
