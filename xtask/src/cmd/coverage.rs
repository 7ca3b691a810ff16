//! `coverage`: what Rust tests covered, from what they counted when `ci` ran them.

use crate::edge::files;
use crate::edge::llvm::{Counted, Llvm};
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::world::World;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use xtask_core::check::coverage::{Coverage, relative};

/// Where reports are, from the root.
const FOLDER: &str = "target/ci/coverage/rust";
/// Tests are not what they cover; fakes are a part of tests.
const WITHOUT: &str = r"/tests/|/tests\.rs$|/xtask/fakes/|/\.cargo/";

pub(super) fn run(world: &World<'_>) -> Result<Exit> {
    let folder = world.places.file(FOLDER);
    let counts = folder.join("counts");
    if !files::is_folder(&counts)? {
        return Err(Failure::refused("cannot say what Rust tests cover: nothing was counted")
            .hint("`cargo xtask ci --only rust-coverage` runs them with counters"));
    }
    let Some(llvm) = Llvm::find(&world.shell)? else {
        return Ok(not_checked(world));
    };
    let programs = programs(&folder.join("programs.json"))?;
    let counted = Counted { programs: &programs, counts: &counts, without: WITHOUT };
    let root = world.places.root.display().to_string();
    let lcov = relative(&llvm.lcov(&world.shell, &counted)?, &root);
    let coverage = Coverage::parse(&lcov)
        .ok_or_else(|| Failure::outside("failed to read what Rust tests cover: it is empty"))?;
    files::write(&folder.join("lcov.info"), lcov.as_bytes())?;
    let shown = format!("{coverage}\n{FOLDER}/lcov.info");
    world
        .report
        .data(&json!({ "coverage": coverage, "file": format!("{FOLDER}/lcov.info") }), &shown);
    Ok(Exit::Done)
}

fn not_checked(world: &World<'_>) -> Exit {
    let why = "no LLVM of version 19 or newer reads what Rust tests counted";
    let how = "install Debian's `llvm-19`, or `rustup component add llvm-tools`";
    world.report.data(&json!({ "not_checked": why }), &format!("not checked: {why}; {how}"));
    Exit::NotChecked
}

/// The programs that tests are and that they start, as the test runner listed them.
fn programs(list: &Path) -> Result<Vec<PathBuf>> {
    let listed: Value = serde_json::from_str(&files::read(list)?)
        .or_outside(|| format!("failed to read `{}`", list.display()))?;
    let mut programs = Vec::new();
    for test in listed["rust-binaries"].as_object().into_iter().flat_map(|it| it.values()) {
        programs.extend(test["binary-path"].as_str().map(PathBuf::from));
    }
    let build = &listed["rust-build-meta"];
    let target = Path::new(build["target-directory"].as_str().unwrap_or_default());
    let started = build["non-test-binaries"].as_object().into_iter().flat_map(|it| it.values());
    for program in started.filter_map(Value::as_array).flatten() {
        programs.extend(program["path"].as_str().map(|path| target.join(path)));
    }
    programs.retain(|path| files::is_seen(path));
    programs.sort_unstable();
    programs.dedup();
    Ok(programs)
}
