//! `bench backup`: taking and restoring a back-up of a database that pgbench has filled, beside the
//! same by hand: `pg_dump | restic` and `pg_restore -j2`.

use crate::timed::{Timed, timed};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use xtask::edge::files;
use xtask::edge::shell::Shell;
use xtask::error::{Context as _, Failure, Result};
use xtask::exit::Exit;
use xtask::flags::BenchBackup;
use xtask::report::table;
use xtask::world::World;
use xtask_core::command::Command;

/// The server takes no orders from root; this is Debian's `nobody`.
const NOBODY: u32 = 65534;
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// What each goal is called, what it is, and whether less is better.
const GOALS: [(&str, f64, bool); 4] = [
    ("back-up, of the speed by hand", 0.9, false),
    ("restore, of the speed of pg_restore -j2", 0.9, false),
    ("peak memory of ours, MB", 64.0, true),
    ("drill, seconds", 300.0, true),
];

/// Two clusters, a tree for our program, and repositories.
struct Ground<'a> {
    folder: tempfile::TempDir,
    shell: &'a Shell,
    program: String,
    ports: [u16; 2],
}

pub(crate) fn run(flags: &BenchBackup, program: &Path, world: &World<'_>) -> Result<Exit> {
    let ground = Ground::new(world, program)?;
    let measured = ground.measure(flags, world);
    ground.stop();
    let [backup, restore, peak, drill] = measured?;
    let found = [backup, restore, peak, drill];
    let mut rows = vec![["WHAT", "FOUND", "GOAL", ""].map(ToOwned::to_owned).to_vec()];
    let mut all_met = true;
    for ((name, goal, is_ceiling), found) in GOALS.iter().zip(found) {
        let met = if *is_ceiling { found <= *goal } else { found >= *goal };
        all_met &= met;
        let sign = if *is_ceiling { "≤" } else { "≥" };
        let word = if met { "met" } else { "MISSED" };
        rows.push(vec![
            (*name).to_owned(),
            format!("{found:.2}"),
            format!("{sign} {goal}"),
            word.to_owned(),
        ]);
    }
    let value = serde_json::json!({ "scale": flags.scale, "found": found });
    world.report.data(&value, &table(&rows));
    Ok(if all_met { Exit::Done } else { Exit::Planned })
}

impl<'a> Ground<'a> {
    fn new(world: &'a World<'_>, program: &Path) -> Result<Self> {
        let failed = || "failed to make a folder for the benchmark".to_owned();
        // Not below the checkout: Postgres's user may not go there.
        let folder =
            tempfile::Builder::new().prefix("xtask-bench-").tempdir().or_outside(failed)?;
        let (shell, program) = (&world.shell, program.display().to_string());
        let ports = [free()?, free()?];
        let ground = Self { folder, shell, program, ports };
        let is_root = rustix::process::geteuid().is_root();
        if is_root {
            chown(ground.folder.path(), Some(NOBODY), Some(NOBODY)).or_outside(failed)?;
        }
        for (name, port) in ["source", "copy"].iter().zip(ports) {
            ground.cluster(name, port)?;
        }
        ground.tree(world)?;
        Ok(ground)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn as_nobody(&self, command: &Command) -> Result<()> {
        let folder = self.folder.path().display().to_string();
        let command = command.clone().folder(folder);
        let output = self.shell.observe_as(&command, |it| {
            if rustix::process::geteuid().is_root() {
                it.uid(NOBODY).gid(NOBODY);
            }
        })?;
        output.succeeds(&command).map(drop)
    }

    fn cluster(&self, name: &str, port: u16) -> Result<()> {
        let data = self.path(name).display().to_string();
        let init = Command::new(&format!("{PROGRAMS}/initdb"));
        self.as_nobody(&init.args(["-D", &data, "-U", "ann", "--auth=trust", "--no-sync"]))?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= \
             -c shared_buffers=256MB -c max_wal_size=4GB -c log_destination=stderr"
        );
        let start = Command::new(&format!("{PROGRAMS}/pg_ctl"));
        let log = format!("{data}.log");
        self.as_nobody(&start.args(["-D", &data, "-o", &options, "-l", &log, "-w", "start"]))
    }

    fn stop(&self) {
        for name in ["source", "copy"] {
            let data = self.path(name).display().to_string();
            let stop = Command::new(&format!("{PROGRAMS}/pg_ctl"));
            self.as_nobody(&stop.args(["-D", &data, "-m", "immediate", "stop"])).ok();
        }
    }

