//! A person's editor over a text that may never lie on a disk: a private file in memory, removed
//! whatever happens.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result, code};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask_core::secret::Secret;

const PREFIX: &str = "nutri-secrets.";

/// Has a person edit `text`, in a file called `name`.
pub fn edit(name: &str, text: &Secret) -> Result<Secret> {
    let memory = memory()?;
    sweep(&memory)?;
    let prefix = format!("{PREFIX}{}.", std::process::id());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(&memory);
    let folder =
        folder.or_outside(|| format!("failed to make a folder in `{}`", memory.display()))?;
    files::make_private_folder(folder.path())?;
    let path = folder.path().join(name);
    files::write_private(&path, text.expose().as_bytes())?;
    let edited = run(&path).and_then(|()| files::read(&path));
    // Editors leave copies beside the file: all of the folder goes.
    let removed = folder.close().or_outside(|| "failed to remove what was edited".to_owned());
    let edited = edited?;
    removed.map(|()| Secret::new(edited))
}

/// A folder that is on no disk.
fn memory() -> Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|it| !it.is_empty());
    let folders = runtime.map(PathBuf::from).into_iter().chain([PathBuf::from("/dev/shm")]);
    for folder in folders {
        if files::is_folder(&folder)? {
            return Ok(folder);
        }
    }
    Err(Failure::refused("cannot edit secrets: there is no folder in memory")
        .code(&code::EDITOR)
        .reason("neither `XDG_RUNTIME_DIR` nor `/dev/shm` is there")
        .hint("`cargo xtask secrets set` needs no file"))
}

/// Removes what killed runs left.
fn sweep(memory: &Path) -> Result<()> {
    for name in files::names(memory)? {
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('.').next());
        let Some(process) = process.and_then(|it| it.parse::<u32>().ok()) else { continue };
        if !files::is_folder(Path::new(&format!("/proc/{process}")))? {
            // It may be another user's.
            let _left = files::remove_folder(&memory.join(name));
        }
    }
    Ok(())
}

/// The editor has the terminal, so it is started in our own group and with our own streams.
fn run(path: &Path) -> Result<()> {
    let variable = |name: &str| std::env::var(name).ok().filter(|it| !it.trim().is_empty());
    let editor = variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or("vi".to_owned());
    let failed = |why: &str| {
        Failure::refused(format!("cannot take what was edited: editor `{editor}` {why}"))
            .code(&code::EDITOR)
            .hint("nothing was changed; `EDITOR` says which program it is")
    };
    // It may have arguments of its own, as git takes it.
    let script = format!("{editor} \"$@\"");
    let status = Command::new("sh").args(["-c", &script, "editor"]).arg(path).status();
    let status = status.map_err(|error| failed(&format!("could not be started: {error}")))?;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(127), _) => Err(failed("was not found")),
        (Some(code), _) => Err(failed(&format!("ended with {code}"))),
        (None, signal) => Err(failed(&format!("was ended by signal {}", signal.unwrap_or(0)))),
    }
}
