//! What is told in numbers and names.

use super::{Commit, Commits, Told, short};
use crate::html::Html;
use crate::ship::proof::{KindCount, Measurement, Proof, Verdict};
use crate::ship::traffic::{Judgement, Served};
use std::time::Duration;

/// The numbers that a reader looks for first.
pub(super) fn cards(told: &Told<'_>) -> Html {
    let took = told.phases.iter().map(|it| it.from + it.took).max().unwrap_or_default();
    let mut cards = vec![];
    if let Some(measured) = &told.proof.probe {
        let total = measured.total();
        cards.push(card(lost_class(measured), &lost(measured), &format!("of {} lost", total.sent)));
        cards.push(card("", &format!("{} ms", total.p99_ms), "p99 of the probe"));
    }
    cards.push(card("", &short(took), "all phases"));
    let verified = told.proof.verified.as_ref().map_or(0, |it| it.rounds.len());
    let class = if verified > 0 { "good" } else { "bad" };
    cards.push(card(class, &format!("{verified} ×"), "verified from outside"));
    Html::element("div", &[("class", "cards")], cards)
}

fn lost(measured: &Measurement) -> String {
    match measured.verdict {
        Verdict::Void { .. } => "void".to_owned(),
        Verdict::NoneLost | Verdict::Lost => measured.total().lost.to_string(),
    }
}

fn lost_class(measured: &Measurement) -> &'static str {
    match measured.verdict {
        Verdict::NoneLost => "good",
        Verdict::Lost => "bad",
        Verdict::Void { .. } => "void",
    }
}

fn card(class: &str, number: &str, text: &str) -> Html {
    let class = format!("card {class}");
    let inside = [Html::tag("b", &[], number), Html::tag("span", &[], text)];
    Html::element("div", &[("class", &class)], inside)
}

fn quiet(text: &str) -> Html {
    Html::tag("p", &[("class", "quiet")], text)
}

fn table(head: &[&str], rows: Vec<Vec<Html>>) -> Html {
    let head = head.iter().map(|it| Html::tag("th", &[], it));
    let head = Html::element("thead", &[], [Html::element("tr", &[], head)]);
    let row = |cells: Vec<Html>| {
        Html::element("tr", &[], cells.into_iter().map(|it| Html::element("td", &[], [it])))
    };
    let rows = Html::element("tbody", &[], rows.into_iter().map(row));
    let table = Html::element("table", &[], [head, rows]);
    Html::element("div", &[("class", "wide"), ("tabindex", "0")], [table])
}

pub(super) fn kinds(proof: &Proof) -> Html {
    let Some(measured) = &proof.probe else { return quiet("There was no probe.") };
    let head =
        ["client", "sent", "lost", "late", "unsent", "over switch", "p50", "p95", "p99", "max"];
    let row = |it: &KindCount| {
        let latency = it.latency;
        let times = [latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms];
        let counts = [it.late, it.unsent, it.over_switch].map(Html::text);
        let mut row = vec![Html::text(it.kind), Html::text(it.sent), losses(it)];
        row.extend(counts);
        row.extend(times.map(|ms| Html::text(short(Duration::from_millis(ms)))));
        row
    };
    let heard = measured.releases.iter().map(|(name, count)| format!("{name} ({count})"));
    let heard = format!("Answers by release: {}.", heard.collect::<Vec<_>>().join(", "));
    let rule = "Latency counts from the planned moment of a request, also where it was sent late. \
                A stream takes long because the probe makes it so.";
    Html::all([table(&head, measured.kinds.iter().map(row).collect()), quiet(&heard), quiet(rule)])
}

fn losses(count: &KindCount) -> Html {
    if count.lost == 0 {
        return Html::text("0");
    }
    let ways = count.lost_by.iter().map(|(loss, count)| format!("{count} {loss}"));
    let ways = ways.collect::<Vec<_>>().join(", ");
    Html::tag("b", &[("class", "bad")], ways)
}

pub(super) fn traffic(proof: &Proof) -> Html {
    let Some(traffic) = &proof.traffic else {
        return quiet("Nobody counts them here.");
    };
    let row = |name: &str, it: &Served| {
        let p95 = it.p95_ms.map_or_else(|| "unknown".to_owned(), |ms| format!("{ms} ms"));
        let cells = [name.to_owned(), it.requests.to_string(), it.errors.to_string(), p95];
        cells.map(Html::text).to_vec()
    };
    let rows = vec![row("before", &traffic.before), row("after", &traffic.after)];
    let (class, line) = match &traffic.judgement {
        Judgement::AsGood => {
            ("quiet", "The new release serves them as well as the one before.".to_owned())
        }
        Judgement::Worse { .. } => ("note bad", format!("The new release is {}.", traffic.line())),
        Judgement::Unknown { .. } => ("quiet", format!("It {}.", traffic.line())),
    };
    let head = ["release", "requests", "failed", "p95"];
    let source = quiet(&format!("From the {}.", traffic.source));
    Html::all([table(&head, rows), Html::tag("p", &[("class", class)], line), source])
}

pub(super) fn verified(proof: &Proof) -> Html {
    let Some(verified) = &proof.verified else { return quiet("It was not verified.") };
    let rows = verified.rounds.iter().map(|it| {
        let times = [it.at_ms, it.took_ms].map(Duration::from_millis).map(short);
        times.map(Html::text).to_vec()
    });
    let said =
        format!("Ready, and answered as {} each time, on a fresh connection.", verified.version);
    let untold =
        verified.untold.iter().map(|it| format!("Nothing tells which release of {it} answers."));
    let untold: Vec<Html> = untold.map(|it| quiet(&it)).collect();
    let commit = match verified.commit.is_empty() {
        true => Html::default(),
        false => quiet(&format!("Commit {}.", verified.commit)),
    };
    let table = table(&["asked after", "took"], rows.collect());
    Html::all([quiet(&said), commit, table].into_iter().chain(untold))
}

pub(super) fn services(told: &Told<'_>) -> Html {
    let code = |text: &str| Html::tag("code", &[], text);
    let row = |it: &super::Service| {
        let after = it.after.to_string();
        let before = match &it.before {
            Some(before) if *before == it.after => Html::text("the same"),
            Some(before) => code(&before.to_string()),
            None => Html::text("unknown"),
        };
        vec![Html::text(&it.name), before, code(&after)]
    };
    table(&["service", "before", "asked for"], told.services.iter().map(row).collect())
}

pub(super) fn commits(commits: &Commits) -> Html {
    let (added, removed) = match commits {
        Commits::Unknown(why) => return quiet(&format!("They cannot be told: {why}.")),
        Commits::Known { added, removed } => (added, removed),
    };
    if added.is_empty() && removed.is_empty() {
        return quiet("None lies between the two releases.");
    }
    Html::all([listed("Added", added), listed("Taken back", removed)])
}

fn listed(title: &str, commits: &[Commit]) -> Html {
    if commits.is_empty() {
        return Html::default();
    }
    let item = |it: &Commit| {
        let inside = [Html::tag("code", &[], &it.id), Html::text(" "), Html::text(&it.subject)];
        Html::element("li", &[], inside)
    };
    let list = Html::element("ul", &[("class", "commits")], commits.iter().map(item));
    Html::all([Html::tag("h3", &[], title), list])
}
