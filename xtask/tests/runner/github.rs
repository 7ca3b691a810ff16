//! What GitHub is to a workflow: a repository, its settings, its caches, its tokens.

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository with settings, and what outlives a job.
pub(crate) struct GitHub {
    pub(crate) folder: tempfile::TempDir,
    /// Variables of the repository.
    pub(crate) vars: Map<String, Value>,
    /// Secrets by environment.
    pub(crate) secrets: Map<String, Value>,
    /// What the person said who started the run.
    pub(crate) inputs: Map<String, Value>,
    /// Variables that every step has beside those of the workflow.
    pub(crate) machine: Vec<(String, String)>,
}

/// What a job with `packages: write` logs in with; the others get another.
pub(crate) const WRITING_TOKEN: &str = "token-that-may-write-packages";

impl GitHub {
    /// A repository whose only commit is the working tree, after `edit` had its way with it.
    pub(crate) fn new(edit: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("nutri-runner").tempdir().unwrap();
        let origin = folder.path().join("origin");
        copy_tracked(&origin);
        edit(&origin);
        let commit = "-c user.name=runner -c user.email=runner@localhost commit --quiet -m all";
        for words in ["init --quiet -b main", "add --all", commit] {
            run("git", words, &origin);
        }
        let (vars, secrets, inputs) = (Map::new(), Map::new(), Map::new());
        Self { folder, vars, secrets, inputs, machine: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn commit(&self) -> String {
        run("git", "rev-parse HEAD", &self.path("origin"))
    }

    /// The committed text of a workflow.
    pub(crate) fn workflow(&self, file: &str) -> Value {
        let path = self.path("origin/.github/workflows").join(file);
        serde_norway::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    pub(crate) fn context(&self, token: &str) -> Value {
        json!({
            "sha": self.commit(), "ref": "refs/heads/main", "repository": "Acme/Nutri",
            "actor": "octo", "token": token, "workflow": "runner",
        })
    }

    /// `actions/checkout`: a clone at a commit; no credentials stay behind.
    pub(crate) fn check_out(&self, workspace: &Path, commit: Option<&str>) {
        let origin = self.path("origin");
        let origin = format!("file://{}", origin.display());
        let clone = format!("clone --quiet {origin} {}", workspace.display());
        run("git", &clone, self.folder.path());
        run("git", &format!("checkout --quiet {}", commit.unwrap_or("HEAD")), workspace);
    }

    /// `actions/cache`, first half: what an earlier job kept under `key`. Folders of the home are
    /// this machine's own and stay as they are.
    pub(crate) fn restore(&self, paths: &str, key: &str, workspace: &Path) -> bool {
        let kept = self.path("caches").join(key);
        for path in inside(paths).filter(|path| kept.join(path).exists()) {
            copy(&kept.join(path), &workspace.join(path));
        }
        kept.exists()
    }

    /// The other half: keeps it for later jobs, under a key that nobody has used.
    pub(crate) fn keep(&self, paths: &str, key: &str, workspace: &Path) {
        let kept = self.path("caches").join(key);
        for path in inside(paths).filter(|path| workspace.join(path).exists()) {
            copy(&workspace.join(path), &kept.join(path));
        }
    }

    /// `actions/upload-artifact`; that of the last run is kept.
    pub(crate) fn upload(&self, name: &str, path: &Path) {
        let own = self.path("artifacts").join(name);
        if own.exists() {
            std::fs::remove_dir_all(&own).unwrap();
        }
        copy(path, &own.join(path.file_name().unwrap()));
    }
}

fn inside(paths: &str) -> impl Iterator<Item = &str> {
    paths.lines().filter(|path| !path.starts_with('~'))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success(), "failed to copy {}", from.display());
}

/// What is tracked or new, as it is in the working tree.
fn copy_tracked(target: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let listed = run("git", "ls-files --cached --others --exclude-standard", root);
    for file in listed.lines().filter(|file| root.join(file).is_file()) {
        let place = target.join(file);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::copy(root.join(file), place).unwrap();
    }
}

pub(crate) fn run(program: &str, words: &str, folder: &Path) -> String {
    let output = Command::new(program).args(words.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{program} {words}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
