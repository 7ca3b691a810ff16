//! Something to run, as data: one value to test, to print and to hand to the edge.

use crate::secret::Secret;
use std::fmt;

/// A program with its arguments, its folder, its variables and its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program, found on the `PATH`.
    pub program: String,
    /// Its arguments; never a secret.
    pub args: Vec<String>,
    /// Where it is run; the repository's root if not said.
    pub folder: Option<String>,
    /// Variables set for it beside those of this process.
    pub env: Vec<(String, String)>,
    /// Variables of this process that it does not get.
    pub without: Vec<String>,
    /// What it reads on standard input; the place for secrets.
    pub input: Option<Secret>,
}

impl Command {
    /// A command without arguments.
    pub fn new(program: &str) -> Self {
        let (program, args) = (program.to_owned(), Vec::new());
        Self { program, args, folder: None, env: Vec::new(), without: Vec::new(), input: None }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<T: Into<String>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Says where it is run.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<String>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets a variable for it; never a secret.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Takes variables of this process away from it, before its own are set.
    #[must_use]
    pub fn without<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.without.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says what it reads on standard input.
    #[must_use]
    pub fn input(mut self, input: Secret) -> Self {
        self.input = Some(input);
        self
    }
}

impl fmt::Display for Command {
    /// The command as it can be pasted into a shell.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(formatter, "{name}={} ", quoted(value))?;
        }
        formatter.write_str(&quoted(&self.program))?;
        self.args.iter().try_for_each(|arg| write!(formatter, " {}", quoted(arg)))
    }
}

/// `word` as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_as_it_can_be_pasted() {
        let command = Command::new("npm").args(["ci", "it's here"]).env("A", "b c");
        assert_eq!(command.to_string(), r"A='b c' npm ci 'it'\''s here'");
    }
}
