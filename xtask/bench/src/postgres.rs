//! A Postgres on loopback, empty, for as long as the value lives.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask::cancel::Cancel;
use xtask::database::replay;
use xtask::edge::clock::wait_for;
use xtask::edge::files;
use xtask::edge::postgres::Database;
use xtask::edge::shell::{Job, Streams};
use xtask::error::{Context as _, Failure, Result};
use xtask::world::World;
use xtask_core::command::Command;
use xtask_core::database::migration::MigrationFile;
use xtask_core::deploy::Migrations;
use xtask_core::ship::database::Address;

/// It takes no orders from root; this is Debian's `nobody`.
const NOBODY: u32 = 65534;

/// One that trusts whoever comes from this machine.
pub(crate) struct Postgres {
    port: u16,
    /// Ends with this value.
    _job: Job,
}

impl Postgres {
    /// Starts one that keeps its data in `folder`.
    pub(crate) fn start(world: &World<'_>, folder: &Path) -> Result<Self> {
        Self::start_with(world, folder, &[])
    }

    /// The same with more settings, each as `name=value`.
    pub(crate) fn start_with(world: &World<'_>, folder: &Path, settings: &[&str]) -> Result<Self> {
        let failed = || "failed to start `postgres`".to_owned();
        files::make_folder(folder)?;
        let is_root = is_root();
        if is_root {
            let owner = Some(NOBODY);
            std::os::unix::fs::chown(folder, owner, owner).or_outside(failed)?;
            let above = folder.parent().unwrap_or(folder);
            std::os::unix::fs::chown(above, owner, owner).or_outside(failed)?;
        }
        let (data, programs) = (folder.join("data").display().to_string(), programs(world)?);
        let program = |name: &str| unprivileged(is_root, &programs.join(name));
        let made =
            program("initdb").args(["-D", &data, "-U", "bench", "--auth=trust", "--no-sync"]);
        world.shell.run(&made)?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = free.or_outside(failed)?.port();
        let own = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
        let settings = own.iter().chain(settings).flat_map(|it| ["-c", *it]);
        let server = program("postgres").args(["-D", &data, "-p", &port.to_string()]);
        let server = server.args(settings);
        let job = world.shell.start(&server, Streams::unheard())?;
        let postgres = Self { port, _job: job };
        let address = postgres.address()?;
        wait_for(Duration::from_secs(60), Duration::from_millis(50), || {
            Database::connect(&address)
        })?;
        Ok(postgres)
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of another database there.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgresql://bench:trusted@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    fn address(&self) -> Result<Address> {
        self.url().parse::<Address>().or_outside(|| "failed to read our own address".to_owned())
    }

    /// Applies every migration of a folder, in the order of its name.
    pub(crate) fn fill(&self, folder: &Path) -> Result<()> {
        let mut database = Database::connect(&self.address()?)?;
        let limits = Migrations::new("", 10_000, 60_000);
        let mut names = files::names(folder)?;
        names.sort();
        let read = |name: String| -> Result<MigrationFile> {
            let sql = files::read(&folder.join(&name).join("migration.sql"))?;
            Ok(MigrationFile::new(name, sql))
        };
        let files: Vec<MigrationFile> = names.into_iter().map(read).collect::<Result<_>>()?;
        replay::apply(&mut database, &files, &limits, &Cancel::default(), |_| ())
    }
}

/// Where `initdb` and `postgres` are.
pub(crate) fn programs(world: &World<'_>) -> Result<PathBuf> {
    let debian = PathBuf::from("/usr/lib/postgresql/15/bin");
    if files::is_file(&debian.join("postgres"))? {
        return Ok(debian);
    }
    let found = world.shell.find("postgres").and_then(|it| Some(it.parent()?.to_owned()));
    found.ok_or_else(|| Failure::refused("`postgres` is not installed").hint("apt: postgresql"))
}

fn unprivileged(is_root: bool, program: &Path) -> Command {
    let program = program.display().to_string();
    match is_root {
        true => Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(program),
        false => Command::new(&program),
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}
