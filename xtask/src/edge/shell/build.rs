//! Commands as they are typed: xshell's `cmd!` into the core's data.

use xtask_core::command::Command;

/// A command from what would be typed. Each `{name}` is one argument, `{name...}` is several;
/// nothing is ever split or quoted again.
macro_rules! command {
    ($text:literal) => {
        $crate::edge::shell::build::of_text(|shell| xshell::cmd!(shell, $text))
    };
}
pub(crate) use command;

/// What xshell was told, as data: to be compared, shown and run like every other command.
pub(crate) fn of_text(build: impl for<'a> FnOnce(&'a xshell::Shell) -> xshell::Cmd<'a>) -> Command {
    let shell = xshell::Shell::new().expect("this run has a folder since the repository was found");
    let typed = std::process::Command::from(build(&shell));
    let text = |word: &std::ffi::OsStr| word.to_string_lossy().into_owned();
    Command::new(&text(typed.get_program())).args(typed.get_args().map(text))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_put_in_stays_one_argument() {
        let (name, more) = ("it's $HOME", ["a b", "c"]);
        let command = command!("git log --grep={name} {more...}");
        assert_eq!(command.args, ["log", "--grep=it's $HOME", "a b", "c"]);
        assert_eq!(command.line(), r"git log '--grep=it'\''s $HOME' 'a b' c");
    }
}
