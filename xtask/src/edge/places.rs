//! Where we keep what is not in the repository: downloads, and the state of an environment.

use crate::edge::files;
use crate::error::{Failure, Result};
use std::path::{Path, PathBuf};

/// The folders this run works in.
#[derive(Clone, Debug)]
pub struct Places {
    pub root: PathBuf,
    /// What can be fetched or made again; shared by all checkouts.
    pub cache: PathBuf,
    /// What must not be lost: secrets, logs, who holds an environment.
    pub state: PathBuf,
}

impl Places {
    /// Finds the repository above the current folder, and this user's cache and state.
    pub fn find() -> Result<Self> {
        Ok(Self {
            root: Self::root()?,
            cache: user_folder("XTASK_CACHE", "XDG_CACHE_HOME", ".cache")?,
            state: user_folder("XTASK_STATE", "XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The repository above the current folder.
    pub fn root() -> Result<PathBuf> {
        let here = std::env::current_dir().unwrap_or_default();
        let root = here.ancestors().find(|folder| files::is_seen(&folder.join("deploy.toml")));
        let root = root.ok_or_else(|| {
            let failure = Failure::usage(format!(
                "cannot find `deploy.toml` in `{}` or above",
                here.display()
            ));
            let folder = here
                .ancestors()
                .map(|it| it.join("deploy.toml"))
                .find(|it| files::is_folder(it).unwrap_or(false));
            let failure = folder.into_iter().fold(failure, |it, folder| {
                it.reason(format!("`{}` is a folder", folder.display()))
            });
            failure.hint("run it inside a checkout of the repository")
        })?;
        Ok(root.to_owned())
    }

    /// A file of the repository.
    pub fn file(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// The state of one environment of one project.
    pub fn environment(&self, project: &str, environment: &str) -> PathBuf {
        self.state.join(project).join(environment)
    }

    /// The OCI layout that images are built into.
    pub fn layout(&self) -> PathBuf {
        self.root.join("target/images")
    }

    /// Where reports of rollouts are written.
    pub fn reports(&self) -> PathBuf {
        self.root.join("target/reports")
    }

    /// Where the evidence of drills is written.
    pub fn drills(&self) -> PathBuf {
        self.root.join("target/drills")
    }

    /// The OCI layout that holds what was said about images, without their layers.
    pub fn attestations(&self) -> PathBuf {
        self.root.join("target/attestations")
    }
}

/// `own` names our folder itself; `base` names where such folders are; else it is in the home.
fn user_folder(own: &str, base: &str, in_home: &str) -> Result<PathBuf> {
    // Programs are run from the root, and this one from anywhere below it: a path that depends on
    // that would name two places.
    let variable = |name: &str| {
        let told = std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from)?;
        Some(std::path::absolute(&told).unwrap_or(told))
    };
    let in_base = || variable(base).map(|folder| folder.join("nutri"));
    let in_home = || variable("HOME").map(|home| home.join(in_home).join("nutri"));
    variable(own).or_else(in_base).or_else(in_home).ok_or_else(|| {
        Failure::usage(format!(
            "cannot tell where to keep files: neither `HOME` nor `{own}` is set"
        ))
    })
}
