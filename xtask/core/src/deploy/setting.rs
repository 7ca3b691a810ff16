//! What a service is told, one `NAME=value` a line: which names and values such a line carries, and
//! which references may stand in a value.

use super::{Deploy, Service};
use crate::reader::Table;
use crate::template::Template;
use std::collections::BTreeMap;

/// Docker reads a line of so many bytes and no longer.
const LINE_MAX: usize = 64 << 10;

/// Refuses a name or a value that could not be handed over as it stands.
pub(super) fn check(settings: &Table<'_>, name: &str, value: &Template) {
    if let Some(flaw) = name_flaw(name) {
        settings.refuse(name, flaw);
    }
    let known = if value.is_literal() { value.to_string() } else { literal_part(value) };
    if let Some(flaw) = value_flaw(name, &known) {
        settings.refuse(name, flaw);
    }
}

/// What of a value stands in the file.
fn literal_part(value: &Template) -> String {
    value.fill(|_| Some("x".to_owned())).unwrap_or_default()
}

/// Why a variable cannot have this name; nothing if it can.
fn name_flaw(name: &str) -> Option<&'static str> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name =
        name.bytes().all(legal) && name.bytes().next().is_some_and(|it| !it.is_ascii_digit());
    (!is_name).then_some("no name of a variable: wanted letters, digits and `_`, no digit first")
}

/// Why a value cannot be handed over; nothing if it can. It never repeats the value.
pub fn value_flaw(name: &str, value: &str) -> Option<String> {
    if value.contains('\n') {
        return Some("has a newline, and one line is all that a setting has".to_owned());
    }
    if value.contains('\0') {
        return Some("has a zero byte, which ends every variable".to_owned());
    }
    if value.ends_with('\r') {
        return Some("ends with a carriage return, which Docker takes off".to_owned());
    }
    let bytes = name.len() + 1 + value.len();
    (bytes >= LINE_MAX)
        .then(|| format!("has {bytes} bytes with its name, and Docker reads fewer than {LINE_MAX}"))
}

/// The settings that `now` tells otherwise than `before` did, as `service.NAME`, each with what became
/// of it. The values of secrets are no part of that.
pub fn differences(before: &Deploy, now: &Deploy) -> Vec<String> {
    let all = |deploy: &Deploy| -> BTreeMap<String, Template> {
        let of = |service: &Service| {
            let name = service.name.clone();
            let settings = service.settings.clone().into_iter();
            settings.map(move |(key, value)| (format!("`{name}.{key}`"), value))
        };
        deploy.services.iter().flat_map(of).collect()
    };
    let (before, now) = (all(before), all(now));
    let changed = now.iter().filter_map(|(name, value)| match before.get(name) {
        None => Some(format!("{name} is new")),
        Some(other) if other != value => Some(format!("{name} is another")),
        Some(_) => None,
    });
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    changed.chain(gone.map(|name| format!("{name} is gone"))).collect()
}

/// Refuses references that nothing answers in any environment, where they stand.
pub(super) fn check_across(root: &Table<'_>, deploy: &Deploy) {
    let Some(services) = root.optional_table("services") else { return };
    for service in &deploy.services {
        let table = services.optional_table(&service.name);
        let Some(table) = table.and_then(|it| it.optional_table("settings")) else { continue };
        check_references(&table, deploy, service);
    }
}

fn check_references(table: &Table<'_>, deploy: &Deploy, service: &Service) {
    for (name, template) in &service.settings {
        let mut unknown: Vec<&str> =
            template.references().filter(|reference| !is_known(deploy, reference)).collect();
        unknown.dedup();
        for reference in unknown {
            table.refuse(
                name,
                format!("unknown reference `${{{reference}}}`; known: {}", known(deploy)),
            );
        }
    }
}

/// Whether a reference is of a kind that environments answer.
pub(super) fn is_known(deploy: &Deploy, reference: &str) -> bool {
    match reference.split('.').collect::<Vec<_>>().as_slice() {
        ["release", "version"] | ["database" | "redis", "url"] => true,
        ["services", service, "url"] => deploy.service(service).is_some(),
        ["secrets", name] => !name.is_empty(),
        _ => false,
    }
}

fn known(deploy: &Deploy) -> String {
    let services = deploy.services.iter().map(|it| format!("services.{}.url", it.name));
    let fixed = ["release.version", "database.url", "redis.url"].map(ToOwned::to_owned);
    let all = fixed.into_iter().chain(services).chain(["secrets.NAME".to_owned()]);
    all.map(|it| format!("`${{{it}}}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;

    const LINE: &str = "NODE_ENV = \"production\"";

    fn mistakes(line: &str) -> Vec<String> {
        let text = include_str!("../../../../deploy.toml").replacen(LINE, line, 1);
        match Deploy::parse(&text) {
            Ok(_) => Vec::new(),
            Err(findings) => findings.0.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn each_setting_that_cannot_be_handed_over_is_one_mistake_with_its_line() {
        let at =
            include_str!("../../../../deploy.toml").lines().position(|it| it == LINE).unwrap() + 1;
        let long = format!("NODE_ENV = \"{}\"", "x".repeat(64 << 10));
        for (line, words) in [
            ("\"#X\" = \"a\"", "no name of a variable"),
            ("\"A=B\" = \"a\"", "no name of a variable"),
            ("\"A B\" = \"a\"", "no name of a variable"),
            ("\"\" = \"a\"", "no name of a variable"),
            ("1A = \"a\"", "no name of a variable"),
            ("\"\u{e4}\" = \"a\"", "no name of a variable"),
            ("NODE_ENV = \"a\\nb\"", "has a newline"),
            ("NODE_ENV = \"a\\r\"", "ends with a carriage"),
            ("NODE_ENV = \"a\\u0000b\"", "has a zero byte"),
            (long.as_str(), "Docker reads fewer than 65536"),
            ("NODE_ENV = \"${cache.url}\"", "unknown reference `${cache.url}`; known: `${rel"),
            ("NODE_ENV = \"${services.mail.url}\"", "unknown reference `${services.mail.url}`"),
            ("NODE_ENV = \"${database}\"", "unknown reference `${database}`"),
        ] {
            let found = mistakes(line);
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            assert!(found[0].starts_with(&format!("deploy.toml:{at}: ")), "{found:?}");
            assert!(found[0].contains(words), "{line}: {found:?}");
        }
    }

    #[test]
    fn settings_that_differ_are_named_and_no_value_is() {
        let text = include_str!("../../../../deploy.toml");
        let read = |text: &str| Deploy::parse(text).unwrap();
        let now = text.replacen(LINE, "NODE_ENV = \"test\"\nNEW = \"1\"", 1);
        let now = now.replacen("ENVIRONMENT = \"production\"\n", "", 1);
        assert_eq!(
            differences(&read(text), &read(&now)),
            [
                "`backend.NEW` is new",
                "`backend.NODE_ENV` is another",
                "`ml-service.ENVIRONMENT` is gone"
            ]
        );
        assert!(differences(&read(text), &read(text)).is_empty());
    }

    #[test]
    fn values_that_a_line_carries_are_taken() {
        for line in [
            "NODE_ENV = \"a=b # c\\td \"",
            "NODE_ENV = \"a\\rb\"",
            "node_env2 = \"\"",
            "_X = \"${services.ml-service.url}/x\"",
        ] {
            assert_eq!(mistakes(line), Vec::<String>::new(), "{line}");
        }
    }
}
