//! What tests start, or compare ours with.

use super::{Tool, Wanted, ci};

/// Every program that tests ask for.
pub(super) fn for_tests() -> Vec<Tool> {
    [servers(), peers()].concat()
}

/// Servers that tests start, and what starts them.
fn servers() -> Vec<Tool> {
    vec![
        ci(
            &[
                "postgres",
                "/usr/lib/postgresql/15/bin/postgres",
                "/usr/lib/postgresql/18/bin/postgres",
                "/usr/lib/postgresql/17/bin/postgres",
                "/usr/lib/postgresql/16/bin/postgres",
                "/usr/lib/postgresql/14/bin/postgres",
            ],
            Wanted::AtLeast(&[14]),
            "tests of stores and migrations",
            "apt: postgresql",
            "postgresql_15",
        ),
        ci(
            &["pgbouncer", "/usr/sbin/pgbouncer"],
            Wanted::AtLeast(&[1]),
            "tests of a transaction pooler",
            "apt: pgbouncer",
            "pgbouncer",
        ),
        ci(
            &["redis-server"],
            Wanted::AtLeast(&[7]),
            "tests of stores",
            "apt: redis-server",
            "redis",
        ),
        ci(
            &["docker-registry", "registry"],
            Wanted::AtLeast(&[2, 8]),
            "tests of pushing",
            "apt: docker-registry",
            "distribution",
        ),
        ci(
            &["docker-compose"],
            Wanted::AtLeast(&[1, 29]),
            "`dev`, and its tests",
            "apt: docker-compose",
            "docker-compose",
        ),
    ]
}

/// Programs that read what ours wrote, or write what ours reads.
fn peers() -> Vec<Tool> {
    vec![
        ci(
            &["skopeo"],
            Wanted::AtLeast(&[1]),
            "tests of images and pushing",
            "apt: skopeo",
            "skopeo",
        ),
        ci(
            &["debootstrap"],
            Wanted::Any,
            "tests of the server's script",
            "apt: debootstrap",
            "debootstrap",
        ),
        ci(&["ssh"], Wanted::Any, "tests of the server's script", "apt: openssh-client", "openssh"),
        ci(&["umoci"], Wanted::Any, "tests of images", "apt: umoci", "umoci"),
        ci(&["nix"], Wanted::AtLeast(&[2, 8]), "tests of the flake", "apt: nix-bin", "nix"),
        ci(
            // Debian's newer ones carry their number; its plain one is too old.
            &[
                "llvm-profdata-22",
                "llvm-profdata-21",
                "llvm-profdata-20",
                "llvm-profdata-19",
                "llvm-profdata",
            ],
            Wanted::AtLeast(&[19]),
            "says what Rust tests cover",
            "apt: llvm-19",
            "llvm",
        ),
        ci(&["strace"], Wanted::Any, "`ci --audit-inputs`", "apt: strace", "strace"),
        ci(&["gpg"], Wanted::AtLeast(&[2]), "tests of signed indexes", "apt: gnupg", "gnupg"),
        ci(&["openssl"], Wanted::AtLeast(&[3]), "tests of keys and TLS", "apt: openssl", "openssl"),
    ]
}
