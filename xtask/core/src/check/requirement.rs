//! What some tests need of a machine and not every machine has. A test that misses something
//! fails, unless the caller said beforehand, by name, that it may be missing; then the test is put
//! on record as one that did not run.

use crate::check::tools;
use serde::{Deserialize, Serialize};

/// The variable that names what may be missing, separated by commas.
pub const WITHOUT: &str = "XTASK_TESTS_WITHOUT";

/// The variable that names the file to which every test that did not run adds a line.
pub const NOT_RUN: &str = "XTASK_TESTS_NOT_RUN";

/// Something that a test cannot do without.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement {
    /// What people call it in [`WITHOUT`].
    pub name: &'static str,
    /// How it is looked for.
    pub kind: Kind,
    /// How to get it.
    pub get: &'static str,
}

/// How a requirement is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program on the `PATH`, among our pinned tools, or where Debian puts servers.
    Program,
    /// A file that one of these patterns names; `*` stands for one folder. One that begins with no
    /// `/` is in the checkout.
    File(&'static [&'static str]),
    /// A Docker engine that answers.
    Engine,
    /// What the kernel lets a process do that has this bit among its effective capabilities.
    Capability(u8),
}

/// `CAP_SETUID` and `CAP_SYS_ADMIN` of `capability.h`.
const SET_USER: u8 = 7;
const ADMINISTER: u8 = 21;

/// Where Debian puts servers, which is not on everybody's `PATH`. Of Postgres any supported version
/// will do for tests; the one that is shipped comes first.
pub const SERVERS: &[&str] = &[
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/lib/postgresql/15/bin",
    "/usr/lib/postgresql/18/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/14/bin",
];

impl Requirement {
    /// The names that a program may have.
    pub fn programs(&self) -> Vec<&'static str> {
        tools::named(self.name).map_or(vec![self.name], |tool| tool.names.to_vec())
    }
}

const fn program(name: &'static str, get: &'static str) -> Requirement {
    of(name, Kind::Program, get)
}

const fn of(name: &'static str, kind: Kind, get: &'static str) -> Requirement {
    Requirement { name, kind, get }
}

/// Everything that a test may ask for.
pub fn all() -> &'static [Requirement] {
    const {
        &[
            program("age", "apt: age"),
            program("apt-get", "Debian and Ubuntu have it"),
            program("buildah", "apt: buildah"),
            program("busybox", "apt: busybox-static"),
            program("caddy", "apt: caddy"),
            program("cargo-deny", "scripts/bootstrap/tools.sh"),
            program("debootstrap", "apt: debootstrap"),
            program("docker", "apt: docker.io"),
            program("docker-compose", "apt: docker-compose"),
            of("docker-engine", Kind::Engine, "`./x up` starts it"),
            program("docker-registry", "apt: docker-registry"),
            program("fish", "apt: fish"),
            program("gitleaks", "scripts/bootstrap/tools.sh"),
            program("gpg", "apt: gnupg"),
            program("gzip", "apt: gzip"),
            of(
                "libfaketime",
                Kind::File(&["/usr/lib/*/faketime/libfaketimeMT.so.1"]),
                "apt: libfaketime",
            ),
            of("mount", Kind::Capability(ADMINISTER), "run the tests as root"),
            program("nix", "apt: nix-bin"),
            program("node", "NodeSource"),
            program("openssl", "apt: openssl"),
            program("pg_dump", "apt: postgresql-client"),
            program("pgbouncer", "apt: pgbouncer"),
            program("podman", "apt: podman"),
            program("postgres", "apt: postgresql"),
            of(
                "prisma-engine",
                Kind::File(&[
                    "xtask/tests/oracle/node_modules/@prisma/schema-engine-wasm/schema_engine_bg.wasm",
                ]),
                "cargo xtask ci --only prisma-oracle",
            ),
            program("python3", "apt: python3-venv"),
            of(
                "qemu-user-static",
                Kind::File(&["/usr/bin/qemu-aarch64-static"]),
                "apt: qemu-user-static",
            ),
            program("redis-server", "apt: redis-server"),
            program("restic", "apt: restic"),
            of("root", Kind::Capability(SET_USER), "run the tests as root"),
            program("skopeo", "apt: skopeo"),
            program("ssh", "apt: openssh-client"),
            program("strace", "apt: strace"),
            program("tar", "apt: tar"),
            program("trivy", "scripts/bootstrap/tools.sh"),
            program("umoci", "apt: umoci"),
            program("uv", "scripts/bootstrap/tools.sh"),
            program("x86_64-linux-gnu-gcc", "apt: gcc"),
            program("zsh", "apt: zsh"),
        ]
    }
}

