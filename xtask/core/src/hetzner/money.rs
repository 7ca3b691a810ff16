//! Amounts of money: exact, in millionths, because prices are texts with many digits.

use serde::{Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

const UNIT: u64 = 1_000_000;

/// An amount, never below nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u64);

/// The text is no amount.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no amount of money: wanted digits, and perhaps a point with more of them")]
pub struct NotMoney(String);

impl Money {
    pub fn whole(number: u64) -> Self {
        Self(number.saturating_mul(UNIT))
    }

    /// So many percent of it.
    #[must_use]
    pub fn percent(self, percent: Self) -> Self {
        let share = u128::from(self.0) * u128::from(percent.0) / u128::from(100 * UNIT);
        Self(u64::try_from(share).unwrap_or(u64::MAX))
    }

    /// What is left of it after `other`, if that is not more.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl FromStr for Money {
    type Err = NotMoney;

    /// A rest below a millionth counts as one: nothing gets cheaper by reading it.
    fn from_str(text: &str) -> Result<Self, NotMoney> {
        let wrong = || NotMoney(text.to_owned());
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        if !is_number(whole) || !is_number(rest) {
            return Err(wrong());
        }
        let padded = format!("{rest:0<6}");
        let (kept, cut) = padded.split_at(6);
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let kept: u64 = kept.parse().map_err(|_| wrong())?;
        let up = u64::from(cut.bytes().any(|it| it != b'0'));
        let sum = whole.checked_mul(UNIT).and_then(|it| it.checked_add(kept + up));
        sum.map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Money {
    /// In cents, a part of one counted as one.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.div_ceil(UNIT / 100);
        write!(formatter, "{}.{:02}", cents / 100, cents % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_is_read_exactly_and_shown_in_cents_and_never_too_low() {
        for (text, shown) in [
            ("8.4900000000000000", "8.49"),
            ("8.4900000000000001", "8.50"),
            ("5", "5.00"),
            ("0.5", "0.50"),
            ("10.1031", "10.11"),
        ] {
            assert_eq!(money(text).to_string(), shown, "{text}");
        }
        for wrong in ["", ".", "1.", "-1", "1,5", "1e3", "99999999999999999999"] {
            assert!(wrong.parse::<Money>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_and_a_sum_are_exact() {
        assert_eq!(money("8.49").percent(money("20.0")).to_string(), "1.70");
        assert_eq!([money("0.1"), money("0.2")].into_iter().sum::<Money>(), money("0.3"));
        assert_eq!(money("1").checked_sub(money("2")), None);
    }
}
