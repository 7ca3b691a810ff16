//! Which back-ups stay, and for what. Judged as data, at a given moment, before anything is
//! deleted; what no reason keeps is let go.

use crate::moment::Moment;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// How many back-ups of each kind stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    pub daily: u64,
    pub weekly: u64,
    pub monthly: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { daily: 7, weekly: 4, monthly: 3 }
    }
}

/// Something with a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    pub id: String,
    pub at: Moment,
    /// Whether it was made because the schema was about to change.
    pub before_change: bool,
}

/// For so long the state before a change of the schema is kept: what a migration spoilt is often
/// noticed only days later, when newer back-ups hold the spoilt rows.
const BEFORE_CHANGE_HOURS: u64 = 14 * 24;

/// What keeps a back-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is the newest of all.
    Newest,
    /// The newest of its day.
    Daily,
    /// The newest of its week, which begins on Monday.
    Weekly,
    /// The newest of its month.
    Monthly,
    /// It is from before a change of the schema, of the last two weeks.
    BeforeChange,
    /// Its time has not come yet: a clock was moved, and nothing is decided by that.
    Future,
}

/// What becomes of a back-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub id: String,
    #[serde(serialize_with = "shown")]
    pub at: Moment,
    /// Empty means: let go.
    pub kept_for: Vec<Reason>,
}

impl Verdict {
    /// Whether it stays.
    pub fn stays(&self) -> bool {
        !self.kept_for.is_empty()
    }

    /// Why it stays or goes, for people.
    pub fn why(&self) -> String {
        if self.kept_for.is_empty() {
            return "older than what is kept".to_owned();
        }
        self.kept_for.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Newest => "newest",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::BeforeChange => "before a migration",
            Self::Future => "its time is in the future",
        })
    }
}

fn shown<S: serde::Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// A clock may be this far ahead of another.
pub const CLOCKS_DIFFER_SECONDS: u64 = 3600;

/// Whether `at` is further in the future than two clocks differ.
pub fn is_future(at: Moment, now: Moment) -> bool {
    at.seconds_since(now) > CLOCKS_DIFFER_SECONDS
}

/// Judges every back-up, newest first. Periods in which there is none do not count, so that
/// back-ups which nobody renews do not go one after the other.
pub fn judge(backups: &[Dated], keep: Keep, now: Moment) -> Vec<Verdict> {
    let mut sorted: Vec<&Dated> = backups.iter().collect();
    sorted.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    let mut periods = [
        Periods::new(Reason::Daily, keep.daily, Moment::day_number),
        Periods::new(Reason::Weekly, keep.weekly, Moment::week_number),
        Periods::new(Reason::Monthly, keep.monthly, Moment::month_number),
    ];
    let mut newest = Some(Reason::Newest);
    let judged = sorted.into_iter().map(|it| {
        let kept_for = match is_future(it.at, now) {
            true => vec![Reason::Future],
            false => {
                let periods = reasons(&mut periods, it.at);
                newest.take().into_iter().chain(periods).chain(before_change(it, now)).collect()
            }
        };
        Verdict { id: it.id.clone(), at: it.at, kept_for }
    });
    judged.collect()
}

fn before_change(backup: &Dated, now: Moment) -> Option<Reason> {
    let is_young = now.hours_since(backup.at) < BEFORE_CHANGE_HOURS;
    (backup.before_change && is_young).then_some(Reason::BeforeChange)
}

fn reasons(periods: &mut [Periods; 3], at: Moment) -> Vec<Reason> {
    periods.iter_mut().filter_map(|period| period.takes(at)).collect()
}

/// The periods of one kind in which a back-up was found already.
struct Periods {
    reason: Reason,
    limit: u64,
    number: fn(Moment) -> i64,
    found: BTreeSet<i64>,
}

impl Periods {
    fn new(reason: Reason, limit: u64, number: fn(Moment) -> i64) -> Self {
        Self { reason, limit, number, found: BTreeSet::new() }
    }

