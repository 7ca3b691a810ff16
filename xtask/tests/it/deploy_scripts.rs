//! `scripts/deploy`: each hands over to a verb, word by word, and passes on how it ended.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// A tree with both scripts and an `x` that writes its words down and ends with `$ENDS`.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let scripts = folder.path().join("scripts/deploy");
    std::fs::create_dir_all(&scripts).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/deploy");
    for name in ["deploy-apps.sh", "rollback.sh"] {
        std::fs::copy(own.join(name), scripts.join(name)).unwrap();
    }
    let x = folder.path().join("x");
    let text = "#!/bin/sh\nprintf '[%s]' \"$@\"\nread -r line && echo \"$line\"\nexit \"$ENDS\"\n";
    std::fs::write(&x, text).unwrap();
    std::fs::set_permissions(&x, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn run(tree: &Path, script: &str, words: &[&str], ends: &str) -> Output {
    let mut command = Command::new(tree.join("scripts/deploy").join(script));
    // From anywhere: the tree is where the script is.
    command.args(words).current_dir("/").env("ENDS", ends).output().unwrap()
}

#[test]
fn each_hands_over_its_words_and_passes_on_how_it_ended() {
    let tree = tree();
    for (script, verb) in [("deploy-apps.sh", "ship"), ("rollback.sh", "rollback")] {
        for ends in ["0", "3", "6"] {
            let words = ["production", "--apply", "a b", "$(id)"];
            let output = run(tree.path(), script, &words, ends);
            assert_eq!(output.status.code(), ends.parse().ok(), "{output:?}");
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said, format!("[{verb}][production][--apply][a b][$(id)]"));
        }
    }
}

#[test]
fn without_an_environment_each_says_how_it_is_used_and_does_nothing() {
    let tree = tree();
    for script in ["deploy-apps.sh", "rollback.sh"] {
        let output = run(tree.path(), script, &[], "0");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.starts_with(&format!("usage: scripts/deploy/{script} ENVIRONMENT ")),
            "{said}"
        );
        let help = run(tree.path(), script, &["--help"], "0");
        assert_eq!(help.status.code(), Some(0), "{help:?}");
        assert!(
            String::from_utf8(help.stdout).unwrap().ends_with("[--help]"),
            "the verb's own help"
        );
    }
}
