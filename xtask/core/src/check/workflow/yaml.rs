//! YAML in one form: two spaces, keys in our order, quotes only where they are needed.

use std::fmt::Write as _;

/// A value, with a note behind it where a person would ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    /// A string; quoted if it would be read as anything else.
    Text(String),
    /// A number, `true`, `false`, or nothing at all: what is written as it stands.
    Bare(String),
    /// A value, and what is said about it behind `#`.
    Noted(Box<Yaml>, String),
    /// One line each.
    List(Vec<Yaml>),
    /// One line each, in this order.
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn bare(word: impl Into<String>) -> Self {
        Self::Bare(word.into())
    }

    pub(super) fn noted(self, note: impl Into<String>) -> Self {
        Self::Noted(Box::new(self), note.into())
    }

    pub(super) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(|text| Self::text(text.as_ref())).collect())
    }

    pub(super) fn document(&self) -> String {
        let mut text = String::new();
        self.block(0, &mut text);
        text
    }

    /// Writes each entry on lines of its own, `depth` steps in.
    fn block(&self, depth: usize, text: &mut String) {
        let margin = "  ".repeat(depth);
        match self {
            Self::Map(entries) => {
                for (key, value) in entries {
                    text.push_str(&format!("{margin}{key}:"));
                    value.behind_key(depth, text);
                }
            }
            Self::List(entries) => {
                for entry in entries {
                    let mut inner = String::new();
                    entry.block(depth + 1, &mut inner);
                    text.push_str(&format!("{margin}- {}", inner.trim_start()));
                }
            }
            scalar => writeln!(text, "{margin}{}", scalar.line()).expect("a string takes all"),
        }
    }

    fn behind_key(&self, depth: usize, text: &mut String) {
        match self {
            Self::Map(entries) if entries.is_empty() => text.push_str(" {}\n"),
            Self::Map(_) | Self::List(_) => {
                text.push('\n');
                self.block(depth + 1, text);
            }
            Self::Text(lines) if lines.contains('\n') => {
                text.push_str(" |\n");
                for line in lines.lines() {
                    text.push_str(&format!("{}{line}\n", "  ".repeat(depth + 1)));
                }
            }
            Self::Bare(word) if word.is_empty() => text.push('\n'),
            scalar => text.push_str(&format!(" {}\n", scalar.line())),
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Text(text) if is_plain(text) => text.clone(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Bare(word) => word.clone(),
            Self::Noted(value, note) => format!("{} # {note}", value.line()),
            Self::List(_) | Self::Map(_) => unreachable!("a block is no line"),
        }
    }
}

/// Whether every reader of YAML, old or new, takes it for a string as it stands.
fn is_plain(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "null", "~", "y", "n"];
    let is_number = text.replace('_', "").parse::<f64>().is_ok();
    let first = text.chars().next();
    let opens_well = first.is_some_and(|c| c.is_ascii_alphanumeric() || "./$(_".contains(c));
    opens_well
        && !is_number
        && !words.contains(&text.to_ascii_lowercase().as_str())
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_read_as_something_else_is_quoted() {
        for plain in ["main", "./x ci", "${{ github.ref }}", "a/b@c", "it's"] {
            assert_eq!(Yaml::text(plain).line(), plain);
        }
        for quoted in ["on", "No", "1", "1.10", "", "*", "- a", "a: b", "a #b", "'a", "!x", "17 4:"]
        {
            assert!(Yaml::text(quoted).line().starts_with('\''), "{quoted}");
        }
        assert_eq!(Yaml::text("'a'").line(), "'''a'''");
    }

    #[test]
    fn blocks_nest_and_notes_stand_behind() {
        let step = Yaml::Map(vec![
            ("name".into(), Yaml::text("Check")),
            ("uses".into(), Yaml::text("a/b@c").noted("v1")),
            ("with".into(), Yaml::Map(vec![("path".into(), Yaml::text("a\nb"))])),
        ]);
        let all = Yaml::Map(vec![
            ("on".into(), Yaml::Map(vec![("push".into(), Yaml::bare(""))])),
            ("permissions".into(), Yaml::Map(Vec::new())),
            ("minutes".into(), Yaml::bare("5")),
            ("steps".into(), Yaml::List(vec![step])),
        ]);
        insta::assert_snapshot!(all.document(), @"
        on:
          push:
        permissions: {}
        minutes: 5
        steps:
          - name: Check
            uses: a/b@c # v1
            with:
              path: |
                a
                b
        ");
    }
}
