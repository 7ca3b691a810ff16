//! What lies between two commits.

use super::{git, says_no};
use crate::edge::shell::Shell;
use crate::error::Result;

/// More are not told.
const MOST: &str = "--max-count=100";

/// The commits that `to` holds and `from` does not, newest first: each with its first line. `None`
/// if one of the two is no commit that is here.
pub fn commits_between(
    shell: &Shell,
    from: &str,
    to: &str,
) -> Result<Option<Vec<(String, String)>>> {
    for commit in [from, to] {
        // What a registry calls a commit may be anything, also a flag.
        if !is_commit(commit) || !is_here(shell, commit)? {
            return Ok(None);
        }
    }
    let range = format!("{from}..{to}");
    let log = git(["log", "--no-show-signature", "--no-color", MOST, "-z", "--format=%h %s"]);
    let listed = shell.run(&log.args([range.as_str(), "--"]))?;
    Ok(Some(super::names(&listed.stdout).iter().map(|line| split(line)).collect()))
}

fn is_here(shell: &Shell, commit: &str) -> Result<bool> {
    let object = format!("{commit}^{{commit}}");
    let verify = git(["rev-parse", "--verify", "--quiet", "--end-of-options", &object]);
    let known = shell.observe(&verify)?;
    if says_no(&known) {
        return Ok(false);
    }
    known.succeeds(&verify).map(|_| true)
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn split(line: &str) -> (String, String) {
    let (id, subject) = line.split_once(' ').unwrap_or((line, ""));
    (id.to_owned(), subject.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Cancel;
    use crate::edge::git::command;
    use std::path::Path;

    fn commit(shell: &Shell, subject: &str) -> String {
        let author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let commit = ["commit", "--quiet", "--allow-empty", "--no-gpg-sign", "-m", subject];
        shell.run(&command(author.into_iter().chain(commit))).unwrap();
        shell.run(&git(["rev-parse", "HEAD"])).unwrap().text()
    }

    #[test]
    fn commits_between_two_are_told_in_either_direction_and_of_strangers_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let shell = Shell::new(folder.path(), Path::new("/no-tools"), &Cancel::new()).unwrap();
        shell.run(&command(["init", "--quiet"])).unwrap();
        let first = commit(&shell, "one");
        commit(&shell, "two: <b> & more");
        let last = commit(&shell, "three");
        let subjects = |from: &str, to: &str| {
            let found = commits_between(&shell, from, to).unwrap()?;
            Some(found.into_iter().map(|(_, subject)| subject).collect::<Vec<_>>())
        };
        assert_eq!(subjects(&first, &last).unwrap(), ["three", "two: <b> & more"]);
        assert_eq!(subjects(&last, &first).unwrap(), Vec::<String>::new());
        assert_eq!(subjects(&first, &"0".repeat(40)), None);
        assert_eq!(subjects("--output=x", &last), None);
        assert!(!folder.path().join("x").exists());
    }
}
