//! A plan as it is reviewed: what is shown is what has a digest, and exactly that is applied.

use serde::{Deserialize, Serialize};

/// What a verb would do to an environment, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The verb that would do it.
    pub verb: String,
    pub environment: String,
    /// What would be done; the digest of the plan is that of these lines.
    pub steps: Vec<ReviewStep>,
}

/// One step, with all that tells it from another step of the same kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewStep {
    /// What is done, for people.
    pub what: String,
    /// Digests of what it is done with: an image, a migration file.
    pub with: Vec<String>,
}

impl ReviewStep {
    /// A step that is told by its words alone.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), with: Vec::new() }
    }

    /// Adds the digest of something it is done with.
    #[must_use]
    pub fn with(mut self, digest: impl Into<String>) -> Self {
        self.with.push(digest.into());
        self
    }
}

impl Review {
    /// Each difference between this, which was reviewed, and what would be done `now`.
    pub fn moved(&self, now: &Self) -> Vec<String> {
        let mut moved = Vec::new();
        if (&self.verb, &self.environment) != (&now.verb, &now.environment) {
            let (was, is) = ((&self.verb, &self.environment), (&now.verb, &now.environment));
            moved.push(format!("it was for `{} {}`, not `{} {}`", was.0, was.1, is.0, is.1));
        }
        for step in self.steps.iter().filter(|step| !now.steps.contains(step)) {
            let same = now.steps.iter().any(|it| it.what == step.what);
            let how = if same { "with something else now" } else { "no longer" };
            moved.push(format!("{how}: {}", step.what));
        }
        let is_new = |step: &&ReviewStep| !self.steps.iter().any(|it| it.what == step.what);
        let new = now.steps.iter().filter(is_new);
        moved.extend(new.map(|step| format!("not reviewed: {}", step.what)));
        if moved.is_empty() && self != now {
            moved.push("the steps are the same, in another order".to_owned());
        }
        moved
    }

    /// The steps as they are shown, one a line.
    pub fn lines(&self) -> String {
        let lines: Vec<String> = self.steps.iter().map(|step| format!("  {}", step.what)).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(steps: &[(&str, &str)]) -> Review {
        let step = |(what, with): &(&str, &str)| ReviewStep::new(*what).with(*with);
        let steps = steps.iter().map(step).collect();
        Review { verb: "migrate".into(), environment: "local".into(), steps }
    }

    #[test]
    fn what_moved_since_the_review_is_named() {
        let reviewed = review(&[("apply `a`", "1"), ("apply `b`", "2"), ("apply `c`", "3")]);
        let now = review(&[("apply `b`", "9"), ("apply `c`", "3"), ("apply `d`", "4")]);
        assert_eq!(
            reviewed.moved(&now),
            [
                "no longer: apply `a`",
                "with something else now: apply `b`",
                "not reviewed: apply `d`"
            ]
        );
        assert_eq!(reviewed.moved(&reviewed), [""; 0]);
    }

    #[test]
    fn another_order_and_another_environment_are_other_plans() {
        let reviewed = review(&[("apply `a`", "1"), ("apply `b`", "2")]);
        let turned = review(&[("apply `b`", "2"), ("apply `a`", "1")]);
        assert_eq!(reviewed.moved(&turned), ["the steps are the same, in another order"]);
        let elsewhere = Review { environment: "staging".into(), ..reviewed.clone() };
        assert_eq!(
            reviewed.moved(&elsewhere),
            ["it was for `migrate local`, not `migrate staging`"]
        );
    }
}
