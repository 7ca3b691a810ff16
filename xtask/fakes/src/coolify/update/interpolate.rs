//! `$NAME` and `${NAME…}` as compose expands them.

/// What a name stands for.
type Known<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Expands a text; the fault in compose's words.
pub(super) fn expand(text: &str, known: Known<'_>) -> Result<String, String> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let (value, after) = one(&rest[at + 1..], known, text)?;
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What follows a `$`: its value, and the text after it.
fn one<'a>(after: &'a str, known: Known<'_>, whole: &str) -> Result<(String, &'a str), String> {
    if let Some(rest) = after.strip_prefix('$') {
        return Ok(("$".to_owned(), rest));
    }
    if let Some(braced) = after.strip_prefix('{') {
        let end = closing(braced).ok_or_else(|| invalid(whole))?;
        let value = substituted(&braced[..end], known, whole)?;
        return Ok((value, &braced[end + 1..]));
    }
    let name = name_of(after);
    if name.is_empty() {
        return Err(invalid(whole));
    }
    Ok((known(name).unwrap_or_default(), &after[name.len()..]))
}

/// What stands between braces: a name, and perhaps what to do without it.
fn substituted(inside: &str, known: Known<'_>, whole: &str) -> Result<String, String> {
    let name = name_of(inside);
    let operator = &inside[name.len()..];
    let (or_empty, operator) = match operator.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, operator),
    };
    let value = known(name).filter(|value| !(or_empty && value.is_empty()));
    let mut letters = operator.chars();
    match letters.next() {
        _ if name.is_empty() => Err(invalid(whole)),
        None if !or_empty => Ok(value.unwrap_or_default()),
        Some('-') => value.map_or_else(|| expand(letters.as_str(), known), Ok),
        Some('+') if value.is_some() => expand(letters.as_str(), known),
        Some('+') => Ok(String::new()),
        Some('?') => value.map_or_else(|| Err(missing(name, letters.as_str())), Ok),
        _ => Err(invalid(whole)),
    }
}

/// Where the brace closes that was opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if text[..at].ends_with('$') => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

fn name_of(text: &str) -> &str {
    let starts = text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    let end = text.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    if starts { &text[..end.unwrap_or(text.len())] } else { "" }
}

fn invalid(whole: &str) -> String {
    format!("Invalid template: {whole:?}")
}

fn missing(name: &str, message: &str) -> String {
    format!("required variable {name} is missing a value: {message}")
}
