//! `notify test`: whether those who are told of rollouts hear it.

use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{Notify, NotifyTest};
use crate::report::table;
use crate::ship::notify::{self, Heard};
use crate::world::World;
use serde_json::json;

pub(super) fn run(flags: &Notify, world: &World<'_>) -> Result<Exit> {
    let Notify::Test(NotifyTest { environment }) = flags;
    let heard = notify::trial(world, environment)?;
    let value = |it: &Heard| json!({ "place": it.place, "error": it.outcome.as_ref().err() });
    let rows: Vec<Vec<String>> = heard.iter().map(row).collect();
    let all: Vec<_> = heard.iter().map(value).collect();
    world.report.data(&json!({ "told": all }), &table(&rows));
    let silent: Vec<&str> =
        heard.iter().filter(|it| it.outcome.is_err()).map(|it| it.place).collect();
    if silent.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::outside(format!("failed to tell {}", silent.join(" and "))).code(&code::NOT_TOLD))
}

fn row(heard: &Heard) -> Vec<String> {
    let outcome = heard.outcome.as_ref().map_or_else(Clone::clone, |()| "was told".to_owned());
    vec![heard.place.to_owned(), outcome]
}
