//! What the script says: one line a finding, `STEP <tab> STATE <tab> WHAT`.

use serde::Serialize;
use std::fmt;

/// What it found out about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The part of the server, such as `ssh` or `firewall`.
    pub step: String,
    /// How it is.
    pub state: State,
    /// The thing: a file's path, or a sentence.
    pub what: String,
}

/// How a thing of the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The whole step is as wanted.
    Ok,
    /// It is not as wanted.
    Differs,
    /// It was not, and now is.
    Changed,
    /// It could not be looked at, or could not be mended.
    Unknown,
    /// Worth knowing; nothing to do.
    Note,
}

/// All that one run of the script said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// In the order of the steps.
    pub findings: Vec<Finding>,
}

/// A line that the script does not write: something else answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no line of the script")]
pub struct UnreadAnswer(String);

impl Answer {
    /// Reads what stood on the script's standard output.
    pub fn read(text: &str) -> Result<Self, UnreadAnswer> {
        let findings = text.lines().filter(|line| !line.trim().is_empty()).map(line);
        Ok(Self { findings: findings.collect::<Result<_, _>>()? })
    }

    /// What is in `state`.
    pub fn of(&self, state: State) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.state == state)
    }

    /// Whether the script came to its last step: a cut connection looks like a short answer.
    pub fn is_whole(&self, last: &str) -> bool {
        self.findings.iter().any(|finding| finding.step == last)
    }

    /// Whether SSH and firewall go back by themselves unless somebody confirms.
    pub fn waits_for_confirmation(&self) -> bool {
        self.of(State::Note).any(|finding| finding.step == "end")
    }
}

fn line(line: &str) -> Result<Finding, UnreadAnswer> {
    let unread = || UnreadAnswer(line.chars().take(80).collect());
    let mut parts = line.splitn(3, '\t');
    let mut part = || parts.next().ok_or_else(unread);
    let (step, state, what) = (part()?.to_owned(), part()?, part()?.to_owned());
    let state = match state {
        "ok" => State::Ok,
        "differs" => State::Differs,
        "changed" => State::Changed,
        "unknown" => State::Unknown,
        "note" => State::Note,
        _ => return Err(unread()),
    };
    Ok(Finding { step, state, what })
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ok => "ok",
            Self::Differs => "differs",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
            Self::Note => "note",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_line_by_line() {
        let text = "ssh\tdiffers\t/etc/ssh/x\nend\tnote\tconfirm within 180 seconds\n";
        let answer = Answer::read(text).unwrap();
        assert_eq!(answer.of(State::Differs).count(), 1);
        assert!(answer.waits_for_confirmation() && !answer.is_whole("optional"));
    }

    #[test]
    fn what_the_script_does_not_say_is_no_answer() {
        let error = Answer::read("Welcome to Ubuntu 22.04\n").unwrap_err();
        assert_eq!(error.to_string(), "`Welcome to Ubuntu 22.04` is no line of the script");
        assert!(Answer::read("ssh\tgood\tx").is_err());
    }
}
