//! Whether the programs that an image starts can be started: its entrypoint, and what asks for
//! its health.

use super::{Judge, may};
use crate::rootfs::Led;
use crate::shape::Form;
use crate::start::Start;
use xtask_core::finding::Finding;

/// As deep as the kernel goes from interpreter to interpreter.
const INTERPRETERS_MAX: usize = 5;
const HOLD_IT: &str = "name a program that a layer holds, or add the layer that brings it";

impl Judge<'_> {
    pub(super) fn program(&self) -> Vec<Finding> {
        let config = self.config();
        let health = config.health.as_ref().map(|it| ("config.health.command", &it.command));
        let commands = [("config.entrypoint", &config.entrypoint)].into_iter().chain(health);
        let flaws = commands.filter_map(|(key, command)| Some((key, self.flaw(command.first()?)?)));
        flaws.map(|(key, flaw)| self.definition.finding(&format!("{key}[0]"), flaw)).collect()
    }

    /// Why the engine could not start `program`.
    fn flaw(&self, program: &str) -> Option<String> {
        let path = if program.contains('/') {
            self.absolute(program)
        } else if let Some(path) = self.in_path(program) {
            path
        } else {
            return Some(format!(
                "`{program}` is in no folder of `PATH` (`{}`); {HOLD_IT}",
                self.path()
            ));
        };
        self.flaw_at(&path, INTERPRETERS_MAX)
    }

    fn absolute(&self, program: &str) -> String {
        if program.starts_with('/') {
            return program.to_owned();
        }
        let program = program.trim_start_matches("./");
        format!("{}/{program}", self.config().working_directory.trim_end_matches('/'))
    }

    /// The first file of that name that may be executed, as the engine looks for it.
    fn in_path(&self, name: &str) -> Option<String> {
        let paths = self.path().split(':').map(|folder| format!("{folder}/{name}"));
        paths.into_iter().find(|path| match self.rootfs.follow(path) {
            Led::To(_, Form::File(file)) => may(file.rights, self.user(), 1),
            Led::Mounted => true,
            _ => false,
        })
    }

    /// Why the file at `path` could not be started, with so many interpreters to go.
    fn flaw_at(&self, path: &str, depth: usize) -> Option<String> {
        if depth == 0 {
            return Some(format!("`{path}` is one interpreter too many in a row"));
        }
        match self.rootfs.follow(path) {
            Led::Mounted => None,
            Led::To(real, Form::File(file)) => {
                let closed = self.rights_flaw(path, &real, file.rights);
                closed.or_else(|| self.start_flaw(path, file.start.as_ref(), depth))
            }
            Led::Root | Led::To(..) => Some(format!("`{path}` is a folder; {HOLD_IT}")),
            Led::Round => Some(format!("`{path}` is a link that leads round and round")),
            Led::Nowhere(missing) if path.strip_prefix('/') == Some(&missing) => {
                Some(format!("`{path}` is not in the image; {HOLD_IT}"))
            }
            Led::Nowhere(missing) => Some(format!(
                "`{path}` is not in the image: the way ends at `/{missing}`; {HOLD_IT}"
            )),
        }
    }

    /// Why the kernel could not start a file that it may.
    fn start_flaw(&self, path: &str, start: Option<&Start>, depth: usize) -> Option<String> {
        match start {
            None => Some(format!(
                "`{path}` is neither a binary nor a script; begin a script with `#!` and its \
                 interpreter"
            )),
            Some(Start::Binary(loader)) => {
                let flaw = self.flaw_at(loader.as_ref()?, 1)?;
                Some(format!("`{path}` is a binary, and its loader cannot be used: {flaw}"))
            }
            Some(Start::Script(interpreter, argument)) => {
                let flaw = self.script_flaw(interpreter, argument, depth)?;
                // Of a chain of interpreters the first and the one that fails are enough.
                if depth < INTERPRETERS_MAX {
                    return Some(flaw);
                }
                Some(format!("`{path}` is a script, and its interpreter cannot be used: {flaw}"))
            }
        }
    }

    /// Why a script's interpreter could not be started.
    fn script_flaw(&self, interpreter: &str, argument: &str, depth: usize) -> Option<String> {
        if interpreter.ends_with('\r') {
            let shown = interpreter.trim_end();
            return Some(format!(
                "`{shown}` is followed by a carriage return; end its lines with a newline alone"
            ));
        }
        if interpreter.is_empty() {
            return Some("there is nothing behind `#!`".to_owned());
        }
        let flaw = self.flaw_at(&self.absolute(interpreter), depth - 1);
        flaw.or_else(|| {
            let asked = asked_of_env(interpreter, argument)?;
            let is_there = asked.contains('/') || self.in_path(asked).is_some();
            (!is_there).then(|| {
                format!("`env` looks for `{asked}`, which is in no folder of `PATH`; {HOLD_IT}")
            })
        })
    }

    fn rights_flaw(&self, path: &str, real: &str, rights: (u32, u32, u32)) -> Option<String> {
        let user = &self.config().user;
        if !may(rights, self.user(), 1) {
            let (mode, uid, gid) = rights;
            return Some(format!(
                "`{path}` may not be executed by `{user}` ({mode:04o} {uid}:{gid}); \
                 make it executable where it is from: `chmod 0755`"
            ));
        }
        let folder = self.closed_folder(real)?;
        Some(format!("`{path}` is out of reach of `{user}`, who may not enter `/{folder}`"))
    }

    /// The outermost folder above `path` that the process may not enter.
    pub(super) fn closed_folder(&self, path: &str) -> Option<String> {
        let ends = path.match_indices('/').map(|(end, _)| &path[..end]);
        let closed = |folder: &&str| match self.rootfs.get(folder).map(|entry| entry.form) {
            Some(Form::Directory(mode, uid, gid)) => !may((*mode, *uid, *gid), self.user(), 1),
            _ => false,
        };
        ends.into_iter().find(closed).map(ToOwned::to_owned)
    }
}

/// What `env` is to look for, where that can be told without it.
fn asked_of_env<'a>(interpreter: &str, argument: &'a str) -> Option<&'a str> {
    let argument = argument.strip_prefix("-S").unwrap_or(argument).trim_start();
    let first = argument.split([' ', '\t']).next()?;
    let plain = !first.is_empty() && !first.starts_with('-') && !first.contains('=');
    (interpreter.ends_with("/env") && plain).then_some(first)
}
