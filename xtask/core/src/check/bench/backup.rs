//! How fast back-ups must be taken and restored, beside the same by hand.

use super::Runs;

/// What is wanted of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    pub name: &'static str,
    pub wanted: f64,
    /// Whether less is better.
    pub is_ceiling: bool,
}

/// In the order in which a run finds them.
pub const GOALS: [Goal; 4] = [
    Goal { name: "back-up, of the speed by hand", wanted: 0.9, is_ceiling: false },
    Goal { name: "restore, of the speed of pg_restore -j2", wanted: 0.9, is_ceiling: false },
    Goal { name: "peak memory of ours, MB", wanted: 64.0, is_ceiling: true },
    Goal { name: "drill, seconds", wanted: 300.0, is_ceiling: true },
];

/// What one run found, repetition by repetition, in the order of the goals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found(pub [Runs; 4]);

impl Goal {
    pub fn is_met(&self, found: f64) -> bool {
        if self.is_ceiling { found <= self.wanted } else { found >= self.wanted }
    }

    fn row(&self, found: f64) -> Vec<String> {
        let sign = if self.is_ceiling { "≤" } else { "≥" };
        let word = if self.is_met(found) { "met" } else { "MISSED" };
        let goal = format!("{sign} {}", self.wanted);
        vec![self.name.to_owned(), format!("{found:.2}"), goal, word.to_owned()]
    }
}

impl Found {
    /// The middle one of each, and the highest peak: memory that was needed once is needed.
    pub fn values(&self) -> [f64; 4] {
        let [backup, restore, peak, drill] = &self.0;
        let highest = peak.0.iter().copied().fold(f64::NAN, f64::max);
        [backup.median(), restore.median(), highest, drill.median()]
    }

    pub fn is_met(&self) -> bool {
        GOALS.iter().zip(self.values()).all(|(goal, found)| goal.is_met(found))
    }

    /// Every goal as a row of cells, a heading first.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let heading = ["WHAT", "FOUND", "GOAL", ""].map(ToOwned::to_owned).to_vec();
        let goals = GOALS.iter().zip(self.values()).map(|(goal, found)| goal.row(found));
        [heading].into_iter().chain(goals).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_a_floor_or_a_ceiling_and_what_was_not_measured_meets_none() {
        let found = |all: [f64; 4]| Found(all.map(|it| Runs(vec![it])));
        assert!(found([0.9, 1.2, 64.0, 20.0]).is_met());
        assert!(!found([0.89, 1.2, 64.0, 20.0]).is_met() && !found([1.0, 1.0, 65.0, 1.0]).is_met());
        assert!(!Found::default().is_met());
        assert_eq!(found([0.5, 1.0, 1.0, 1.0]).rows()[1][2..], ["≥ 0.9", "MISSED"]);
    }
}
