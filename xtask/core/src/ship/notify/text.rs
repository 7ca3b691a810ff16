//! Words of others, made harmless and short enough.

use crate::escape::turns;

/// What stands where the rest was cut off.
const ELLIPSIS: char = '\u{2026}';
/// It has no width, and parts what must not stand together.
const APART: char = '\u{200b}';

/// The text as one line without what nobody sees: control characters, and marks that turn the
/// direction of what follows, so that nothing looks as if it said something else.
pub(super) fn line(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(visible).collect();
    words.join(" ").trim().to_owned()
}

/// The same, and lines stay lines.
pub(super) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|it| visible(it).trim_end().to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

fn visible(text: &str) -> String {
    text.chars().filter(|it| !it.is_control() && !turns(*it)).collect()
}

/// The text, so that no name behind an `@` calls anybody; `ada@laptop` stays as it is.
pub(super) fn without_calls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for it in text.chars() {
        out.push(it);
        if it == '@' && !before.is_alphanumeric() {
            out.push(APART);
        }
        before = it;
    }
    out
}

/// The text, so that it does not end a block of code that it stands in.
pub(super) fn inside_code(text: &str) -> String {
    text.replace("``", "`\u{200b}`").replace("``", "`\u{200b}`")
}

/// As much of the text as fits into `limit` characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    cut_as(text, limit, |it, out| out.push(it))
}

/// As much of the text as fits into `limit` characters after each of its own was written by
/// `write`: what stands for one character is never cut in the middle, and neither is an emoji that
/// is joined of several.
pub(super) fn cut_as(text: &str, limit: usize, write: impl Fn(char, &mut String)) -> String {
    let (mut out, mut used) = (String::new(), 0);
    // Where the text may end: in bytes of what was written, with room left for the ellipsis.
    let mut end = 0;
    let mut is_joined = false;
    for it in text.chars() {
        if used < limit && !is_joined && !joins(it) {
            end = out.len();
        }
        is_joined = it == '\u{200d}';
        let before = out.len();
        write(it, &mut out);
        used += out[before..].chars().count();
        if used > limit {
            out.truncate(end);
            out.truncate(out.trim_end().len());
            out.push(ELLIPSIS);
            return out;
        }
    }
    out
}

/// Belongs to what stands before it: joiners, variations, skin tones, accents.
fn joins(it: char) -> bool {
    matches!(it, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cut_is_on_a_character_and_says_so() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab\u{2026}");
        assert_eq!(cut("ab  cd", 4), "ab\u{2026}", "no blank before it");
        assert_eq!(cut("\u{1f680}\u{1f680}\u{1f680}", 2), "\u{1f680}\u{2026}");
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(cut(&format!("a{family}b"), 4), "a\u{2026}", "a family is not parted");
        assert_eq!(cut("e\u{301}e\u{301}", 3), "e\u{301}\u{2026}");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn what_nobody_sees_is_gone() {
        assert_eq!(line("a\u{202e}b\u{0}c\n\n d\u{2066}"), "abc d");
        assert_eq!(lines("a \r\n\u{1b}[31mb\n"), "a\n[31mb");
        assert_eq!(
            line("\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
            "letters stay"
        );
    }

    #[test]
    fn nobody_is_called_and_no_block_ends() {
        assert_eq!(
            without_calls("ada@laptop @everyone <@123>"),
            "ada@laptop @\u{200b}everyone <@\u{200b}123>"
        );
        assert!(!inside_code("a`````b").contains("``"));
    }

    proptest! {
        #[test]
        fn a_cut_fits_and_is_a_beginning(text in "\\PC*", limit in 1usize..60) {
            let out = cut(&text, limit);
            prop_assert!(out.chars().count() <= limit);
            let kept = out.strip_suffix('\u{2026}').unwrap_or(&out);
            prop_assert!(text.starts_with(kept));
            let is_said = out == text || out.ends_with('\u{2026}');
            prop_assert!(is_said);
        }
    }
}
