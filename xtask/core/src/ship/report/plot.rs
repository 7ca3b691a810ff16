//! Latency over time, one dot for each request; what was lost, what was sent late, the streams and
//! the switch, on the same axis.
//!
//! The picture is stretched to the width of the page and its words stand beside it, so that neither
//! dots nor words are distorted on a narrow screen.

use super::html::Html;
use super::{Told, short};
use crate::ship::probe::{End, Sample};
use crate::ship::proof::Kind;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// The picture's own measures; it is shown at any width.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 200.0;
/// The lowest and the highest latency shown, in milliseconds: four decades.
const LOW_MS: f64 = 1.0;
const DECADES: f64 = 4.0;
/// The height of a line of streams, and the lines of them.
const LANE: f64 = 6.0;
const LANES: usize = 5;

pub(super) fn requests(told: &Told<'_>) -> Html {
    let end = told.samples.iter().map(|it| it.ended.max(it.planned)).max().unwrap_or_default();
    if end.is_zero() {
        let line = "There was no probe: nothing served before, so nothing could be lost.";
        return Html::tag("p", &[("class", "quiet")], line);
    }
    let axis = Axis { end };
    let has = |kind: Kind| told.samples.iter().any(|it| it.kind == kind);
    let streams = Kind::ALL.into_iter().filter(|kind| kind.is_stream() && has(*kind));
    let mut rows = vec![row("latency", "tall", latency(told, axis))];
    rows.push(row("lost", "thin", ticks(told, axis, "lost", |it| it.loss().is_some())));
    rows.push(row("late", "thin", ticks(told, axis, "late", is_late)));
    rows.extend(streams.map(|kind| row(kind.name(), "lanes", lanes(told, axis, kind))));
    rows.push(row("", "words", words(told, axis)));
    Html::all([Html::element("div", &[("class", "plot")], rows), key()])
}

#[derive(Clone, Copy)]
struct Axis {
    end: Duration,
}

impl Axis {
    fn x(self, at: Duration) -> f64 {
        at.as_secs_f64() / self.end.as_secs_f64() * WIDTH
    }
}

/// Latency grows downwards from the top by tens.
fn y(latency: Duration) -> f64 {
    let decades = (latency.as_secs_f64() * 1000.0 / LOW_MS).max(1.0).log10();
    HEIGHT - decades.min(DECADES) / DECADES * HEIGHT
}

fn is_late(sample: &Sample) -> bool {
    sample.is_late() || sample.end == End::Unsent
}

fn row(name: &str, class: &str, inside: Html) -> Html {
    let class = format!("row {class}");
    let name = Html::tag("span", &[("class", "name")], name);
    let inside = Html::element("span", &[("class", "field")], [inside]);
    Html::element("div", &[("class", &class)], [name, inside])
}

fn picture(height: f64, label: &str, inside: Vec<Html>) -> Html {
    let view = format!("0 0 {WIDTH} {height}");
    let attributes = [
        ("viewBox", view.as_str()),
        ("preserveAspectRatio", "none"),
        ("role", "img"),
        ("aria-label", label),
    ];
    Html::element("svg", &attributes, inside)
}

fn path(class: &str, line: &str) -> Html {
    Html::element("path", &[("class", class), ("d", line)], [])
}

fn latency(told: &Told<'_>, axis: Axis) -> Html {
    let mut inside: Vec<Html> = (1..4).map(|decade| line_at(f64::from(decade))).collect();
    inside.extend(switch(told, axis, HEIGHT));
    for kind in [Kind::Fresh, Kind::KeepAlive] {
        let of_kind = told.samples.iter().filter(|it| it.kind == kind && it.end == End::Answered);
        inside.push(path(&format!("dot {}", kind.name()), &dots(of_kind, axis)));
    }
    let lost = told.samples.iter().filter(|it| it.loss().is_some() && !it.kind.is_stream());
    inside.push(path("dot lost", &dots(lost, axis)));
    let marks = ["10 s", "1 s", "100 ms", "10 ms"].into_iter().zip(["0%", "25%", "50%", "75%"]);
    let marks = marks.map(|(text, top)| {
        let style = format!("top:{top}");
        Html::tag("span", &[("class", "mark"), ("style", &style)], text)
    });
    let picture = picture(HEIGHT, "latency of each request over time", inside);
    Html::all([picture].into_iter().chain(marks))
}

