//! `docs/tools.md`: every program that the repository uses, and how to get it.

use xtask_core::check::task;
use xtask_core::check::tools::{self, Tool, Verb};

const HEAD: &str = "# Tools

`cargo xtask docs` makes this page from the list that `./x doctor` asks by; an edit by hand is found by `./x ci`.
`nix develop` brings all of them, pinned by `flake.lock`.
Without Nix, `./x` installs what comes from Debian packages, wheels and crates; languages are yours to install.

| program | wanted | what for | needed by | Debian, Ubuntu | nixpkgs |
|---|---|---|---|---|---|
";

/// The whole page.
pub(super) fn page() -> String {
    let tasks = task::all();
    let row = |tool: &Tool| {
        let needed = match (tool.verb, tool.named_by(&tasks)) {
            (Verb::Up, _) => "`up`, `ci`".to_owned(),
            (Verb::Ci, tasks) if tasks.is_empty() => "`ci`".to_owned(),
            (Verb::Ci, tasks) => format!("`ci`: {}", tasks.join(", ")),
        };
        let Tool { names, wanted, purpose, debian, nix, .. } = tool;
        format!("| `{}` | {wanted} | {purpose} | {needed} | {debian} | `{nix}` |\n", names[0])
    };
    HEAD.to_owned() + &tools::all().iter().map(row).collect::<String>()
}
