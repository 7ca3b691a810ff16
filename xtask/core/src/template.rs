//! A text with references in it: `postgresql://${secrets.user}@db`. Nothing is looked up here.

use std::fmt;
use std::str::FromStr;

/// A text whose references are filled in when a container is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Reference(Reference),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    name: String,
    /// It ends with `?`: where it has no answer, the whole text is left out.
    is_optional: bool,
}

/// Why a text is not a template.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`${{` without `}}`: wanted a reference such as `${{release.version}}`")]
pub struct TemplateError;

/// A reference that nothing answers to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown reference `${{{0}}}`")]
pub struct UnknownReference(pub String);

impl Template {
    /// The references in the order of the text.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference.name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Those of them that may have no answer.
    pub fn optional(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Reference(reference) if reference.is_optional => Some(reference.name.as_str()),
            _ => None,
        })
    }

    /// Those that must have one.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Reference(reference) if !reference.is_optional => Some(reference.name.as_str()),
            _ => None,
        })
    }

    /// Whether a reference that may have no answer has none: then there is no text at all.
    pub fn is_left_out(&self, has_answer: impl Fn(&str) -> bool) -> bool {
        self.optional().any(|name| !has_answer(name))
    }

    /// Whether there is no reference in it: what stands in the file is the value.
    pub fn is_literal(&self) -> bool {
        self.references().next().is_none()
    }

    /// The text with every reference replaced by what `answer` says.
    pub fn fill(
        &self,
        answer: impl Fn(&str) -> Option<String>,
    ) -> Result<String, UnknownReference> {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Reference(Reference { name, .. }) => {
                answer(name).ok_or_else(|| UnknownReference(name.clone()))
            }
        });
        parts.collect()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, next) = after.split_once('}').ok_or(TemplateError)?;
            parts.push(Part::Text(before.to_owned()));
            let is_optional = name.ends_with('?');
            let name = name.strip_suffix('?').unwrap_or(name).to_owned();
            parts.push(Part::Reference(Reference { name, is_optional }));
            rest = next;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self(parts))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => formatter.write_str(text),
            Part::Reference(Reference { name, is_optional: true }) => {
                write!(formatter, "${{{name}?}}")
            }
            Part::Reference(Reference { name, .. }) => write!(formatter, "${{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_filled_and_the_rest_is_left_alone() {
        let template: Template = "a${x.y}b$c${z}".parse().unwrap();
        let filled = template.fill(|name| Some(format!("<{name}>"))).unwrap();
        assert_eq!(filled, "a<x.y>b$c<z>");
        assert_eq!(template.to_string(), "a${x.y}b$c${z}");
        let unknown = template.fill(|name| (name == "z").then(String::new));
        assert_eq!(unknown, Err(UnknownReference("x.y".into())));
    }

    #[test]
    fn a_text_is_left_out_where_what_it_may_lack_has_no_answer() {
        let template: Template = "${x.y}-${z?}".parse().unwrap();
        assert_eq!(template.references().collect::<Vec<_>>(), ["x.y", "z"]);
        assert_eq!(template.to_string(), "${x.y}-${z?}");
        assert!(template.is_left_out(|name| name != "z"));
        assert!(!template.is_left_out(|name| name == "z"), "the other one is not its to say");
        assert_eq!(template.fill(|_| Some("a".into())).unwrap(), "a-a");
    }

    #[test]
    fn an_open_reference_is_refused() {
        assert!("a${b".parse::<Template>().is_err());
    }
}
