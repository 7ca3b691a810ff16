//! What was renewed because nobody else would: each part, with its readable difference.

use serde::Serialize;

/// GitHub takes no longer text than 65 536 characters; what is said around it needs some.
const BODY_MAX: usize = 60_000;

/// One thing that is renewed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is.
    pub name: &'static str,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome", content = "said")]
pub enum Outcome {
    /// It was asked for what is newest; this is what it said.
    Asked(String),
    /// It could not be asked, and this is why.
    NotRenewed(String),
}

impl Part {
    /// Why it was not renewed, if it was not.
    pub fn gap(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Asked(_) => None,
            Outcome::NotRenewed(why) => Some(why),
        }
    }
}

/// What a person reads before taking it: part by part, then every line that differs.
pub fn body(parts: &[Part], difference: &str) -> String {
    let part = |part: &Part| match &part.outcome {
        Outcome::Asked(output) => {
            format!("### {}\n\n```text\n{}\n```\n\n", part.name, output.trim())
        }
        Outcome::NotRenewed(why) => format!("### {}: **not renewed**\n\n{why}\n\n", part.name),
    };
    let parts: String = parts.iter().map(part).collect();
    let shown: String = difference.chars().take(BODY_MAX.saturating_sub(parts.len())).collect();
    let cut = if shown.len() < difference.len() { "\nThe rest is in the commit.\n" } else { "" };
    format!(
        "{parts}<details><summary>Every line that differs</summary>\n\n\
         ````diff\n{}\n````\n{cut}\n</details>\n",
        shown.trim_end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> [Part; 2] {
        let asked = Outcome::Asked("backend: 1 package change\n".into());
        let gap = Outcome::NotRenewed("`nix` is not here".into());
        [Part { name: "image locks", outcome: asked }, Part { name: "flake.lock", outcome: gap }]
    }

    #[test]
    fn the_body_tells_what_was_renewed_what_was_not_and_every_line() {
        insta::assert_snapshot!(body(&parts(), "-a\n+b\n"), @"
        ### image locks

        ```text
        backend: 1 package change
        ```

        ### flake.lock: **not renewed**

        `nix` is not here

        <details><summary>Every line that differs</summary>

        ````diff
        -a
        +b
        ````

        </details>
        ");
    }

    #[test]
    fn a_long_difference_is_cut_and_the_body_says_so() {
        let long = body(&parts(), &"x".repeat(100_000));
        assert!(long.len() < 65_536 && long.contains("The rest is in the commit."));
    }
}
