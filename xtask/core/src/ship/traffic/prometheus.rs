//! What a service counts of its own requests, in the text format of Prometheus.

use super::{Served, is_error};
use std::collections::BTreeMap;

/// One line: a name, labels and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// A line that is none of the format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {0} of the metrics cannot be read")]
pub struct NotMetrics(usize);

/// What counts requests, and by which label it tells how they ended.
const TOTALS: [&str; 2] = ["http_requests_total", "http_request_duration_seconds_count"];
const STATUS: [&str; 3] = ["status", "status_code", "code"];
/// The label that tells what was asked for.
const ROUTE: [&str; 3] = ["route", "path", "handler"];
/// How long they took, by upper bounds.
const BUCKETS: &str = "http_request_duration_seconds_bucket";

impl Metric {
    fn label(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.labels.get(*name)).map(String::as_str)
    }

    fn is_error(&self) -> bool {
        let status = self.label(&STATUS);
        status.and_then(|it| it.parse().ok()).is_some_and(is_error) || status == Some("5xx")
    }
}

/// Reads every line.
pub fn read(text: &str) -> Result<Vec<Metric>, NotMetrics> {
    let lines = text.lines().map(str::trim).zip(1..);
    let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(line, number)| metric(line).ok_or(NotMetrics(number))).collect()
}

fn metric(line: &str) -> Option<Metric> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (BTreeMap::new(), rest),
    };
    // A moment may follow the value.
    let value = rest.split_whitespace().next()?.parse().ok()?;
    (!name.is_empty()).then(|| Metric { name: name.to_owned(), labels, value })
}

/// The labels, and what follows the bracket that ends them.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.insert(name.trim().to_owned(), value);
        rest = after;
    }
}

/// A text up to its closing quote, escapes undone, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut characters) = (String::new(), text.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

/// The requests that were served since the process began, but for those to a route that is or is
/// below one of `except`; `None` if nothing counts them.
pub fn served(metrics: &[Metric], except: &[&str]) -> Option<Served> {
    let is_counted = |it: &&Metric| {
        let route = it.label(&ROUTE).unwrap_or_default();
        !except.iter().any(|except| route == *except || route.starts_with(&format!("{except}/")))
    };
    let named = |name: &str| -> Vec<&Metric> {
        metrics.iter().filter(|it| it.name == name).filter(is_counted).collect()
    };
    let totals = TOTALS.iter().map(|name| named(name)).find(|found| !found.is_empty())?;
    let sum =
        |found: &mut dyn Iterator<Item = &&Metric>| found.map(|it| it.value).sum::<f64>() as u64;
    let errors = sum(&mut totals.iter().filter(|it| it.is_error()));
    Some(Served { requests: sum(&mut totals.iter()), errors, p95_ms: p95(&named(BUCKETS)) })
}

/// As Prometheus reckons it: evenly within the bucket in which it lies.
fn p95(buckets: &[&Metric]) -> Option<u64> {
    let mut counts: Vec<(f64, f64)> = Vec::new();
    for bucket in buckets {
        let bound: f64 = bucket.labels.get("le")?.parse().ok()?;
        match counts.iter_mut().find(|(own, _)| *own == bound) {
            Some((_, count)) => *count += bucket.value,
            None => counts.push((bound, bucket.value)),
        }
    }
    counts.sort_by(|left, right| left.0.total_cmp(&right.0));
    let wanted = counts.last()?.1 * 0.95;
    let found = counts.iter().position(|(_, count)| *count >= wanted && *count > 0.0)?;
    let (low, below) = if found == 0 { (0.0, 0.0) } else { counts[found - 1] };
    let (high, count) = counts[found];
    let seconds = match high.is_finite() {
        true => low + (high - low) * (wanted - below) / (count - below),
        false => low,
    };
    Some((seconds * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",route="/api/meals",status="200"} 900
http_requests_total{method="GET",route="/api/meals",status="503"} 40 1795740332000
http_requests_total{method="POST",route="/api/\"odd\", \\ {x}",status_code="500"} 1e1
http_requests_total{method="GET",route="/api/health/live",status="200"} 1e6
http_request_duration_seconds_bucket{route="/api/meals",le="0.1"} 500
http_request_duration_seconds_bucket{route="/api/meals",le="0.5"} 900
http_request_duration_seconds_bucket{route="/api/meals",le="1"} 1000
http_request_duration_seconds_bucket{route="/api/meals",le="+Inf"} 1000
nodejs_heap_size_used_bytes 12345678
process_open_fds NaN
"#;

    #[test]
    fn requests_are_summed_without_those_for_machines() {
        let metrics = read(TEXT).unwrap();
        assert_eq!(metrics[2].labels["route"], r#"/api/"odd", \ {x}"#);
        let found = served(&metrics, &["/api/health"]).unwrap();
        assert_eq!(found, Served { requests: 950, errors: 50, p95_ms: Some(750) });
        assert_eq!(served(&metrics, &[]).unwrap().requests, 1_000_950);
    }

    #[test]
    fn a_histogram_counts_where_no_counter_does() {
        let text = "http_request_duration_seconds_count{status=\"5xx\"} 3\n\
                    http_request_duration_seconds_bucket{le=\"0.1\"} 0\n\
                    http_request_duration_seconds_bucket{le=\"+Inf\"} 3\n";
        let found = served(&read(text).unwrap(), &[]);
        assert_eq!(found, Some(Served { requests: 3, errors: 3, p95_ms: Some(100) }));
        assert_eq!(served(&read("up 1\n").unwrap(), &[]), None, "nobody counts requests");
        let none = "http_requests_total 0\nhttp_request_duration_seconds_bucket{le=\"1\"} 0\n";
        assert_eq!(served(&read(none).unwrap(), &[]), Some(Served::default()));
    }

    #[test]
    fn what_is_no_metric_is_refused_with_its_line() {
        for (text, line) in [
            ("<!doctype html>", 1),
            ("up 1\nup", 2),
            ("up{a=\"b} 1", 1),
            ("up{a=b} 1", 1),
            ("{a=\"b\"} 1", 1),
            ("up x", 1),
        ] {
            assert_eq!(read(text), Err(NotMetrics(line)), "{text}");
        }
        assert_eq!(read(""), Ok(Vec::new()));
    }
}
