//! `bench database`: how long a plan of migrations takes on a database with a long history.

use crate::postgres::Postgres;
use crate::record;
use crate::timed::timed;
use std::path::Path;
use xtask::edge::files;
use xtask::error::{Context as _, Result};
use xtask::exit::Exit;
use xtask::flags::BenchDatabase;
use xtask::report::table;
use xtask::world::World;
use xtask_core::check::bench::{Case, Peer, Runs, Unit};
use xtask_core::command::Command;

/// How long the history is, and how many tables there are.
const MIGRATIONS: usize = 200;
const TABLES: usize = 300;
/// The most seconds that a plan may take.
const PLAN_SECONDS: f64 = 1.0;

const FOLDER: &str = "services/backend/prisma/migrations";

/// What every part of the benchmark is handed.
pub(crate) struct Bench<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) program: String,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) postgres: Postgres,
    pub(crate) repeat: usize,
}

pub(crate) fn run(flags: &BenchDatabase, program: &Path, world: &World<'_>) -> Result<Exit> {
    let failed = || "failed to make a folder for the benchmark".to_owned();
    let folder = tempfile::Builder::new().prefix("nutri-bench-").tempdir().or_outside(failed)?;
    let postgres = Postgres::start(world, &folder.path().join("postgres"))?;
    let (program, repeat) = (program.display().to_string(), flags.repeat.max(1));
    let bench = Bench { world, program, folder, postgres, repeat };
    let cases = plan(&bench)?;
    let value = serde_json::to_value(&cases).expect("a case has only texts and numbers");
    record::result(world, "database", &value)?;
    world.report.data(&value, &table(&xtask_core::check::bench::rows(&cases)));
    Ok(if cases.iter().all(Case::is_met) { Exit::Done } else { Exit::Planned })
}

impl Bench<'_> {
    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("tree")
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.root().join(path);
        files::make_folder(path.parent().unwrap_or(Path::new(".")))?;
        files::write(&path, text.as_bytes())
    }

    /// Our program on the environment whose database this is.
    fn ours(&self, words: &str) -> Command {
        let command = Command::new(&self.program).arg("--json").args(words.split(' '));
        let places = [
            ("XTASK_CACHE", self.folder.path().join("cache").display().to_string()),
            ("XTASK_STATE", self.folder.path().join("state").display().to_string()),
            ("STAGING_COOLIFY_TOKEN", "nobody asks".to_owned()),
            ("STAGING_DATABASE_URL", self.postgres.url()),
            ("STAGING_DIRECT_URL", self.postgres.url()),
            ("STAGING_REDIS_URL", "redis://cache.example.org:6379".to_owned()),
            ("STAGING_JWT_SECRET", "nobody asks for this either, it is long".to_owned()),
        ];
        let command = command.folder(self.root().display().to_string());
        places.into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    /// Prisma's own engine, which finds out the same.
    fn theirs(&self) -> Command {
        let asked = serde_json::json!({
            "url": self.postgres.url(), "verb": "diagnose", "migrations": self.root().join(FOLDER),
        });
        let script = self.world.places.file("xtask/tests/oracle/prisma.mjs");
        let line = format!("printf %s \"$ASKED\" | node '{}'", script.display());
        Command::new("sh").args(["-c", &line]).env("ASKED", asked.to_string())
    }
}

/// A plan where everything is applied, beside what Prisma's engine takes to say so.
fn plan(bench: &Bench<'_>) -> Result<Vec<Case>> {
    bench.write("deploy.toml", &files::read(&bench.world.places.file("deploy.toml"))?)?;
    for number in 0..MIGRATIONS {
        let name = format!("{}_step", 20_260_101_000_000_u64 + number as u64);
        bench.write(&format!("{FOLDER}/{name}/migration.sql"), &file(number))?;
    }
    bench.postgres.fill(&bench.root().join(FOLDER))?;
    let (mut ours, mut theirs, mut memory) = (Runs::default(), Runs::default(), Runs::default());
    for _ in 0..bench.repeat {
        let run = timed(&bench.world.shell, &bench.ours("migrate plan staging"))?;
        ours.0.push(run.seconds);
        memory.0.push(run.peak_megabytes);
        theirs.0.push(timed(&bench.world.shell, &bench.theirs())?.seconds);
    }
    let name = format!("plan: {MIGRATIONS} migrations, {TABLES} tables");
    let peer = Peer { name: "Prisma's engine".to_owned(), runs: theirs, most: Some(1.0) };
    let (seconds, megabytes) = (Unit::Seconds, Unit::Megabytes);
    Ok(vec![
        Case {
            name: name.clone(),
            unit: seconds,
            ours,
            most: Some(PLAN_SECONDS),
            peers: vec![peer],
        },
        Case {
            name: format!("{name}, peak"),
            unit: megabytes,
            ours: memory,
            most: None,
            peers: vec![],
        },
    ])
}

/// The tables are made by the first half, and changed by the second.
fn file(number: usize) -> String {
    let half = MIGRATIONS / 2;
    let each = TABLES / half;
    match number.checked_sub(half) {
        None => (0..each)
            .map(|at| {
                let table = number * each + at;
                format!(
                    "CREATE TABLE t{table} (id bigint PRIMARY KEY, owner bigint, note text);\n\
                     CREATE INDEX t{table}_owner ON t{table} (owner);\n"
                )
            })
            .collect(),
        Some(table) => format!("ALTER TABLE t{table} ADD COLUMN more text;\n"),
    }
}
