//! Lines as pip joins them: `\` at the end goes on, a comment ends what it stands in.

/// A line of a list, with the number of the first line of the file that it is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) text: String,
}

/// The lines of `text` that say something, without comments.
pub(super) fn joined(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Option<Line> = None;
    for (position, physical) in text.lines().enumerate() {
        let is_comment = physical.trim_start().starts_with('#');
        let (part, goes_on) = match physical.strip_suffix('\\') {
            Some(part) if !is_comment => (part, true),
            _ => (physical, false),
        };
        let line = open.get_or_insert(Line { number: position + 1, text: String::new() });
        if !is_comment {
            line.text.push_str(part);
        }
        if !goes_on {
            lines.extend(open.take());
        }
    }
    lines.extend(open);
    for line in &mut lines {
        line.text = without_comment(&line.text).trim().to_owned();
    }
    lines.retain(|line| !line.text.is_empty());
    lines
}

/// A comment begins with `#` at the start or after a blank; elsewhere `#` is a letter.
fn without_comment(text: &str) -> &str {
    let begins =
        |(at, _): &(usize, &str)| text[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = text.match_indices('#').find(begins);
    comment.map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_keep_the_number_of_their_first() {
        let text = "# head\r\na==1 \\\r\n    --hash=x \\\r\n    --hash=y\r\n    # via b\r\n\r\n\
                    b==1#c  # d\n e \\\n# f \\\ng\\";
        let lines = joined(text);
        let found: Vec<_> = lines.iter().map(|it| (it.number, it.text.as_str())).collect();
        let first = (2, "a==1     --hash=x     --hash=y");
        assert_eq!(found, [first, (7, "b==1#c"), (8, "e"), (10, "g")]);
    }
}
