//! What a page shows of an output: addresses of the test as those of the page, and what is another
//! one each time as `…`.

/// As it stands in a page; `says` are pairs of what the page says and what it is in the test.
pub(crate) fn shown(output: &str, says: &[(String, String)]) -> String {
    let text = says.iter().fold(output.to_owned(), |text, (page, test)| instead(&text, test, page));
    // Where the whole log is has another name each time.
    let lines = text.lines().filter(|it| !it.starts_with("  log: `target/runs/"));
    lines.map(|line| cut(line).trim_end().to_owned() + "\n").collect()
}

/// `text` with `page` for every `test` that is no part of a longer word.
fn instead(text: &str, test: &str, page: &str) -> String {
    let (mut made, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(test) {
        let (before, behind) = (&rest[..at], &rest[at + test.len()..]);
        let is_in_word = before.ends_with(|it: char| it.is_ascii_alphanumeric())
            || behind.starts_with(|it: char| it.is_ascii_alphanumeric());
        made.push_str(before);
        made.push_str(if is_in_word { test } else { page });
        rest = behind;
    }
    made + rest
}

/// Digests, moments, durations and long hexadecimal names become `…`.
fn cut(line: &str) -> String {
    let (mut made, mut rest) = (String::new(), line);
    while let Some(first) = rest.chars().next() {
        let is_start = !made.ends_with(|it: char| it.is_ascii_alphanumeric() || it == '.');
        let taken = if is_start { changing(rest) } else { None };
        match taken {
            Some((length, instead)) => {
                made.push_str(instead);
                rest = &rest[length..];
            }
            None => {
                made.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    made
}

/// How much at the beginning of `text` is another one each time, and what stands there instead.
fn changing(text: &str) -> Option<(usize, &'static str)> {
    let word = text.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(text.len());
    let hex = text.find(|it: char| !matches!(it, '0'..='9' | 'a'..='f')).unwrap_or(text.len());
    if hex == word && [64, 40].contains(&hex) {
        return Some((hex, "…"));
    }
    if hex == word && hex == 12 && text[..hex].contains(|it: char| it.is_ascii_digit()) {
        return Some((hex, "…"));
    }
    if let Some(length) = moment(text) {
        return Some((length, "…"));
    }
    let number =
        text.find(|it: char| !it.is_ascii_digit() && it != '.').filter(|length| *length > 0)?;
    for unit in [" s", " ms", " min", " h"] {
        let behind = text[number..].strip_prefix(unit);
        if behind.is_some_and(|it| !it.starts_with(|next: char| next.is_ascii_alphanumeric())) {
            return Some((number, "…"));
        }
    }
    None
}

/// The length of `2026-11-27T00:00:00Z`, with parts of a second or not, or of the same with a space.
fn moment(text: &str) -> Option<usize> {
    let form = "dddd-dd-dd?dd:dd";
    let fits = |(form, it): (char, char)| match form {
        'd' => it.is_ascii_digit(),
        '?' => it == 'T' || it == ' ',
        form => form == it,
    };
    let is_moment = text.len() >= form.len() && form.chars().zip(text.chars()).all(fits);
    let end = |it: char| !(it.is_ascii_digit() || ":.Z".contains(it));
    is_moment.then(|| form.len() + text[form.len()..].find(end).unwrap_or(text.len() - form.len()))
}

#[test]
fn what_changes_from_run_to_run_is_cut_and_nothing_else_is() {
    let says = [("https://api.nutri.app", "http://127.0.0.1:4711"), ("VERSION", "r1")]
        .map(|(page, test)| (page.to_owned(), test.to_owned()));
    let digest = "a".repeat(64);
    for (output, wanted) in [
        (format!("x@sha256:{digest}"), "x@sha256:…\n"),
        ("at 2026-11-27T09:05:01.25Z, 3 of 12".to_owned(), "at …, 3 of 12\n"),
        ("at 2026-11-27 09:05, took 12.5 s".to_owned(), "at …, took … s\n"),
        ("10 stones, r2, 0001".to_owned(), "10 stones, r2, 0001\n"),
        ("serves at http://127.0.0.1:4711".to_owned(), "serves at https://api.nutri.app\n"),
        ("r1, r12, `r1`".to_owned(), "VERSION, r12, `VERSION`\n"),
        ("error: no\n  log: `target/runs/x.jsonl`".to_owned(), "error: no\n"),
        ("3f1c9a7be210 is a name".to_owned(), "… is a name\n"),
    ] {
        assert_eq!(shown(&output, &says), wanted);
    }
}
