//! `[scan]`: what may be shipped. The table may be absent; then the policy is the default one.

use crate::moment::Day;
use crate::reader::Table;
use crate::trust::scan::{Allowance, ScanPolicy, Severity};

pub(super) fn read(root: &Table<'_>) -> ScanPolicy {
    let standard = ScanPolicy::default();
    let Some(table) = root.optional_table("scan") else { return standard };
    let severities = read_severities(&table);
    let fixed_only = table.optional_truth("fixed_only");
    let max_age_hours = table.optional_number("max_age_hours", 1..=8760);
    let secrets = table.optional_parsed("secrets");
    let misconfiguration = table.optional_parsed("misconfiguration");
    let allow = table.tables("allow", read_allowance);
    refuse_twice(&table, &allow);
    table.refuse_unknown();
    ScanPolicy {
        severities: severities.unwrap_or(standard.severities),
        fixed_only: fixed_only.unwrap_or(standard.fixed_only),
        max_age_hours: max_age_hours.unwrap_or(standard.max_age_hours),
        secrets: secrets.unwrap_or(standard.secrets),
        misconfiguration: misconfiguration.unwrap_or(standard.misconfiguration),
        allow,
    }
}

fn read_severities(table: &Table<'_>) -> Option<Vec<Severity>> {
    let texts = table.texts("severities");
    if !table.keys().iter().any(|key| key == "severities") {
        return None;
    }
    if texts.is_empty() {
        table.refuse("severities", "names none; to let everything pass, allow it by name");
    }
    let parse = |text: &String| {
        text.parse().map_err(|error| table.refuse("severities", format!("{error}"))).ok()
    };
    texts.iter().map(parse).collect()
}

fn read_allowance(table: &Table<'_>) -> Option<Allowance> {
    let id = read_text(table, "id");
    let package = table.optional_text("package");
    let reason = read_text(table, "reason");
    let expires: Option<Day> = table.parsed("expires");
    Some(Allowance { id: id?, package, reason: reason?, expires: expires? })
}

/// A text that says something.
fn read_text(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    if text.trim().is_empty() {
        table.refuse(key, "is empty");
        return None;
    }
    Some(text)
}

fn refuse_twice(table: &Table<'_>, allow: &[Allowance]) {
    for (position, one) in allow.iter().enumerate() {
        let same = |it: &Allowance| (&it.id, &it.package) == (&one.id, &one.package);
        if allow[..position].iter().any(same) {
            table.refuse("allow", format!("`{}` is allowed twice", one.id));
        }
    }
}
