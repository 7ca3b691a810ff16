//! A PgBouncer in front of a test's own Postgres.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::server::{PASSWORD, Server};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use xtask::edge::clock;
use xtask_fakes::requirement::{Required, required_program};

/// It takes no orders from root either; this is Debian's `nobody`.
const NOBODY: u32 = 65534;

/// It while it runs; it ends with its value.
pub(crate) struct PgBouncer {
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl PgBouncer {
    /// One that hands backends out per `transaction` or per `session`.
    pub(crate) fn start(server: &Server<'_>, mode: &str) -> Required<Self> {
        required_program("pgbouncer").map(|program| {
            let folder = tempfile::tempdir().unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let settings = folder.path().join("settings.ini");
            let text = format!(
                "[databases]\n* = host=127.0.0.1 port={} user=ann password={PASSWORD}\n\
                 [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\n\
                 pool_mode = {mode}\ndefault_pool_size = 5\nmax_client_conn = 50\n\
                 unix_socket_dir =\nignore_startup_parameters = extra_float_digits\n",
                server.port()
            );
            std::fs::write(&settings, text).unwrap();
            let mut command = Command::new(program);
            if is_root() {
                chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
                chown(&settings, Some(NOBODY), Some(NOBODY)).unwrap();
                command.uid(NOBODY).gid(NOBODY);
            }
            command.arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.spawn().unwrap();
            let bouncer = Self { _folder: folder, port, child };
            let (limit, every) = (Duration::from_secs(30), Duration::from_millis(20));
            clock::wait_for(limit, every, || TcpStream::connect(("127.0.0.1", port))).unwrap();
            bouncer
        })
    }

    /// What a client that sets nothing is told through it.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        let mut asked = Command::new("psql");
        asked.args(["-X", "-A", "-t", "-q", "-c", sql]).arg(self.url(database));
        let asked = asked.output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }

    /// The address of a database through it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgresql://ann:{PASSWORD}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}
