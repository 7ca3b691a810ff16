//! The Compose files, read: every variable is in `.env.example`, every setting of a service is decided
//! or passed on, and both files follow the specification's form that Compose 1.29 and 2 read.

use std::collections::BTreeSet;
use xtask::docs::settings::{DECIDED, declared};

const DEVELOPMENT: &str = include_str!("../../../docker-compose.yml");
const PRODUCTION: &str = include_str!("../../../docker-compose.prod.yml");
const EXAMPLE: &str = include_str!("../../../.env.example");

/// The names behind `${`, and those that are passed on as they are.
fn variables(file: &str) -> BTreeSet<&str> {
    let replaced = file.split("${").skip(1).map(|rest| {
        let end = rest.find([':', '}']).expect("a variable ends");
        &rest[..end]
    });
    let passed = file.lines().filter_map(|line| {
        let name = line.strip_prefix("      ")?.strip_suffix(':')?;
        name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_').then_some(name)
    });
    replaced.chain(passed).collect()
}

#[test]
fn every_variable_of_a_compose_file_is_in_the_example() {
    let ours = ["BACKEND_IMAGE", "ML_SERVICE_IMAGE"];
    for file in [DEVELOPMENT, PRODUCTION] {
        let missing: Vec<&str> = variables(file)
            .into_iter()
            .filter(|name| !ours.contains(name) && !EXAMPLE.contains(&format!("\n#{name}=")))
            .collect();
        assert_eq!(missing, [""; 0]);
    }
}

#[test]
fn every_setting_of_a_service_is_decided_or_passed_on() {
    for service in ["backend", "ml-service"] {
        let passed = variables(PRODUCTION);
        let lost: Vec<String> = declared(service)
            .into_iter()
            .map(|setting| setting.name)
            .filter(|name| !DECIDED.contains(&name.as_str()) && !passed.contains(name.as_str()))
            .collect();
        assert_eq!(lost, [""; 0], "{service}");
    }
}

#[test]
fn the_base_of_a_dockerfile_is_one_line_with_a_digest() {
    for (file, base) in [
        (
            include_str!("../../../services/backend/Dockerfile"),
            "ARG NODE_IMAGE=node:20-alpine@sha256:",
        ),
        (
            include_str!("../../../services/ml-service/Dockerfile"),
            "ARG PYTHON_IMAGE=python:3.11-slim@sha256:",
        ),
    ] {
        let line = file.lines().find(|line| line.starts_with(base)).expect("the base is pinned");
        assert_eq!(line.len(), base.len() + 64, "{line}");
        let froms = file.lines().filter(|line| line.starts_with("FROM "));
        let foreign = froms.filter(|line| !line.starts_with("FROM ${") && line.contains(':'));
        assert_eq!(foreign.count(), 0, "no other base is named");
    }
}
