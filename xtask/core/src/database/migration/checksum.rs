//! Whether a file is the one that was applied, as Prisma compares them.

use super::MigrationFile;
use crate::digest::Digest;

impl MigrationFile {
    /// Prisma accepts a file whose line ends were rewritten by a checkout, and the form of its first
    /// versions, which left out leading zeros; so do we.
    pub fn matches(&self, checksum: &str) -> bool {
        let unix = self.sql.replace("\r\n", "\n");
        let windows = unix.replace('\n', "\r\n");
        [&self.sql, &unix, &windows].into_iter().any(|text| {
            let hex = Digest::of(text.as_bytes()).hex();
            hex == checksum || unpadded(&hex) == checksum
        })
    }
}

/// Whether two checksums are of one file, as Prisma compares them. With the file both must be its
/// own, whatever its line ends were; without it only the form may differ.
pub fn is_same(file: Option<&MigrationFile>, one: &str, other: &str) -> bool {
    let is_form = one == other || unpadded(one) == other || unpadded(other) == one;
    is_form || file.is_some_and(|file| file.matches(one) && file.matches(other))
}

/// Each byte as its shortest hex: `0a` is `a`.
fn unpadded(hex: &str) -> String {
    let bytes = hex.as_bytes().chunks(2).map(|pair| match pair {
        [b'0', low] => char::from(*low).to_string(),
        pair => String::from_utf8_lossy(pair).into_owned(),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_the_old_form_are_no_edit_and_everything_else_is() {
        let file = MigrationFile::new("x", "SELECT 1;\nSELECT 2;\n");
        let windows = MigrationFile::new("x", "SELECT 1;\r\nSELECT 2;\r\n");
        assert!(file.matches(&file.checksum()) && file.matches(&windows.checksum()));
        assert!(windows.matches(&file.checksum()));
        assert!(file.matches(&unpadded(&file.checksum())));
        let edited = MigrationFile::new("x", "SELECT 1;\nSELECT 3;\n");
        assert!(!edited.matches(&file.checksum()) && !file.matches(""));
    }

    #[test]
    fn two_checksums_of_one_file_are_the_same_and_others_are_not() {
        let unix = MigrationFile::new("x", "SELECT 1;\n");
        let windows = MigrationFile::new("x", "SELECT 1;\r\n").checksum();
        let other = MigrationFile::new("x", "SELECT 2;\n").checksum();
        assert!(is_same(Some(&unix), &windows, &unix.checksum()));
        assert!(!is_same(None, &windows, &unix.checksum()), "without the file nobody can tell");
        assert!(is_same(None, &unpadded(&windows), &windows) && is_same(None, &windows, &windows));
        assert!(!is_same(Some(&unix), &other, &unix.checksum()));
    }

    #[test]
    fn the_old_form_leaves_out_the_zero_of_each_byte() {
        assert_eq!(unpadded("0a10ff00"), "a10ff0");
    }
}
