//! Hooks of git: what ours are, and what each looks at.

use crate::command::Command;

/// In every hook that we wrote, and in no other.
pub const MARK: &str =
    "# made by `cargo xtask hooks install`; `cargo xtask hooks remove` takes it away";

/// Our hooks, by the names that git gives them.
pub const NAMES: [&str; 2] = ["pre-commit", "pre-push"];

/// What becomes of the file where git looks for a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Nothing,
    /// It is ours.
    Ours,
    /// Somebody else wrote it.
    Foreign,
}

/// Whose hook it is.
pub fn found(text: Option<&str>) -> Found {
    match text {
        None => Found::Nothing,
        Some(text) if text.lines().any(|line| line == MARK) => Found::Ours,
        Some(_) => Found::Foreign,
    }
}

/// The hook called `name`.
pub fn script(name: &str) -> String {
    format!("#!/bin/sh\n{MARK}\nexec ./x hooks run {name}\n")
}

/// A check of one staged file, whose content it reads from standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its path from the root of the repository.
    pub file: String,
    /// What reads it.
    pub command: Command,
    /// Whether the command prints the file as it should be; else its exit code tells.
    pub prints: bool,
    /// What fixes it.
    pub fix: &'static str,
}

/// What is checked of the staged `files`: those whose form some program of ours holds.
pub fn checks(files: &[String]) -> Vec<Check> {
    files.iter().filter_map(|file| check(file)).collect()
}

fn check(file: &str) -> Option<Check> {
    let backend = file.strip_prefix("services/backend/");
    let ml = file.strip_prefix("services/ml-service/");
    let (command, prints, fix) = match (backend, ml) {
        _ if file.ends_with(".rs") => {
            let command = Command::new("rustfmt").args(["--edition", "2024", "--emit", "stdout"]);
            (command.args(["--quiet", "--config-path", "rustfmt.toml"]), true, "cargo fmt --all")
        }
        (Some(inside), _) if [".ts", ".js", ".json"].iter().any(|end| file.ends_with(end)) => {
            let command = Command::new("services/backend/node_modules/.bin/prettier");
            let command = command.args(["--stdin-filepath", inside]).folder("services/backend");
            (command, true, "npm run format, in services/backend")
        }
        (_, Some(inside)) if file.ends_with(".py") => {
            let command = Command::new("services/ml-service/.venv/bin/ruff").arg("check");
            let command = command.args(["--quiet", "--stdin-filename", inside, "-"]);
            let fix = ".venv/bin/ruff check --fix ., in services/ml-service";
            (command.folder("services/ml-service"), false, fix)
        }
        _ => return None,
    };
    Some(Check { file: file.to_owned(), command, prints, fix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_ours_by_its_mark_only() {
        for name in NAMES {
            assert_eq!(found(Some(&script(name))), Found::Ours);
        }
        assert_eq!(found(Some("#!/bin/sh\n./x hooks run pre-commit\n")), Found::Foreign);
        assert_eq!(found(None), Found::Nothing);
    }

    #[test]
    fn each_language_is_read_by_the_program_that_holds_its_form() {
        let files =
            ["x/a.rs", "services/backend/src/a.ts", "services/ml-service/a.py", "a.md", "a.ts"];
        let checks = checks(&files.map(ToOwned::to_owned));
        let lines: Vec<String> = checks.iter().map(|it| it.command.to_string()).collect();
        assert_eq!(
            lines,
            [
                "rustfmt --edition 2024 --emit stdout --quiet --config-path rustfmt.toml",
                "services/backend/node_modules/.bin/prettier --stdin-filepath src/a.ts",
                "services/ml-service/.venv/bin/ruff check --quiet --stdin-filename a.py -",
            ]
        );
    }
}
