//! HTML that cannot be broken by what stands in it: text and values are escaped where they enter,
//! and names of elements and attributes are ours.

use crate::escape::html as escaped;
use std::fmt::{Display, Write as _};

/// A piece of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

/// An attribute: a name of ours, and any value.
pub(super) type Attribute<'a> = (&'static str, &'a str);

impl Html {
    pub(super) fn text(text: impl Display) -> Self {
        Self(escaped(&text.to_string()))
    }

    /// An element with what is inside it.
    pub(super) fn element(
        name: &'static str,
        attributes: &[Attribute<'_>],
        inside: impl IntoIterator<Item = Self>,
    ) -> Self {
        let mut html = opened(name, attributes);
        inside.into_iter().for_each(|it| html.push_str(&it.0));
        write!(html, "</{name}>").expect("a string takes everything");
        Self(html)
    }

    /// An element with a text.
    pub(super) fn tag(
        name: &'static str,
        attributes: &[Attribute<'_>],
        text: impl Display,
    ) -> Self {
        Self::element(name, attributes, [Self::text(text)])
    }

    /// An element that ends at once.
    pub(super) fn void(name: &'static str, attributes: &[Attribute<'_>]) -> Self {
        Self(opened(name, attributes))
    }

    /// The style sheet, which is ours as a whole.
    pub(super) fn style(sheet: &'static str) -> Self {
        Self(format!("<style>{sheet}</style>"))
    }

    /// One piece after the other.
    pub(super) fn all(pieces: impl IntoIterator<Item = Self>) -> Self {
        Self(pieces.into_iter().map(|it| it.0).collect())
    }

    /// The whole document.
    pub(super) fn document(self) -> String {
        format!("<!doctype html>\n{}\n", self.0)
    }
}

fn opened(name: &str, attributes: &[Attribute<'_>]) -> String {
    let mut html = format!("<{name}");
    for (key, value) in attributes {
        write!(html, " {key}=\"{}\"", escaped(value)).expect("a string takes everything");
    }
    html.push('>');
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_values_stay_text_and_values() {
        let evil = "</p><script>alert('1')</script>\" onload=\"x & \u{202e}\0\u{2066}";
        let html = Html::element("p", &[("title", evil)], [Html::text(evil)]).0;
        let once = "&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; \
                    onload=&quot;x &amp; \u{fffd}\u{fffd}\u{fffd}";
        assert_eq!(html, format!("<p title=\"{once}\">{once}</p>"));
    }

    #[test]
    fn letters_of_any_language_are_kept() {
        assert_eq!(Html::text("größer → 学\n\t").0, "größer → 学\n\t");
        assert_eq!(Html::void("br", &[]).0, "<br>");
    }
}
