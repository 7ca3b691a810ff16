//! Messages about good and bad ends, and with words that want to be more than words.

use super::*;
use crate::ship::ledger::Action;
use serde_json::{Value, to_string_pretty};

fn told(ending: Ending) -> Told {
    Told {
        project: "nutri".into(),
        environment: "production".into(),
        url: "https://api.nutri.app".into(),
        action: Action::Rollout,
        from: Some("0f1e2d3c4b5a".into()),
        to: "b3f6981e1b64".into(),
        commit: "b3f6981e1b64aaaaaaaaaaaaaaaaaaaaaaaaaaaa".into(),
        who: "ada@laptop".into(),
        began: "2026-11-27T00:00:00Z".into(),
        ended: "2026-11-27T00:01:30Z".into(),
        ending,
        requests: Some(Requests { sent: 1200, lost: 0, is_void: false }),
        phases: vec![
            ("back up".into(), 12_300),
            ("roll out".into(), 61_000),
            ("verify".into(), 10_100),
            ("record".into(), 90),
        ],
        run_url: Some("https://github.com/nutri-app/nutri/actions/runs/7".into()),
    }
}

fn hostile() -> Told {
    let error = format!(
        "@everyone <@123> <!channel> `` ``` </b> & \u{202e}txt.exe \u{5e9}\u{5dc}\u{5d5}\u{5dd} [x](https://evil.example) {}",
        "\u{1f469}\u{200d}\u{1f680}<".repeat(2500)
    );
    assert!(error.chars().count() > 10_000);
    Told {
        environment: "prod @here *bold* <https://evil.example|click>".into(),
        who: "@everyone`\u{202e}\u{0}\n# big".into(),
        to: "\u{1f680}".repeat(400),
        from: Some("<!subteam^S1>".into()),
        commit: "&amp;".repeat(100),
        url: "javascript:alert(1)".into(),
        run_url: Some("https://a.example/x|y>".into()),
        phases: vec![("@channel ```".into(), u64::MAX / 4)],
        requests: Some(Requests { sent: 9, lost: 9, is_void: true }),
        ..told(Ending::Failed { phase: "verify <@&9>".into(), error })
    }
}

fn pretty(value: &Value) -> String {
    to_string_pretty(value).unwrap()
}

/// Every text in it.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|it| texts(it, found)),
        Value::Object(all) => all.values().for_each(|it| texts(it, found)),
        _ => {}
    }
}

#[test]
fn a_good_end_as_discord_and_slack_show_it() {
    let message = Message::of(&told(Ending::Done));
    insta::assert_snapshot!("discord_done", pretty(&discord::body(&message)));
    insta::assert_snapshot!("slack_done", pretty(&slack::body(&message)));
}

#[test]
fn a_bad_end_names_the_phase_and_the_error() {
    let error = "release `b3f6981e1b64` does not answer: 503".to_owned();
    let told = told(Ending::Failed { phase: "verify".into(), error });
    let message = Message::of(&Told { action: Action::Rollback, ..told });
    assert_eq!(message.title, "nutri: rollback of b3f6981e1b64 to production failed at verify");
    insta::assert_snapshot!("discord_failed", pretty(&discord::body(&message)));
    insta::assert_snapshot!("slack_failed", pretty(&slack::body(&message)));
}

#[test]
fn an_interrupted_run_a_void_measurement_and_a_first_rollout_are_said_as_such() {
    let interrupted = told(Ending::Interrupted { phase: "roll out".into() });
    let first =
        Told { from: None, requests: None, run_url: None, phases: Vec::new(), ..interrupted };
    let message = Message::of(&first);
    assert_eq!(message.tone, Tone::Uncertain);
    assert_eq!(
        message.title,
        "nutri: rollout of b3f6981e1b64 to production was interrupted at roll out"
    );
    let fact = |message: &Message, name: &str| {
        message.facts.iter().find(|it| it.0 == name).map(|it| it.1.clone())
    };
    assert_eq!(fact(&message, "Release").unwrap(), "nothing \u{2192} b3f6981e1b64");
    assert_eq!(fact(&message, "Lost requests").unwrap(), "not measured");
    assert_eq!(fact(&message, "Took"), None);
    let void = Some(Requests { sent: 9, lost: 0, is_void: true });
    let message = Message::of(&Told { requests: void, ..told(Ending::Done) });
    assert_eq!(message.tone, Tone::Uncertain, "nobody knows whether any was lost");
    assert_eq!(fact(&message, "Lost requests").unwrap(), "the measurement is void");
    let lost = Some(Requests { sent: 9, lost: 2, is_void: false });
    let message = Message::of(&Told { requests: lost, ..told(Ending::Done) });
    assert_eq!(
        (message.tone, fact(&message, "Lost requests").unwrap()),
        (Tone::Uncertain, "2 of 9".to_owned())
    );
}

