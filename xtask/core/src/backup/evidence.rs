//! The evidence of a drill as a page for people, which needs nothing else. All of it stands in the
//! signed record as well.

use crate::html::{Html, page, section};
use crate::trust::attestation::record::{DrillOutcome, DrillRecord, DrillStep, DrillTable};

/// The page of a drill.
pub fn html(drill: &DrillRecord) -> String {
    let title = format!("Drill of {}: {}", drill.environment, word(drill.outcome));
    let mut body = vec![header(drill), cards(drill)];
    body.push(section("What was looked at", checks(drill)));
    body.push(section("Timeline", timeline(&drill.timeline)));
    body.push(section("Tables", tables(drill)));
    body.push(section("RPO and RTO over time", trend(drill)));
    body.push(section("Where and with what", places(drill)));
    page(title, body)
}

/// The word for an outcome.
pub fn word(outcome: DrillOutcome) -> &'static str {
    match outcome {
        DrillOutcome::Passed => "passed",
        DrillOutcome::Failed => "failed",
        DrillOutcome::CouldNotRun => "could not run",
    }
}

fn class(outcome: &str) -> &'static str {
    match outcome {
        "passed" => "good",
        "failed" => "bad",
        _ => "void",
    }
}

fn header(drill: &DrillRecord) -> Html {
    let word = word(drill.outcome);
    let badge = format!("badge {}", class(word));
    let title = Html::element(
        "h1",
        &[],
        [
            Html::text(format!("Restore drill of {} ", drill.environment)),
            Html::tag("span", &[("class", &badge)], word),
        ],
    );
    let what = format!(
        "back-up {} of {}, restored from {} to {}",
        drill.backup, drill.taken_at, drill.started_on, drill.finished_on
    );
    let what = Html::tag("p", &[("class", "quiet")], what);
    let note = format!("note {}", class(word));
    let reason = drill.reason.as_ref();
    let reason = reason.map(|it| Html::tag("p", &[("class", &note)], it)).unwrap_or_default();
    Html::element("header", &[], [title, what, reason])
}

fn cards(drill: &DrillRecord) -> Html {
    let rows: u64 = drill.tables.values().map(|it| it.restored_rows).sum();
    let good = drill.checks.iter().filter(|it| it.passed).count();
    let cards = [
        (span(drill.rpo_seconds), "RPO: age of the data"),
        (span(drill.rto_seconds), "RTO: until it was usable"),
        (rows.to_string(), "rows restored"),
        (size(drill.dump_bytes), "dump, uncompressed"),
        (format!("{good} of {}", drill.checks.len()), "checks passed"),
    ];
    let card = |(number, what): (String, &str)| {
        Html::element(
            "div",
            &[("class", "card")],
            [Html::tag("b", &[], number), Html::tag("span", &[], what)],
        )
    };
    Html::element("div", &[("class", "cards")], cards.map(card))
}

fn checks(drill: &DrillRecord) -> Html {
    let rows = drill.checks.iter().map(|it| {
        let (class, word) = if it.passed { ("good", "passed") } else { ("bad", "failed") };
        vec![
            Html::text(&it.name),
            Html::tag("span", &[("class", class)], word),
            Html::text(&it.said),
        ]
    });
    grid(["check", "outcome", "found"], rows)
}

fn tables(drill: &DrillRecord) -> Html {
    let rows = drill.tables.iter().map(|(name, it)| {
        let same = it.rows == it.restored_rows && is_same_content(it);
        let (class, word) = if same { ("good", "same") } else { ("bad", "differs") };
        vec![
            Html::tag("code", &[], name),
            Html::text(it.rows),
            Html::text(it.restored_rows),
            Html::tag("code", &[], it.restored_checksum.as_deref().unwrap_or("only counted")),
            Html::tag("span", &[("class", class)], word),
        ]
    });
    grid(["table", "rows backed up", "rows restored", "checksum", "content"], rows)
}

fn is_same_content(table: &DrillTable) -> bool {
    table.checksum.is_none() || table.checksum == table.restored_checksum
}

/// Each step a bar at its place in time.
fn timeline(steps: &[DrillStep]) -> Html {
    let end = steps.iter().map(|it| it.from_ms + it.took_ms).max().unwrap_or(0);
    if end == 0 {
        return Html::tag("p", &[("class", "quiet")], "No step was begun.");
    }
    let percent = |ms: u64| ms as f64 / end as f64 * 100.0;
    let rows = steps.iter().map(|step| {
        let style =
            format!("left:{:.2}%;width:{:.2}%", percent(step.from_ms), percent(step.took_ms));
        let class = if step.done { "bar" } else { "bar broken" };
        let bar = Html::tag("span", &[("class", class), ("style", &style)], "");
        let broken = if step.done { "" } else { ", not finished" };
        let took = format!("{:.1} s{broken}", step.took_ms as f64 / 1000.0);
        Html::element(
            "li",
            &[],
            [
                Html::tag("span", &[("class", "name")], &step.name),
                Html::element("span", &[("class", "track")], [bar]),
                Html::tag("span", &[("class", "took")], took),
            ],
        )
    });
    Html::element("ol", &[("class", "timeline")], rows.collect::<Vec<_>>())
}

