//! Text from outside, as it may stand in a page.

/// What HTML gives a meaning is written out; what would turn or hide the text around it is shown as
/// what it is not.
pub fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            _ if is_unseen(character) => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The same for a page in Markdown: no sign makes a link, a table's edge, a heading or a call.
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in html(text).chars() {
        match character {
            '\n' | '\t' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '@' => {
                escaped.push_str(&format!("&#{};", u32::from(character)));
            }
            // An address would become a link by itself.
            ':' => escaped.push_str("&#58;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn is_unseen(character: char) -> bool {
    character.is_control()
        || turns(character)
        || matches!(character, '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}')
        || matches!(character, '\u{2060}'..='\u{2065}' | '\u{feff}')
}

/// Marks of Unicode that turn the direction of writing, so that what follows looks as if it said
/// something else.
pub fn turns(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_a_text_in_a_page_of_markdown_and_nothing_else() {
        let odd = "a|b `c` [d](https://e) @f\n# g <script> \u{202e}";
        let page = markdown(odd);
        for sign in ["|", "`", "[", "](", "https:", "@", "\n", "<", "\u{202e}"] {
            assert!(!page.contains(sign), "{sign:?}: {page}");
        }
        assert_eq!(markdown("release 4ad72b8c0ffe"), "release 4ad72b8c0ffe");
    }
}
