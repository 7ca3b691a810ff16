//! Whether a copy holds what was backed up: what the manifest says beside what is there.

use super::facts::{Facts, TableFacts};
use crate::trust::attestation::record::DrillCheck;
use std::collections::BTreeSet;

/// Everything that is compared after a restore, each with what was found.
pub fn compare(wanted: &Facts, found: &Facts) -> Vec<DrillCheck> {
    vec![
        tables(wanted, found),
        rows(wanted, found),
        checksums(wanted, found),
        same("migrations", &head(wanted), &head(found)),
        same("ledger", &ledger(wanted), &ledger(found)),
        same("canary", &canary(wanted), &canary(found)),
        extensions(wanted, found),
        owners(wanted, found),
        valid(wanted, found),
    ]
}

/// A check with its outcome.
pub fn check(name: &str, passed: bool, said: impl Into<String>) -> DrillCheck {
    DrillCheck { name: name.to_owned(), passed, said: said.into() }
}

fn same(name: &str, wanted: &str, found: &str) -> DrillCheck {
    if wanted == found {
        return check(name, true, wanted);
    }
    check(name, false, format!("wanted {wanted}, found {found}"))
}

fn tables(wanted: &Facts, found: &Facts) -> DrillCheck {
    let names = |facts: &Facts| facts.tables.keys().cloned().collect::<BTreeSet<_>>();
    let (wanted, found) = (names(wanted), names(found));
    let missing: Vec<&str> = wanted.difference(&found).map(String::as_str).collect();
    let more: Vec<&str> = found.difference(&wanted).map(String::as_str).collect();
    match (missing.as_slice(), more.as_slice()) {
        ([], []) => check("tables", true, format!("{}", wanted.len())),
        (missing, []) => check("tables", false, format!("missing: {}", missing.join(", "))),
        ([], more) => check("tables", false, format!("not in the back-up: {}", more.join(", "))),
        (missing, more) => {
            let said =
                format!("missing: {}; not in the back-up: {}", missing.join(", "), more.join(", "));
            check("tables", false, said)
        }
    }
}

/// The tables of both, side by side.
fn pairs<'a>(
    wanted: &'a Facts,
    found: &'a Facts,
) -> impl Iterator<Item = (&'a str, &'a TableFacts, &'a TableFacts)> {
    let pair = |(name, one): (&'a String, &'a TableFacts)| {
        Some((name.as_str(), one, found.tables.get(name)?))
    };
    wanted.tables.iter().filter_map(pair)
}

fn rows(wanted: &Facts, found: &Facts) -> DrillCheck {
    let off = pairs(wanted, found).filter(|(_, wanted, found)| wanted.rows != found.rows);
    let off: Vec<String> = off
        .map(|(name, wanted, found)| {
            format!("{name}: wanted {}, found {}", wanted.rows, found.rows)
        })
        .collect();
    match off.as_slice() {
        [] => check("rows", true, format!("{}", wanted.rows())),
        off => check("rows", false, off.join("; ")),
    }
}

/// A table without a checksum is counted and not more; that is said.
fn checksums(wanted: &Facts, found: &Facts) -> DrillCheck {
    let off: Vec<&str> = pairs(wanted, found)
        .filter(|(_, wanted, found)| wanted.checksum.is_some() && wanted.checksum != found.checksum)
        .map(|(name, ..)| name)
        .collect();
    if !off.is_empty() {
        return check("checksums", false, format!("other content: {}", off.join(", ")));
    }
    let without = wanted.tables.values().filter(|it| it.checksum.is_none()).count();
    let with = wanted.tables.len() - without;
    let counted = if without == 0 { String::new() } else { format!("; {without} only counted") };
    check("checksums", true, format!("{with} tables{counted}"))
}

fn head(facts: &Facts) -> String {
    match &facts.migration_head {
        Some(head) => format!("{} up to {head}", facts.migrations),
        None => "none".to_owned(),
    }
}

fn ledger(facts: &Facts) -> String {
    match &facts.ledger {
        Some(head) => format!("record {} with {}", head.number, head.digest),
        None => "none".to_owned(),
    }
}

fn canary(facts: &Facts) -> String {
    facts.canary.clone().unwrap_or_else(|| "none".to_owned())
}

/// More than was backed up is fine: a server brings some by itself.
fn extensions(wanted: &Facts, found: &Facts) -> DrillCheck {
    let missing: Vec<&str> = wanted
        .extensions
        .keys()
        .filter(|name| !found.extensions.contains_key(*name))
        .map(String::as_str)
        .collect();
    match missing.as_slice() {
        [] => check("extensions", true, format!("{}", wanted.extensions.len())),
        missing => check("extensions", false, format!("missing: {}", missing.join(", "))),
    }
}

/// How many differences are named.
const NAMED: usize = 10;

