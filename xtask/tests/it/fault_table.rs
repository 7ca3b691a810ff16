//! The faults of Coolify that are known, and the tests that hold each: the table in
//! docs/TESTING.md names tests that are there.

use crate::doors::sources;

const PAGE: &str = include_str!("../../../docs/TESTING.md");

fn rows() -> Vec<(String, Vec<String>)> {
    let table = PAGE.split("| what Coolify does, or is given | held by |").nth(1);
    let rows = table.expect("the table of faults").lines().skip(2);
    let row = |line: &str| {
        let (fault, tests) = line.trim_matches('|').rsplit_once('|').expect("two cells");
        let names = tests.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect();
        (fault.trim().to_owned(), names)
    };
    rows.take_while(|line| line.starts_with('|')).map(row).collect()
}

#[test]
fn each_known_fault_of_coolify_names_tests_that_are_there() {
    let sources = sources();
    let is_there = |name: &str| {
        let head = format!("fn {name}(");
        sources.iter().any(|(_, text)| text.contains(&head))
    };
    let rows = rows();
    assert!(rows.len() >= 30, "only {} faults stand in the table", rows.len());
    for (fault, tests) in rows {
        assert!(!tests.is_empty(), "no test holds: {fault}");
        for name in tests {
            assert!(is_there(&name), "`{name}`, which is to hold `{fault}`, is not there");
        }
    }
}
