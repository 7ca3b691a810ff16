//! The key of a layer: a digest over everything that its bytes depend on.

use super::Cache;
use super::contents::{Known, look};
use crate::content::Content;
use crate::error::Result;
use crate::tar_v1;
use crate::tree::{Node, Tree};
use sha2::{Digest as _, Sha256};
use xtask_core::digest::Digest;

/// The key of the layer of `tree` as `encoder_id` would write it. Reads only files whose
/// digest the cache does not know.
pub fn layer_key(tree: &Tree, encoder_id: &str, cache: &Cache) -> Result<Digest> {
    Ok(key_of(tree, encoder_id, &look(&contents(tree), cache)?))
}

/// The key, once every file of `tree` is `known`.
pub(super) fn key_of(tree: &Tree, encoder_id: &str, known: &[Known]) -> Digest {
    let mut known = known.iter();
    let mut hasher = Sha256::new();
    field(&mut hasher, tar_v1::FORM.as_bytes());
    field(&mut hasher, encoder_id.as_bytes());
    for (path, node) in tree.iter() {
        field(&mut hasher, path);
        hasher.update(node.mode().to_le_bytes());
        hasher.update(node.owner().uid.to_le_bytes());
        hasher.update(node.owner().gid.to_le_bytes());
        match node {
            Node::Directory { .. } => field(&mut hasher, b"directory"),
            Node::Symlink { target, .. } => {
                field(&mut hasher, b"symlink");
                field(&mut hasher, target);
            }
            Node::File { .. } => {
                let known = known.next().expect("every file was looked at");
                field(&mut hasher, b"file");
                field(&mut hasher, known.digest.to_string().as_bytes());
            }
        }
    }
    Digest::from_bytes(hasher.finalize().into())
}

/// The contents of all files, in the order of the tree.
pub(super) fn contents(tree: &Tree) -> Vec<&Content> {
    let nodes = tree.iter().map(|(_, node)| node);
    nodes
        .filter_map(|node| match node {
            Node::File { content, .. } => Some(content),
            Node::Directory { .. } | Node::Symlink { .. } => None,
        })
        .collect()
}

/// Fields carry their length, so that no two lists of fields are the same bytes.
fn field(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
