//! `db url-check`: what the addresses of an environment's database are, and what for.

use crate::edge::postgres::ways::{answer, ways};
use crate::edge::secrets;
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::ship::site::Site;
use crate::world::World;
use xtask_core::database::line::{Line, State};
use xtask_core::database::url::{Facts, Purpose, Way, judge};
use xtask_core::ship::database::Address;

/// An address, by its name in `deploy.toml`, or why there is none.
type Named = (String, Purpose, Result<Address>);

pub(super) fn run(name: &str, world: &World<'_>) -> Result<Exit> {
    let mut lines = Vec::new();
    for (called, purpose, address) in gather(name, world)? {
        match address.and_then(|address| facts(&called, purpose, address)) {
            Ok(facts) => lines.extend(judge(&facts)),
            Err(failure) => lines.push(of_failure(&called, &failure)),
        }
    }
    Ok(super::show(&lines, world))
}

/// Of an environment that somebody else runs, only its addresses are read; Coolify is not asked.
fn gather(name: &str, world: &World<'_>) -> Result<Vec<Named>> {
    let environment = world.environment(name)?;
    let named = |it: &str| format!("database.{it}");
    let (services, sessions) = (Purpose::Services, Purpose::Sessions);
    let Some(database) = &environment.database else {
        let site = Site::look(world, name)?;
        return Ok(vec![
            (named("url"), services, site.target.services_database()),
            (named("owner"), sessions, site.database()),
        ]);
    };
    let read = |name: &str, source| -> Result<Address> {
        let text = secrets::read_one(name, source)?;
        text.expose().trim().parse().or_usage(|| "cannot use the database's address".to_owned())
    };
    let mut all = vec![(named("url"), services, read("database.url", &database.url))];
    match &database.direct_url {
        Some(source) => {
            all.push((named("direct_url"), sessions, read("database.direct_url", source)));
        }
        // Without one, migrations go where the services go.
        None => all.push((named("url"), sessions, read("database.url", &database.url))),
    }
    Ok(all)
}

fn facts(name: &str, purpose: Purpose, address: Address) -> Result<Facts> {
    let ways = ways(&address)?;
    let answer = if ways.contains(&Way::Reached) {
        answer(&address).map_err(|failure| failure.innermost_line().to_owned())
    } else {
        Err("nothing accepts connections there".to_owned())
    };
    Ok(Facts { name: name.to_owned(), purpose, address, ways, answer })
}

/// An address that cannot be read is a mistake; one that is not at hand, or cannot be looked up, may
/// be good.
fn of_failure(name: &str, failure: &Failure) -> Line {
    let is_unknown = failure.may_go_over() || failure.name() == code::SECRET_MISSING.name;
    let state = if is_unknown { State::NotChecked } else { State::Bad };
    let line = Line::new(state, name, failure.innermost_line());
    match failure.advice() {
        Some(advice) => line.hint(advice),
        None => line,
    }
}
