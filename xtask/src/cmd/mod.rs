//! One verb per file: gather, plan, show, apply.

mod advisories;
mod attestation;
mod audit;
mod backup;
mod bench;
mod ci;
mod completions;
mod coverage;
mod db;
mod dev;
mod docs;
mod doctor;
mod down;
mod explain;
mod hold;
mod hooks;
mod image;
mod infra;
mod leaks;
mod logs;
mod migrate;
mod notify;
mod preflight;
mod rehearse;
mod release;
mod renew;
mod resume;
mod rollback;
mod rollback_targets;
mod rollout;
mod secrets;
mod server;
mod ship;
mod state;
mod status;
mod up;
mod verify;
mod workflows;

use crate::cancel::Cancel;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Verb;
use crate::report::Report;
use crate::world::World;

/// Does what the command line says.
pub fn run(verb: Verb, report: &Report, cancel: &Cancel) -> Result<Exit> {
    if let Verb::Explain(flags) = &verb {
        return explain::run(flags, report);
    }
    let mut world = World::open(report, cancel)?;
    world.page = verb.page();
    match verb {
        Verb::Up(_) => up::run(&world),
        Verb::Down(flags) => down::run(&flags, &world),
        Verb::Status(flags) => status::run(&flags, &world),
        Verb::Dev(flags) => dev::run(&flags, &world),
        Verb::Image(flags) => image::run(flags, &world),
        Verb::Release(flags) => release::run(&flags, &world),
        Verb::Attestation(flags) => attestation::run(&flags, &world),
        Verb::Migrate(flags) => migrate::run(&flags, &world),
        Verb::Db(flags) => db::run(&flags, &world),
        Verb::Backup(flags) => backup::run(&flags, &world),
        Verb::State(flags) => state::run(&flags, &world),
        Verb::Secrets(flags) => secrets::run(&flags, &world),
        Verb::Infra(flags) => infra::run(&flags, &world),
        Verb::Server(flags) => server::run(&flags, &world),
        Verb::Preflight(flags) => preflight::run(&flags, &world),
        Verb::Rehearse(flags) => rehearse::run(&flags, &world),
        Verb::Rollout(flags) => rollout::run(&flags, &world),
        Verb::Ship(flags) => ship::run(&flags, &world),
        Verb::Resume(flags) => resume::run(&flags, &world),
        Verb::RollbackTargets(flags) => rollback_targets::run(&flags, &world),
        Verb::Rollback(flags) => rollback::run(&flags, &world),
        Verb::Verify(flags) => verify::run(&flags, &world),
        Verb::Audit(flags) => audit::run(&flags, &world),
        Verb::Notify(flags) => notify::run(&flags, &world),
        Verb::Logs(flags) => logs::run(&flags, &world),
        Verb::Bench(flags) => bench::run(&flags, &world),
        Verb::Ci(flags) => ci::run(&flags, &world),
        Verb::Advisories(flags) => advisories::run(&flags, &world),
        Verb::Leaks(flags) => leaks::run(&flags, &world),
        Verb::Hooks(flags) => hooks::run(&flags, &world),
        Verb::Doctor(flags) => doctor::run(&flags, &world),
        Verb::Completions(flags) => completions::run(&flags, report),
        Verb::Explain(flags) => explain::run(&flags, report),
        Verb::Docs(flags) => docs::run(&flags, &world),
        Verb::Coverage => coverage::run(&world),
        Verb::Renew(flags) => renew::run(&flags, &world),
        Verb::Workflows(flags) => workflows::run(&flags, &world),
    }
}
