//! Until when what an image stands on is fixed by those who make it.

use crate::moment::{Day, Moment};

/// How long before its last day it is warned of.
const WARNED_DAYS: i64 = 365;

/// A program in an image, as a scanner or an inventory names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// The package or the system.
    pub name: String,
    pub version: String,
}

struct Life {
    /// What people call it.
    called: &'static str,
    /// The names that stand for it.
    names: &'static [&'static str],
    /// How its versions start.
    version: &'static str,
    /// The last day of security updates.
    ends: &'static str,
}

/// From the release schedules of Node.js, of Python (which names a month: its last day is taken)
/// and of Debian's long-term support, as they stood in November 2026.
const LIVES: [Life; 3] = [
    Life {
        called: "Node.js 20",
        names: &["node", "nodejs", "Node.js"],
        version: "20",
        ends: "2026-04-30",
    },
    Life {
        called: "Python 3.11",
        names: &["python3.11", "python3.11-minimal", "libpython3.11-stdlib"],
        version: "3.11",
        ends: "2027-10-31",
    },
    Life { called: "Debian 12", names: &["debian"], version: "12", ends: "2028-06-30" },
];

/// What of `programs` is not fixed any more, or will not be within a year.
pub fn warnings(programs: &[Program], now: Moment) -> Vec<String> {
    let there = |life: &&Life| programs.iter().any(|program| life.is(program));
    LIVES.iter().filter(there).filter_map(|life| life.warning(now)).collect()
}

impl Life {
    fn is(&self, program: &Program) -> bool {
        let rest = program.version.strip_prefix(self.version);
        // Debian's packages of Python carry its version; `20` must not stand for `200`.
        let fits = rest.is_some_and(|rest| !rest.starts_with(|it: char| it.is_ascii_digit()));
        fits && self.names.contains(&program.name.as_str())
    }

    fn ends(&self) -> Day {
        self.ends.parse().expect("the table holds days")
    }

    fn warning(&self, now: Moment) -> Option<String> {
        let (called, ends) = (self.called, self.ends());
        match now.days_until(ends) {
            days if days < 0 => {
                Some(format!("{called} has had no security updates since {ends}: move to a newer"))
            }
            days if days <= WARNED_DAYS => {
                Some(format!("{called} gets its last security updates on {ends}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(name: &str, version: &str, now: &str) -> Vec<String> {
        let program = Program { name: name.to_owned(), version: version.to_owned() };
        warnings(&[program], format!("{now}T00:00:00Z").parse().unwrap())
    }

    #[test]
    fn what_is_not_fixed_any_more_is_warned_of_a_year_ahead_and_ever_after() {
        let node = "Node.js 20 has had no security updates since 2026-04-30: move to a newer";
        assert_eq!(warned("node", "20.20.2", "2026-11-23"), [node]);
        let python = "Python 3.11 gets its last security updates on 2027-10-31";
        assert_eq!(warned("python3.11-minimal", "3.11.2-6+deb12u6", "2026-11-23"), [python]);
        assert!(warned("debian", "12.15", "2027-06-30").is_empty());
        assert_eq!(warned("debian", "12.15", "2027-07-01").len(), 1);
        assert_eq!(warned("debian", "12.15", "2028-07-01").len(), 1);
    }

    #[test]
    fn another_version_is_not_taken_for_it() {
        assert!(warned("node", "200.1.0", "2030-01-01").is_empty());
        assert!(warned("express", "20.0.0", "2030-01-01").is_empty());
    }

    #[test]
    fn every_day_of_the_table_is_a_day() {
        assert_eq!(LIVES.each_ref().map(|life| life.ends().to_string().len()), [10; 3]);
    }
}
