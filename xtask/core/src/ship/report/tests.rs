//! The page: what it says, and that nothing that comes from outside can change what it is.

use super::*;
use crate::ship::probe::{End, measure};
use crate::ship::proof::{Kind, Loss, Round, Verified, VoidReason};
use crate::ship::traffic::{Served, Source, Traffic};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// 40 seconds: a switch at 22 s, a stall of two seconds around it, three requests lost in it, one
/// sent late, and streams all the way.
fn samples() -> Vec<Sample> {
    let release =
        |at: u64| Some(if at < 22_000 { "3f1c9a7be210" } else { "9d02ab66c1f4" }.to_owned());
    let sample = |kind, planned: u64, took: u64| Sample {
        kind,
        planned: ms(planned),
        sent: ms(planned),
        ended: ms(planned + took),
        end: End::Answered,
        release: release(planned + took),
        again: false,
    };
    let stall = |at: u64| if (20_500..22_500).contains(&at) { 22_500 - at } else { 0 };
    let took = |at: u64| stall(at) + 4 + at * 7 % 13 + if at.is_multiple_of(1900) { 60 } else { 0 };
    let fresh = (0..400).map(|it| sample(Kind::Fresh, it * 100, took(it * 100)));
    let kept =
        (0..400).map(|it| it * 100 + 50).map(|at| sample(Kind::KeepAlive, at, 1 + took(at) / 2));
    let up = (0..17).map(|it| sample(Kind::Upload, it * 2000 + 25, 6010));
    let down = (0..17).map(|it| sample(Kind::Download, it * 2000 + 1075, 6005));
    let mut all: Vec<Sample> = fresh.chain(kept).chain(up).chain(down).collect();
    for (index, loss) in [(218, Loss::Refused), (219, Loss::Status(502)), (220, Loss::Reset)] {
        all[index].end = End::Lost(loss);
        all[index].release = None;
    }
    all[300].sent += ms(180);
    all
}

fn proof(samples: &[Sample]) -> Proof {
    let probe = Some(measure(samples, "3f1c9a7be210", "9d02ab66c1f4"));
    let rounds = (0..5).map(|it| Round { at_ms: it * 2500, took_ms: 9 + it }).collect();
    let (version, commit) = ("9d02ab66c1f4".to_owned(), "9d02ab66c1f4".repeat(3));
    let verified = Some(Verified { version, commit, rounds, untold: vec!["ml-service".into()] });
    let before = Served { requests: 840, errors: 1, p95_ms: Some(31) };
    let after = Served { requests: 412, errors: 0, p95_ms: Some(28) };
    let traffic = Some(Box::new(Traffic::judged(Source::AccessLog, before, after)));
    Proof { probe, verified, traffic }
}

fn told<'a>(proof: &'a Proof, samples: &'a [Sample], outcome: &'a Outcome) -> Told<'a> {
    let phases = [("images", 0, 900), ("roll out", 900, 21_300), ("verify", 22_200, 10_000)];
    let drain = ("drain", 32_200, 8100);
    let phase = |(name, from, took): (&str, u64, u64)| Phase {
        name: name.to_owned(),
        from: ms(from),
        took: ms(took),
        is_done: true,
    };
    let service = |name: &str, before: Option<&str>| Service {
        name: name.to_owned(),
        before: before.map(|it| Digest::of(it.as_bytes())),
        after: Digest::of(name.as_bytes()),
    };
    let commit =
        |id: &str, subject: &str| Commit { id: id.to_owned(), subject: subject.to_owned() };
    let added = vec![
        commit("9d02ab66c1f4", "backend: meals are listed by day"),
        commit("77ab10c2de9f", "ml-service: an estimate says how sure it is"),
    ];
    Told {
        project: "nutri",
        environment: "production",
        url: "https://api.example.org",
        action: Action::Rollout,
        outcome,
        at: "2026-11-27T00:30:00Z",
        from: Some("3f1c9a7be210"),
        to: "9d02ab66c1f4",
        services: vec![service("ml-service", Some("ml-service")), service("backend", Some("b"))],
        commits: Commits::Known { added, removed: Vec::new() },
        phases: phases.into_iter().chain([drain]).map(phase).collect(),
        proof,
        probe_from: ms(450),
        samples,
    }
}

fn example(change: impl FnOnce(&mut Told<'_>)) -> String {
    let samples = samples();
    let proof = proof(&samples);
    let outcome = Outcome::Done;
    let mut told = told(&proof, &samples, &outcome);
    change(&mut told);
    page(&told)
}

/// Every element that is opened is closed, in order.
fn elements(page: &str) -> Vec<&str> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for tag in page.split('<').skip(2) {
        let name = tag.split([' ', '>']).next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "{tag}"),
            None if name == "meta" => all.push(name),
            None => {
                open.push(name);
                all.push(name);
            }
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    all
}

#[test]
fn it_is_whole_and_needs_nothing_from_elsewhere() {
    let page = example(|_| {});
    let elements = elements(&page);
    for name in ["script", "link", "img", "iframe", "object", "a", "form", "base"] {
        assert!(!elements.contains(&name), "<{name}>");
    }
    for way in ["src=", "href=", "url(", "@import", "javascript:", " on"] {
        let found = page.find(way).map(|at| &page[at..(at + 40).min(page.len())]);
        assert!(found.is_none() || way == " on" && !page.contains("=\"on"), "{found:?}");
    }
    assert!(
        page.contains("default-src &#39;none&#39;"),
        "nothing could be fetched if it were asked"
    );
    assert!(page.len() < 100_000, "{}", page.len());
}

