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

/// From this version on Postgres has `transaction_timeout`, and its programs set it on whatever
/// server they restore into.
pub const TRANSACTION_TIMEOUT: u32 = 17;

/// What to do where `pg_restore` of the major version `client` sets on a server of version `server`
/// what that one does not know; `dump` is the version that was dumped. `None` where it does not.
pub fn too_new(client: u32, server: u32, dump: u32) -> Option<String> {
    const LAST: u32 = TRANSACTION_TIMEOUT - 1;
    if client < TRANSACTION_TIMEOUT || server >= TRANSACTION_TIMEOUT {
        return None;
    }
    let programs = |which: &str| {
        let first = "put Postgres's client programs of version";
        format!("{first} {which} first on the `PATH` (apt: postgresql-client-{LAST})")
    };
    Some(match server.max(dump) {
        LAST => programs(&LAST.to_string()),
        oldest if oldest < LAST => programs(&format!("{oldest} to {LAST}")),
        _ => format!("restore into a server of version {dump} or newer: it is of one"),
    })
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
    fn a_program_that_sets_what_the_server_does_not_know_is_too_new() {
        assert_eq!(
            (too_new(16, 15, 15), too_new(18, 17, 15), too_new(17, 17, 17)),
            (None, None, None)
        );
        let hint = |client, server, dump| too_new(client, server, dump).unwrap();
        assert!(hint(17, 15, 15).contains("of version 15 to 16 first"));
        assert!(hint(18, 14, 16).contains("of version 16 first"));
        assert!(hint(17, 15, 17).contains("restore into a server of version 17 or newer"));
    }

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
