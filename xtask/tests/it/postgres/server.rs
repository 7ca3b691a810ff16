//! A Postgres of the tests' own, with certificates of the tests' own authorities.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use xtask_fakes::requirement::{Required, required_program};

/// The password of both roles.
pub(crate) const PASSWORD: &str = "correct-horse";
/// The server takes no orders from root; this is Debian's `nobody`.
const NOBODY: u32 = 65534;

/// Who is let in. `careful` only comes encrypted.
const DOORS: &str = "local all all trust\n\
    hostnossl all careful all reject\n\
    host all all all scram-sha-256\n";

/// What `openssl ca` must be told, in the folder of an authority.
const AUTHORITY: &str = "[ca]\ndefault_ca = all\n[all]\ndatabase = index\nnew_certs_dir = .\n\
    rand_serial = yes\ndefault_md = sha256\npolicy = any\ncopy_extensions = copy\n\
    unique_subject = no\n[any]\ncommonName = supplied\n";

/// Each certificate: its name, who vouches for it, the names in it, its first and last day.
const CERTIFICATES: [(&str, &str, &str, &str, &str); 4] = [
    ("good", "ours", "DNS:localhost,IP:127.0.0.1", "20200101", "20991231"),
    ("other-name", "ours", "DNS:db.example,IP:127.0.0.2", "20200101", "20991231"),
    ("other-authority", "theirs", "DNS:localhost,IP:127.0.0.1", "20200101", "20991231"),
    ("expired", "ours", "DNS:localhost,IP:127.0.0.1", "20200101", "20210101"),
];

/// A cluster on disk, and certificates beside it.
pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    openssl: PathBuf,
}

/// It while it serves; it ends with its value.
pub(crate) struct Server<'a> {
    cluster: &'a Cluster,
    pub(crate) name: &'static str,
    port: u16,
    runs: AtomicBool,
}

impl Cluster {
    pub(crate) fn new() -> Required<Self> {
        let programs = required_program("openssl").and(|| required_program("postgres"));
        programs.map(|(openssl, postgres)| {
            let programs = postgres.canonicalize().unwrap().parent().unwrap().to_owned();
            let cluster = Self { folder: tempfile::tempdir().unwrap(), programs, openssl };
            cluster.make();
            cluster
        })
    }

