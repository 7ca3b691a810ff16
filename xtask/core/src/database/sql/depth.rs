//! How deep brackets, `CASE` and signs before a value are nested. The parser calls itself for each
//! of them, and a stack has an end: what is deeper is not given to it.

use std::borrow::Cow;
use std::ops::Range;

/// Nobody writes as many by hand, and a stack of two megabytes holds them.
const LIMIT: usize = 100;

/// Where a text is nested too deep for the parser.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    Scan::of(text).find(|it| it.depth > LIMIT).map(|it| it.place.start)
}

pub(super) fn why() -> String {
    format!(
        "brackets, CASE or NOT are nested more than {LIMIT} deep, which cannot be read here; split \
         the statement, or leave out what is not needed"
    )
}

/// The text without what is nested too deep; its other words are all there.
pub(super) fn flattened(text: &str) -> Cow<'_, str> {
    let deep: Vec<Range<usize>> =
        Scan::of(text).filter(|it| it.depth > LIMIT).map(|it| it.place).collect();
    if deep.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut flat = String::with_capacity(text.len());
    let mut from = 0;
    for Range { start, end } in deep {
        flat.push_str(&text[from..start]);
        flat.extend(std::iter::repeat_n(' ', end - start));
        from = end;
    }
    flat.push_str(&text[from..]);
    Cow::Owned(flat)
}

/// Something that nests, and how deep it stands.
struct Nest {
    place: Range<usize>,
    depth: usize,
}

/// Walks a text once, past its texts, comments and dollar quotes.
struct Scan<'t> {
    text: &'t str,
    at: usize,
    /// Brackets and `CASE` that are open.
    open: usize,
    /// `NOT` and signs that stand before the next value.
    before: usize,
}

impl<'t> Scan<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, at: 0, open: 0, before: 0 }
    }

    /// Passes a piece by, up to and with the first `end` behind `skip` bytes.
    fn past(&mut self, skip: usize, end: &str) {
        let from = self.at + skip;
        let found = self.text.get(from..).and_then(|rest| rest.find(end));
        self.at = found.map_or(self.text.len(), |at| from + at + end.len());
    }

    fn past_comment(&mut self) {
        let mut depth = 0_usize;
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            match bytes.get(self.at..self.at + 2) {
                Some(b"/*") => depth += 1,
                Some(b"*/") => depth -= 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return;
            }
        }
    }

    /// `$$` or `$tag$`, if one stands here.
    fn tag(&self) -> Option<&'t str> {
        let rest = &self.text[self.at..];
        let end = rest[1..].find('$')? + 1;
        let is_tag = |it: char| it.is_alphanumeric() || it == '_';
        let name = &rest[1..end];
        let is_number = name.starts_with(|it: char| it.is_ascii_digit());
        (!is_number && name.chars().all(is_tag)).then(|| &rest[..=end])
    }

    fn nest(&mut self, length: usize) -> Nest {
        let place = self.at..self.at + length;
        self.at = place.end;
        Nest { place, depth: self.open + self.before }
    }

    fn word(&mut self) -> Option<Nest> {
        let rest = &self.text[self.at..];
        let is_part = |it: char| it.is_alphanumeric() || matches!(it, '_' | '$');
        let length = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        let is = |word: &str| rest[..length].eq_ignore_ascii_case(word);
        match () {
            () if is("not") => self.before += 1,
            () if is("case") => self.open += 1,
            () => {
                self.open -= usize::from(is("end") && self.open > 0);
                self.before = 0;
                self.at += length;
                return None;
            }
        }
        Some(self.nest(length))
    }
}

impl Iterator for Scan<'_> {
    type Item = Nest;

    fn next(&mut self) -> Option<Nest> {
        loop {
            let rest = self.text.get(self.at..)?;
            let sign = rest.chars().next()?;
            match sign {
                '\'' | '"' => {
                    self.before = 0;
                    self.past(1, if sign == '"' { "\"" } else { "'" });
                }
                '-' if rest.starts_with("--") => self.past(2, "\n"),
                '/' if rest.starts_with("/*") => self.past_comment(),
                '$' => match self.tag() {
                    Some(tag) => self.past(tag.len(), tag),
                    None => self.at += 1,
                },
                '(' | '[' => {
                    self.open += 1;
                    return Some(self.nest(1));
                }
                ')' | ']' => {
                    (self.open, self.before) = (self.open.saturating_sub(1), 0);
                    self.at += 1;
                }
                ';' => {
                    (self.open, self.before) = (0, 0);
                    self.at += 1;
                }
                '+' | '-' | '~' | '@' | '!' | '|' | '#' | '&' | '?' | '^' | '%' | '`' => {
                    self.before += 1;
                    return Some(self.nest(1));
                }
                it if it.is_alphanumeric() || it == '_' => {
                    if let Some(nest) = self.word() {
                        return Some(nest);
                    }
                }
                it => self.at += it.len_utf8(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_is_counted_and_what_only_looks_so_is_not() {
        let deep = |open: &str, close: &str| {
            format!("SELECT {}1{};", open.repeat(5000), close.repeat(5000))
        };
        let nested = [("(", ")"), ("NOT ", ""), ("- ", ""), ("CASE WHEN ", " THEN 1 END")];
        for (open, close) in nested {
            assert!(too_deep(&deep(open, close)).is_some(), "{open}");
        }
        for flat in [
            deep("", "+1"),
            deep("'('||", ""),
            deep("", " OR NOT 1"),
            deep("(1),", ""),
            deep("CASE 1 END,", ""),
            format!(
                "SELECT '{0}' \"{0}\" /* {0} /* */ {0} */ $a$ {0} $a$; -- {0}",
                "(".repeat(5000)
            ),
            "(".repeat(50) + &")".repeat(50),
        ] {
            assert_eq!(too_deep(&flat), None, "{}", &flat[..30]);
        }
        let flat = flattened("drop table a").into_owned();
        assert_eq!(flat, "drop table a");
        let flat = format!("x {} drop y", "(".repeat(5000));
        let flat = flattened(&flat);
        assert!(flat.ends_with(" drop y") && flat.matches('(').count() == LIMIT);
    }
}