/// A view or a function may show and do what its owner may.
fn owners(wanted: &Facts, found: &Facts) -> DrillCheck {
    let (Some(wanted), Some(found)) = (&wanted.owners, &found.owners) else {
        return check("owners", true, "not compared: left out, or not told by an older back-up");
    };
    let differs = |(object, owner): &(&String, &String)| found.get(*object) != Some(*owner);
    let off: Vec<String> = wanted
        .iter()
        .filter(differs)
        .map(|(object, owner)| {
            let found = found.get(object).map_or("no such object", String::as_str);
            format!("{object}: wanted {owner}, found {found}")
        })
        .collect();
    match off.len() {
        0 => check("owners", true, format!("{} objects", wanted.len())),
        count if count <= NAMED => check("owners", false, off.join("; ")),
        count => {
            let said = format!("{}; and {} more", off[..NAMED].join("; "), count - NAMED);
            check("owners", false, said)
        }
    }
}

/// What was invalid when it was backed up is so in the copy too: an index is made anew there.
fn valid(wanted: &Facts, found: &Facts) -> DrillCheck {
    let new: Vec<&str> = found
        .invalid
        .iter()
        .filter(|name| !wanted.invalid.contains(name))
        .map(String::as_str)
        .collect();
    match new.as_slice() {
        [] => check("indexes and constraints", true, "all valid that were"),
        new => check("indexes and constraints", false, format!("not valid: {}", new.join(", "))),
    }
}

/// Why a copy is not what was backed up; nothing if it is.
pub fn doubts(checks: &[DrillCheck]) -> Vec<String> {
    checks.iter().filter(|it| !it.passed).map(|it| format!("{}: {}", it.name, it.said)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::manifest;
    use super::*;

    fn said(change: impl FnOnce(&mut Facts)) -> Vec<String> {
        let wanted = manifest().facts;
        let mut found = wanted.clone();
        change(&mut found);
        doubts(&compare(&wanted, &found))
    }

    #[test]
    fn a_faithful_copy_in_another_cluster_passes() {
        let none = said(|it| {
            it.system_identifier = "9".into();
            it.database = "xtask_scratch_1".into();
            it.server_version = 170_002;
            it.extensions.insert("plpgsql".into(), "pg_catalog".into());
        });
        assert_eq!(none, [""; 0]);
    }

    #[test]
    fn each_difference_is_found_and_named() {
        let table = |facts: &mut Facts| facts.tables.get_mut("public.meals").unwrap().clone();
        assert_eq!(said(|it| it.tables.clear()), ["tables: missing: public.meals"]);
        assert_eq!(
            said(|it| {
                let more = table(it);
                it.tables.insert("public.more".into(), more);
            }),
            ["tables: not in the back-up: public.more"]
        );
        assert_eq!(
            said(|it| it.tables.get_mut("public.meals").unwrap().rows = 2),
            ["rows: public.meals: wanted 3, found 2"]
        );
        assert_eq!(
            said(|it| it.tables.get_mut("public.meals").unwrap().checksum = Some("3:78".into())),
            ["checksums: other content: public.meals"]
        );
        assert_eq!(
            said(|it| it.migration_head = None),
            ["migrations: wanted 1 up to 20261123000000_init, found none"]
        );
        assert_eq!(said(|it| it.canary = None), ["canary: wanted sha256:00, found none"]);
        assert_eq!(
            said(|it| it.invalid.push("public.meals_idx".into())),
            ["indexes and constraints: not valid: public.meals_idx"]
        );
    }

    #[test]
    fn each_owner_that_is_another_one_is_named_and_an_older_backup_tells_none() {
        let owned = |count: usize, by: &str| {
            let mut facts = manifest().facts;
            let owners = (0..count).map(|n| (format!("view public.v{n}"), by.to_owned()));
            facts.owners = Some(owners.collect());
            facts
        };
        let off = |wanted: &Facts, found: &Facts| doubts(&compare(wanted, found));
        let (low, high) = (owned(1, "low"), owned(1, "high"));
        assert_eq!(off(&low, &high), ["owners: view public.v0: wanted low, found high"]);
        assert_eq!(
            off(&low, &owned(0, "low")),
            ["owners: view public.v0: wanted low, found no such object"]
        );
        assert!(off(&owned(12, "low"), &high)[0].ends_with("; and 2 more"));
        assert_eq!(off(&low, &low), [""; 0]);
        assert_eq!(off(&manifest().facts, &high), [""; 0]);
        assert_eq!(low.owning(), ["low"]);
        assert_eq!(owned(1, "pg_database_owner").owning(), [""; 0]);
    }

    #[test]
    fn an_extension_that_is_missing_is_named_and_a_large_table_is_only_counted() {
        let mut wanted = manifest().facts;
        let found = wanted.clone();
        wanted.extensions.insert("citext".into(), "public".into());
        assert_eq!(doubts(&compare(&wanted, &found)), ["extensions: missing: citext"]);
        let mut wanted = found.clone();
        wanted.tables.get_mut("public.meals").unwrap().checksum = None;
        let checks = compare(&wanted, &found);
        assert!(checks.iter().any(|it| it.said == "0 tables; 1 only counted"), "{checks:?}");
    }
}
