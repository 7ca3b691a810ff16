//! Records that were written while the database could not be reached: one a line, in a file.
//!
//! A line is only ever added, so a run that is killed while it writes leaves at most a torn last
//! line. That one was never promised to anybody, and is passed over; any other is damage.

use super::Record;
use crate::digest::Digest;
use std::collections::BTreeSet;

/// What such a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The whole records, in the order of writing.
    pub records: Vec<Record>,
    /// How many bytes they take; what follows is a torn line.
    pub whole: usize,
    /// How many bytes are torn.
    pub torn: usize,
}

/// A file of records is damaged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OfflineError {
    /// A line is no record.
    #[error("line {0} is not a record")]
    NoRecord(usize),
}

/// A record as it stands in the file.
pub fn line(record: &Record) -> String {
    let mut line = record.body();
    line.push('\n');
    line
}

/// Reads such a file.
pub fn lines(bytes: &[u8]) -> Result<Lines, OfflineError> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |it| it + 1);
    let mut records = Vec::new();
    for (line, number) in bytes[..whole].split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let record = serde_json::from_slice(line);
        records.push(record.map_err(|_| OfflineError::NoRecord(number))?);
    }
    Ok(Lines { records, whole, torn: bytes.len() - whole })
}

/// Those of `written` that `ledger` has not, each once, marked as added at `now`.
pub fn unmerged(written: &[Record], ledger: &[Record], now: &str) -> Vec<Record> {
    let mut known: BTreeSet<Digest> = ledger.iter().map(Record::identity).collect();
    let new = written.iter().filter(|record| known.insert(record.identity()));
    new.map(|record| Record { merged: Some(now.to_owned()), ..record.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Outcome};
    use super::*;

    fn record(to: &str) -> Record {
        Record::new(Action::Rollback, Outcome::Done, "ada", "2026-11-27T00:00:00Z", to)
    }

    #[test]
    fn a_torn_last_line_is_passed_over_wherever_it_is_torn() {
        let (first, second) = (line(&record("a")), line(&record("b")));
        let both = format!("{first}{second}").into_bytes();
        for cut in first.len()..both.len() {
            let read = lines(&both[..cut]).unwrap();
            assert_eq!(read.records, [record("a")], "{cut}");
            assert_eq!((read.whole, read.torn), (first.len(), cut - first.len()));
        }
        assert_eq!(lines(&both).unwrap().records.len(), 2);
        assert_eq!(lines(b"").unwrap(), Lines::default());
    }

    #[test]
    fn any_other_line_that_is_no_record_is_named() {
        let text = format!("{}{{}}\n{}", line(&record("a")), line(&record("b")));
        assert_eq!(lines(text.as_bytes()), Err(OfflineError::NoRecord(2)));
    }

    #[test]
    fn each_record_is_merged_once_from_a_file_that_grew() {
        let first = unmerged(&[record("a")], &[record("x")], "later");
        assert_eq!(first.len(), 1);
        assert_eq!(
            (first[0].merged.as_deref(), first[0].at.as_str()),
            (Some("later"), "2026-11-27T00:00:00Z")
        );
        let grown = [record("a"), record("b"), record("b")];
        let second = unmerged(&grown, &first, "even later");
        assert_eq!(second.iter().map(|it| it.to.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
