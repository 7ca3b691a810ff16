//! `bench backup`: taking and restoring a back-up of a database that pgbench has filled, beside the
//! same by hand: `pg_dump | restic` and `pg_restore -j2`.

use crate::postgres::{Postgres, programs};
use crate::record;
use crate::timed::{Timed, timed};
use serde_json::json;
use std::path::{Path, PathBuf};
use xtask::edge::files;
use xtask::edge::shell::Shell;
use xtask::error::{Context as _, Result};
use xtask::exit::Exit;
use xtask::flags::BenchBackup;
use xtask::report::table;
use xtask::world::World;
use xtask_core::check::bench::backup::Found;
use xtask_core::command::Command;
use xtask_fakes::deploy;

const SETTINGS: [&str; 2] = ["shared_buffers=256MB", "max_wal_size=4GB"];

/// Two clusters, a tree for our program, and repositories.
struct Ground<'a> {
    /// First, so that they end before their folder goes.
    source: Postgres,
    copy: Postgres,
    folder: tempfile::TempDir,
    shell: &'a Shell,
    program: String,
    pgbench: String,
}

pub(crate) fn run(flags: &BenchBackup, program: &Path, world: &World<'_>) -> Result<Exit> {
    let found = Ground::new(world, program)?.measure(flags, world)?;
    let value = json!({ "scale": flags.scale, "found": found.values() });
    record::result(world, "backup", &value)?;
    world.report.data(&value, &table(&found.rows()));
    Ok(if found.is_met() { Exit::Done } else { Exit::Planned })
}

impl<'a> Ground<'a> {
    fn new(world: &'a World<'_>, program: &Path) -> Result<Self> {
        let failed = || "failed to make a folder for the benchmark".to_owned();
        // Not below the checkout: Postgres's user may not go there.
        let folder =
            tempfile::Builder::new().prefix("xtask-bench-").tempdir().or_outside(failed)?;
        let start = |name: &str| Postgres::start_with(world, &folder.path().join(name), &SETTINGS);
        let (source, copy) = (start("source")?, start("copy")?);
        let (shell, program) = (&world.shell, program.display().to_string());
        let pgbench = programs(world)?.join("pgbench").display().to_string();
        let ground = Self { source, copy, folder, shell, program, pgbench };
        ground.tree(world)?;
        Ok(ground)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tree(&self, world: &World<'_>) -> Result<()> {
        let own = files::read(&world.places.file("deploy.toml"))?;
        let repository = self.path("ours");
        let text = deploy::with_backup(&own, "staging", &repository, "env:BENCH_PASSWORD");
        files::make_folder(&self.path("tree"))?;
        files::write(&self.path("tree/deploy.toml"), text.as_bytes())
    }

    /// A line of a shell, with what both roads need in its variables.
    fn line(&self, script: &str) -> Command {
        Command::new("sh")
            .args(["-euc", script])
            .folder(self.path("tree").display().to_string())
            .env("STAGING_DIRECT_URL", self.source.url())
            .env("COPY_URL", self.copy.url_of("copy"))
            .env("SCRATCH_URL", self.copy.url())
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
    fn measure(&self, flags: &BenchBackup, world: &World<'_>) -> Result<Found> {
        let scale = flags.scale;
        world.report.status(&format!("filling a database: pgbench, scale {scale}"));
        let fill = format!("{} -q -i -s {scale} \"$STAGING_DIRECT_URL\" 2>/dev/null", self.pgbench);
        self.do_it(&fill)?;
        let mut found = Found::default();
        for round in 1..=flags.repeat.max(1) {
            world.report.status(&format!("round {round} of {}", flags.repeat));
            let once = self.round()?;
            let [backup, restore, peak, drill] = once;
            world.report.status(&format!(
                "back-up {backup:.2}, restore {restore:.2}, {peak:.0} MB, drill {drill:.1} s"
            ));
            found.0.iter_mut().zip(once).for_each(|(all, one)| all.0.push(one));
        }
        Ok(found)
    }

    /// Each once, in the order of the goals.
    fn round(&self) -> Result<[f64; 4]> {
        self.do_it(
            "rm -rf \"$HAND\" \"$OURS\"; restic -q -r \"$HAND\" init; restic -q -r \"$OURS\" init",
        )?;
        let by_hand = self.do_it(
            "pg_dump -Fc -Z0 \"$STAGING_DIRECT_URL\" | restic -q -r \"$HAND\" backup --stdin",
        )?;
        let backup = self.do_it("exec \"$XTASK\" backup run staging")?;
        let fresh =
            "psql -q \"$SCRATCH_URL\" -c 'DROP DATABASE IF EXISTS copy' -c 'CREATE DATABASE copy'";
        self.do_it(&format!("{fresh}; pg_dump -Fc -Z0 -f \"$DUMP\" \"$STAGING_DIRECT_URL\""))?;
        let restored_by_hand = self.do_it("pg_restore -j2 -d \"$COPY_URL\" \"$DUMP\"")?;
        self.do_it(&format!("rm \"$DUMP\"; {fresh}"))?;
        let restore =
            self.do_it("exec \"$XTASK\" backup restore staging --into env:COPY_URL --apply")?;
        self.do_it(fresh)?;
        // Without the services a drill ends with 75; what they add is their own start.
        let drill = self.do_it(
            "code=0; \"$XTASK\" backup drill staging --cluster env:SCRATCH_URL --without-application bench || code=$?; test $code = 75",
        )?;
        let peak = backup.peak_megabytes.max(restore.peak_megabytes);
        let (taken, back) =
            (by_hand.seconds / backup.seconds, restored_by_hand.seconds / restore.seconds);
        Ok([taken, back, peak, drill.seconds])
    }
}