#[test]
fn it_tells_what_was_lost_and_where() {
    let page = example(|_| {});
    for text in [
        "1 refused, 1 reset, 1 status 502",
        "switch at 22.0 s",
        "<b>3</b><span>of 834 lost</span>",
        "backend: meals are listed by day",
        "the same",
        "Nothing tells which release of ml-service answers.",
        "The new release serves them as well as the one before.",
    ] {
        assert!(page.contains(text), "{text}\n{page}");
    }
    let lost = page.split("class=\"dot lost\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(lost.matches('M').count(), 3, "{lost}");
    assert!(!page.contains("is void"));
}

#[test]
fn a_void_measurement_is_not_shown_as_nothing_lost() {
    let samples: Vec<Sample> = samples().into_iter().filter(|it| it.release.is_none()).collect();
    let measured = measure(&samples[..0], "a", "b");
    let proof = Proof { probe: Some(measured), ..Proof::default() };
    let outcome = Outcome::Failed { phase: "verify".into(), error: "it answered 500".into() };
    let page = page(&told(&proof, &[], &outcome));
    elements(&page);
    for text in [
        "The measurement is void",
        &VoidReason::NothingSent.to_string(),
        "<b>void</b>",
        "failed to verify: it answered 500",
        "There was no probe",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn what_comes_from_outside_stays_text() {
    let evil = "\"'></code><script>alert(1)</script><!--\u{202e}";
    let samples = samples();
    let mut proof = proof(&samples);
    if let Some(measured) = &mut proof.probe {
        measured.releases.insert(evil.to_owned(), 1);
        let unheard = vec![evil.to_owned()];
        measured.verdict = Verdict::Void { reasons: vec![VoidReason::NoSwitch { unheard }] };
    }
    if let Some(verified) = &mut proof.verified {
        verified.untold.push(evil.to_owned());
        evil.clone_into(&mut verified.version);
        evil.clone_into(&mut verified.commit);
    }
    let outcome = Outcome::Failed { phase: evil.to_owned(), error: evil.to_owned() };
    let mut told = told(&proof, &samples, &outcome);
    (told.project, told.environment, told.url) = (evil, evil, evil);
    (told.at, told.from, told.to) = (evil, Some(evil), evil);
    let commit = Commit { id: evil.to_owned(), subject: evil.to_owned() };
    told.commits = Commits::Known { added: vec![commit.clone()], removed: vec![commit] };
    told.phases[0].name = evil.to_owned();
    told.services[0].name = evil.to_owned();
    let shown = page(&told);
    assert!(!elements(&shown).contains(&"script"));
    assert!(shown.matches("&lt;script&gt;").count() >= 14, "each of them is shown");
    assert!(!shown.contains("<!--") && !shown.contains('\u{202e}'));
    told.commits = Commits::Unknown(evil.to_owned());
    assert!(!elements(&page(&told)).contains(&"script"));
}

#[test]
fn a_first_rollout_has_neither_probe_nor_release_before() {
    let outcome = Outcome::Done;
    let proof = Proof::default();
    let mut told = told(&proof, &[], &outcome);
    (told.from, told.phases, told.services[1].before) = (None, Vec::new(), None);
    told.commits = Commits::Unknown("no release ran before".to_owned());
    let page = page(&told);
    elements(&page);
    for text in ["<code>nothing</code>", "There was no probe", "unknown", "no release ran before"] {
        assert!(page.contains(text), "{text}");
    }
}

fn links() -> Links {
    Links {
        repository: Some("https://github.com/acme/nutri".to_owned()),
        run: Some("https://github.com/acme/nutri/actions/runs/7/attempts/1".to_owned()),
        before: Some("3f1c9a7be210".repeat(3)),
        after: "9d02ab66c1f4".repeat(3),
        report: Some("target/reports/one.html".to_owned()),
    }
}

#[test]
fn the_summary_says_on_one_screen_what_people_ask_first() {
    let samples = samples();
    let proof = proof(&samples);
    let outcome = Outcome::Done;
    insta::assert_snapshot!(summary(&told(&proof, &samples, &outcome), &links()));
}

#[test]
fn the_summary_of_a_failure_names_it_and_calls_no_measurement_a_good_one() {
    let outcome = Outcome::Failed { phase: "verify".into(), error: "it answered 500".into() };
    let proof = Proof::default();
    let text = summary(&told(&proof, &[], &outcome), &Links::default());
    for wanted in [
        "### rollout of production: FAILED\n",
        "| error | verify: it answered 500 |",
        "| requests lost | not measured&#58; nothing served before |",
        "| verified | no |",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
}

#[test]
fn nothing_from_outside_is_markdown_in_the_summary() {
    let evil = "|x](https://evil.example) `<img>` @all \n# y";
    let outcome = Outcome::Failed { phase: evil.to_owned(), error: evil.to_owned() };
    let samples = samples();
    let proof = proof(&samples);
    let mut told = told(&proof, &samples, &outcome);
    (told.environment, told.url, told.at) = (evil, evil, evil);
    (told.from, told.to) = (Some(evil), evil);
    told.phases[0].name = evil.to_owned();
    told.services[0].name = evil.to_owned();
    let links = Links { report: Some(evil.to_owned()), after: evil.to_owned(), ..links() };
    let text = summary(&told, &links) + &unchanged(evil, evil);
    for sign in ["](https://evil", "<img", "@all", "\n# y", "|x"] {
        assert!(!text.contains(sign), "{sign:?}\n{text}");
    }
}
