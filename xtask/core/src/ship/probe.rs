//! What a probe saw while a rollout went on: requests sent, requests lost, how long they took.

use crate::ship::ledger::ProbeCount;

/// The answers of a probe, gathered one by one.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    answered_ms: Vec<u64>,
    lost: Vec<String>,
}

impl Tally {
    /// Counts an answer.
    pub fn answered(&mut self, milliseconds: u64) {
        self.answered_ms.push(milliseconds);
    }

    /// Counts a lost request with the reason.
    pub fn lost(&mut self, reason: String) {
        self.lost.push(reason);
    }

    /// Adds what another probe saw.
    pub fn merge(&mut self, other: Self) {
        self.answered_ms.extend(other.answered_ms);
        self.lost.extend(other.lost);
    }

    /// The first reasons of lost requests, for people.
    pub fn reasons(&self) -> &[String] {
        &self.lost[..self.lost.len().min(3)]
    }

    /// The numbers that go into the record.
    pub fn count(&self) -> ProbeCount {
        let mut sorted = self.answered_ms.clone();
        sorted.sort_unstable();
        let lost = self.lost.len() as u64;
        ProbeCount { sent: sorted.len() as u64 + lost, lost, p99_ms: percentile(&sorted, 99) }
    }
}

/// The smallest value that `percent` of the sorted values do not exceed; 0 of nothing.
pub fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_was_sent_and_what_was_lost() {
        let mut tally = Tally::default();
        (1..=100).for_each(|ms| tally.answered(ms));
        tally.lost("connection refused".into());
        assert_eq!(tally.count(), ProbeCount { sent: 101, lost: 1, p99_ms: 99 });
        assert_eq!(percentile(&[], 99), 0);
        assert_eq!(percentile(&[7], 99), 7);
    }
}
