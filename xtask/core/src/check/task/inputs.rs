//! Which files decide the outcome of a task: globs, and named sets of them that share edges.

use super::{Task, sets};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Files that belong together, under a name that rows use as `@name`.
///
/// What a set needs of another one, such as what two services share, is an edge: it is written
/// here once, and every task that names the set has it.
#[derive(Clone, Copy, Debug)]
pub struct InputSet {
    /// What rows call it, after an `@`.
    pub name: &'static str,
    /// Its own files, as globs from the root, and the sets that it depends on.
    pub inputs: &'static [&'static str],
}

/// Tells whether a path is among the inputs of a task.
#[derive(Debug)]
pub struct Globs {
    words: Vec<&'static str>,
    set: GlobSet,
}

impl Globs {
    /// The globs of `inputs`, with every set replaced by what is in it.
    ///
    /// # Panics
    /// If the table names a set that is not there or a glob that cannot be read.
    pub fn of(inputs: &[&'static str]) -> Self {
        let mut words = Vec::new();
        inputs.iter().for_each(|input| spread(input, &mut Vec::new(), &mut words));
        let mut builder = GlobSetBuilder::new();
        for word in &words {
            let glob = GlobBuilder::new(word).literal_separator(true).build();
            builder.add(glob.expect("a test reads every glob of the table"));
        }
        Self { words, set: builder.build().expect("a test reads every glob of the table") }
    }

    /// The globs, in the order in which the table says them.
    pub fn words(&self) -> &[&'static str] {
        &self.words
    }

    /// Whether the file at `path`, from the root, is one of them.
    pub fn hold(&self, path: &str) -> bool {
        self.set.is_match(path)
    }
}

/// Which of `files` are inputs of `task`.
pub fn files<'a>(task: &Task, files: &'a [String]) -> Vec<&'a str> {
    let globs = Globs::of(task.inputs);
    files.iter().map(String::as_str).filter(|path| globs.hold(path)).collect()
}

/// Adds what `input` stands for; `inside` are the sets we are in, so that circles end.
fn spread(input: &'static str, inside: &mut Vec<&'static str>, words: &mut Vec<&'static str>) {
    let Some(name) = input.strip_prefix('@') else {
        if !words.contains(&input) {
            words.push(input);
        }
        return;
    };
    if inside.contains(&name) {
        return;
    }
    inside.push(name);
    let set = sets().iter().find(|set| set.name == name);
    let set = set.unwrap_or_else(|| panic!("no input set is called `{name}`"));
    set.inputs.iter().for_each(|input| spread(input, inside, words));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::task::all;

    fn selects(task: &str, path: &str) -> bool {
        let task = all().into_iter().find(|it| it.name == task).unwrap();
        Globs::of(task.inputs).hold(path)
    }

    #[test]
    fn every_set_and_glob_of_the_table_can_be_read() {
        for task in all() {
            assert!(!Globs::of(task.inputs).words().is_empty(), "{}", task.name);
        }
        for set in sets() {
            assert!(!Globs::of(set.inputs).words().is_empty(), "{}", set.name);
        }
    }

    #[test]
    fn a_star_stays_inside_its_folder_and_two_go_everywhere() {
        let globs = Globs::of(&["services/*/tools/*", "xtask/**", "Cargo.*"]);
        assert!(globs.hold("services/a/tools/lock") && globs.hold("xtask/core/src/lib.rs"));
        assert!(!globs.hold("services/a/tools/b/c") && !globs.hold("other/xtask/a"));
        assert!(globs.hold("Cargo.lock") && !globs.hold("a/Cargo.lock"));
        assert!(Globs::of(&["**"]).hold(".ci/run"));
    }

    #[test]
    fn the_check_of_an_image_decides_the_tests_that_run_it() {
        assert!(selects("jest", "images/backend.toml"));
        assert!(selects("pytest", "images/ml-service.toml"));
        assert!(!selects("jest", "images/ml-service.toml"));
    }

    #[test]
    fn a_service_does_not_decide_the_outcome_of_the_other() {
        assert!(selects("jest", "services/backend/src/main.ts"));
        assert!(!selects("jest", "services/ml-service/src/nutri_ml/app.py"));
        assert!(!selects("mypy", "services/backend/src/main.ts"));
        assert!(!selects("pytest", "services/backend/src/main.ts"));
        assert!(selects("shellcheck", "images/compose/postgres/entrypoint.sh"));
        assert!(selects("ruff", ".gitignore") && selects("cargo-fetch", ".cargo/config.toml"));
        assert!(selects("rust-test", "docs/README.md") && !selects("clippy", "docs/README.md"));
    }
}
