//! What brings the rows that every database begins with.

use super::{Deploy, read_name};
use crate::command::Command;
use crate::reader::Table;
use std::time::Duration;

/// A program of a service's image that fills a database. It is told `DATABASE_URL`, the address by
/// which the owner of the tables logs in, and running it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The service whose image has it.
    pub service: String,
    /// What is run there.
    pub command: Vec<String>,
}

/// A seed fills tables, and hashes a password perhaps.
const LIMIT: Duration = Duration::from_secs(300);

impl Seed {
    /// The command that runs it in `image`. It reads its settings from standard input, and reaches
    /// the database as this machine does.
    pub fn run(&self, image: &str) -> Command {
        let (program, rest) = self.command.split_first().expect("checked at the door");
        Command::new("docker")
            .args(["run", "--rm", "--network", "host"])
            .args(["--env-file", "/dev/stdin", "--read-only", "--tmpfs", "/tmp"])
            .args(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"])
            .args(["--entrypoint", program, image])
            .args(rest.iter().cloned())
            .limit(LIMIT)
            .finishes()
    }
}

pub(super) fn read(table: &Table<'_>) -> Option<Seed> {
    let service = read_name(table, "service");
    let command = table.texts("command");
    table.refuse_unknown();
    if command.is_empty() {
        table.refuse("command", "missing; wanted a program of the image and its arguments");
        return None;
    }
    Some(Seed { service: service?, command })
}

pub(super) fn check(root: &Table<'_>, deploy: &Deploy) {
    let Some(seed) = &deploy.seed else { return };
    // A service that cannot be read is there, and is told of already.
    let services = root.optional_table("services").map(|it| it.keys()).unwrap_or_default();
    if !services.contains(&seed.service)
        && let Some(table) = root.optional_table("seed")
    {
        table.refuse("service", format!("there is no service `{}`", seed.service));
    }
}
