//! The forms that a path and a link may have: what a tar can hold and any reader understands.

use super::Node;

/// What is wrong with `path`, if anything is.
pub(super) fn path_flaw(path: &[u8]) -> Option<&'static str> {
    if path.starts_with(b"/") {
        return Some("it is absolute");
    }
    path.split(|byte| *byte == b'/').find_map(component_flaw).or_else(|| text_flaw(path))
}

fn component_flaw(component: &[u8]) -> Option<&'static str> {
    match component {
        b"" => Some("a component is empty"),
        b"." => Some("a component is `.`"),
        b".." => Some("a component is `..`"),
        whiteout if whiteout.starts_with(b".wh.") => Some("`.wh.` means deletion in a layer"),
        _ => None,
    }
}

/// What is wrong with the text of a link, if anything is.
pub(super) fn link_flaw(node: &Node) -> Option<&'static str> {
    match node {
        Node::Symlink { target, .. } if target.is_empty() => Some("it links to nothing"),
        Node::Symlink { target, .. } => text_flaw(target),
        Node::Directory { .. } | Node::File { .. } => None,
    }
}

/// PAX knows no names but UTF-8.
fn text_flaw(text: &[u8]) -> Option<&'static str> {
    match std::str::from_utf8(text) {
        Ok(text) if text.contains('\0') => Some("it contains a NUL"),
        Ok(_) => None,
        Err(_) => Some("it is not UTF-8"),
    }
}
