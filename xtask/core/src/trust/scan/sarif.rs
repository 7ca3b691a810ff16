//! What the scanner found, as GitHub's code scanning takes it.

use super::policy::ScanPolicy;
use super::scan_finding;
use crate::moment::Moment;
use serde_json::{Value, json};

/// `answer` with what the policy neither lets pass nor allows; the scanner writes SARIF from it.
pub fn shown(mut answer: Value, policy: &ScanPolicy, now: Moment) -> Value {
    scan_finding::retain(&mut answer, &|finding| {
        let allowance = policy.allowance(finding);
        let allowed = allowance.is_some_and(|it| !it.is_expired(now));
        policy.action(finding).is_some() && !allowed
    });
    for result in answer["Results"].as_array_mut().into_iter().flatten() {
        // Licences are evidence; nothing judges them, so they are no alert.
        result.as_object_mut().map(|it| it.shift_remove("Licenses"));
    }
    answer
}

/// One document of several, each with its category: two runs without one would replace each other.
pub fn together(documents: Vec<(String, Value)>) -> Value {
    let mut runs = Vec::new();
    let (mut version, mut schema) = (json!("2.1.0"), Value::Null);
    for (category, mut document) in documents {
        (version, schema) = (document["version"].take(), document["$schema"].take());
        for run in document["runs"].as_array_mut().into_iter().flatten() {
            run["automationDetails"] = json!({ "id": format!("{category}/") });
            runs.push(run.take());
        }
    }
    json!({ "$schema": schema, "version": version, "runs": runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_put_together_with_a_category_each() {
        let document =
            |name: &str| json!({ "version": "2.1.0", "$schema": "s", "runs": [{ "tool": name }] });
        let documents = vec![("a".to_owned(), document("x")), ("b".to_owned(), document("y"))];
        let together = together(documents);
        assert_eq!(together["version"], "2.1.0");
        assert_eq!(together["runs"][0]["automationDetails"]["id"], "a/");
        assert_eq!(
            together["runs"][1],
            json!({ "tool": "y", "automationDetails": { "id": "b/" } })
        );
    }
}
