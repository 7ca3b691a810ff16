//! How much of the code tests walk through: LCOV, as all three languages write it, in one line.

use serde::Serialize;
use std::fmt;

/// How many there are, and how many tests reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// Those that tests reached.
    pub reached: u64,
    /// All of them.
    pub all: u64,
}

/// What the tests of one language cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Lines that can be executed.
    pub lines: Reached,
    /// Functions, if they were counted.
    pub functions: Reached,
    /// Ways that the code can take where it decides, if they were counted.
    pub branches: Reached,
}

impl Coverage {
    /// Adds up the totals of all files in `lcov`; `None` if it has none.
    pub fn parse(lcov: &str) -> Option<Self> {
        let mut coverage = Self::default();
        for line in lcov.lines() {
            let Some((kind, number)) = line.split_once(':') else { continue };
            let counter = match kind {
                "LH" => &mut coverage.lines.reached,
                "LF" => &mut coverage.lines.all,
                "FNH" => &mut coverage.functions.reached,
                "FNF" => &mut coverage.functions.all,
                "BRH" => &mut coverage.branches.reached,
                "BRF" => &mut coverage.branches.all,
                _ => continue,
            };
            *counter += number.trim().parse::<u64>().ok()?;
        }
        (coverage.lines.all > 0).then_some(coverage)
    }
}

impl fmt::Display for Reached {
    /// One digit after the point, never rounded up: 100 % means all.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.reached * 1000 / self.all.max(1);
        write!(formatter, "{}.{} % of {}", tenths / 10, tenths % 10, self.all)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} lines", self.lines)?;
        for (what, reached) in [("functions", self.functions), ("branches", self.branches)] {
            if reached.all > 0 {
                write!(formatter, ", {reached} {what}")?;
            }
        }
        Ok(())
    }
}

/// `lcov` with the names of files as they are from `root`, so that it means the same elsewhere.
pub fn relative(lcov: &str, root: &str) -> String {
    let root = format!("SF:{}/", root.trim_end_matches('/'));
    let named = |line: &str| match line.strip_prefix(&root) {
        Some(path) => format!("SF:{path}\n"),
        None => format!("{line}\n"),
    };
    lcov.lines().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LCOV: &str = "TN:\nSF:/a/src/x.ts\nFNF:2\nFNH:1\nDA:1,5\nLF:10\nLH:9\nBRF:4\nBRH:2\n\
                        end_of_record\nSF:/a/src/y.ts\nFNF:1\nFNH:1\nLF:20\nLH:20\nend_of_record\n";

    #[test]
    fn files_are_added_up_and_never_rounded_up() {
        let coverage = Coverage::parse(LCOV).unwrap();
        assert_eq!(
            coverage.to_string(),
            "96.6 % of 30 lines, 66.6 % of 3 functions, 50.0 % of 4 branches"
        );
        assert_eq!(Reached { reached: 1999, all: 2000 }.to_string(), "99.9 % of 2000");
    }

    #[test]
    fn what_was_not_counted_is_not_said() {
        let lines = Coverage::parse("SF:a\nLF:4\nLH:4\n").unwrap();
        assert_eq!(lines.to_string(), "100.0 % of 4 lines");
        assert_eq!((Coverage::parse(""), Coverage::parse("LF:x\n")), (None, None));
    }

    #[test]
    fn files_are_named_from_the_root() {
        assert!(relative(LCOV, "/a").starts_with("TN:\nSF:src/x.ts\n"));
        assert_eq!(relative("SF:/ab/c\n", "/a"), "SF:/ab/c\n");
    }
}
