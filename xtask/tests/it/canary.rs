//! Secrets that nobody else has, and a search for them wherever a run may leave one: what it said,
//! its log, every file of its world, and what the programs that it started were told.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::{Run, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Values that stand in for secrets.
#[derive(Default)]
pub(crate) struct Canary {
    planted: Vec<String>,
    /// Files that are there to hold them, and that nobody else may read.
    kept: Vec<PathBuf>,
}

impl Canary {
    /// A value that is nowhere else; `kind` makes it an own one. It is strong, so that no verb
    /// complains about it.
    pub(crate) fn plant(&mut self, kind: &str) -> String {
        let value = format!("canary{}xq7Zt0bUuB1m7yQe4Yw2kHcVxPzL5sJfa{kind}", self.planted.len());
        self.planted.push(value.clone());
        value
    }

    /// A value from elsewhere, such as a private key, is watched too.
    pub(crate) fn watch(&mut self, value: &str) {
        self.planted.push(value.to_owned());
    }

    /// This file of the world is where they are kept.
    pub(crate) fn are_kept_in(&mut self, path: &Path) {
        self.kept.push(path.canonicalize().unwrap());
    }

    /// That `text` holds none of them, in no form.
    pub(crate) fn is_not_in(&self, place: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for value in &self.planted {
            for form in forms(value) {
                let found = text.find(&form);
                assert!(found.is_none(), "a secret is in {place}: `{form}` at {found:?}");
            }
        }
    }

    /// Runs `args` with as much told as can be, and looks everywhere.
    pub(crate) fn run(&self, world: &World, args: &[&str]) -> Run {
        self.run_with(world, args, &[])
    }

    /// The same with more variables.
    pub(crate) fn run_with(&self, world: &World, args: &[&str], more: &[(&str, &str)]) -> Run {
        let args = [&["-vv"], args].concat();
        let more = [&[("XTASK_LOG", "trace")], more].concat();
        self.looked(world, &args, world.run_with(&args, &more))
    }

    /// Looks everywhere after a run.
    pub(crate) fn looked(&self, world: &World, args: &[&str], run: Run) -> Run {
        let what = args.iter().map(|it| if it.len() > 40 { "…" } else { it }).collect::<Vec<_>>();
        let what = what.join(" ");
        self.is_not_in(&format!("stdout of `{what}`"), run.stdout.as_bytes());
        self.is_not_in(&format!("stderr of `{what}`"), run.stderr.as_bytes());
        let logs = self.files(&world.path("target/runs"), &what);
        assert!(logs > 0 || run.log.is_none(), "`{what}` left no log to look at");
        self.files(&world.path(".."), &what);
        run
    }

    /// Looks into every file below `folder`; tells how many there are.
    pub(crate) fn files(&self, folder: &Path, what: &str) -> usize {
        let mut count = 0;
        for path in below(folder) {
            let place = format!("`{}` after `{what}`", path.display());
            self.is_not_in(&place, path.to_string_lossy().as_bytes());
            if self.kept.contains(&path.canonicalize().unwrap()) {
                let mode = path.metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o077, 0, "{place} is open to others");
            } else {
                self.is_not_in(&place, &std::fs::read(&path).unwrap());
            }
            count += 1;
        }
        count
    }
}

/// As it is, and as those forms that a careless line would put it into.
fn forms(value: &str) -> Vec<String> {
    let shifted = (0..3).filter_map(|shift| {
        let inside = value.as_bytes().get(shift..)?;
        let whole = inside.len() / 3 * 3;
        Some(STANDARD_NO_PAD.encode(&inside[..whole]))
    });
    [value.to_owned(), hex::encode(value)].into_iter().chain(shifted).collect()
}

/// What a test keeps outside of what a run may write.
const OWN: &str = "own-to-the-test";

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    for entry in entries.map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && entry.file_name() != OWN {
            files.extend(below(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}

/// A file of the test itself, such as a key that is handed in, which may hold a secret.
pub(crate) fn own(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.path("..").join(OWN).join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    path
}

/// A world in which these programs note every word that they are called with, and every variable,
/// in a file that is searched like all others.
pub(crate) fn noting(world: World, programs: &[&str]) -> World {
    let notes = world.path("../notes");
    programs.iter().fold(world, |world, name| {
        let real = which(name);
        let text = format!(
            "#!/bin/bash\nprintf '%s\\n' {name} \"$@\" >> {0}\nexec {1} \"$@\"\n",
            notes.display(),
            real.display()
        );
        world.program(name, &text)
    })
}

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|it| it.join(name)).find(|it| it.is_file());
    found.unwrap_or_else(|| panic!("`{name}` is not there"))
}

#[test]
fn what_a_run_leaves_is_found_in_every_form() {
    let mut canary = Canary::default();
    let value = canary.plant("jwt");
    let held = |text: &str| {
        let looked = std::panic::catch_unwind(|| canary.is_not_in("a text", text.as_bytes()));
        looked.is_err()
    };
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("user:{value}"));
    for text in [value.clone(), hex::encode(&value), coded] {
        assert!(held(&format!("before {text} after")), "{text}");
    }
    assert!(!held("nothing of it"));
    let world = noting(World::new(), &["sh"]);
    canary.run(&world, &["image", "list"]).ends(0);
    std::fs::write(world.path("target/runs/left"), &value).unwrap();
    let looked = std::panic::catch_unwind(|| canary.files(&world.path(""), "a test"));
    assert!(looked.is_err(), "a file that holds one is found");
}
