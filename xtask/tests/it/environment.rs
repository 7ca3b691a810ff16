//! `docs/environment.md` names every environment variable that the sources read, and no other.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Names without an underscore, which other capital letters are not taken for.
const SHORT: [&str; 5] = ["HOME", "PATH", "USER", "LOGNAME", "CI"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file of the program, its crates and its fakes; tests may set what they like.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["tests", "target", "fuzz"].contains(&name) {
            sources(&path, into);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            into.push(path);
        }
    }
}

fn is_name(text: &str) -> bool {
    let shout = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_long = text.contains('_') && !text.starts_with('_') && !text.ends_with('_');
    (is_long && text.bytes().all(shout)) || SHORT.contains(&text)
}

/// The text between quotes, in code outside of tests.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| {
        line.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

/// The names that a source reads, or gives to what reads: ours wherever they stand, those of others
/// where the environment is asked.
fn read(source: &str) -> BTreeSet<String> {
    let asks = ["env::var", "Surroundings", "variable("].iter().any(|it| source.contains(it));
    let of_npm = |text: &str| asks && text == "npm_config_cache";
    let ours = |text: &str| text.starts_with("XTASK_") || text.starts_with("NUTRI_");
    let wanted = |text: &String| of_npm(text) || is_name(text) && (asks || ours(text));
    literals(source).into_iter().filter(wanted).collect()
}

/// The names in the first column of every table.
fn documented() -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/environment.md")).unwrap();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split(['`', ',', ' ']).filter(|it| !it.is_empty()));
    names.map(ToOwned::to_owned).collect()
}

/// What shell scripts read stands in no source.
const OF_SCRIPTS: [&str; 1] = ["NUTRI_NO_NIX"];
/// Set or taken away for programs that are started, or known when this one was compiled.
const NOT_READ: [&str; 7] = [
    "CARGO_PKG_VERSION",
    "CARGO_TERM_COLOR",
    "FAKETIME_DONT_FAKE_MONOTONIC",
    "FORCE_COLOR",
    "LC_ALL",
    "LD_PRELOAD",
    "XDG_CONFIG_HOME",
];

#[test]
fn the_table_of_environment_variables_is_what_the_sources_read() {
    let mut files = Vec::new();
    sources(&root().join("xtask"), &mut files);
    let mut found = BTreeSet::new();
    for file in &files {
        found.extend(read(&std::fs::read_to_string(file).unwrap()));
    }
    found.extend(OF_SCRIPTS.map(ToOwned::to_owned));
    found.retain(|name| !NOT_READ.contains(&name.as_str()));
    assert_eq!(found, documented(), "left: read by the sources; right: `docs/environment.md`");
}

#[test]
fn a_name_is_found_where_the_environment_is_asked_and_nowhere_else() {
    let source = "fn a() { std::env::var(\"NEW_ONE\") } // \"NOT_THIS\"\n// \"NOR_THIS\"\n";
    let source = format!("{source}#[cfg(test)]\nmod tests {{ const A: &str = \"NOR_HERE\"; }}");
    assert!(read(&source).contains("NEW_ONE") && !read(&source).contains("NOR_THIS"));
    assert!(!read(&source).contains("NOR_HERE"));
    assert!(read("const A: &str = \"MANIFEST_UNKNOWN\";").is_empty());
    assert!(read("const A: &str = \"XTASK_NEW\";").contains("XTASK_NEW"));
}