/// This drill and those before it, newest first, each with a bar for its RTO.
fn trend(drill: &DrillRecord) -> Html {
    let now =
        (drill.finished_on.as_str(), word(drill.outcome), drill.rpo_seconds, drill.rto_seconds);
    let before = drill.before.iter();
    let before =
        before.map(|it| (it.at.as_str(), it.outcome.as_str(), it.rpo_seconds, it.rto_seconds));
    let all: Vec<_> = std::iter::once(now).chain(before).collect();
    let most = all.iter().map(|it| it.3).max().unwrap_or(0).max(1);
    let rows = all.into_iter().map(|(at, outcome, rpo, rto)| {
        let style = format!(
            "display:inline-block;position:static;height:.7rem;width:{:.1}%",
            rto as f64 / most as f64 * 100.0
        );
        let bar = Html::tag("span", &[("class", "bar"), ("style", &style)], "");
        let track = Html::element(
            "span",
            &[("class", "track"), ("style", "display:block;height:.9rem")],
            [bar],
        );
        vec![
            Html::text(at),
            Html::tag("span", &[("class", class(outcome))], outcome),
            Html::text(span(rpo)),
            Html::text(span(rto)),
            Html::element("div", &[("class", "timeline"), ("style", "min-width:9rem")], [track]),
        ]
    });
    grid(["drill", "outcome", "RPO", "RTO", "RTO, drawn"], rows.collect::<Vec<_>>())
}

fn places(drill: &DrillRecord) -> Html {
    let mut rows = vec![
        vec![
            Html::text("cluster that was backed up"),
            Html::tag("code", &[], &drill.clusters.backed_up),
        ],
        vec![
            Html::text("cluster it was restored into"),
            Html::tag("code", &[], &drill.clusters.restored_into),
        ],
    ];
    rows.extend(drill.tools.iter().map(|tool| vec![Html::text("program"), Html::text(tool)]));
    grid(["what", "which"], rows)
}

fn grid<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = Vec<Html>>) -> Html {
    let heads = heads.map(|head| Html::tag("th", &[("scope", "col")], head));
    let row = |cells: Vec<Html>| {
        Html::element("tr", &[], cells.into_iter().map(|it| Html::element("td", &[], [it])))
    };
    let head = Html::element("thead", &[], [Html::element("tr", &[], heads)]);
    let body = Html::element("tbody", &[], rows.into_iter().map(row).collect::<Vec<_>>());
    Html::element("div", &[("class", "wide")], [Html::element("table", &[], [head, body])])
}

/// Seconds as people say them.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Bytes as people say them.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::attestation::record::{DrillBefore, DrillCheck, DrillClusters};

    fn drill() -> DrillRecord {
        let table = DrillTable {
            rows: 3,
            restored_rows: 3,
            checksum: Some("3:77".into()),
            restored_checksum: Some("3:77".into()),
        };
        let step = DrillStep { name: "restore".into(), from_ms: 0, took_ms: 1500, done: true };
        let before = DrillBefore {
            at: "2026-11-20T03:00:00Z".into(),
            outcome: "could not run".into(),
            rpo_seconds: 3600,
            rto_seconds: 0,
        };
        let clusters = DrillClusters { backed_up: "1".into(), restored_into: "2".into() };
        DrillRecord {
            environment: "production".into(),
            backup: "ab".repeat(32),
            taken_at: "2026-11-27T03:00:00Z".into(),
            started_on: "2026-11-27T04:00:00Z".into(),
            finished_on: "2026-11-27T04:00:02Z".into(),
            rpo_seconds: 3600,
            rto_seconds: 2,
            checks: vec![DrillCheck { name: "rows".into(), passed: true, said: "3".into() }],
            outcome: DrillOutcome::Passed,
            reason: None,
            tables: [("public.meals".to_owned(), table)].into(),
            timeline: vec![step],
            before: vec![before],
            tools: vec!["restic 0.14.0".into()],
            dump_bytes: 4096,
            clusters,
        }
    }

    #[test]
    fn the_page_tells_what_a_person_asks_and_fetches_nothing() {
        let page = html(&drill());
        for wanted in [
            "Restore drill of production",
            "passed",
            "60 min 0 s",
            "public.meals",
            "3:77",
            "restic 0.14.0",
            "could not run",
            "5 kB",
        ] {
            assert!(page.contains(wanted), "{wanted} in {page}");
        }
        for unwanted in ["<script", "http://", "https://", "<link", "<img"] {
            assert!(!page.contains(unwanted), "{unwanted} in {page}");
        }
    }

    #[test]
    fn what_stands_in_a_record_cannot_break_the_page() {
        let mut drill = drill();
        drill.outcome = DrillOutcome::Failed;
        drill.reason = Some("</p><script>alert(1)</script>".into());
        drill.checks[0].said = "<img src=x>".into();
        let page = html(&drill);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("badge bad"));
    }

    #[test]
    fn spans_and_sizes_are_said_in_the_unit_that_fits() {
        assert_eq!([span(5), span(150), span(93_600)], ["5 s", "2 min 30 s", "26 h 0 min"]);
        assert_eq!([size(1), size(2_500_000), size(1_230_000_000)], ["1 kB", "2.5 MB", "1.23 GB"]);
    }
}
