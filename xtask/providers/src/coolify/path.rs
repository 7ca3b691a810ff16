//! Paths below `/api/v1/`, with what is put into them escaped.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One piece of a path or of a query. A dot piece would be resolved on the way, so its dots are
/// escaped too.
pub(super) fn piece(text: &str) -> String {
    match text {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => utf8_percent_encode(text, PLAIN).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::piece;

    #[test]
    fn a_piece_stays_one_piece() {
        assert_eq!(piece("a b/c?d#e&f%"), "a%20b%2Fc%3Fd%23e%26f%25");
        assert_eq!((piece(".."), piece("...")), ("%2E%2E".to_owned(), "...".to_owned()));
    }
}
