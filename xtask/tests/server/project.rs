//! A checkout whose `staging` has a server.

use super::host::{Host, Run};
use std::path::PathBuf;
use std::process::Command;

pub(crate) struct Project {
    folder: tempfile::TempDir,
    agent: PathBuf,
}

impl Project {
    pub(crate) fn new(host: &Host) -> Self {
        Self::at(host, &host.v4())
    }

    /// The same, with the server by this address.
    pub(crate) fn at(host: &Host, address: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap(), agent: host.agent() };
        let [person, server] = host.keys();
        let table = format!(
            "\n[environments.staging.server]\nhost = \"{address}\"\nhost_key = \"{server}\"\n\
             keys = [\"{person}\"]\nswap_mb = 0\nreboot_at = \"03:30\"\n"
        );
        let deploy = include_str!("../../../deploy.toml").to_owned() + &table;
        project.write("deploy.toml", &deploy);
        project.write("images/debian-scripts.toml", "[reviewed]\n");
        project.write(
            "scripts/deploy/setup-server.sh",
            include_str!("../../../scripts/deploy/setup-server.sh"),
        );
        project
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn xtask(&self, args: &[&str]) -> Run {
        let root = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(args).current_dir(root).env("HOME", root.join("home"));
        command.env("XTASK_STATE", root.join("state")).env("SSH_AUTH_SOCK", &self.agent);
        Run::of(&command.output().unwrap())
    }
}