#[test]
fn hostile_words_stay_words_and_fit() {
    let message = Message::of(&hostile());
    assert_eq!(message.links, [], "neither address is one to follow");
    let (discord, slack) = (discord::body(&message), slack::body(&message));
    insta::assert_snapshot!("discord_hostile", pretty(&discord));
    insta::assert_snapshot!("slack_hostile", pretty(&slack));
    assert_eq!(discord["allowed_mentions"]["parse"], serde_json::json!([]));
    for (body, name) in [(&discord, "Discord"), (&slack, "Slack")] {
        let mut all = Vec::new();
        texts(body, &mut all);
        for text in &all {
            for bad in ["@everyone", "@here", "@channel", "\u{202e}", "\u{0}"] {
                assert!(!text.contains(bad), "{name}: `{bad}` in {text}");
            }
            // In a block of code nothing means anything, and before it a backslash takes it away.
            let is_code = text.starts_with("```");
            let opens = text.matches('<').count() - text.matches("\\<").count();
            assert!(is_code || opens == 0, "{name}: {text}");
            assert!(!is_code || text.matches("```").count() == 2, "{name}: {text}");
        }
    }
    let mut all = Vec::new();
    texts(&slack, &mut all);
    assert!(all.iter().all(|it| !it.contains('<')), "{all:?}");
}

#[test]
fn every_part_is_within_the_limit_of_its_place() {
    let count = |value: &Value| value.as_str().unwrap_or_default().chars().count();
    let message = Message::of(&hostile());
    let embed = &discord::body(&message)["embeds"][0];
    assert!(count(&embed["title"]) <= 256 && count(&embed["description"]) <= 4096);
    let mut together = count(&embed["title"]) + count(&embed["description"]);
    for field in embed["fields"].as_array().unwrap() {
        assert!(count(&field["name"]) <= 256 && count(&field["value"]) <= 1024);
        together += count(&field["name"]) + count(&field["value"]);
    }
    assert!(together <= 6000, "{together}");
    let body = slack::body(&message);
    let blocks = body["blocks"].as_array().unwrap();
    let mut all = Vec::new();
    texts(&body, &mut all);
    let together: usize = all.iter().map(|it| it.chars().count()).sum();
    assert!(together < 10_000 && count(&blocks[0]["text"]["text"]) <= 150, "{together}");
    assert!(all.iter().all(|it| it.chars().count() <= 3000));
    assert!(github::description(&hostile()).chars().count() <= 140);
}

#[test]
fn github_and_sentry_are_told_in_their_own_words() {
    let good = told(Ending::Done);
    assert_eq!(github::description(&good), "nutri: production runs b3f6981e1b64");
    assert_eq!(github::State::of(&good.ending).word(), "success");
    assert_eq!(github::State::of(&Ending::Interrupted { phase: String::new() }).word(), "error");
    assert_eq!(sentry::version(&good), "nutri@b3f6981e1b64");
    let odd = Told { to: "a/b c\n".into(), environment: "x".repeat(99), ..good };
    assert_eq!(sentry::version(&odd), "nutri@a-b-c-");
    assert_eq!(sentry::environment(&odd).len(), 64);
    let text = "a1\u{1f}Ada\u{1f}2026-11-27T00:00:00Z\u{1f}one\u{1f}two \u{202e}x\nbroken\n";
    let commits = sentry::commits(text);
    assert_eq!(commits.len(), 1);
    assert_eq!((commits[0].id.as_str(), commits[0].author.as_str()), ("a1", "Ada"));
    assert!(sentry::commits(&text.repeat(900)).len() == sentry::COMMITS_MAX);
}

#[test]
fn a_record_is_told_with_all_that_it_knows() {
    use crate::ship::ledger::{Outcome, ProbeCount, Record};
    use crate::ship::proof::{Measurement, Proof, Verdict};
    let failed = Outcome::Failed { phase: "verify".into(), error: "no".into() };
    let mut record = Record::new(Action::Rollout, failed, "ada", "2026-11-27T00:00:00Z", "r2");
    record.commit = Some("c".into());
    record.run_url = Some("https://ci.example/7".into());
    record.probe = Some(ProbeCount { sent: 3, lost: 1, p99_ms: 9 });
    let measurement = |verdict| Measurement {
        stays: false,
        verdict,
        kinds: Vec::new(),
        releases: std::collections::BTreeMap::new(),
        switched_at_ms: None,
    };
    let void = Verdict::Void { reasons: vec![crate::ship::proof::VoidReason::NothingSent] };
    for (verdict, is_void) in [(Verdict::Lost, false), (void, true)] {
        record.proof = Some(Proof { probe: Some(measurement(verdict)), ..Proof::default() });
        let told = Told::of(&record, "nutri", "staging", "https://a.example");
        assert_eq!(told.requests, Some(Requests { sent: 3, lost: 1, is_void }));
        assert_eq!(
            (told.commit.as_str(), told.run_url.as_deref()),
            ("c", Some("https://ci.example/7"))
        );
    }
    let told = Told::of(&record, "nutri", "staging", "https://a.example").interrupted();
    assert_eq!(told.ending, Ending::Interrupted { phase: "verify".into() });
    record.outcome = Outcome::Done;
    let told = Told::of(&record, "nutri", "staging", "https://a.example").interrupted();
    assert_eq!(told.ending, Ending::Done, "it was done before anybody ended the run");
}
