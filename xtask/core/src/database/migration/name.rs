//! Names of migrations: a time of 14 digits and a word, so that every program sorts them alike.

/// Why a pending migration may not be called so.
pub(super) fn refusal(name: &str) -> Option<String> {
    let (time, word) = name.split_once('_').unwrap_or((name, ""));
    let is_time = time.len() == 14 && time.bytes().all(|it| it.is_ascii_digit());
    let is_word = !word.is_empty()
        && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
    (!is_time || !is_word).then(|| {
        format!(
            "`{name}` is no name that all programs sort alike; wanted 14 digits of its time, `_`, \
             and small letters, digits and `_`, such as `20261127093000_add_note`"
        )
    })
}

/// The time that a name begins with.
pub(super) fn time(name: &str) -> &str {
    name.split('_').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_time_and_a_word() {
        for name in ["20261123000000_init", "20261123000000_a_2", "20261123000000__x"] {
            assert_eq!(refusal(name), None, "{name}");
        }
        for name in
            ["", "1_a", "20261123000000", "20261123000000_", "20261123000000_B", "2026112300000é_a"]
        {
            assert!(refusal(name).is_some(), "{name}");
        }
    }
}