    /// What its server writes.
    pub(crate) fn log(&self) -> PathBuf {
        self.path("log")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn make(&self) {
        if is_root() {
            chown(self.folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        std::fs::write(self.path("password"), PASSWORD).unwrap();
        let (data, password) = (self.path("data"), self.path("password"));
        self.run(
            Command::new(self.programs.join("initdb"))
                .arg("-D")
                .arg(&data)
                .arg(format!("--pwfile={}", password.display()))
                .args(["-U", "ann", "--auth=scram-sha-256", "--no-sync", "--no-instructions"]),
        );
        std::fs::write(data.join("pg_hba.conf"), DOORS).unwrap();
        for authority in ["ours", "theirs"] {
            self.make_authority(authority);
        }
        for (name, authority, names, from, until) in CERTIFICATES {
            self.make_certificate(name, authority, names, (from, until));
        }
        self.make_role();
    }

    /// A role that `pg_hba.conf` has a line of its own for.
    fn make_role(&self) {
        let sql = format!("CREATE ROLE careful LOGIN SUPERUSER PASSWORD '{PASSWORD}';\n");
        std::fs::write(self.path("role.sql"), sql).unwrap();
        let script = format!(
            "exec '{}/postgres' --single -D '{}' postgres < '{}'",
            self.programs.display(),
            self.path("data").display(),
            self.path("role.sql").display()
        );
        self.run(Command::new("sh").arg("-c").arg(script));
    }

    fn make_authority(&self, name: &str) {
        let folder = self.path(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("index"), "").unwrap();
        std::fs::write(folder.join("settings"), AUTHORITY).unwrap();
        let subject = format!("/CN={name}");
        self.openssl(
            &folder,
            &["req", "-x509", "-keyout", "key", "-out", "certificate", "-subj", &subject],
        );
    }

    fn make_certificate(&self, name: &str, authority: &str, names: &str, days: (&str, &str)) {
        let (folder, names) = (self.path(authority), format!("subjectAltName={names}"));
        let (key, out) = (self.path(&format!("{name}.key")), self.path(&format!("{name}.crt")));
        let (key, out) = (key.to_str().unwrap(), out.to_str().unwrap());
        self.openssl(
            &folder,
            &["req", "-keyout", key, "-out", "request", "-subj", "/CN=x", "-addext", &names],
        );
        let (from, until) = (format!("{}000000Z", days.0), format!("{}000000Z", days.1));
        let signed = Command::new(&self.openssl)
            .args(["ca", "-batch", "-config", "settings", "-keyfile", "key", "-cert"])
            .args(["certificate", "-in", "request", "-out", out, "-notext"])
            .args(["-startdate", &from, "-enddate", &until])
            .current_dir(&folder)
            .output();
        let signed = signed.unwrap();
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
        if is_root() {
            chown(key, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// `openssl req` with a new key on P-256.
    fn openssl(&self, folder: &Path, arguments: &[&str]) {
        let made = Command::new(&self.openssl)
            .args(arguments)
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// Runs a program of the cluster, and wants it to end well.
    fn run(&self, command: &mut Command) {
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        // A file takes what is said: the server that `pg_ctl` leaves behind holds on to it.
        let printed = std::fs::File::create(self.path("printed")).unwrap();
        command.current_dir(self.folder.path()).stdin(std::process::Stdio::null());
        command.stdout(printed.try_clone().unwrap()).stderr(printed);
        let status = command.status().unwrap();
        let printed = || std::fs::read_to_string(self.path("printed")).unwrap();
        assert!(status.success(), "{command:?}: {}", printed());
    }

    /// The cluster with the certificate of that name.
    pub(crate) fn serve(&self, name: &'static str) -> Server<'_> {
        let file = |kind: &str| self.path(&format!("{name}.{kind}"));
        let (certificate, key) = (file("crt"), file("key"));
        let tls = format!(
            " -c ssl=on -c ssl_cert_file={} -c ssl_key_file={}",
            certificate.display(),
            key.display()
        );
        self.start(name, &tls)
    }

    /// The cluster without TLS.
    pub(crate) fn serve_plainly(&self) -> Server<'_> {
        self.start("no TLS", "")
    }

    fn start_at(&self, port: u16, tls: &str) {
        let folder = self.folder.path().display();
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off \
             -c unix_socket_directories={folder}{tls}"
        );
        let mut command = Command::new(self.programs.join("pg_ctl"));
        command.arg("-D").arg(self.path("data")).arg("-o").arg(options);
        command.arg("-l").arg(self.path("log")).args(["-w", "-t", "60", "start"]);
        self.run(&mut command);
    }

    fn start(&self, name: &'static str, tls: &str) -> Server<'_> {
        // The port is free now; nobody else on loopback is told of it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        self.start_at(port, tls);
        Server { cluster: self, name, port, runs: AtomicBool::new(true) }
    }
}

impl Server<'_> {
    /// The file of the authority that we believe.
    pub(crate) fn authority(&self) -> PathBuf {
        self.cluster.path("ours").join("certificate")
    }

    /// Its address, with these parameters.
    pub(crate) fn url(&self, query: &str) -> String {
        self.url_as("ann", query)
    }

    pub(crate) fn url_as(&self, user: &str, query: &str) -> String {
        format!("postgresql://{user}:{PASSWORD}@127.0.0.1:{}/postgres?{query}", self.port)
    }

    /// The address of another database of it.
    pub(crate) fn url_of(&self, database: &str, query: &str) -> String {
        self.url(query).replace("/postgres?", &format!("/{database}?"))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What `psql` says, by the server's own socket.
    pub(crate) fn ask(&self, sql: &str) -> String {
        self.ask_of("postgres", sql)
    }

    /// The same, in another database.
    pub(crate) fn ask_of(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// What the server says against it, even to its superuser.
    pub(crate) fn refuses(&self, sql: &str) -> String {
        self.refuses_of("postgres", sql)
    }

    /// The same, in another database.
    pub(crate) fn refuses_of(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql);
        assert!(!output.status.success(), "{sql}: it was done");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn psql(&self, database: &str, sql: &str) -> Output {
        Command::new(self.cluster.programs.join("psql"))
            .args(["-U", "ann", "-d", database, "-X", "-A", "-t", "-q"])
            .args(["-v", "ON_ERROR_STOP=1", "-h"])
            .arg(self.cluster.folder.path())
            .args(["-p", &self.port.to_string(), "-c", sql])
            .output()
            .unwrap()
    }

    /// Whether a connection with these parameters is encrypted, as the server sees it.
    pub(crate) fn is_encrypted(&self, query: &str) -> bool {
        let address = self.url(query).parse().unwrap();
        let _database = xtask::edge::postgres::Database::connect(&address).unwrap();
        let sql = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name = 'xtask'";
        match self.ask(sql).as_str() {
            "t" => true,
            "f" => false,
            other => panic!("one connection is ours: {other}"),
        }
    }
}

impl Server<'_> {
    /// Ends it in the middle of everything.
    pub(crate) fn stop(&self) {
        let mut command = Command::new(self.cluster.programs.join("pg_ctl"));
        command.arg("-D").arg(self.cluster.path("data")).args(["-m", "immediate", "-w", "stop"]);
        self.cluster.run(&mut command);
        self.runs.store(false, Ordering::SeqCst);
    }

    /// Starts it again where it was, without TLS.
    pub(crate) fn start_again(&self) {
        self.cluster.start_at(self.port, "");
        self.runs.store(true, Ordering::SeqCst);
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        if self.runs.load(Ordering::SeqCst) {
            self.stop();
        }
    }
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status
        .lines()
        .any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}
