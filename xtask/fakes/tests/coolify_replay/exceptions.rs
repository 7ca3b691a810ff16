//! Exchanges that need not agree, each with its reason.

use crate::player::Disagreement;

#[derive(Debug)]
pub(crate) struct Exception {
    file: String,
    group: String,
    seq: u64,
    #[expect(dead_code, reason = "for whoever reads the list, or the failure")]
    reason: String,
}

impl Exception {
    /// Whether it is this one.
    pub(crate) fn covers(&self, own: &Disagreement) -> bool {
        (&self.file, &self.group, self.seq) == (&own.file, &own.group, own.seq)
    }
}

/// All of them: file, group, number and reason, a line each.
pub(crate) fn all() -> Vec<Exception> {
    let lines = include_str!("exceptions.tsv").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(exception).collect()
}

fn exception(line: &str) -> Exception {
    let columns: Vec<&str> = line.split('\t').collect();
    let [file, group, seq, reason] = columns[..] else {
        panic!("an exception has four columns: {line}");
    };
    let seq = seq.parse().expect("the number of an exchange");
    assert!(!reason.is_empty(), "an exception has a reason: {line}");
    Exception { file: file.to_owned(), group: group.to_owned(), seq, reason: reason.to_owned() }
}
