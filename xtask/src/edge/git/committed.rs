//! What a commit holds, whatever is checked out.

use super::{git, listing, names, says_no};
use crate::edge::shell::Shell;
use crate::error::{Failure, Result};
use std::collections::BTreeMap;

/// Every file below `folder` in `commit`, by its path from there; none if this repository has no
/// such commit.
pub fn committed(
    shell: &Shell,
    commit: &str,
    folder: &str,
) -> Result<Option<BTreeMap<String, Vec<u8>>>> {
    listing::check_root(shell)?;
    // A name that came from elsewhere is never taken for a word of git's.
    if commit.len() < 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::usage(format!("`{commit}` is no commit: wanted 40 hex digits")));
    }
    let name = format!("{commit}^{{commit}}");
    let verify = git(["rev-parse", "--verify", "--quiet", "--end-of-options", &name]);
    let known = shell.observe(&verify)?;
    if says_no(&known) {
        return Ok(None);
    }
    known.succeeds(&verify)?;
    let list = git(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", folder]);
    let mut files = BTreeMap::new();
    for path in names(&shell.run(&list)?.stdout) {
        let object = format!("{commit}:{path}");
        let bytes = shell.run(&git(["cat-file", "blob", &object]))?.stdout;
        let below = path.strip_prefix(folder).unwrap_or(&path).trim_start_matches('/');
        files.insert(below.to_owned(), bytes);
    }
    Ok(Some(files))
}
