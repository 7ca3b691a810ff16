//! When to worry about back-ups: none, too old, too few, much smaller than before, a moved clock.

use super::retention::is_future;
use crate::moment::Moment;
use serde::Serialize;
use std::fmt;

/// From where on there is an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The newest one must be younger.
    pub max_age_hours: u64,
    /// So many there must be.
    pub min_count: u64,
    /// The newest may be smaller than the one before by less than this.
    pub size_drop_percent: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_age_hours: 26, min_count: 1, size_drop_percent: 50 }
    }
}

/// A whole back-up, as far as an alarm needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sized {
    pub id: String,
    pub at: Moment,
    pub bytes: u64,
}

/// Something to worry about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Alarm {
    /// There is none at all.
    None,
    Old {
        hours: u64,
        max: u64,
    },
    Few {
        count: u64,
        min: u64,
    },
    Smaller {
        before: u64,
        after: u64,
        percent: u64,
    },
    Future {
        id: String,
        at: String,
    },
}

impl fmt::Display for Alarm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("there is no whole back-up"),
            Self::Old { hours, max } => {
                write!(formatter, "the newest is {hours} hours old, more than {max}")
            }
            Self::Few { count, min } => write!(formatter, "there are {count}, fewer than {min}"),
            Self::Smaller { before, after, percent } => write!(
                formatter,
                "the newest has {after} bytes, the one before {before}: {percent} % less"
            ),
            Self::Future { id, at } => {
                write!(formatter, "`{}` is from {at}, which is in the future", short(id))
            }
        }
    }
}

/// The first characters of a name of restic's, as it shows them itself.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Everything to worry about.
pub fn judge(backups: &[Sized], limits: Limits, now: Moment) -> Vec<Alarm> {
    let future = backups.iter().filter(|it| is_future(it.at, now));
    let mut alarms: Vec<Alarm> =
        future.map(|it| Alarm::Future { id: it.id.clone(), at: it.at.to_string() }).collect();
    let mut known: Vec<&Sized> = backups.iter().filter(|it| !is_future(it.at, now)).collect();
    known.sort_by_key(|it| std::cmp::Reverse(it.at));
    let Some(newest) = known.first() else {
        alarms.push(Alarm::None);
        return alarms;
    };
    let hours = now.hours_since(newest.at);
    if hours >= limits.max_age_hours {
        alarms.push(Alarm::Old { hours, max: limits.max_age_hours });
    }
    let count = known.len() as u64;
    if count < limits.min_count {
        alarms.push(Alarm::Few { count, min: limits.min_count });
    }
    alarms.extend(known.get(1).and_then(|before| smaller(before.bytes, newest.bytes, limits)));
    alarms
}

fn smaller(before: u64, after: u64, limits: Limits) -> Option<Alarm> {
    let lost = before.saturating_sub(after);
    let percent = u64::try_from(u128::from(lost) * 100 / u128::from(before.max(1))).unwrap_or(100);
    (percent >= limits.size_drop_percent).then_some(Alarm::Smaller { before, after, percent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(at: &str, bytes: u64) -> Sized {
        Sized { id: "0123456789abcdef".into(), at: at.parse().unwrap(), bytes }
    }

    fn said(backups: &[Sized]) -> Vec<String> {
        let limits = Limits { min_count: 2, ..Limits::default() };
        let alarms = judge(backups, limits, "2026-11-27T12:00:00Z".parse().unwrap());
        alarms.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn two_fresh_ones_of_about_a_size_are_no_reason_to_worry() {
        let backups = [sized("2026-11-26T11:00:00Z", 100), sized("2026-11-27T11:00:00Z", 51)];
        assert_eq!(said(&backups), [""; 0]);
    }

    #[test]
    fn each_thing_to_worry_about_is_said() {
        assert_eq!(said(&[]), ["there is no whole back-up"]);
        assert_eq!(
            said(&[sized("2026-11-26T10:00:00Z", 1)]),
            ["the newest is 26 hours old, more than 26", "there are 1, fewer than 2"]
        );
        assert_eq!(
            said(&[sized("2026-11-26T11:00:00Z", 100), sized("2026-11-27T11:00:00Z", 50)]),
            ["the newest has 50 bytes, the one before 100: 50 % less"]
        );
        assert_eq!(
            said(&[sized("2026-11-27T14:00:00Z", 100)]),
            [
                "`01234567` is from 2026-11-27T14:00:00Z, which is in the future",
                "there is no whole back-up"
            ]
        );
    }

    #[test]
    fn sizes_beyond_measure_are_compared() {
        let huge = [sized("2026-11-26T11:00:00Z", u64::MAX), sized("2026-11-27T11:00:00Z", 0)];
        assert_eq!(said(&huge).len(), 1);
        let empty = [sized("2026-11-26T11:00:00Z", 0), sized("2026-11-27T11:00:00Z", 0)];
        assert_eq!(said(&empty).len(), 0);
    }
}
