//! What a task read, against what its row says that it reads.
//!
//! `strace` writes a line for each file that a command opened, with the path that the kernel came
//! to: `12 openat(AT_FDCWD</root>, "a", O_RDONLY) = 3</root/a>`. An opening that another process
//! interrupted is two lines, and only the second one has the path:
//! `12 openat(… <unfinished ...>` and `12 <... openat resumed>) = 3</root/a>`.

use super::{Globs, Task};
use crate::command::Command;
use std::collections::{BTreeMap, BTreeSet};

/// Whether reading anything is as its row says: nothing can be found then.
pub fn may_read_all(task: &Task) -> bool {
    Globs::of(task.inputs).words().contains(&"**")
}

/// `command` under a `strace` that writes to `trace` what it and all that it starts open.
pub fn traced(command: &Command, trace: &str) -> Command {
    // Only what can be asked of every processor: some have no `open`, older kernels no `openat2`.
    let flags = "-f -y -qq --seccomp-bpf -e trace=?open,openat,?openat2 -e signal=none -o";
    let mut traced = command.clone();
    "strace".clone_into(&mut traced.program);
    let flags = flags.split(' ').map(str::to_owned);
    traced.args =
        flags.chain([trace.to_owned(), "--".to_owned(), command.program.clone()]).collect();
    traced.args.extend(command.args.iter().cloned());
    traced
}

/// The files among `files` that a trace says were read, and no input of `task` names. `root` is the
/// checkout's own path, as the kernel knows it.
pub fn undeclared(
    task: &Task,
    trace: impl Iterator<Item = String>,
    root: &str,
    files: &[String],
) -> BTreeSet<String> {
    let globs = Globs::of(task.inputs);
    let files: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    let is_undeclared = |path: &String| files.contains(path.as_str()) && !globs.hold(path);
    reads(trace, root).into_iter().filter(is_undeclared).collect()
}

/// Every file under `root` that was opened for reading, from there.
fn reads(trace: impl Iterator<Item = String>, root: &str) -> BTreeSet<String> {
    let mut begun: BTreeMap<String, String> = BTreeMap::new();
    let mut reads = BTreeSet::new();
    for line in trace {
        let Some((process, said)) = line.split_once(' ') else { continue };
        let said = said.trim_start();
        if said.ends_with("<unfinished ...>") {
            begun.insert(process.to_owned(), said.to_owned());
            continue;
        }
        let before = if said.starts_with("<... ") { begun.remove(process) } else { None };
        let whole = before.unwrap_or_default() + said;
        if !whole.contains("O_WRONLY") {
            reads.extend(opened(&whole, root));
        }
    }
    reads
}

/// The path that an opening came to, if it is one under `root`.
fn opened(said: &str, root: &str) -> Option<String> {
    let (_, result) = said.rsplit_once(") = ")?;
    let path = result.split_once('<')?.1.strip_suffix('>')?;
    Some(path.strip_prefix(root)?.strip_prefix('/')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::task::tests::stub;

    const TRACE: &str = r#"12 openat(AT_FDCWD</srv/a>, "src/main.ts", O_RDONLY|O_CLOEXEC) = 3</srv/a/src/main.ts>
12 openat(AT_FDCWD</srv/a>, "docs/a.md", O_RDONLY) = 3</srv/a/docs/a.md>
12 openat(AT_FDCWD</srv/a>, "docs/made.md", O_WRONLY|O_CREAT, 0666) = 3</srv/a/docs/made.md>
12 openat(AT_FDCWD</srv/a>, "docs/gone.md", O_RDONLY) = -1 ENOENT (No such file or directory)
12 openat(AT_FDCWD</srv/a>, "docs", O_RDONLY|O_DIRECTORY) = 3</srv/a/docs>
12 openat(AT_FDCWD</srv/ab>, "docs/a.md", O_RDONLY) = 3</srv/ab/docs/a.md>
13 openat(AT_FDCWD</srv/a>, "docs/late.md", O_RDONLY <unfinished ...>
14 openat(AT_FDCWD</srv/a>, "docs/own.md", O_WRONLY <unfinished ...>
13 <... openat resumed>) = 4</srv/a/docs/late.md>
14 <... openat resumed>) = 4</srv/a/docs/own.md>
13 openat(AT_FDCWD</srv/a>, "made/it.js", O_RDONLY) = 3</srv/a/made/it.js>
13 openat(3</srv/a/docs>, "through a link", O_RDWR) = 3</srv/a/docs/linked.md>
+++ exited with 0 +++"#;

    fn found(inputs: &'static [&'static str]) -> Vec<String> {
        let files = ["src/main.ts", "a.md", "made.md", "gone.md", "late.md", "own.md", "linked.md"];
        let in_docs = |name: &&str| {
            if name.contains('/') { (*name).to_owned() } else { format!("docs/{name}") }
        };
        let files: Vec<String> = files.iter().map(in_docs).collect();
        let task = Task { inputs, ..stub("a", &[]) };
        let lines = TRACE.lines().map(str::to_owned);
        undeclared(&task, lines, "/srv/a", &files).into_iter().collect()
    }

    #[test]
    fn what_was_read_of_the_checkout_and_no_input_names_is_found() {
        assert_eq!(found(&["src/**"]), ["docs/a.md", "docs/late.md", "docs/linked.md"]);
        assert_eq!(found(&["src/**", "docs/*"]), [""; 0]);
        assert!(found(&["docs/**"]).contains(&"src/main.ts".to_owned()));
    }

    #[test]
    fn a_command_is_the_same_but_for_who_looks_on() {
        let command = Command::new("npm").arg("test").folder("services/a").env("A", "b");
        let traced = traced(&command, "/tmp/t");
        assert!(traced.args.ends_with(&["/tmp/t", "--", "npm", "test"].map(str::to_owned)));
        assert_eq!((&traced.folder, &traced.env), (&command.folder, &command.env));
    }

    #[test]
    fn a_row_of_everything_has_nothing_to_be_found() {
        let of = |inputs| may_read_all(&Task { inputs, ..stub("a", &[]) });
        assert!(of(&["**"]) && !of(&["src/**"]));
    }
}
