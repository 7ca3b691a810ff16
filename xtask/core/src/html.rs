//! HTML that cannot be broken by what stands in it: text and values are escaped where they enter,
//! and names of elements and attributes are ours.

use crate::escape::html as escaped;
use std::fmt::{Display, Write as _};

/// A piece of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

/// An attribute: a name of ours, and any value.
pub(crate) type Attribute<'a> = (&'static str, &'a str);

impl Html {
    pub(crate) fn text(text: impl Display) -> Self {
        Self(escaped(&text.to_string()))
    }

    /// An element with what is inside it.
    pub(crate) fn element(
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
    pub(crate) fn tag(
        name: &'static str,
        attributes: &[Attribute<'_>],
        text: impl Display,
    ) -> Self {
        Self::element(name, attributes, [Self::text(text)])
    }

    /// An element that ends at once.
    pub(crate) fn void(name: &'static str, attributes: &[Attribute<'_>]) -> Self {
        Self(opened(name, attributes))
    }

    /// The style sheet, which is ours as a whole.
    pub(crate) fn style(sheet: &'static str) -> Self {
        Self(format!("<style>{sheet}</style>"))
    }

    /// One piece after the other.
    pub(crate) fn all(pieces: impl IntoIterator<Item = Self>) -> Self {
        Self(pieces.into_iter().map(|it| it.0).collect())
    }

    /// The whole document.
    pub(crate) fn document(self) -> String {
        format!("<!doctype html>\n{}\n", self.0)
    }
}

/// Nothing is fetched, nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A page that needs nothing else, in the one style that pages of ours have.
pub(crate) fn page(title: impl Display, body: Vec<Html>) -> String {
    let head = Html::element(
        "head",
        &[],
        [
            Html::void("meta", &[("charset", "utf-8")]),
            Html::void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]),
            Html::void("meta", &[("name", "viewport"), ("content", "width=device-width")]),
            Html::void("meta", &[("name", "color-scheme"), ("content", "light dark")]),
            Html::tag("title", &[], title),
            Html::style(include_str!("html/page.css")),
        ],
    );
    let body = Html::element("body", &[], [Html::element("main", &[], body)]);
    Html::element("html", &[("lang", "en")], [head, body]).document()
}

/// A part of a page under a heading.
pub(crate) fn section(title: &str, inside: Html) -> Html {
    Html::element("section", &[], [Html::tag("h2", &[], title), inside])
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
