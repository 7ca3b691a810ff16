//! `docs/errors.md`: every code of a failure, and the section that tells what to do.

use crate::error::code::{ALL, Code};

const OPERATING: &str = include_str!("../../../docs/OPERATING.md");

const HEAD: &str = "# Error codes

`cargo xtask docs` makes this page from the list in `xtask/src/error/code.rs`; an edit by hand is found by `./x ci`.
A failure ends with its code, and with `--json` it is the key `code`.
A code is never renamed; the words beside it may change.
`cargo xtask explain CODE` prints what to do.

| code | what is the matter | what to do |
|---|---|---|
";

/// The whole page.
pub(super) fn page() -> String {
    let row = |code: &&Code| {
        let (section, anchor) = (code.section, anchor(code.section));
        format!("| `{}` | {} | [{section}](OPERATING.md#{anchor}) |\n", code.name, code.means)
    };
    HEAD.to_owned() + &ALL.iter().map(row).collect::<String>()
}

/// What the page on operating says below the heading of `code`.
pub fn section(code: &Code) -> Option<&'static str> {
    let heading = format!("\n## {}\n", code.section);
    let start = OPERATING.find(&heading)? + 1;
    let rest = &OPERATING[start..];
    let end = rest[2..].find("\n## ").map_or(rest.len(), |at| at + 2);
    Some(rest[..end].trim_end())
}

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = |it: &char| it.is_alphanumeric() || matches!(it, ' ' | '-');
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_section() {
        let missing: Vec<&str> =
            ALL.iter().filter(|it| section(it).is_none()).map(|it| it.section).collect();
        assert_eq!(missing, [""; 0], "no such heading in docs/OPERATING.md");
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let code = Code::named("E-port-taken").unwrap();
        let section = section(code).unwrap();
        assert!(section.starts_with("## A port is taken\n"), "{section}");
        assert_eq!(section.matches("\n## ").count(), 0);
        assert_eq!(anchor("Debian's archive is refused"), "debians-archive-is-refused");
    }
}
