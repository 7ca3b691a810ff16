//! The phases below each other, each a bar at its place in time.

use super::{Phase, Told, short};
use crate::html::Html;
use std::time::Duration;

pub(super) fn phases(told: &Told<'_>) -> Html {
    let all: Vec<Phase> = told.phases.iter().cloned().chain(probe(told)).collect();
    let end = all.iter().map(|it| it.from + it.took).max().unwrap_or_default();
    if end.is_zero() {
        return Html::tag("p", &[("class", "quiet")], "No phase was told.");
    }
    let switch = switch(told, end);
    let rows = all.iter().map(|phase| {
        let style = bar(phase.from, phase.took, end);
        let class = if phase.is_done { "bar" } else { "bar broken" };
        let took = match phase.is_done {
            true => short(phase.took),
            false => format!("{}, not finished", short(phase.took)),
        };
        let track = Html::tag("span", &[("class", class), ("style", &style)], "");
        Html::element(
            "li",
            &[],
            [
                Html::tag("span", &[("class", "name")], &phase.name),
                Html::element("span", &[("class", "track")], [track, switch.clone()]),
                Html::tag("span", &[("class", "took")], took),
            ],
        )
    });
    Html::element("ol", &[("class", "timeline")], rows.collect::<Vec<_>>())
}

/// The probe is no phase: it goes on beside them, from the first start to the last drain.
fn probe(told: &Told<'_>) -> Option<Phase> {
    let took = told.samples.iter().map(|it| it.ended).max()?;
    Some(Phase { name: "probe".to_owned(), from: told.probe_from, took, is_done: true })
}

/// The same moment on each track.
fn switch(told: &Told<'_>, end: Duration) -> Html {
    let measured = told.proof.probe.as_ref();
    let Some(at) = measured.and_then(|it| it.switched_at_ms) else { return Html::default() };
    let style = bar(told.probe_from + Duration::from_millis(at), Duration::ZERO, end);
    Html::tag("span", &[("class", "moment"), ("style", &style)], "")
}

fn bar(from: Duration, took: Duration, end: Duration) -> String {
    let percent = |it: Duration| it.as_secs_f64() / end.as_secs_f64() * 100.0;
    format!("left:{:.2}%;width:{:.2}%", percent(from), percent(took))
}
