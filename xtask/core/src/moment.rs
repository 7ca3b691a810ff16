//! When: a day of the calendar and a moment in UTC, as they stand in files. What time it is now
//! is handed in.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::fmt;
use std::str::FromStr;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

/// A moment in UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

/// The text is no day.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a day: wanted `YYYY-MM-DD`")]
pub struct NotADay(String);

/// The text is no moment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a moment: wanted RFC 3339 in UTC, as `2026-11-23T09:14:02Z`")]
pub struct NotAMoment(String);

impl Day {
    /// How many days `later` is after this one; negative if it is before.
    pub fn days_until(self, later: Self) -> i64 {
        later.0.duration_since(self.0).as_hours() / 24
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        // The calendar's crate also reads years with a sign, and days without their dashes.
        let is_plain = text.len() == 10 && !text.starts_with(['+', '-']);
        let day = Some(text).filter(|_| is_plain).and_then(|text| text.parse().ok());
        day.map(Self).ok_or_else(|| NotADay(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Moment {
    /// The moment so many seconds after 1970 began; `None` beyond the year 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(Self)
    }

    /// The moment that RFC 3339 with any zone names, as other programs write it.
    pub fn of_any_zone(text: &str) -> Option<Self> {
        let moment = Some(text).filter(|text| text.contains('T'))?.parse::<Timestamp>().ok()?;
        Self::from_seconds(moment.as_second())
    }

    /// Whole hours from `earlier` to this moment; none if `earlier` is later.
    pub fn hours_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.duration_since(earlier.0).as_hours()).unwrap_or(0)
    }

    /// The moment so many seconds later; `None` beyond the year 9999.
    pub fn after(self, seconds: u64) -> Option<Self> {
        Self::from_seconds(self.0.as_second().checked_add(i64::try_from(seconds).ok()?)?)
    }

    /// Whole seconds from `earlier` to this moment; none if `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.duration_since(earlier.0).as_secs()).unwrap_or(0)
    }

    /// Days since 1970 began, in UTC.
    pub fn day_number(self) -> i64 {
        self.0.as_second().div_euclid(86_400)
    }

    /// Weeks since 1970 began, each beginning on Monday, in UTC. The first day of 1970 was a
    /// Thursday.
    pub fn week_number(self) -> i64 {
        (self.day_number() + 3).div_euclid(7)
    }

    /// Months since the year 0, in UTC.
    pub fn month_number(self) -> i64 {
        let date = Offset::UTC.to_datetime(self.0).date();
        i64::from(date.year()) * 12 + i64::from(date.month()) - 1
    }

    /// How many days `day` is after this moment's; negative if it is before.
    pub fn days_until(self, day: Day) -> i64 {
        Day(Offset::UTC.to_datetime(self.0).date()).days_until(day)
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let moment = Some(text).filter(|text| text.ends_with('Z') && text.contains('T'));
        let moment = moment.and_then(|text| text.parse::<Timestamp>().ok());
        let whole = moment.and_then(|it| Self::from_seconds(it.as_second()));
        whole.ok_or_else(|| NotAMoment(text.to_owned()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        let until = |text: &str| day("1970-01-01").days_until(day(text));
        let days = ["1970-01-01", "2000-02-29", "2000-03-01", "2026-11-23"].map(until);
        assert_eq!(days, [0, 11_016, 11_017, 20_780]);
        assert_eq!(day("2026-12-31").days_until(day("2027-01-01")), 1);
        assert_eq!(day("2027-01-31").to_string(), "2027-01-31");
    }

    #[test]
    fn what_is_no_day_of_the_calendar_is_refused() {
        for text in ["2026-13-01", "2026-02-29", "2026-1-01", "26-01-0001", "soon", "2026-01-+1"] {
            assert_eq!(text.parse::<Day>(), Err(NotADay(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_moment_is_read_with_and_without_fractions() {
        let moment = |text: &str| text.parse::<Moment>().unwrap();
        let at = moment("2026-11-23T09:14:02.793592259Z");
        assert_eq!(at, moment("2026-11-23T09:14:02Z"));
        assert_eq!(at.hours_since(moment("2026-11-21T09:14:03Z")), 47);
        assert_eq!(at.hours_since(moment("2026-11-24T00:00:00Z")), 0);
        assert_eq!(at.days_until(day("2026-11-25")), 2);
        assert_eq!(at.seconds_since(moment("2026-11-23T09:13:02Z")), 60);
        assert_eq!(at.to_string(), "2026-11-23T09:14:02Z");
        for text in ["2026-11-23", "2026-11-23T25:00:00Z", "2026-11-23T09:14:02", ""] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
