//! What an exit code of restic means. Versions before 0.17 have one code for every refusal; what
//! their words say is for people, so what is the matter is then found out by other questions.

/// What restic says by how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Done,
    /// Some of what was to be read could not be.
    Incomplete,
    NoRepository,
    Locked,
    WrongPassword,
    Interrupted,
    /// Anything else, and any code that we do not know: never a success.
    Failed,
}

/// The meaning of `code`; `None` is a process that a signal ended.
pub fn meaning(code: Option<i32>) -> Meaning {
    match code {
        Some(0) => Meaning::Done,
        Some(3) => Meaning::Incomplete,
        Some(10) => Meaning::NoRepository,
        Some(11) => Meaning::Locked,
        Some(12) => Meaning::WrongPassword,
        Some(130) | None => Meaning::Interrupted,
        Some(_) => Meaning::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nothing_is_done_and_what_is_unknown_failed() {
        assert_eq!(meaning(Some(0)), Meaning::Done);
        for code in [1, 2, 4, 9, 13, 127, 137, -1] {
            assert_eq!(meaning(Some(code)), Meaning::Failed, "{code}");
        }
        let known = [3, 10, 11, 12, 130].map(|code| meaning(Some(code)));
        assert!(!known.contains(&Meaning::Done) && !known.contains(&Meaning::Failed));
        assert_eq!(meaning(None), Meaning::Interrupted);
    }
}
