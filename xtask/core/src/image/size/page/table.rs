//! The numbers below the map, whole: what a map shows to the eye, in words.

use super::super::{LayerSize, PackageTotal, Size, Weight, megabytes};
use super::escaped;

/// Layers, types of files, and every package.
pub(super) fn tables(size: &Size) -> String {
    let layer = |layer: &LayerSize| row(&[&layer.name], layer.weight);
    let layers: String = size.layers.iter().map(layer).collect();
    let kinds: String = size.kinds.iter().map(|(kind, weight)| row(&[kind], *weight)).collect();
    let package = |it: &PackageTotal| {
        let layers = it.layers.join(", ");
        row(&[&it.package.name, it.package.family.word(), &layers], it.weight)
    };
    let packages: String = size.packages().iter().map(package).collect();
    [
        table("Layers, lowest first", &["Layer"], &layers),
        table("Types of files", &["Type"], &kinds),
        table("Packages", &["Package", "From", "Layers"], &packages),
    ]
    .concat()
}

fn table(caption: &str, names: &[&str], rows: &str) -> String {
    let heads = names.iter().map(|name| format!("<th scope=\"col\">{name}</th>"));
    let numbers = ["Unpacked", "Packed", "Files"];
    let numbers = numbers.iter().map(|name| format!("<th scope=\"col\" class=\"n\">{name}</th>"));
    let heads: String = heads.chain(numbers).collect();
    format!(
        "<table>\n<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n"
    )
}

fn row(names: &[&str], weight: Weight) -> String {
    let (first, rest) = names.split_first().expect("a row has a name");
    let rest: String = rest.iter().map(|name| format!("<td>{}</td>", escaped(name))).collect();
    let numbers = [megabytes(weight.unpacked), megabytes(weight.packed), weight.files.to_string()];
    let numbers: String =
        numbers.iter().map(|number| format!("<td class=\"n\">{number}</td>")).collect();
    format!("<tr><th scope=\"row\">{}</th>{rest}{numbers}</tr>\n", escaped(first))
}
