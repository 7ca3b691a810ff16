//! Lines that begin with `-`: another list to read, what holds anyway, or what is refused.

/// What such a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// Another list to be read.
    Include(&'a str),
    /// What holds without being said.
    Nothing,
}

/// The name of the option that `text` begins with. A short one may have its value at once, and
/// that may be a secret.
pub(super) fn name(text: &str) -> &str {
    let word = text.split(|it: char| it.is_whitespace() || it == '=').next().unwrap_or_default();
    if word.starts_with("--") { word } else { word.get(..2).unwrap_or("-") }
}

/// What `text` asks for, or why it is refused.
pub(super) fn read(text: &str) -> Result<Asked<'_>, &'static str> {
    let name = name(text);
    let value = text[name.len()..].trim_start_matches('=').trim();
    match name {
        "-r" | "--requirement" => Ok(Asked::Include(value)),
        "--require-hashes" if value.is_empty() => Ok(Asked::Nothing),
        "--only-binary" if value == ":all:" => Ok(Asked::Nothing),
        "-c" | "--constraint" => Err("a list that was locked needs no constraints; \
                                      they belong to the `.in` file"),
        "-e" | "--editable" => Err("building it would run its code here; a list names wheels"),
        "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links" | "--no-index"
        | "--trusted-host" => Err("where wheels come from is a setting of the machine"),
        _ => Err("it changes what is installed; a list names wheels, by version and hash"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_taken_for_a_name() {
        for (text, wanted) in [
            ("-ihttps://user:secret@host", "-i"),
            ("--index-url=https://user:secret@host", "--index-url"),
            ("--index-url https://user:secret@host", "--index-url"),
            ("-", "-"),
            ("-é", "-"),
        ] {
            assert_eq!(name(text), wanted);
            assert!(read(text).is_err());
        }
        for text in ["-r x.txt", "-rx.txt", "--requirement x.txt", "--requirement=x.txt"] {
            assert_eq!(read(text), Ok(Asked::Include("x.txt")));
        }
    }
}
