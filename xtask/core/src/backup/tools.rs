//! The versions of the programs that dump and restore: a dump tool older than its server may leave
//! out what it does not know.

/// The major version that `pg_dump --version` and its siblings print: `pg_dump (PostgreSQL) 15.14
/// (Debian 15.14-0+deb12u1)`.
pub fn postgres_major(printed: &str) -> Option<u32> {
    let (_, rest) = printed.split_once("(PostgreSQL)")?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The major version of a server by its `server_version_num`, such as `150014`.
pub fn server_major(number: u32) -> u32 {
    number / 10_000
}

/// The version that `restic version` prints: `restic 0.14.0 compiled with go1.19.8 on linux/amd64`.
pub fn restic_version(printed: &str) -> Option<semver::Version> {
    let word = printed.strip_prefix("restic ")?.split_whitespace().next()?;
    semver::Version::parse(word).ok()
}

/// The oldest restic that we drive: from here on it compresses.
pub const RESTIC_MIN: semver::Version = semver::Version::new(0, 14, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        let major = postgres_major;
        assert_eq!(major("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("pg_dump (PostgreSQL) 18beta1"), Some(18));
        assert_eq!((major("pg_dump 15"), major("")), (None, None));
        assert_eq!(server_major(150_014), 15);
        let restic = restic_version("restic 0.14.0 compiled with go1.19.8 on linux/amd64\n");
        assert_eq!(restic, Some(RESTIC_MIN));
        assert_eq!(restic_version("restic (unknown version)"), None);
    }
}