/// The requirement of that name.
pub fn named(name: &str) -> Option<&'static Requirement> {
    all().iter().find(|it| it.name == name)
}

/// Why a list of what may be missing is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{WITHOUT} names `{name}`, which no test asks for; known: {}", known())]
pub struct UnknownRequirement {
    name: String,
}

fn known() -> String {
    all().iter().map(|it| it.name).collect::<Vec<_>>().join(", ")
}

/// What a caller says may be missing.
pub fn excused(without: &str) -> Result<Vec<&'static Requirement>, UnknownRequirement> {
    let names = without.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| named(name).ok_or(UnknownRequirement { name: name.to_owned() })).collect()
}

/// Whether `status`, the text of `/proc/self/status`, grants the capability of this bit.
pub fn grants(status: &str, bit: u8) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    bits.is_some_and(|bits| bits >> bit & 1 == 1)
}

/// A test that did not run, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRun {
    /// The test, as its runner names it.
    pub test: String,
    /// The requirement that was missing.
    pub needs: String,
}

impl NotRun {
    /// Reads a record: a JSON document on each line. What a test says twice counts once.
    pub fn read(record: &str) -> Result<Vec<Self>, serde_json::Error> {
        let lines = record.lines().filter(|line| !line.trim().is_empty());
        let mut all: Vec<Self> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
        all.sort_by(|one, other| (&one.needs, &one.test).cmp(&(&other.needs, &other.test)));
        all.dedup();
        Ok(all)
    }

    /// It as a line of a record.
    pub fn line(&self) -> String {
        let line = serde_json::to_string(self).expect("two texts are always JSON");
        format!("{line}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_missing_is_named_and_a_name_that_no_test_asks_for_is_a_mistake() {
        let names = |text| excused(text).map(|all| all.iter().map(|it| it.name).collect());
        assert_eq!(names("podman, zsh,"), Ok(vec!["podman", "zsh"]));
        assert_eq!(names(""), Ok(Vec::new()));
        let message = excused("podmann").unwrap_err().to_string();
        assert!(message.starts_with("XTASK_TESTS_WITHOUT names `podmann`, which no test asks"));
        assert!(message.contains("pgbouncer, podman"), "{message}");
    }

    #[test]
    fn names_are_unique_and_in_order() {
        let names: Vec<_> = all().iter().map(|it| it.name).collect();
        assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
    }

    #[test]
    fn a_capability_is_read_from_what_the_kernel_says() {
        let root = "Name:\tit\nCapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n";
        assert!(grants(root, ADMINISTER) && grants(root, SET_USER));
        let container = "CapEff:\t00000000a80425fb\n";
        assert!(!grants(container, ADMINISTER) && grants(container, SET_USER));
        assert!(!grants("CapEff:\t0000000000000000\n", SET_USER));
        assert!(!grants("", SET_USER), "a kernel that says nothing grants nothing");
    }

    #[test]
    fn a_record_is_read_back_in_order_and_what_is_said_twice_counts_once() {
        let not_run =
            |test: &str, needs: &str| NotRun { test: test.to_owned(), needs: needs.to_owned() };
        let (zsh, fish) = (not_run("it \"a\"\n", "zsh"), not_run("it b", "fish"));
        let record = [zsh.line(), fish.line(), zsh.line()].concat();
        assert_eq!(record.lines().count(), 3, "each is one line");
        assert_eq!(NotRun::read(&record).unwrap(), [fish, zsh]);
        assert!(NotRun::read("half a li").is_err());
    }
}
