//! What an environment asks of a release before it lets it in.

use crate::digest::Digest;
use serde::Serialize;
use std::collections::BTreeSet;

/// What is asked. Two environments with the same keys are two policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    pub environment: String,
    /// How many different keys must have attested each image.
    pub builders: u64,
    /// The ids of the keys that are believed.
    pub keys: BTreeSet<String>,
}

impl Policy {
    /// Where it is explained what a policy asks.
    pub const URI: &'static str =
        "https://github.com/nutri-app/nutri/blob/main/docs/ATTESTATIONS.md#what-a-release-must-be";

    /// Its digest. What was found under one policy says nothing under another.
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).expect("a policy is texts and a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(environment: &str, builders: u64, keys: &[&str]) -> Digest {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Policy { environment: environment.into(), builders, keys }.digest()
    }

    #[test]
    fn each_thing_that_is_asked_makes_another_policy_and_the_order_of_keys_does_not() {
        let one = policy("production", 1, &["a", "b"]);
        assert_eq!(one, policy("production", 1, &["b", "a", "a"]));
        assert_ne!(one, policy("staging", 1, &["a", "b"]));
        assert_ne!(one, policy("production", 2, &["a", "b"]));
        assert_ne!(one, policy("production", 1, &["a"]));
    }
}