    fn tree(&self, world: &World<'_>) -> Result<()> {
        let own = files::read(&world.places.file("deploy.toml"))?;
        let text = format!(
            "{own}\n[environments.staging.backup]\nrepository = \"{}\"\npassword = \"env:BENCH_PASSWORD\"\n",
            self.path("ours").display()
        );
        files::make_folder(&self.path("tree"))?;
        files::write(&self.path("tree/deploy.toml"), text.as_bytes())
    }

    fn url(&self, which: usize, database: &str) -> String {
        format!("postgresql://ann:x@127.0.0.1:{}/{database}", self.ports[which])
    }

    /// A line of a shell, with what both roads need in its variables.
    fn line(&self, script: &str) -> Command {
        Command::new("sh")
            .args(["-euc", script])
            .folder(self.path("tree").display().to_string())
            .env("STAGING_DIRECT_URL", self.url(0, "postgres"))
            .env("COPY_URL", self.url(1, "copy"))
            .env("SCRATCH_URL", self.url(1, "postgres"))
            .env("BENCH_PASSWORD", "x")
            .env("RESTIC_PASSWORD", "x")
            .env("RESTIC_CACHE_DIR", self.path("cache").display().to_string())
            .env("XTASK_CACHE", self.path("own-cache").display().to_string())
            .env("XTASK_STATE", self.path("state").display().to_string())
            .env("XTASK", self.program.clone())
            .env("HAND", self.path("hand").display().to_string())
            .env("OURS", self.path("ours").display().to_string())
            .env("DUMP", self.path("dump").display().to_string())
    }

    fn do_it(&self, script: &str) -> Result<Timed> {
        timed(self.shell, &self.line(script))
    }

    /// The peak is that of our program alone: the shell gives its place to it.
    fn measure(&self, flags: &BenchBackup, world: &World<'_>) -> Result<[f64; 4]> {
        let scale = flags.scale;
        world.report.status(&format!("filling a database: pgbench, scale {scale}"));
        self.do_it(&format!(
            "{PROGRAMS}/pgbench -q -i -s {scale} \"$STAGING_DIRECT_URL\" 2>/dev/null"
        ))?;
        let (mut backup, mut restore, mut drill) = (Vec::new(), Vec::new(), Vec::new());
        let mut peak = 0.0_f64;
        for round in 1..=flags.repeat {
            world.report.status(&format!("round {round} of {}", flags.repeat));
            self.do_it("rm -rf \"$HAND\" \"$OURS\"; restic -q -r \"$HAND\" init; restic -q -r \"$OURS\" init")?;
            let by_hand = self.do_it(
                "pg_dump -Fc -Z0 \"$STAGING_DIRECT_URL\" | restic -q -r \"$HAND\" backup --stdin",
            )?;
            let ours = self.do_it("exec \"$XTASK\" backup run staging")?;
            peak = peak.max(ours.peak_megabytes);
            backup.push(by_hand.seconds / ours.seconds);
            let fresh = "psql -q \"$SCRATCH_URL\" -c 'DROP DATABASE IF EXISTS copy' -c 'CREATE DATABASE copy'";
            self.do_it(&format!("{fresh}; pg_dump -Fc -Z0 -f \"$DUMP\" \"$STAGING_DIRECT_URL\""))?;
            let by_hand = self.do_it("pg_restore -j2 -d \"$COPY_URL\" \"$DUMP\"")?;
            self.do_it(&format!("rm \"$DUMP\"; {fresh}"))?;
            let ours =
                self.do_it("exec \"$XTASK\" backup restore staging --into env:COPY_URL --apply")?;
            peak = peak.max(ours.peak_megabytes);
            restore.push(by_hand.seconds / ours.seconds);
            self.do_it(fresh)?;
            // Without the services a drill ends with 75; what they add is their own start.
            let ours = self.do_it(
                "code=0; \"$XTASK\" backup drill staging --cluster env:SCRATCH_URL --without-application bench || code=$?; test $code = 75",
            )?;
            drill.push(ours.seconds);
            world.report.status(&format!(
                "back-up {:.2}, restore {:.2}, drill {:.1} s",
                backup[round - 1],
                restore[round - 1],
                drill[round - 1]
            ));
        }
        Ok([median(backup)?, median(restore)?, peak, median(drill)?])
    }
}

fn free() -> Result<u16> {
    let failed = || "failed to find a free port".to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").or_outside(failed)?;
    Ok(listener.local_addr().or_outside(failed)?.port())
}

fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2).copied();
    middle.ok_or_else(|| Failure::usage("cannot measure nothing: `--repeat` is 1 at least"))
}
