//! What of all that tests may require is missing on this machine.

use crate::edge::shell::Shell;
use crate::edge::{docker, files};
use std::path::{Path, PathBuf};
use xtask_core::check::requirement::{self, Kind, Requirement, SERVERS, grants};

/// Everything that is missing.
pub fn missing(shell: &Shell) -> Vec<&'static Requirement> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let is_here = |it: &Requirement| match it.kind {
        Kind::Program => it.programs().iter().any(|name| has_program(shell, name)),
        Kind::File(patterns) => patterns.iter().any(|pattern| has_file(pattern)),
        // Without a client there is no engine that a test could ask.
        Kind::Engine => docker::answers(shell).unwrap_or(false),
        Kind::Capability(bit) => grants(&status, bit),
    };
    requirement::all().iter().filter(|it| !is_here(it)).collect()
}

fn has_program(shell: &Shell, name: &str) -> bool {
    let servers = SERVERS.iter().map(|folder| Path::new(folder).join(name));
    shell.find(name).is_some() || servers.into_iter().any(|it| files::is_seen(&it))
}

/// Whether there is a file of a pattern in which `*` stands for one folder.
fn has_file(pattern: &str) -> bool {
    let Some((above, below)) = pattern.split_once("/*/") else {
        return files::is_seen(Path::new(pattern));
    };
    let folders: Vec<PathBuf> =
        std::fs::read_dir(above).into_iter().flatten().flatten().map(|it| it.path()).collect();
    folders.iter().any(|folder| files::is_seen(&folder.join(below)))
}
