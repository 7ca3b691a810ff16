//! Docker's own registry: the real one, where the machine has it, in a world of its own.

use crate::requirement::{Required, required_program};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The password of `ci` where it wants one.
pub const PASSWORD: &str = "correct-horse";
/// It in bcrypt at its lowest cost.
const PASSWORDS: &str = "ci:$2y$04$ClClyrAjP3RbGUgWPjkut.RDV/AMOSaE2suk8aiU/gRml1v62PeHC\n";

/// A registry of its own, with its storage; it ends with its value.
#[derive(Debug)]
pub struct DockerRegistry {
    /// `127.0.0.1` and the port.
    pub host: String,
    child: Child,
    _storage: TempDir,
}

const LIMIT: Duration = Duration::from_secs(20);

/// Whom it lets in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lock {
    Open,
    /// `ci` with the password.
    Passwords,
}

impl DockerRegistry {
    /// Starts one, and waits until it listens.
    ///
    /// # Panics
    /// If it does not begin to, or its folder cannot be written.
    pub fn start(lock: Lock) -> Required<Self> {
        required_program("docker-registry").map(|program| Self::run(&program, lock))
    }

    fn run(program: &Path, lock: Lock) -> Self {
        let storage = tempfile::tempdir().expect("a temporary folder");
        // The port is free now; nobody else on loopback is told of it.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let host = free.expect("a free port on loopback").to_string();
        let settings = storage.path().join("settings.yml");
        write(&settings, &document(storage.path(), &host, lock));
        let mut command = Command::new(program);
        let command =
            command.arg("serve").arg(settings).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the program was found a moment ago");
        let own = Self { host, child, _storage: storage };
        own.wait();
        own
    }
}

impl DockerRegistry {
    fn wait(&self) {
        let end = Instant::now() + LIMIT;
        while TcpStream::connect(&self.host).is_err() {
            assert!(Instant::now() < end, "docker-registry does not listen on {}", self.host);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn document(storage: &Path, host: &str, lock: Lock) -> String {
    let folder = storage.display();
    let mut document = format!(
        "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: \
         {{rootdirectory: {folder}/blobs}}}}\nhttp: {{addr: \"{host}\"}}\n"
    );
    if lock == Lock::Passwords {
        write(&storage.join("passwords"), PASSWORDS);
        let auth = format!("auth: {{htpasswd: {{realm: test, path: {folder}/passwords}}}}\n");
        document.push_str(&auth);
    }
    document
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a temporary folder can be written to");
}
