//! An assessment as a step summary of a pull request.

use super::{Assessed, Step, table};
use crate::database::lint::Weight;
use crate::plan::Count;

/// A page of Markdown: what would be applied, and what stands against it.
pub fn summary(title: &str, files: &[Assessed], refusals: &[String], notes: &[String]) -> String {
    let mut page = format!("## {title}\n\n");
    if files.is_empty() {
        page += "No migration is pending.\n\n";
    }
    for note in notes {
        page += &format!("> {}\n\n", plain(note));
    }
    if !refusals.is_empty() {
        page += &format!("### Refused: {}\n\n", Count(refusals.len(), "reason"));
        for line in refusals {
            page += &format!("- {}\n", plain(line));
        }
        page.push('\n');
    }
    for file in files {
        page += &of_file(file);
    }
    page
}

fn of_file(file: &Assessed) -> String {
    let mut page = format!("### {}\n\n", plain(&file.name));
    page += &format!("{}; {}.\n\n", table::how(file), table::mark(&file.mark));
    page += "| line | statement | risk | locks | remarks |\n|---:|---|---|---|---|\n";
    for step in &file.statements {
        page += &row(step);
    }
    page.push('\n');
    for object in &file.destroys {
        page += &format!("- **destroys** `{}`: wants `--drop {}`\n", plain(object), plain(object));
    }
    for lint in &file.lints {
        let word = if lint.weight == Weight::Blocks { "**blocks**" } else { "advice" };
        page += &format!("- {word}, line {}: {}: {}\n", lint.line, lint.rule, plain(&lint.message));
    }
    page += &format!("\n<details><summary>SQL</summary>\n\n{}\n</details>\n\n", fenced(&file.sql));
    page
}

fn row(step: &Step) -> String {
    let locks: Vec<String> = step.locks.iter().map(|held| plain(&table::lock(held))).collect();
    let remarks = step.breaks.iter().chain(&step.doubts).chain(step.opaque.as_ref());
    let remarks: Vec<String> = remarks.map(|it| plain(it)).collect();
    format!(
        "| {} | {} | {} | {} | {} |\n",
        step.line,
        plain(&step.what),
        table::risk(step.risk),
        locks.join("<br>"),
        remarks.join("<br>")
    )
}

/// Text that stays in its cell and is no mark-up of its own.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "&#124;").replace('\n', " ")
}

/// Code between fences that are longer than any within.
fn fenced(code: &str) -> String {
    let longest = code.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}sql\n{}\n{fence}", code.trim_end())
}
