//! The faults of Coolify and of deploying that are known, and the tests that hold each: the tables
//! in docs/TESTING.md name tests that are there.

use crate::doors::sources;

const PAGE: &str = include_str!("../../../docs/TESTING.md");

/// Each fault with the names of its tests, from the table under this head.
fn rows(head: &str) -> Vec<(String, Vec<String>)> {
    let table = PAGE.split(head).nth(1);
    let rows = table.expect("the table of faults").lines().skip(2);
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split(" | ");
        let (fault, tests) = cells.next().zip(cells.next()).expect("two cells");
        let names = tests.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect();
        (fault.trim().to_owned(), names)
    };
    rows.take_while(|line| line.starts_with('|')).map(row).collect()
}

#[test]
fn each_known_fault_of_coolify_names_tests_that_are_there() {
    are_held("| what Coolify does, or is given | held by |", 30);
}

#[test]
fn each_known_fault_of_deploying_names_tests_that_are_there() {
    are_held("| what goes wrong | held by | what is said |", 25);
}

fn are_held(head: &str, at_least: usize) {
    let sources = sources();
    let is_there = |name: &str| {
        let head = format!("fn {name}(");
        sources.iter().any(|(_, text)| text.contains(&head))
    };
    let rows = rows(head);
    assert!(rows.len() >= at_least, "only {} faults stand in the table", rows.len());
    for (fault, tests) in rows {
        assert!(!tests.is_empty(), "no test holds: {fault}");
        for name in tests {
            assert!(is_there(&name), "`{name}`, which is to hold `{fault}`, is not there");
        }
    }
}
