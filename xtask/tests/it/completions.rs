//! `completions`: each shell that is here takes its script, and then knows our words.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

/// The script for a shell, as a file, in a world that keeps it.
fn script(shell: &str) -> (World, PathBuf) {
    let world = World::new();
    let run = world.run(&["completions", shell]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    world.write("script", &run.stdout);
    let path = world.path("script");
    (world, path)
}

/// What `shell` prints for `text`, in which `SCRIPT` is the script for it.
fn ask(shell: &Path, args: &[&str], text: &str) -> String {
    let name = shell.file_name().unwrap().to_str().unwrap();
    let (world, path) = script(name);
    let text = text.replace("SCRIPT", path.to_str().unwrap());
    let output = Command::new(shell)
        .args(args)
        .args(["-c", &text])
        .env("HOME", world.path(""))
        .current_dir(world.path(""))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {printed}");
    assert_eq!(printed, "", "{name}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers when the last of `words` is being typed.
fn offered_by_bash(words: &[&str]) -> Vec<String> {
    let (last, program) = (words.len() - 1, words[0]);
    let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let text = format!(
        "source SCRIPT; COMP_WORDS=({typed}) COMP_CWORD={last}; \
         spec=$(complete -p {program}); spec=${{spec#* -F }}; \
         ${{spec%% *}} {program} '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words[last],
        words[last - 1],
    );
    let offered = ask(Path::new("bash"), &["--norc"], &text);
    offered.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn bash_completes_verbs_flags_and_values_of_x() {
    assert_eq!(ask(Path::new("bash"), &["--norc", "-n"], "source SCRIPT"), "");
    assert_eq!(offered_by_bash(&["x", "rollb"]), ["rollback-targets", "rollback"]);
    assert_eq!(offered_by_bash(&["x", "image", "insp"]), ["inspect"]);
    let shells = offered_by_bash(&["x", "completions", ""]);
    assert!(shells.ends_with(&["bash", "zsh", "fish"].map(str::to_owned)), "{shells:?}");
    assert!(offered_by_bash(&["x", "down", "--"]).contains(&"--erase".to_owned()));
    assert_eq!(offered_by_bash(&["xtask", "image", "insp"]), ["inspect"]);
}

#[test]
fn bash_completes_cargo_xtask_and_leaves_the_rest_of_cargo_alone() {
    assert_eq!(offered_by_bash(&["cargo", "xtask", "rollo"]), ["rollout"]);
    assert_eq!(offered_by_bash(&["cargo", "xtask", "image", "insp"]), ["inspect"]);
    assert_eq!(offered_by_bash(&["cargo", "roll"]), [""]);
}

#[test]
fn zsh_takes_its_script_and_knows_both_names() {
    let text = "autoload -Uz compinit && compinit -u -d $HOME/dump && source SCRIPT && \
                print $_comps[x] $_comps[cargo] $_comps[xtask]";
    let zsh = required!(required_program("zsh"));
    assert_eq!(ask(&zsh, &["-f"], text), "_x _x_of_cargo _x\n");
}

#[test]
fn zsh_loads_it_under_the_name_of_the_package_too() {
    let zsh = required!(required_program("zsh"));
    let text = "mkdir -p $HOME/site && cp SCRIPT $HOME/site/_xtask && fpath=($HOME/site $fpath) && \
                autoload -Uz compinit && compinit -u -d $HOME/dump && print $_comps[xtask]";
    assert_eq!(ask(&zsh, &["-f"], text), "_xtask\n");
}

#[test]
fn fish_completes_x_and_cargo_xtask() {
    let fish = required!(required_program("fish"));
    let text = |typed: &str| format!("source SCRIPT; complete -C '{typed}' | cut -f 1");
    for typed in ["x roll", "cargo xtask roll", "xtask roll"] {
        let offered = ask(&fish, &["--no-config"], &text(typed));
        assert_eq!(offered, "rollback\nrollback-targets\nrollout\n", "{typed}");
    }
    let offered = ask(&fish, &["--no-config"], &text("cargo xtask image insp"));
    assert_eq!(offered, "inspect\n");
}
