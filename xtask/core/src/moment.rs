//! When: a day of the calendar and a moment in UTC, as they stand in files. What time it is now
//! is handed in.

use std::fmt;
use std::str::FromStr;

const DAY_SECONDS: i64 = 86_400;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: i64,
    month: i64,
    day: i64,
}

/// A moment in UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970.
    seconds: i64,
}

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
        later.number() - self.number()
    }

    /// Days since 1970, by the rule of Gregory's calendar: an era is 400 years, and a year begins
    /// in March, so that the leap day is its last.
    fn number(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn month_length(year: i64, month: i64) -> i64 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let parts: Vec<Option<i64>> = text.split('-').map(digits).collect();
        let shaped = text.len() == 10 && text.is_ascii() && text.as_bytes()[4] == b'-';
        match parts.as_slice() {
            &[Some(year), Some(month), Some(day)]
                if shaped
                    && (1..=12).contains(&month)
                    && (1..=Self::month_length(year, month)).contains(&day) =>
            {
                Ok(Self { year, month, day })
            }
            _ => Err(NotADay(text.to_owned())),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Moment {
    /// Whole hours from `earlier` to this moment; none if `earlier` is later.
    pub fn hours_since(self, earlier: Self) -> u64 {
        u64::try_from((self.seconds - earlier.seconds) / 3600).unwrap_or(0)
    }

    /// How many days `day` is after this moment's; negative if it is before.
    pub fn days_until(self, day: Day) -> i64 {
        day.number() - self.seconds.div_euclid(DAY_SECONDS)
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let read = || {
            let (day, clock) = text.strip_suffix('Z')?.split_once('T')?;
            let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
            let parts: Vec<i64> = clock.split(':').map(digits).collect::<Option<_>>()?;
            let &[hours, minutes, seconds] = parts.as_slice() else { return None };
            let legal = hours < 24 && minutes < 60 && seconds <= 60;
            let day: Day = day.parse().ok()?;
            let seconds = hours * 3600 + minutes * 60 + seconds;
            legal.then(|| Self { seconds: day.number() * DAY_SECONDS + seconds })
        };
        read().ok_or_else(|| NotAMoment(text.to_owned()))
    }
}

/// A number of digits only: no sign, no blank.
fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_counts_from_1970_over_leap_years() {
        let numbers = ["1970-01-01", "2000-02-29", "2000-03-01", "2026-11-23"].map(day);
        assert_eq!(numbers.map(Day::number), [0, 11_016, 11_017, 20_780]);
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
        for text in ["2026-11-23", "2026-11-23T25:00:00Z", "2026-11-23T09:14:02", ""] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
