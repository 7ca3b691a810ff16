//! The flake: it evaluates against a stand-in for nixpkgs, and its shell brings what `doctor` wants.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::path::PathBuf;
use std::process::Command;
use xtask_core::tools;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

#[test]
fn the_shell_brings_every_tool_that_doctor_wants() {
    let shell = std::fs::read_to_string(root().join("nix/shell.nix")).unwrap();
    let brought: Vec<&str> =
        shell.split("packages = [").nth(1).unwrap().split_whitespace().collect();
    let lacking = tools::all().into_iter().filter(|tool| !brought.contains(&tool.nix));
    let lacking: Vec<&str> = lacking.map(|tool| tool.nix).collect();
    assert!(lacking.is_empty(), "nix/shell.nix lacks {lacking:?}");
}

#[test]
fn the_lock_names_nixpkgs_by_commit_and_content() {
    let text = std::fs::read_to_string(root().join("flake.lock")).unwrap();
    let lock: serde_json::Value = serde_json::from_str(&text).unwrap();
    let locked = &lock["nodes"]["nixpkgs"]["locked"];
    assert_eq!(lock["version"], 7);
    assert_eq!(locked["rev"].as_str().unwrap().len(), 40);
    assert!(locked["narHash"].as_str().unwrap().starts_with("sha256-"));
}

/// Every output is forced to its derivation, for all three systems.
#[test]
fn every_output_of_the_flake_evaluates() {
    let Ok(version) = Command::new("nix").arg("--version").output() else {
        eprintln!("skipped: no `nix` here (Debian has it as `nix-bin`)");
        return;
    };
    assert!(version.status.success());
    let folder = tempfile::tempdir().unwrap();
    let stand_in = format!("path:{}", root().join("xtask/tests/nix/nixpkgs").display());
    let force = "f: builtins.mapAttrs (system: of: of.drvPath or (builtins.mapAttrs (n: it: it.drvPath) of)) f";
    for output in ["devShells", "formatter"] {
        let flake = format!("path:{}#{output}", tracked_copy(folder.path(), output).display());
        let evaluated = Command::new("nix")
            .args([
                "eval",
                "--json",
                "--no-write-lock-file",
                "--override-input",
                "nixpkgs",
                &stand_in,
            ])
            .args([&flake, "--apply", force])
            .env("NIX_CONFIG", "experimental-features = nix-command flakes\nbuild-users-group =\n")
            .env("NIX_REMOTE", folder.path().join("store"))
            .env("HOME", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&evaluated.stderr);
        assert!(evaluated.status.success(), "{output}: {said}");
        let found: serde_json::Value = serde_json::from_slice(&evaluated.stdout).unwrap();
        let systems: Vec<&String> = found.as_object().unwrap().keys().collect();
        assert_eq!(systems, ["aarch64-darwin", "aarch64-linux", "x86_64-linux"], "{output}");
    }
}

/// The flake and what it refers to, beside nothing else: a whole tree would be copied by Nix.
fn tracked_copy(folder: &std::path::Path, name: &str) -> PathBuf {
    let copy = folder.join(name);
    std::fs::create_dir_all(copy.join("nix")).unwrap();
    for file in ["flake.nix", "flake.lock", "nix/shell.nix"] {
        std::fs::copy(root().join(file), copy.join(file)).unwrap();
    }
    copy
}
