//! For which machine a file was built. A foreign binary in an image starts nowhere, and says
//! so only at run time; so we look at every file before it is packed.

use crate::content::{Content, fill};
use crate::error::lossy;
use crate::tree::{Node, Tree};
use std::fmt;
use std::io;
use xtask_core::platform::Platform;

/// The bytes of a file's head that hold its machine.
pub const HEAD_LEN: usize = 20;

const MAGIC: &[u8] = b"\x7fELF";
/// The length of a header for 64 bits, as all of our platforms have them.
const HEADER_LEN: u64 = 64;
const BIG_ENDIAN: u8 = 2;

/// A file that does not fit the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path inside the tree.
    pub path: String,
    /// The platform it should fit.
    pub wanted: Platform,
    /// What was found instead.
    pub found: Found,
}

/// What a file that does not fit turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Built for the machine of this number.
    Machine(u16),
    /// Not even a whole header.
    Cut,
    /// Not readable, for this reason.
    Unreadable(String),
}

/// The `e_machine` of an ELF file, from its first `HEAD_LEN` bytes; none for other files.
pub fn machine(head: &[u8]) -> Option<u16> {
    let head: &[u8; HEAD_LEN] = head.first_chunk()?;
    if !head.starts_with(MAGIC) {
        return None;
    }
    let bytes = [head[18], head[19]];
    let big_endian = head[5] == BIG_ENDIAN;
    Some(if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
}

/// Checks every file of `tree`, and reports all that do not fit.
pub fn check_tree(tree: &Tree, platform: Platform) -> Result<(), Vec<Mismatch>> {
    let files = tree.iter().filter_map(|(path, node)| match node {
        Node::File { content, .. } => Some((path, content)),
        Node::Directory { .. } | Node::Symlink { .. } => None,
    });
    let mismatches: Vec<_> = files
        .filter_map(|(path, content)| {
            let found = misfit(content, platform)?;
            Some(Mismatch { path: lossy(path), wanted: platform, found })
        })
        .collect();
    if mismatches.is_empty() { Ok(()) } else { Err(mismatches) }
}

/// The paths of all binaries of `tree`, whatever they are for.
pub fn binaries(tree: &Tree) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for (path, node) in tree.iter() {
        let Node::File { content, .. } = node else { continue };
        if read_machine(content)?.is_some() {
            found.push(lossy(path));
        }
    }
    Ok(found)
}

fn misfit(content: &Content, platform: Platform) -> Option<Found> {
    match read_machine(content) {
        Ok(_) if content.size() < HEADER_LEN => is_cut(content),
        Ok(None) => None,
        Ok(Some(machine)) if machine == platform.elf_machine() => None,
        Ok(Some(machine)) => Some(Found::Machine(machine)),
        Err(error) => Some(Found::Unreadable(error.to_string())),
    }
}

/// A file that begins as a binary does and ends within the header of one.
fn is_cut(content: &Content) -> Option<Found> {
    let mut magic = [0; MAGIC.len()];
    let read = content.open().and_then(|mut file| fill(&mut file, &mut magic));
    match read {
        Ok(_) => (magic == MAGIC).then_some(Found::Cut),
        Err(error) => Some(Found::Unreadable(error.to_string())),
    }
}

/// The machine of the file with this content, as `machine` reads it.
pub(crate) fn read_machine(content: &Content) -> io::Result<Option<u16>> {
    if content.size() < HEAD_LEN as u64 {
        return Ok(None);
    }
    let mut head = [0; HEAD_LEN];
    let len = fill(&mut content.open()?, &mut head)?;
    Ok(machine(&head[..len]))
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, wanted, found } = self;
        write!(formatter, "`{path}`: wanted a binary for `{wanted}`, found {found}")
    }
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |number| Platform::ALL.into_iter().find(|each| each.elf_machine() == number);
        match self {
            Self::Machine(number) => match known(*number) {
                Some(platform) => write!(formatter, "one for `{platform}`"),
                None => write!(formatter, "one for ELF machine {number}"),
            },
            Self::Cut => formatter.write_str("one that ends within its header"),
            Self::Unreadable(why) => write!(formatter, "a file that cannot be read: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u8) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(18, 0);
        head.extend_from_slice(&[machine, 0]);
        head.resize(64, 0);
        head
    }

    #[test]
    fn names_every_foreign_binary_and_nothing_else() {
        let mut tree = Tree::new();
        tree.insert("native", Node::file(0o755, elf(62))).unwrap();
        tree.insert("a/foreign", Node::file(0o755, elf(183))).unwrap();
        tree.insert("a/odd", Node::file(0o644, elf(40))).unwrap();
        tree.insert("a/empty", Node::file(0o755, b"\x7fELF".to_vec())).unwrap();
        tree.insert("a/half", Node::file(0o755, elf(62)[..63].to_vec())).unwrap();
        tree.insert("text", Node::file(0o644, "#!/bin/sh")).unwrap();
        let mismatches = check_tree(&tree, Platform::Amd64).unwrap_err();
        let messages: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "`a/empty`: wanted a binary for `linux/amd64`, found one that ends within its header",
                "`a/foreign`: wanted a binary for `linux/amd64`, found one for `linux/arm64`",
                "`a/half`: wanted a binary for `linux/amd64`, found one that ends within its header",
                "`a/odd`: wanted a binary for `linux/amd64`, found one for ELF machine 40",
            ]
        );
        tree.remove_matching(&["a"]).unwrap();
        assert_eq!(check_tree(&tree, Platform::Amd64), Ok(()));
    }

    #[test]
    fn reads_the_machine_in_the_order_that_the_file_declares() {
        let mut big = elf(0);
        big[5] = BIG_ENDIAN;
        big[18..20].copy_from_slice(&[0, 22]);
        assert_eq!(machine(&big), Some(22));
        assert_eq!(machine(b"\x7fELF"), None);
        assert_eq!(machine(&[0; 64]), None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_reported_not_passed() {
        let content = Content::Disk { path: "/nowhere/at/all".into(), size: 64 };
        let owner = crate::tree::Owner::default();
        let mut tree = Tree::new();
        tree.insert("lost", Node::File { mode: 0o644, owner, content }).unwrap();
        let mismatches = check_tree(&tree, Platform::Arm64).unwrap_err();
        assert!(matches!(mismatches[0].found, Found::Unreadable(_)));
    }
}
