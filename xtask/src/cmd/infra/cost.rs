//! `infra cost`: what the server costs a month, what else is in stock, and what could be added.

use super::server::look;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::InfraCost;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_core::hetzner::Money;
use xtask_core::hetzner::cost::{Alternative, Cost, Line, cost};

pub(super) fn run(flags: &InfraCost, world: &World<'_>) -> Result<Exit> {
    let looked = look(world, &flags.environment)?;
    let counted = cost(&looked.desired, &looked.observed);
    world.report.data(&json!(counted), &said(&counted));
    let Some(sum) = counted.sum else { return Ok(Exit::NotChecked) };
    let is_over = counted.budget.is_some_and(|budget| sum > budget);
    Ok(if is_over { Exit::Planned } else { Exit::Done })
}

fn said(cost: &Cost) -> String {
    let mut rows: Vec<Vec<String>> = cost.lines.iter().map(|it| line("paid", it)).collect();
    let sum = Line { what: "all of it".to_owned(), price: cost.sum };
    rows.push(line(if cost.is_there { "now" } else { "would be" }, &sum));
    rows.extend(cost.budget.iter().map(|budget| budgeted(*budget, cost.sum)));
    rows.extend(cost.alternatives.iter().map(alternative));
    rows.extend(cost.extras.iter().map(|it| line("add", it)));
    let head = "EUR a month with tax, at today's prices; what runs may still have an older one";
    format!("{head}\n{}", table(&rows).trim_end())
}

fn line(word: &str, it: &Line) -> Vec<String> {
    vec![word.to_owned(), it.what.clone(), amount(it.price)]
}

fn budgeted(budget: Money, sum: Option<Money>) -> Vec<String> {
    let said = match sum {
        None => "nobody knows whether it is kept".to_owned(),
        Some(sum) => match budget.checked_sub(sum) {
            Some(left) => format!("{left} of it are left"),
            None => "it is not enough".to_owned(),
        },
    };
    vec!["budget".to_owned(), said, budget.to_string()]
}

fn alternative(it: &Alternative) -> Vec<String> {
    let Alternative { name, architecture, cores, memory_gb, disk_gb, .. } = it;
    let wanted = if it.is_wanted { ", in `types`" } else { "" };
    let what = format!(
        "`{name}`: {cores} cores {architecture}, {memory_gb} GB, disk {disk_gb} GB{wanted}"
    );
    vec!["in stock".to_owned(), what, amount(it.price)]
}

fn amount(price: Option<Money>) -> String {
    price.map_or_else(|| "unknown".to_owned(), |it| it.to_string())
}
