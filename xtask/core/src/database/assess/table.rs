//! An assessment as lines for a terminal.

use super::{Assessed, Held, Mark, Risk, Step};
use crate::database::lint::Weight;
use crate::database::sql::Work;
use crate::database::statistics::Scale;
use crate::plan::Count;

/// How much of a statement is shown.
const LINES: usize = 8;

/// Each file, with its statements below it.
pub fn lines(files: &[Assessed]) -> Vec<String> {
    files.iter().flat_map(file).collect()
}

fn file(file: &Assessed) -> Vec<String> {
    let mut lines = vec![format!("{} ({}, {})", file.name, how(file), mark(&file.mark))];
    lines.extend(file.statements.iter().flat_map(step));
    lines.extend(file.destroys.iter().map(|object| format!("  destroys `{object}`")));
    let heavy = file.lints.iter().filter(|lint| lint.weight == Weight::Blocks);
    lines.extend(heavy.map(|it| format!("  line {}: {}: {}", it.line, it.rule, it.message)));
    let light = file.lints.iter().filter(|lint| lint.weight == Weight::Advice);
    lines.extend(light.map(|it| format!("  line {}: advice: {}", it.line, it.rule)));
    lines.extend(file.refusals.iter().map(|it| format!("  line {}: refused: {}", it.line, it.why)));
    lines
}

/// Whether it is one transaction.
pub(super) fn how(file: &Assessed) -> String {
    match &file.alone {
        Some(what) => format!("no transaction: {what}"),
        None => "one transaction".to_owned(),
    }
}

pub(super) fn mark(mark: &Mark) -> &'static str {
    match mark {
        Mark::Unmarked => "no way back across it",
        Mark::Safe => "rollback-safe",
        Mark::Wrong(_) => "wrongly marked rollback-safe",
    }
}

fn step(step: &Step) -> Vec<String> {
    let head = format!("  line {}: {}: {}", step.line, step.what, risk(step.risk));
    let mut lines = vec![head];
    lines.extend(sql(&step.sql));
    lines.extend(step.locks.iter().map(|held| format!("    {}", lock(held))));
    let why = step.breaks.iter().chain(&step.doubts).chain(step.opaque.as_ref());
    lines.extend(why.map(|why| format!("    {why}")));
    lines
}

/// The first lines of a statement; all of it is in the file.
fn sql(text: &str) -> Vec<String> {
    let (count, shown) = (text.lines().count(), text.lines().take(LINES));
    let mut lines: Vec<String> = shown.map(|line| format!("    | {line}")).collect();
    if count > LINES {
        lines.push(format!("    | … {} more", Count(count - LINES, "line")));
    }
    lines
}

pub(super) fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "no risk",
        Risk::Low => "low risk",
        Risk::Medium => "medium risk",
        Risk::High => "HIGH RISK",
        Risk::Unknown => "risk not known",
    }
}

/// `ACCESS EXCLUSIVE on meals (about 1200000 rows), while every row is read: blocks reads and writes`
pub(super) fn lock(held: &Held) -> String {
    let (mode, on) = (held.lock.mode, &held.lock.on);
    let size = match (held.scale, held.size) {
        (Scale::New, _) => "new".to_owned(),
        (_, Some(size)) => format!("about {} rows", size.rows),
        (_, None) => "size not known".to_owned(),
    };
    let work = match held.lock.work {
        Work::Catalogue => "for a moment",
        Work::Scan => "while every row is read",
        Work::Rewrite => "while every row is written anew",
    };
    let kind = if held.lock.of_index { "the table of index " } else { "" };
    format!("{mode} on {kind}{on} ({size}), {work}: blocks {}", mode.blocks())
}
