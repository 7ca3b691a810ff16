//! A mirror with Debian's two archives, signed by a key that the test makes and throws away.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xtask_core::digest::Digest;
use xtask_fakes::archive::FakeArchive;
use xtask_fakes::requirement::{Required, required_program};

/// A key pair of its own, in a folder of its own.
pub(super) struct Keys(tempfile::TempDir);

impl Keys {
    /// Makes one with gpg, for apt.
    pub(super) fn make() -> Required<Self> {
        let programs = required_program("gpg").and(|| required_program("apt-get"));
        programs.map(|_programs| Self::new())
    }

    fn new() -> Self {
        let keys = Self(tempfile::tempdir().unwrap());
        let _made = keys.gpg(
            &[
                "--passphrase",
                "",
                "--quick-generate-key",
                "nobody <a@localhost>",
                "ed25519",
                "sign",
                "never",
            ],
            "",
        );
        std::fs::write(keys.keyring(), keys.gpg(&["--export"], "")).unwrap();
        keys
    }

    pub(super) fn keyring(&self) -> String {
        self.0.path().join("keyring.gpg").display().to_string()
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        self.gpg(&["--clearsign"], text)
    }

    fn gpg(&self, args: &[&str], input: &str) -> Vec<u8> {
        use std::io::Write as _;
        let mut command = Command::new("gpg");
        command.args(["--batch", "--quiet", "--homedir"]).arg(self.0.path()).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let reason = child.wait_with_output().unwrap();
        assert!(reason.status.success(), "{}", String::from_utf8_lossy(&reason.stderr));
        reason.stdout
    }
}

impl Drop for Keys {
    /// gpg leaves an agent behind for each folder of keys.
    fn drop(&mut self) {
        let home = self.0.path();
        let _gone = Command::new("gpgconf")
            .arg("--homedir")
            .arg(home)
            .args(["--kill", "gpg-agent"])
            .status();
    }
}

/// When an archive was signed, and until when it may be believed.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) signed: SystemTime,
    pub(super) until: SystemTime,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Times {
    /// Signed at the start of this day, good for two days.
    pub(super) fn fresh() -> Self {
        let signed = UNIX_EPOCH + Duration::from_secs(Self::fresh_seconds());
        Self { signed, until: signed + 2 * DAY }
    }

    pub(super) fn fresh_seconds() -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        now - now % DAY.as_secs()
    }

    fn expired() -> Self {
        let fresh = Self::fresh();
        Self { signed: fresh.signed - 9 * DAY, until: fresh.signed - 2 * DAY }
    }

    fn future() -> Self {
        let fresh = Self::fresh();
        Self { signed: fresh.signed + 9 * DAY, until: fresh.signed + 12 * DAY }
    }
}

const SUITES: [(&str, &str, &str); 2] =
    [("debian", "bookworm", "1.5-1"), ("debian-security", "bookworm-security", "1.5-2")];

/// A mirror of both archives.
pub(super) struct Archive(FakeArchive);

impl Archive {
    pub(super) fn start() -> Self {
        Self(FakeArchive::start())
    }

    pub(super) fn url(&self) -> String {
        self.0.url()
    }

    /// Puts both archives up, signed by `keys`.
    pub(super) fn publish(&self, keys: &Keys, times: Times) {
        for (archive, suite, version) in SUITES {
            let release = self.put_indexes(archive, suite, version, times);
            self.put_release(archive, suite, &keys.sign(&release));
        }
    }

    /// Puts both archives up, the first with `packages` instead of its own.
    pub(super) fn publish_packages(&self, keys: &Keys, packages: &str) {
        self.publish(keys, Times::fresh());
        let (archive, suite, _) = SUITES[0];
        let release = self.put_packages(archive, suite, |_| packages.to_owned(), Times::fresh());
        self.put_release(archive, suite, &keys.sign(&release));
    }

    fn put_release(&self, archive: &str, suite: &str, bytes: &[u8]) {
        self.0.put(&format!("/{archive}/dists/{suite}/InRelease"), bytes);
    }

    /// Puts the indexes of one archive up; gives the `Release` that names them.
    fn put_indexes(&self, archive: &str, suite: &str, version: &str, times: Times) -> String {
        self.put_packages(archive, suite, |machine| stanza(version, machine), times)
    }

