//! The md5sums of a package, in the one form that every scanner reads: two blanks in a line.

/// `text` line by line as `<32 hex digits>  <path>`; the one-blank and binary (` *`) forms become
/// that. One line of another form ends a whole scan, so it is refused here.
pub(super) fn normal(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut normal = Vec::with_capacity(text.len());
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let broken = || format!("its `md5sums` has a line `{}`", String::from_utf8_lossy(line));
        let (sum, rest) = line.split_at_checked(32).ok_or_else(broken)?;
        let path = rest.strip_prefix(b" ").ok_or_else(broken)?;
        let path = path.strip_prefix(b" ").or(path.strip_prefix(b"*")).unwrap_or(path);
        if path.is_empty() || !sum.iter().all(u8::is_ascii_hexdigit) {
            return Err(broken());
        }
        normal.extend([sum, b"  ", path, b"\n"].concat());
    }
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "d41d8cd98f00b204e9800998ecf8427e";

    #[test]
    fn every_usual_form_becomes_the_one_with_two_blanks() {
        for (blank, path) in [("  ", "usr/a b"), (" ", "usr/a b"), (" *", "usr/a b")] {
            let found = normal(format!("{SUM}{blank}{path}").as_bytes()).unwrap();
            assert_eq!(String::from_utf8(found).unwrap(), format!("{SUM}  {path}\n"), "{blank:?}");
        }
        assert_eq!(normal(b"").unwrap(), b"");
    }

    #[test]
    fn what_would_end_a_scan_is_refused() {
        for line in [SUM.to_owned(), format!("{SUM}\tusr/a"), "x  usr/a".into(), format!("{SUM}  ")]
        {
            let message = normal(line.as_bytes()).unwrap_err();
            assert_eq!(message, format!("its `md5sums` has a line `{line}`"));
        }
    }
}
