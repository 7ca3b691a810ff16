//! The variables of an application: each with all its flags, compared without being shown.

use super::team::{NOT_THERE, not_at_hand};
use super::{Action, Difference, Part, Plan};
use crate::coolify::desired::{Application, Given, Variable};
use crate::coolify::fingerprint::MARK;
use crate::coolify::observed;
use crate::coolify::value::Sent;
use std::collections::BTreeSet;

/// All of them, for an application that is not there yet.
pub(super) fn of_new(plan: &mut Plan, wanted: &Application) {
    for (name, variable) in &wanted.variables {
        create(plan, part(wanted, name), variable);
    }
}

fn part(application: &Application, name: &str) -> Part {
    Part::Variable { application: application.name.clone(), name: name.to_owned() }
}

fn create(plan: &mut Plan, part: Part, variable: &Variable) {
    refuse_lost(plan, &part, variable);
    let why = match &variable.sent {
        Given::Value(_) => NOT_THERE.to_owned(),
        Given::Absent(names) => format!("{NOT_THERE}; {}", not_at_hand(names)),
    };
    plan.step(Action::Create, part, why).fingerprint = print(variable);
}

fn print(variable: &Variable) -> Option<String> {
    variable.fingerprint.as_ref().map(|it| it.text().to_owned())
}

/// What would not arrive as it is.
fn refuse_lost(plan: &mut Plan, part: &Part, variable: &Variable) {
    if let Given::Value(Err(why)) = &variable.sent {
        plan.refuse(part.clone(), why.to_string());
    }
}

pub(super) fn plan(plan: &mut Plan, wanted: &Application, found: &observed::Application) {
    let rows = match &found.variables {
        Ok(rows) => rows,
        Err(why) => {
            for name in wanted.variables.keys() {
                plan.unknown(part(wanted, name), why.clone());
            }
            return;
        }
    };
    for (name, variable) in &wanted.variables {
        compare(plan, part(wanted, name), variable, rows, name);
    }
    obsolete(plan, wanted, rows);
}

fn compare(
    plan: &mut Plan,
    part: Part,
    wanted: &Variable,
    rows: &[observed::Variable],
    name: &str,
) {
    let of_production = |it: &&observed::Variable| it.key == name && !it.is_preview;
    let rows: Vec<&observed::Variable> = rows.iter().filter(of_production).collect();
    let Some((row, twice)) = rows.split_first() else { return create(plan, part, wanted) };
    refuse_lost(plan, &part, wanted);
    if let Some(foreign) = twice.iter().find(|it| !it.is_ours()) {
        let why = format!("it stands twice, and row `{}` is not ours", foreign.uuid);
        return plan.refuse(part, why);
    }
    if !twice.is_empty() {
        let step = plan.step(Action::Delete, part.clone(), "it stands twice");
        step.uuids = twice.iter().map(|it| it.uuid.clone()).collect();
    }
    judge(plan, part, wanted, row);
}

/// Whether one row is as wanted.
fn judge(plan: &mut Plan, part: Part, wanted: &Variable, row: &observed::Variable) {
    let differences = match &wanted.sent {
        Given::Value(Ok(sent)) => flags(sent, row),
        _ => Vec::new(),
    };
    let value = value(wanted, row);
    let (action, why) = match (row.is_ours(), &value) {
        (false, _) => (Action::Adopt, "it has the name and is not ours; its value is replaced"),
        (true, Value::Other(why)) => (Action::Change, *why),
        (true, _) if !differences.is_empty() => (Action::Change, "its flags are not as wanted"),
        (true, Value::Same) => return,
        (true, Value::Unknown(why)) => return plan.unknown(part, why.clone()),
    };
    let step = plan.step(action, part, why);
    (step.differences, step.uuids) = (differences, vec![row.uuid.clone()]);
    step.fingerprint = print(wanted);
}

enum Value {
    Same,
    Other(&'static str),
    Unknown(String),
}

/// By the value itself where the token may read it, else by what we left beside it.
fn value(wanted: &Variable, row: &observed::Variable) -> Value {
    let sent = match &wanted.sent {
        Given::Value(Ok(sent)) => sent,
        Given::Value(Err(_)) => return Value::Same,
        Given::Absent(names) => return Value::Unknown(not_at_hand(names)),
    };
    // Coolify takes blanks away from both ends.
    if let Some(found) = &row.value {
        return match found.expose().trim() == sent.text.expose().trim() {
            true => Value::Same,
            false => Value::Other("its value is another one"),
        };
    }
    let Some(print) = &wanted.fingerprint else {
        let why = "not at hand: `database.url`, from which the key of fingerprints is made";
        return Value::Unknown(why.to_owned());
    };
    match row.comment.as_deref() {
        Some(comment) if comment == print.comment() => Value::Same,
        Some(comment) if comment.trim() == MARK => Value::Other("nothing tells what was written"),
        _ => Value::Other("what was written has another fingerprint"),
    }
}

fn flags(sent: &Sent, row: &observed::Variable) -> Vec<Difference> {
    let flags = [
        ("is_literal", row.is_literal, sent.is_literal),
        ("is_multiline", row.is_multiline, sent.is_multiline),
        ("is_shown_once", row.is_shown_once, false),
        ("is_runtime", row.is_runtime, true),
        ("is_buildtime", row.is_buildtime, false),
    ];
    let differ = flags.into_iter().filter(|(_, found, wanted)| found != wanted);
    let difference = |(field, found, wanted): (&str, bool, bool)| Difference {
        field: field.to_owned(),
        found: Some(found.to_string()),
        wanted: wanted.to_string(),
    };
    differ.map(difference).collect()
}

/// What we wrote and nobody wants any more goes, with the twin that Coolify made of it for
/// previews. What others wrote stays.
fn obsolete(plan: &mut Plan, wanted: &Application, rows: &[observed::Variable]) {
    let is_wanted =
        |key: &String| wanted.variables.contains_key(key) || wanted.released.contains(key);
    let keys: BTreeSet<&String> =
        rows.iter().map(|it| &it.key).filter(|key| !is_wanted(key)).collect();
    for key in keys {
        if wanted.in_doubt.contains(key) {
            plan.unknown(part(wanted, key), "whether its secret is there is not known here");
            continue;
        }
        let rows: Vec<&observed::Variable> = rows.iter().filter(|it| it.key == *key).collect();
        let has_ours = rows.iter().any(|it| it.is_ours());
        let (gone, kept): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.is_ours() || row.is_preview && has_ours);
        if !gone.is_empty() {
            let step = plan.step(Action::Delete, part(wanted, key), "nobody asks for it any more");
            step.uuids = gone.into_iter().map(|it| it.uuid.clone()).collect();
        }
        if kept.iter().any(|it| !it.is_preview) {
            plan.foreign(part(wanted, key), "it is not ours");
        }
    }
}
