//! When a candidate counts as ready: not at its first good answer, but once it has given several in
//! a row, for a while. One that answers, falls, and answers again is not ready in between.

use std::time::Duration;

/// So many good answers in a row …
pub const ANSWERS: u32 = 3;
/// … over at least this long.
pub const SPAN: Duration = Duration::from_secs(2);

/// The good answers in a row, and when the first of them was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    answers: u32,
    since: Duration,
    restarts: Option<u64>,
}

impl Row {
    /// Counts a good answer at `now`; tells whether that makes it ready. `restarts` says how often
    /// it was started again by then: a start between two answers begins the row anew.
    pub fn good(&mut self, now: Duration, restarts: u64) -> bool {
        if self.answers == 0 || self.restarts != Some(restarts) {
            *self = Self { answers: 0, since: now, restarts: Some(restarts) };
        }
        self.answers += 1;
        self.answers >= ANSWERS && now.saturating_sub(self.since) >= SPAN
    }

    /// Anything else ends the row.
    pub fn bad(&mut self) {
        *self = Self::default();
    }
}

/// Whether a machine had more to do than its processors could, by its load and their number.
pub fn is_busy(load: f64, processors: usize) -> bool {
    load > 2.0 * processors as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At each second: good (with that many restarts) or bad. Gives the second at which it is ready.
    fn ready_at(answers: &[Option<u64>]) -> Option<usize> {
        let mut row = Row::default();
        answers.iter().enumerate().find_map(|(second, answer)| match answer {
            Some(restarts) => {
                row.good(Duration::from_secs(second as u64), *restarts).then_some(second)
            }
            None => {
                row.bad();
                None
            }
        })
    }

    #[test]
    fn several_answers_in_a_row_over_a_while_make_it_ready() {
        let good = Some(0);
        assert_eq!(ready_at(&[good, good]), None);
        assert_eq!(ready_at(&[good, good, good]), Some(2));
        assert_eq!(ready_at(&[None, good, good, None, good, good, good]), Some(6));
        assert_eq!(
            ready_at(&[good, good, Some(1), Some(1), Some(1)]),
            Some(4),
            "it fell in between"
        );
    }

    #[test]
    fn three_quick_answers_are_not_a_while() {
        let mut row = Row::default();
        assert!((0..20).all(|tenth| !row.good(Duration::from_millis(tenth * 100), 0)));
        assert!(row.good(SPAN, 0));
    }

    #[test]
    fn a_machine_with_twice_its_work_is_busy() {
        assert!(is_busy(8.5, 4) && !is_busy(7.5, 4));
    }
}
