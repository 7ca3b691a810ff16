//! Whoever watches that back-ups are taken and drills pass hears of each that did, and of nothing
//! else: silence is the alarm.

use crate::edge::{http, secrets};
use crate::world::World;
use std::time::Duration;
use xtask_core::deploy::SecretSource;

const LIMIT: Duration = Duration::from_secs(15);

/// Tells it. That it was not heard makes nothing undone; it is said.
pub fn beat(world: &World<'_>, name: &str, source: Option<&SecretSource>) -> Option<bool> {
    let source = source?;
    let heard = secrets::read_one(name, source).map_err(|it| it.first_line().to_owned());
    let heard = heard.and_then(|url| {
        let answer = http::get(url.expose().trim(), LIMIT).map_err(|it| it.in_one_line())?;
        let is_good = (200..300).contains(&answer.status);
        if is_good { Ok(()) } else { Err(format!("it answered {}", answer.status)) }
    });
    if let Err(why) = &heard {
        world.report.warning(&format!("`{name}` was not told: {why}"));
    }
    Some(heard.is_ok())
}
