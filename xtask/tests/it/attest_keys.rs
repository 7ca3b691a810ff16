//! Keys that the real OpenSSL writes and reads.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use xtask::attest::{PublicKey, SigningKey};
use xtask_core::secret::Secret;
use xtask_core::trust::attestation::Verifier as _;
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_program};

/// OpenSSL in a folder of its own.
struct Openssl {
    program: PathBuf,
    folder: TempDir,
}

impl Openssl {
    fn new() -> Required<Self> {
        required_program("openssl")
            .map(|program| Self { program, folder: tempfile::tempdir().unwrap() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Whether these words succeed.
    fn does(&self, words: &str) -> bool {
        let run = |folder: &Path| {
            let words = words.split(' ');
            Command::new(&self.program).args(words).current_dir(folder).output().unwrap()
        };
        run(self.folder.path()).status.success()
    }

    fn run(&self, words: &str) {
        assert!(self.does(words), "openssl {words}");
    }
}

fn private(text: &str) -> Result<SigningKey, String> {
    SigningKey::parse("key", &Secret::new(text)).map_err(|failure| failure.to_string())
}

#[test]
fn openssl_writes_our_keys_as_we_do_and_checks_our_signatures() {
    let openssl = required!(Openssl::new());
    let made = SigningKey::generate().unwrap();
    let key = private(made.expose()).unwrap();
    openssl.write("key", made.expose());
    openssl.run("pkey -in key -out again");
    assert_eq!(openssl.read("again"), made.expose(), "the same bytes");
    openssl.run("pkey -in key -pubout -out public");
    assert_eq!(openssl.read("public"), key.public().pem());
    openssl.write("text", "text");
    openssl.write("signature", key.sign(b"text"));
    openssl.run("pkeyutl -verify -pubin -inkey public -rawin -in text -sigfile signature");
    openssl.write("signature", key.sign(b"another"));
    assert!(
        !openssl.does("pkeyutl -verify -pubin -inkey public -rawin -in text -sigfile signature")
    );
}

#[test]
fn keys_of_openssl_are_read_and_written_as_it_does() {
    let openssl = required!(Openssl::new());
    openssl.run("genpkey -algorithm ed25519 -out key");
    openssl.run("pkey -in key -pubout -out public");
    let key = private(&openssl.read("key")).unwrap();
    assert_eq!(key.public().pem(), openssl.read("public"));
    openssl.write("text", "text");
    openssl.run("pkeyutl -sign -inkey key -rawin -in text -out signature");
    assert_eq!(std::fs::read(openssl.path("signature")).unwrap(), key.sign(b"text"));

    openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec");
    openssl.run("pkey -in ec -pubout -out public");
    openssl.run("dgst -sha256 -sign ec -out signature text");
    let checker = PublicKey::parse("key", &openssl.read("public")).unwrap();
    assert_eq!(checker.pem(), openssl.read("public"));
    let signature = std::fs::read(openssl.path("signature")).unwrap();
    assert!(checker.has_signed(b"text", &signature) && !checker.has_signed(b"x", &signature));
}

#[test]
fn other_keys_of_openssl_are_called_what_they_are() {
    let openssl = required!(Openssl::new());
    for (words, of_private, of_public) in [
        ("RSA -pkeyopt rsa_keygen_bits:2048", "a key for RSA", Some("a key for RSA")),
        ("X25519", "a key for X25519", Some("a key for X25519")),
        ("ED448", "a key for Ed448", Some("a key for Ed448")),
        ("EC -pkeyopt ec_paramgen_curve:P-384", "a key for ECDSA", Some("a key for ECDSA")),
        ("EC -pkeyopt ec_paramgen_curve:P-256", "a key for ECDSA", None),
    ] {
        openssl.run(&format!("genpkey -algorithm {words} -out key"));
        openssl.run("pkey -in key -pubout -out public");
        let output = private(&openssl.read("key")).err().unwrap();
        assert!(output.contains(of_private), "{words}: {output}");
        let output = PublicKey::parse("key", &openssl.read("public")).err();
        let output = output.map(|failure| failure.to_string());
        let as_wanted = match (&output, of_public) {
            (Some(output), Some(wanted)) => output.contains(wanted),
            (output, wanted) => output.is_none() && wanted.is_none(),
        };
        assert!(as_wanted, "{words}: {output:?}");
    }
    openssl.run("genpkey -algorithm ed25519 -aes-256-cbc -pass pass:x -out key");
    let output = private(&openssl.read("key")).err().unwrap();
    assert!(output.contains("its PEM block is encrypted"), "{output}");
    openssl.run("ecparam -name prime256v1 -genkey -noout -out key");
    let output = private(&openssl.read("key")).err().unwrap();
    assert!(output.contains("its PEM block is another one"), "{output}");
}
