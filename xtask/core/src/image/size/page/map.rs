//! Boxes in boxes, placed in percent of the box around them.

use super::super::treemap::{Rectangle, squarify};
use super::super::{Family, File, LayerSize, PackageSize, Weight};
use super::{escaped, weight_words};
use crate::plan::Count;

/// How wide a map is, were it one high: `aspect-ratio` in the style sheet.
const ASPECT: f64 = 2.0;
/// A package shows this many files; what remains is one box.
const FILES_SHOWN_MAX: usize = 40;
/// Inside a map, a package smaller than this share of it shows no files.
const SHARE_WITH_FILES_MIN: f64 = 0.02;
/// A box smaller than this share of its map has no room for words.
const SHARE_WITH_WORDS_MIN: f64 = 0.003;

/// A box: what it is called, what it weighs, where it leads, what is in it.
pub(super) struct Node {
    pub(super) label: String,
    pub(super) weight: Weight,
    family: Family,
    leads_to: Option<String>,
    inner: Vec<Node>,
}

impl Node {
    /// A layer with its packages.
    pub(super) fn of_layer(layer: &LayerSize, id: String) -> Self {
        let inner = |(at, it): (usize, &PackageSize)| Self {
            label: it.package.name.clone(),
            weight: it.weight,
            family: it.package.family,
            leads_to: Some(format!("{id}-{at}")),
            inner: Vec::new(),
        };
        let inner = layer.packages.iter().enumerate().map(inner).collect();
        let family = layer.packages.first().map_or(Family::Other, |it| it.package.family);
        Self { label: layer.name.clone(), weight: layer.weight, family, leads_to: Some(id), inner }
    }

    /// A package in a map of `whole`, with its files if it is large enough.
    pub(super) fn of_package(package: &PackageSize, id: String, whole: Weight) -> Self {
        let large = share(package.weight, whole) >= SHARE_WITH_FILES_MIN;
        Self {
            label: package.package.name.clone(),
            weight: package.weight,
            family: package.package.family,
            leads_to: Some(id),
            inner: if large { file_nodes(package) } else { Vec::new() },
        }
    }
}

/// The largest files of a package, and one box for the rest.
pub(super) fn file_nodes(package: &PackageSize) -> Vec<Node> {
    let node = |label, weight| Node {
        label,
        weight,
        family: package.package.family,
        leads_to: None,
        inner: Vec::new(),
    };
    let (shown, rest) = package.files.split_at(package.files.len().min(FILES_SHOWN_MAX));
    let mut nodes: Vec<Node> =
        shown.iter().map(|file| node(file.path.clone(), Weight::of(file))).collect();
    if !rest.is_empty() {
        let weight = super::super::sum(rest.iter().map(Weight::of as fn(&File) -> Weight));
        nodes.push(node(Count(rest.len(), "smaller file").to_string(), weight));
        nodes.sort_by_key(|node| std::cmp::Reverse(node.weight.unpacked));
    }
    nodes
}

/// The map of `nodes`, which are ordered, heaviest first.
pub(super) fn map(nodes: &[Node], words: &str) -> String {
    let whole = nodes.iter().map(|node| node.weight.unpacked).sum();
    let boxes = boxes(nodes, ASPECT, whole);
    format!("<div class=\"map\" role=\"group\" aria-label=\"{}\">\n{boxes}</div>\n", escaped(words))
}

/// One box for each of `nodes` in a room `aspect` wide and one high; a map weighs `whole`.
fn boxes(nodes: &[Node], aspect: f64, whole: u64) -> String {
    let weights: Vec<u64> = nodes.iter().map(|node| node.weight.unpacked).collect();
    let room = Rectangle { x: 0.0, y: 0.0, width: aspect, height: 1.0 };
    let placed = squarify(&weights, room);
    let each = nodes.iter().zip(placed).map(|(node, place)| one(node, place, aspect, whole));
    each.collect()
}

fn one(node: &Node, place: Rectangle, aspect: f64, whole: u64) -> String {
    let percent = |part: f64, of: f64| part * 100.0 / of;
    let style = format!(
        "left:{:.3}%;top:{:.3}%;width:{:.3}%;height:{:.3}%",
        percent(place.x, aspect),
        percent(place.y, 1.0),
        percent(place.width, aspect),
        percent(place.height, 1.0)
    );
    let class = node.family.word();
    let label = label(node, whole);
    if node.inner.is_empty() {
        return label.replacen("<a", &format!("<a class=\"box {class}\" style=\"{style}\""), 1);
    }
    let inner_aspect = if place.height > 0.0 { place.width / place.height } else { 1.0 };
    let inner = boxes(&node.inner, inner_aspect.max(0.01), whole);
    format!(
        "<div class=\"group {class}\" style=\"{style}\">{label}<div class=\"inner\">\n{inner}</div></div>\n"
    )
}

fn label(node: &Node, whole: u64) -> String {
    let name = escaped(&node.label);
    let share = node.weight.unpacked as f64 / whole.max(1) as f64;
    let detail = format!("{name}: {}, {:.1} %", weight_words(node.weight), share * 100.0);
    // The end of a path tells more than its beginning.
    let short = node.label.rsplit('/').next().filter(|_| node.leads_to.is_none());
    let words = if share < SHARE_WITH_WORDS_MIN {
        String::new()
    } else {
        escaped(short.unwrap_or(&node.label))
    };
    let target = match &node.leads_to {
        Some(id) => format!("href=\"#{id}\""),
        None => "role=\"img\" tabindex=\"0\"".to_owned(),
    };
    format!("<a {target} aria-label=\"{detail}\">{words}</a>\n")
}

fn share(part: Weight, whole: Weight) -> f64 {
    part.unpacked as f64 / whole.unpacked.max(1) as f64
}