    /// The first one of a period is the newest of it, because the newest come first.
    fn takes(&mut self, at: Moment) -> Option<Reason> {
        let is_full = self.found.len() as u64 >= self.limit;
        let is_new = !is_full && self.found.insert((self.number)(at));
        is_new.then_some(self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(at: &str) -> Dated {
        Dated { id: at.to_owned(), at: at.parse().unwrap(), before_change: false }
    }

    fn kept(backups: &[Dated], now: &str) -> Vec<(String, String)> {
        let verdicts = judge(backups, Keep::default(), now.parse().unwrap());
        verdicts.iter().filter(|it| it.stays()).map(|it| (it.id.clone(), it.why())).collect()
    }

    /// One a day at three in the morning for 120 days, up to the 27th of November 2026, a Friday.
    fn a_season() -> Vec<Dated> {
        let last: Moment = "2026-11-27T03:00:00Z".parse().unwrap();
        let zero: Moment = "1970-01-01T00:00:00Z".parse().unwrap();
        let seconds = last.seconds_since(zero);
        let at = |day: u64| zero.after(seconds - day * 86_400).unwrap();
        (0..120).map(|day| dated(&at(day).to_string())).collect()
    }

    #[test]
    fn a_season_of_daily_backups_leaves_seven_days_four_weeks_three_months() {
        let kept = kept(&a_season(), "2026-11-27T04:00:00Z");
        let shown: Vec<String> =
            kept.iter().map(|(id, why)| format!("{} {why}", &id[..10])).collect();
        assert_eq!(
            shown,
            [
                "2026-11-27 newest, daily, weekly, monthly",
                "2026-11-26 daily",
                "2026-11-25 daily",
                "2026-11-24 daily",
                "2026-11-23 daily",
                "2026-11-22 daily, weekly",
                "2026-11-21 daily",
                "2026-11-15 weekly",
                "2026-11-08 weekly",
                "2026-10-31 monthly",
                "2026-09-30 monthly",
            ]
        );
    }

    #[test]
    fn what_is_kept_once_is_kept_the_next_day_or_was_followed() {
        let season = a_season();
        let (today, yesterday) =
            (kept(&season, "2026-11-27T04:00:00Z"), kept(&season[1..], "2026-11-26T04:00:00Z"));
        let gone = yesterday.iter().filter(|(id, _)| !today.iter().any(|(it, _)| it == id));
        assert_eq!(gone.count(), 1, "one comes, one goes");
    }

    #[test]
    fn old_backups_that_nobody_renews_stay() {
        let old = [dated("2024-01-01T00:00:00Z"), dated("2024-01-02T00:00:00Z")];
        assert_eq!(kept(&old, "2026-11-27T04:00:00Z").len(), 2);
    }

    #[test]
    fn a_backup_from_the_future_decides_nothing_and_stays() {
        let mut all = a_season();
        all.push(dated("2036-01-01T00:00:00Z"));
        let now = kept(&all, "2026-11-27T04:00:00Z");
        assert_eq!(now[0].1, "its time is in the future");
        assert_eq!(now[1..], kept(&a_season(), "2026-11-27T04:00:00Z"));
        // A clock that was set back makes all of them the future's: nothing goes.
        assert_eq!(kept(&a_season(), "2020-01-01T00:00:00Z").len(), 120);
    }

    /// What a migration of ten in the morning spoilt, and two newer back-ups of that day hold.
    #[test]
    fn what_is_from_before_a_change_of_the_schema_stays_for_two_weeks() {
        let change = Dated { before_change: true, ..dated("2026-11-27T10:00:00Z") };
        let all = [change.clone(), dated("2026-11-27T15:00:00Z"), dated("2026-11-28T02:11:00Z")];
        let why = |now: &str| {
            let kept = kept(&all, now);
            kept.into_iter().find(|(id, _)| *id == change.id).map(|(_, why)| why)
        };
        assert_eq!(why("2026-11-28T03:00:00Z").as_deref(), Some("before a migration"));
        assert_eq!(why("2026-12-11T09:59:00Z").as_deref(), Some("before a migration"));
        assert_eq!(why("2026-12-11T10:00:00Z"), None);
    }

    #[test]
    fn of_two_at_once_one_is_kept_whatever_their_order() {
        let twice =
            |ids: [&str; 2]| ids.map(|id| Dated { id: id.into(), ..dated("2026-11-27T03:00:00Z") });
        let (one, other) = (
            kept(&twice(["a", "b"]), "2026-11-27T04:00:00Z"),
            kept(&twice(["b", "a"]), "2026-11-27T04:00:00Z"),
        );
        assert_eq!((one.len(), &one), (1, &other));
    }
}
