//! Where a symbolic link leads, without a disk: component by component, as a kernel would go.

use std::collections::VecDeque;

/// A kernel gives up after as many links.
const LINKS_MAX: usize = 40;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    File,
    Folder,
    /// A link, and its text.
    Link(&'a str),
    /// Nothing that is known.
    Nothing,
}

/// Where a link leads in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// To this path, which is no link; empty for the folder itself.
    To(String),
    /// Out of the folder.
    Out,
    /// To nothing: this is the first path on the way that is not there.
    Nowhere(String),
    /// Round in a circle.
    Round,
}

/// Follows the link at `path`, which is relative to a folder, as far as it stays inside. `look`
/// says what is at a path of the folder.
pub fn follow<'a>(path: &str, look: impl Fn(&str) -> Seen<'a>) -> Lead {
    let mut here: Vec<String> = Vec::new();
    let mut ahead: VecDeque<String> = path.split('/').map(ToOwned::to_owned).collect();
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        match part.as_str() {
            "" | "." => continue,
            ".." if here.pop().is_none() => return Lead::Out,
            ".." => continue,
            _ => here.push(part),
        }
        let at = here.join("/");
        match look(&at) {
            Seen::Folder => {}
            Seen::File if ahead.is_empty() => {}
            Seen::File | Seen::Nothing => return Lead::Nowhere(at),
            Seen::Link(text) => {
                links += 1;
                if links > LINKS_MAX {
                    return Lead::Round;
                }
                if text.starts_with('/') {
                    return Lead::Out;
                }
                here.pop();
                text.rsplit('/').for_each(|part| ahead.push_front(part.to_owned()));
            }
        }
    }
    Lead::To(here.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: [(&str, Seen<'_>); 12] = [
        ("a", Seen::Folder),
        ("a/file", Seen::File),
        ("a/up", Seen::Link("../file")),
        ("file", Seen::File),
        ("to-file", Seen::Link("./a//file")),
        ("to-folder", Seen::Link("a")),
        ("through", Seen::Link("to-folder/up")),
        ("self", Seen::Link(".")),
        ("out", Seen::Link("a/../../file")),
        ("absolute", Seen::Link("/a/file")),
        ("ping", Seen::Link("pong")),
        ("pong", Seen::Link("ping/x")),
    ];

    fn lead(text: &str) -> Lead {
        let look = |path: &str| match path {
            "link" => Seen::Link(text),
            _ => FOLDER.iter().find(|(at, _)| *at == path).map_or(Seen::Nothing, |it| it.1),
        };
        follow("link", look)
    }

    #[test]
    fn a_link_leads_where_a_kernel_would_go() {
        let to = |path: &str| Lead::To(path.to_owned());
        let nowhere = |path: &str| Lead::Nowhere(path.to_owned());
        for (text, wanted) in [
            ("file", to("file")),
            ("to-file", to("a/file")),
            ("to-folder", to("a")),
            ("to-folder/", to("a")),
            ("through", to("file")),
            ("self/self/a", to("a")),
            ("a/..", to("")),
            ("../file", Lead::Out),
            ("out", Lead::Out),
            ("absolute", Lead::Out),
            ("none", nowhere("none")),
            ("a/none/../file", nowhere("a/none")),
            ("file/..", nowhere("file")),
            ("ping", Lead::Round),
            ("link", Lead::Round),
        ] {
            assert_eq!(lead(text), wanted, "{text}");
        }
    }
}
