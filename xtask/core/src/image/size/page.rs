//! A size as one HTML page: a treemap to walk into, and every number as a table.
//!
//! The page asks for nothing but itself and runs no script. Each step into the map is a view of
//! its own that a link shows, so the keyboard and the browser's way back work as ever.

mod map;
mod table;

use super::{Family, LayerSize, PackageSize, Size, Weight, megabytes};
use crate::escape::html as escaped;
use crate::platform::Platform;
use map::{Node, map};

const STYLE: &str = include_str!("page/page.css");

/// What the page is about.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The image's name.
    pub image: &'a str,
    /// The digest of its index.
    pub digest: &'a str,
    /// The most bytes it may weigh.
    pub budget: u64,
    /// What it weighs on each platform.
    pub sizes: &'a [(Platform, Size)],
}

/// One map with the way that led to it.
struct View<'a> {
    id: String,
    /// Id and name of what is above it, the image first.
    above: Vec<(String, &'a str)>,
    name: &'a str,
    weight: Weight,
    nodes: Vec<Node>,
    /// Tables below the map.
    tables: String,
}

/// Renders the page.
pub fn page(page: &Page<'_>) -> String {
    // Style sheets look back only: the view that is shown first stands last.
    let platforms = page.sizes.iter().rev();
    let views = platforms.flat_map(|(platform, size)| {
        let views = views(page.image, *platform, size);
        views.into_iter().map(move |view| (*platform, view))
    });
    let views: Vec<(Platform, View<'_>)> = views.collect();
    let last = views.len().saturating_sub(1);
    let section = |(at, (platform, view)): (usize, &(Platform, View<'_>))| {
        let class = if at == last { "view first" } else { "view" };
        section(page, *platform, view, class)
    };
    let sections: String = views.iter().enumerate().map(section).collect();
    let title = format!("What {} weighs", escaped(page.image));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{sections}\
         </main>\n</body>\n</html>\n"
    )
}

/// Every view of an image on one platform: packages, then layers, then the image itself.
fn views<'a>(image: &'a str, platform: Platform, size: &'a Size) -> Vec<View<'a>> {
    let root = platform.architecture().to_owned();
    let mut views = Vec::new();
    let mut nodes = Vec::new();
    for (at, layer) in size.layers.iter().enumerate() {
        let id = format!("{root}-{at}");
        let above = vec![(root.clone(), image)];
        views.extend(package_views(layer, &id, &above));
        views.push(layer_view(layer, &id, above));
        nodes.push(Node::of_layer(layer, id));
    }
    nodes.sort_by_key(|node| std::cmp::Reverse(node.weight.unpacked));
    let tables = table::tables(size);
    views.push(View {
        id: root,
        above: Vec::new(),
        name: image,
        weight: size.weight,
        nodes,
        tables,
    });
    views
}

fn layer_view<'a>(layer: &'a LayerSize, id: &str, above: Vec<(String, &'a str)>) -> View<'a> {
    let node = |(at, package): (usize, &PackageSize)| {
        Node::of_package(package, format!("{id}-{at}"), layer.weight)
    };
    let nodes = layer.packages.iter().enumerate().map(node).collect();
    View {
        id: id.to_owned(),
        above,
        name: &layer.name,
        weight: layer.weight,
        nodes,
        tables: String::new(),
    }
}

fn package_views<'a>(layer: &'a LayerSize, id: &str, above: &[(String, &'a str)]) -> Vec<View<'a>> {
    let mut above = above.to_vec();
    above.push((id.to_owned(), &layer.name));
    let view = |(at, it): (usize, &'a PackageSize)| View {
        id: format!("{id}-{at}"),
        above: above.clone(),
        name: &it.package.name,
        weight: it.weight,
        nodes: map::file_nodes(it),
        tables: String::new(),
    };
    layer.packages.iter().enumerate().map(view).collect()
}

fn section(page: &Page<'_>, platform: Platform, view: &View<'_>, class: &str) -> String {
    let above = view.above.iter();
    let above = above.map(|(id, name)| format!("<a href=\"#{id}\">{}</a> › ", escaped(name)));
    let heading = format!("<h1>{}{}</h1>\n", above.collect::<String>(), escaped(view.name));
    let facts = format!(
        "<p>{} for {platform}, <code>{}</code></p>\n",
        weight_words(view.weight),
        escaped(page.digest)
    );
    format!(
        "<section class=\"{class}\" id=\"{}\">\n{}{heading}{facts}{}{}{}{}</section>\n",
        view.id,
        switch(page, platform),
        if view.above.is_empty() {
            budget(page.budget, view.weight.unpacked)
        } else {
            String::new()
        },
        legend(),
        map(&view.nodes, &format!("Map of {}", view.name)),
        view.tables,
    )
}

/// Links to the other platforms.
fn switch(page: &Page<'_>, shown: Platform) -> String {
    let link = |(platform, _): &(Platform, Size)| {
        let current = if *platform == shown { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"#{}\"{current}>{platform}</a>\n", platform.architecture())
    };
    let links: String = page.sizes.iter().map(link).collect();
    format!("<nav aria-label=\"Platforms\">\n{links}</nav>\n")
}

fn budget(budget: u64, unpacked: u64) -> String {
    let percent = unpacked as f64 * 100.0 / budget.max(1) as f64;
    let class = if unpacked > budget { "bar over" } else { "bar" };
    let words = format!("{} of {} allowed, {percent:.0} %", megabytes(unpacked), megabytes(budget));
    format!(
        "<div class=\"{class}\"><i style=\"width:{:.1}%\"></i><span>{words}</span></div>\n",
        percent.min(100.0)
    )
}

fn legend() -> String {
    let word = |family: Family| format!("<li class=\"{0}\">{0}</li>", family.word());
    format!("<ul class=\"legend\">{}</ul>\n", Family::ALL.map(word).concat())
}

/// `1.2 MB unpacked, 300.0 kB packed, 12 files`.
fn weight_words(weight: Weight) -> String {
    let files = crate::plan::Count(weight.files, "file");
    format!("{} unpacked, {} packed, {files}", megabytes(weight.unpacked), megabytes(weight.packed))
}

#[cfg(test)]
mod tests;
