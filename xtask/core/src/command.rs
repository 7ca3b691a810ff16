//! Something to run, as data: one value to test, to print and to hand to the edge.

use crate::secret::Secret;
use std::fmt;
use std::time::Duration;

/// How long a command may take that does not say otherwise: far longer than any that answers a
/// question, and short enough that a hung one does not hold an environment for long.
pub const LIMIT: Duration = Duration::from_secs(120);

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
    /// How long it may take; then it is ended with everything that it started.
    pub limit: Duration,
    /// Whether a first Ctrl-C waits for its end, because it changes something that is not to be
    /// left half-way. Any other command is ended at once.
    pub finishes: bool,
}

impl Command {
    /// A command without arguments.
    pub fn new(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            args: Vec::new(),
            folder: None,
            env: Vec::new(),
            without: Vec::new(),
            input: None,
            limit: LIMIT,
            finishes: false,
        }
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

    /// Says how long it may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Says that it changes something, so that a first Ctrl-C waits for its end.
    #[must_use]
    pub fn finishes(mut self) -> Self {
        self.finishes = true;
        self
    }

    /// Program and arguments as they can be pasted, without variables and without passwords in
    /// addresses: what a log may hold.
    pub fn line(&self) -> String {
        let args = self.args.iter().map(|arg| quoted(&without_credentials(arg)));
        std::iter::once(quoted(&self.program)).chain(args).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Command {
    /// The command as it can be pasted into a shell.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(formatter, "{name}={} ", quoted(value))?;
        }
        formatter.write_str(&self.line())
    }
}

/// `word` without user and password of an address in it: mirrors of apt may have them. A private
/// key that somebody gives in the place of a public one is not repeated either.
fn without_credentials(word: &str) -> String {
    if word.to_ascii_uppercase().contains("AGE-SECRET-KEY-") {
        return "…".to_owned();
    }
    let Some((before, rest)) = word.split_once("://") else { return word.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let Some((_, host)) = host.rsplit_once('@') else { return word.to_owned() };
    format!("{before}://…@{host}{path}")
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
        assert_eq!(command.line(), r"npm ci 'it'\''s here'");
    }
    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let shown = |arg: &str| Command::new("get").arg(arg).line();
        assert_eq!(shown("https://ada:p@ss@h.org/a@b?c"), "get 'https://…@h.org/a@b?c'");
        assert_eq!(shown("https://h.org/a@b"), "get https://h.org/a@b");
        assert_eq!(shown("age-secret-key-1qqq"), "get '…'");
        assert_eq!(shown("docker://ada@h"), "get 'docker://…@h'");
    }
}
