//! Prisma's own engine, from npm packages, asked over a small program of ours.

use super::Ground;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xtask_fakes::requirement::{Required, required_file, required_program};

/// The engine, started anew for each question.
pub(super) struct Prisma {
    node: PathBuf,
}

impl Prisma {
    pub(super) fn here() -> Required<Self> {
        let here = required_program("node").and(|| required_file("prisma-engine"));
        here.map(|(node, _)| Self { node })
    }

    /// What it answers: `ok`, or `error` with its code.
    pub(super) fn ask(&self, ground: &Ground<'_>, verb: &str, more: &Value) -> Value {
        let mut asked = json!({
            "url": ground.url("sslmode=disable"), "verb": verb, "migrations": ground.path(),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            asked[key] = value.clone();
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/prisma.mjs");
        let mut child = Command::new(&self.node)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// What it finds of the history.
    pub(super) fn history(&self, ground: &Ground<'_>) -> Value {
        let answer = self.ask(ground, "diagnose", &json!({}));
        assert_eq!(answer["error"], Value::Null, "{answer}");
        answer["ok"].clone()
    }

    /// It finds nothing to do and nothing wrong.
    pub(super) fn is_up_to_date(&self, ground: &Ground<'_>) {
        let found = self.history(ground);
        let wanted = json!({
            "editedMigrationNames": [], "failedMigrationNames": [], "hasMigrationsTable": true,
            "history": null,
        });
        assert_eq!(found, wanted, "Prisma does not say that it is up to date");
    }

    /// It applies what is pending; the names, or its code.
    pub(super) fn deploy(&self, ground: &Ground<'_>) -> Result<Vec<String>, String> {
        let answer = self.ask(ground, "deploy", &json!({}));
        match &answer["error"] {
            error if !error.is_null() => {
                let code = error["code"].as_str().or_else(|| error["message"].as_str());
                Err(code.unwrap_or_default().to_owned())
            }
            _ => {
                let names = answer["ok"]["appliedMigrationNames"].as_array();
                let names = names.unwrap_or_else(|| panic!("{answer}"));
                Ok(names.iter().map(|it| it.as_str().unwrap().to_owned()).collect())
            }
        }
    }
}
