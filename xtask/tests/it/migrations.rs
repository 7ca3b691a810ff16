//! Migrations on a real Postgres, beside Prisma's own engine: what each says of the other's work.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod alone;
mod cut;
mod locks;
mod pooled;
mod prisma;
mod reach;
mod retyped;
mod rows;
mod since;

use super::postgres::server::Server;
use std::path::PathBuf;
use tempfile::TempDir;
use xtask::cancel::Cancel;
use xtask::database::replay;
use xtask::edge::postgres::Database;
use xtask::error::Failure;
use xtask_core::database::migration::{MigrationFile, plan};
use xtask_core::deploy::Migrations;

/// A database of its own, and a folder of migrations.
struct Ground<'a> {
    server: &'a Server<'a>,
    name: &'static str,
    folder: TempDir,
}

impl<'a> Ground<'a> {
    fn new(server: &'a Server<'a>, name: &'static str) -> Self {
        let database = Database::connect(&server.url("").parse().unwrap()).unwrap();
        database.ensure_database(name).unwrap();
        let ground = Self { server, name, folder: tempfile::tempdir().unwrap() };
        ground.write("migration_lock.toml", "provider = \"postgresql\"\n");
        ground
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Adds a migration.
    fn file(&self, name: &str, sql: &str) {
        self.write(&format!("{name}/migration.sql"), sql);
    }

    fn files(&self) -> Vec<MigrationFile> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if let Ok(sql) = std::fs::read_to_string(entry.path().join("migration.sql")) {
                files.push(MigrationFile::new(name, sql));
            }
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files
    }

    fn url(&self, query: &str) -> String {
        self.server.url_of(self.name, query)
    }

    fn connect(&self, query: &str) -> Database {
        Database::connect(&self.url(query).parse().unwrap()).unwrap()
    }

    /// What is pending, or why nothing may be applied.
    fn pending(&self) -> Result<Vec<String>, String> {
        let rows = self.connect("").migration_rows().unwrap();
        plan(&self.files(), &rows).map(|it| it.pending).map_err(|why| why.to_string())
    }

    /// Applies what is pending, as a runner that holds the lock.
    fn apply(&self) -> Result<Vec<String>, Failure> {
        self.apply_with("", &limits())
    }

    fn apply_with(&self, query: &str, limits: &Migrations) -> Result<Vec<String>, Failure> {
        let mut database = self.connect(query);
        database.lock_migrations()?;
        let rows = database.migration_rows()?;
        let plan = plan(&self.files(), &rows).map_err(|why| Failure::refused(why.to_string()))?;
        let files = self.files();
        let pending = files.iter().filter(|file| plan.pending.contains(&file.name));
        replay::apply(&mut database, pending, limits, &Cancel::default(), |_| ())?;
        database.unlock_migrations()?;
        Ok(plan.pending)
    }

    /// What `psql` says in this database.
    fn sql(&self, sql: &str) -> String {
        self.server.ask_of(self.name, sql)
    }
}

fn limits() -> Migrations {
    Migrations::new("x", 1000, 60_000)
}

const ONE: &str = "20260101000000_one";
const TWO: &str = "20260102000000_two";
const THREE: &str = "20260103000000_three";
