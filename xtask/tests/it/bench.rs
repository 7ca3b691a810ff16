//! The page of benchmarks shows what was recorded, and nothing else.

use std::path::Path;
use xtask_core::check::bench::Measurements;

#[test]
fn the_table_is_made_from_the_recorded_run() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let read = |file: &str| std::fs::read_to_string(docs.join(file)).unwrap();
    let record: Measurements = serde_json::from_str(&read("benchmarks/image.json")).unwrap();
    let page = read("BENCHMARKS.md");
    let wanted = record.in_page(&page).expect("the page has a place for the table");
    assert_eq!(page, wanted, "hint: `cargo xtask bench image --record` writes both");
}
