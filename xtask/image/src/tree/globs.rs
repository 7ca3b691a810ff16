//! Patterns over paths of a tree.

use super::TreeError;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Compiles patterns in which `*` and `?` do not cross a `/`.
pub(crate) fn compile<G: AsRef<str>>(globs: &[G]) -> Result<GlobSet, TreeError> {
    let refuse = |glob: &str, error: &globset::Error| TreeError::Glob {
        glob: glob.to_owned(),
        why: error.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for glob in globs.iter().map(AsRef::as_ref) {
        let compiled = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(compiled.map_err(|error| refuse(glob, &error))?);
    }
    set.build().map_err(|error| refuse("all together", &error))
}

/// Whether any pattern matches the whole of `path`.
pub(crate) fn matches(set: &GlobSet, path: &[u8]) -> bool {
    set.is_match(Path::new(OsStr::from_bytes(path)))
}

/// The places of all patterns that match the whole of `path`.
pub(super) fn places(set: &GlobSet, path: &[u8]) -> Vec<usize> {
    set.matches(Path::new(OsStr::from_bytes(path)))
}