    fn put_packages(
        &self,
        archive: &str,
        suite: &str,
        packages: impl Fn(&str) -> String,
        times: Times,
    ) -> String {
        let date = |time| httpdate::fmt_http_date(time).replace("GMT", "UTC");
        let mut release = format!(
            "Origin: Debian\nSuite: {suite}\nCodename: {suite}\nDate: {}\nValid-Until: {}\n\
             Architectures: amd64 arm64\nComponents: main\nSHA256:\n",
            date(times.signed),
            date(times.until)
        );
        for machine in ["amd64", "arm64"] {
            let packages = packages(machine);
            let path = format!("main/binary-{machine}/Packages");
            let (digest, size) = (Digest::of(packages.as_bytes()), packages.len());
            release.push_str(&format!(" {} {size} {path}\n", digest.hex()));
            self.0.put(&format!("/{archive}/dists/{suite}/{path}"), packages.as_bytes());
        }
        release
    }
}

fn stanza(version: &str, machine: &str) -> String {
    let digest = Digest::of(version.as_bytes());
    format!(
        "Package: hello\nVersion: {version}\nArchitecture: {machine}\nMaintainer: nobody\n\
         Description: x\nFilename: pool/hello_{version}_{machine}.deb\nSize: 7\nSHA256: {}\n\n",
        digest.hex()
    )
}

/// One way in which an archive may be bad.
pub(super) struct Bad {
    pub(super) name: &'static str,
    /// What is said of it.
    pub(super) reason: &'static str,
    /// What is done to a good one, with its keys and those of somebody else.
    pub(super) spoil: fn(&Archive, &Keys, &Keys),
}

pub(super) const OTHER_INDEX: &str = "an index is not the one that was signed";

/// Every way in which the security archive may be bad while the other is good.
pub(super) const BAD: [Bad; 7] = [
    Bad {
        name: "unsigned",
        reason: "it is not signed",
        spoil: |archive, _, _| {
            let (name, suite, version) = SUITES[1];
            let release = archive.put_indexes(name, suite, version, Times::fresh());
            archive.put_release(name, suite, release.as_bytes());
        },
    },
    Bad {
        name: "signed by somebody else",
        reason: "it is signed with a key that is not in the keyring",
        spoil: |archive, _, others| {
            let (name, suite, version) = SUITES[1];
            let release = archive.put_indexes(name, suite, version, Times::fresh());
            archive.put_release(name, suite, &others.sign(&release));
        },
    },
    Bad {
        name: "changed after it was signed",
        reason: "its signature does not hold",
        spoil: |archive, keys, _| {
            let (name, suite, version) = SUITES[1];
            let release = archive.put_indexes(name, suite, version, Times::fresh());
            let signed = String::from_utf8(keys.sign(&release)).unwrap();
            let changed = signed.replace("Origin: Debian", "Origin: Nobody");
            archive.put_release(name, suite, changed.as_bytes());
        },
    },
    Bad {
        name: "expired",
        reason: "it is out of date: its `Valid-Until` has passed",
        spoil: |archive, keys, _| {
            let (name, suite, version) = SUITES[1];
            let release = archive.put_indexes(name, suite, version, Times::expired());
            archive.put_release(name, suite, &keys.sign(&release));
        },
    },
    Bad {
        name: "from the future",
        reason: "it was signed at a time that is still to come",
        spoil: |archive, keys, _| {
            let (name, suite, version) = SUITES[1];
            let release = archive.put_indexes(name, suite, version, Times::future());
            archive.put_release(name, suite, &keys.sign(&release));
        },
    },
    Bad {
        name: "an index changed",
        reason: OTHER_INDEX,
        spoil: |archive, _, _| {
            let (name, suite, _) = SUITES[1];
            let path = format!("/{name}/dists/{suite}/main/binary-arm64/Packages");
            archive.0.put(&path, stanza("1.5-3", "arm64").as_bytes());
        },
    },
    Bad {
        name: "an index of another size",
        reason: OTHER_INDEX,
        spoil: |archive, _, _| {
            let (name, suite, _) = SUITES[1];
            let path = format!("/{name}/dists/{suite}/main/binary-arm64/Packages");
            archive.0.put(&path, b"Package: hello\n");
        },
    },
];
