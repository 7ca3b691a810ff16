//! The documents that are generated from the program, so that neither can say something else.
//!
//! To add one, write what makes its text in a file here, and its row in `all`.

mod cli;
pub mod errors;
pub mod settings;
mod tools;

/// A document, and what it must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it is, from the root of the repository.
    pub path: &'static str,
    /// Its whole text.
    pub text: String,
}

/// Where a document stops being what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line, from 1.
    pub line: usize,
    /// What stands there when it is made anew; nothing if the document ends before.
    pub wanted: Option<String>,
    /// What stands there now.
    pub found: Option<String>,
}

/// Every generated document.
pub fn all() -> Vec<Document> {
    vec![
        Document { path: "docs/cli.md", text: cli::page() },
        Document { path: "docs/errors.md", text: errors::page() },
        Document { path: "docs/tools.md", text: tools::page() },
        Document { path: "docs/deployment/ENVIRONMENT.md", text: settings::page() },
        Document { path: ".env.example", text: settings::example() },
    ]
}

impl Document {
    /// The first line at which `found` is out of step.
    pub fn differs_from(&self, found: &str) -> Option<Difference> {
        let (mut wanted, mut found) = (self.text.split('\n'), found.split('\n'));
        (1..).find_map(|line| match (wanted.next(), found.next()) {
            (None, None) => Some(None),
            (wanted, found) if wanted == found => None,
            (wanted, found) => Some(Some(Difference {
                line,
                wanted: wanted.map(ToOwned::to_owned),
                found: found.map(ToOwned::to_owned),
            })),
        })?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named_and_a_missing_end_too() {
        let document = Document { path: "a.md", text: "one\ntwo\n".into() };
        let differs = |found| document.differs_from(found).map(|it| (it.line, it.wanted, it.found));
        assert_eq!(differs("one\ntwo\n"), None);
        let (two, zwei) = (Some("two".to_owned()), Some("zwei".to_owned()));
        assert_eq!(differs("one\nzwei\n"), Some((2, two.clone(), zwei)));
        assert_eq!(differs("one"), Some((2, two, None)));
        assert_eq!(differs("one\ntwo"), Some((3, Some(String::new()), None)));
        assert_eq!(differs("one\ntwo\n\n"), Some((4, None, Some(String::new()))));
    }
}
