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