/// Dots that would fall onto each other are drawn once.
fn dots<'a>(samples: impl Iterator<Item = &'a Sample>, axis: Axis) -> String {
    let place = |it: &Sample| (axis.x(it.planned).round() as i32, y(it.latency()).round() as i32);
    let places: BTreeSet<(i32, i32)> = samples.map(place).collect();
    places.iter().fold(String::new(), |mut line, (x, y)| {
        write!(line, "M{x} {y}h0").expect("a string takes everything");
        line
    })
}

fn line_at(decade: f64) -> Html {
    path("grid", &format!("M0 {:.0}H{WIDTH}", HEIGHT - decade / DECADES * HEIGHT))
}

fn switch(told: &Told<'_>, axis: Axis, height: f64) -> Option<Html> {
    let at = told.proof.probe.as_ref()?.switched_at_ms?;
    let x = axis.x(Duration::from_millis(at));
    Some(path("switch", &format!("M{x:.1} 0V{height}")))
}

/// A mark at each moment of which that is true.
fn ticks(told: &Told<'_>, axis: Axis, class: &str, is: impl Fn(&Sample) -> bool) -> Html {
    let marked = told.samples.iter().filter(|it| is(it));
    let places: BTreeSet<i32> = marked.map(|it| axis.x(it.planned).round() as i32).collect();
    let mut line = String::new();
    for x in &places {
        write!(line, "M{x} 1V{}", LANE - 1.0).expect("a string takes everything");
    }
    let ticks = path(&format!("tick {class}"), &line);
    picture(LANE, class, switch(told, axis, LANE).into_iter().chain([ticks]).collect())
}

/// A line for each stream from its beginning to its end, on the first lane that is free.
fn lanes(told: &Told<'_>, axis: Axis, kind: Kind) -> Html {
    let mut streams: Vec<&Sample> =
        told.samples.iter().filter(|it| it.kind == kind && it.end != End::Unsent).collect();
    streams.sort_by_key(|it| it.sent);
    let (mut free, mut whole, mut lost) = ([Duration::ZERO; LANES], String::new(), String::new());
    for stream in streams {
        let lane = free.iter().position(|until| *until <= stream.sent).unwrap_or(LANES - 1);
        free[lane] = stream.ended;
        let line = if stream.loss().is_some() { &mut lost } else { &mut whole };
        let (from, until) = (axis.x(stream.sent), axis.x(stream.ended));
        let y = (lane as f64 + 0.5) * LANE;
        write!(line, "M{from:.1} {y}H{until:.1}").expect("a string takes everything");
    }
    let height = LANE * LANES as f64;
    let paths = [path("stream", &whole), path("stream lost", &lost)];
    picture(height, kind.name(), switch(told, axis, height).into_iter().chain(paths).collect())
}

/// The words of the axis: when it begins, the switch, and when it ends.
fn words(told: &Told<'_>, axis: Axis) -> Html {
    let begin = Html::tag("span", &[("class", "left")], "0 s");
    let end = Html::tag("span", &[("class", "right")], short(axis.end));
    let switched = told.proof.probe.as_ref().and_then(|it| it.switched_at_ms);
    let switched = switched.map(|at| {
        let share = axis.x(Duration::from_millis(at)) / WIDTH * 100.0;
        let style = format!("left:{:.1}%", share.clamp(15.0, 80.0));
        let text = format!("switch at {}", short(Duration::from_millis(at)));
        Html::tag("span", &[("class", "at"), ("style", &style)], text)
    });
    Html::all([begin, end].into_iter().chain(switched))
}

fn key() -> Html {
    let entry = |class: &str, text: &str| {
        let dot = Html::tag("i", &[("class", class)], "");
        Html::element("span", &[], [dot, Html::text(text)])
    };
    let entries = [
        entry("dot fresh", "fresh connection"),
        entry("dot keep-alive", "kept connection"),
        entry("dot lost", "lost"),
        entry("dash", "the new release first heard"),
    ];
    Html::element("p", &[("class", "key")], entries)
}
