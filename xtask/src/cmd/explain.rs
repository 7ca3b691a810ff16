//! `explain`: what an error code means, and what to do about it.

use crate::docs::errors;
use crate::error::code::{ALL, Code};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Explain;
use crate::report::{Report, table};
use serde_json::{Value, json};

pub(super) fn run(flags: &Explain, report: &Report) -> Result<Exit> {
    let Some(name) = &flags.code else {
        report.data(&json!({ "codes": ALL.iter().map(|it| row(it)).collect::<Vec<_>>() }), &list());
        return Ok(Exit::Done);
    };
    let code = Code::named(name).ok_or_else(|| {
        Failure::usage(format!("unknown code `{name}`"))
            .hint("`cargo xtask explain` lists all of them")
    })?;
    let advice = errors::section(code).expect("a test holds that every section is there");
    let mut value = row(code);
    value["advice"] = json!(advice);
    report.data(&value, &format!("{}: {}\n\n{advice}", code.name, code.means));
    Ok(Exit::Done)
}

fn row(code: &Code) -> Value {
    json!({ "code": code.name, "means": code.means, "section": code.section })
}

fn list() -> String {
    let row = |code: &&Code| vec![code.name.to_owned(), code.means.to_owned()];
    table(&ALL.iter().map(row).collect::<Vec<_>>())
}
