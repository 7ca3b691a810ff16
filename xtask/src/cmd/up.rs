//! `up`: the whole pipeline on this machine, from the working commit to verified services.

use crate::edge::git::{self, Checkout};
use crate::edge::lease::{self, Lease as OfMachine};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::image::Built;
use crate::report::table;
use crate::ship::lease::Lease;
use crate::ship::rollout::{Mode, Rolled};
use crate::ship::site::Site;
use crate::ship::{build, migrate, push, release, rollout, scan};
use crate::target;
use crate::world::{World, this_platform};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use xtask_core::ship::ledger::{Action, ProbeCount};
use xtask_core::ship::release::{Release, ScanVerdict, tag_of};

const ENVIRONMENT: &str = "local";

pub(super) fn run(world: &World<'_>) -> Result<Exit> {
    let began = Instant::now();
    target::check(world, ENVIRONMENT)?;
    let machine = OfMachine::take(&world.state(ENVIRONMENT), "up", &lease::who())?;
    let checkout = git::checkout(&world.shell)?;
    let site = open(world)?;
    site.target.preflight()?;
    let built = prepare(&site)?;
    let lease = Lease::take(&site, &machine, Duration::ZERO)?;
    world.cancel.check()?;
    refuse_changed_tree(world, &checkout)?;
    let scans = scan::services(world, &built)?;
    world.cancel.check()?;
    let release = publish(&site, &lease, &checkout, &built, scans)?;
    let rolled = rollout::to(&site, &release, Action::Rollout, Mode::Apply(&lease, None))?;
    say(&site, &release, &rolled, began);
    Ok(Exit::Done)
}

fn open<'a>(world: &'a World<'a>) -> Result<Site<'a>> {
    let phase = world.report.phase("engine");
    let site = Site::open(world, ENVIRONMENT)?;
    phase.done(&site.target.describe());
    Ok(site)
}

/// A version names a tree; what was built while the tree changed has none.
pub(super) fn refuse_changed_tree(world: &World<'_>, before: &Checkout) -> Result<()> {
    if git::checkout(&world.shell)? == *before {
        return Ok(());
    }
    Err(Failure::refused("cannot release: the tree changed while it was built")
        .code(&code::TREE_CHANGED)
        .hint("run it again"))
}

/// What the services run on comes up while their images are built.
pub(super) fn prepare(site: &Site<'_>) -> Result<BTreeMap<String, Built>> {
    let platform = this_platform()?;
    std::thread::scope(|scope| {
        let backing = scope.spawn(|| site.target.prepare());
        let built = build::services(site.world, &[platform]);
        backing.join().expect("bringing up the backing does not panic")?;
        built
    })
}

/// From built images to a release whose schema is in place.
fn publish(
    site: &Site<'_>,
    lease: &Lease<'_>,
    checkout: &Checkout,
    built: &BTreeMap<String, Built>,
    scans: BTreeMap<String, ScanVerdict>,
) -> Result<Release> {
    let version = tag_of(&release::version(checkout)).expect("a version is made of hex digits");
    let services = push::services(site, built, &version)?;
    let migrations = migrate::files(site.world)?;
    let parts = release::Parts { checkout, services, migrations: &migrations, scans };
    site.world.cancel.check()?;
    let release = release::ensure(site, parts)?;
    // An older commit may lie below a schema that its code does not know.
    migrate::check_not_below(site, &release)?;
    site.world.cancel.check()?;
    migrate::apply(site, lease, &migrations, None)?;
    Ok(release)
}

/// The short table at the end.
fn say(site: &Site<'_>, release: &Release, rolled: &Rolled, began: Instant) {
    let world = site.world;
    let probe = match rolled {
        Rolled::AlreadySo => {
            world.report.status("nothing to roll out: this release runs already");
            None
        }
        Rolled::Done(probe) => *probe,
        Rolled::Shown(..) => None,
    };
    let value = json!({
        "release": release, "url": site.environment.url, "phases": world.report.phases(),
        "changed": matches!(rolled, Rolled::Done(_)), "probe": probe,
    });
    world.report.data(&value, &summary(site, release, probe, began));
}

fn summary(
    site: &Site<'_>,
    release: &Release,
    probe: Option<ProbeCount>,
    began: Instant,
) -> String {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![row("release", release.version.clone())];
    for (name, image) in &release.services {
        rows.push(row(name, image.pin().to_string()));
    }
    rows.push(row("url", site.environment.url.clone()));
    let phases = site.world.report.phases();
    let took = |(name, ms): &(String, u64)| format!("{name} {:.1} s", *ms as f64 / 1000.0);
    rows.push(row("time", phases.iter().map(took).collect::<Vec<_>>().join(", ")));
    rows.push(row("total", format!("{:.1} s", began.elapsed().as_secs_f64())));
    if let Some(probe) = probe {
        let lost = format!("{} of {} requests, p99 {} ms", probe.lost, probe.sent, probe.p99_ms);
        rows.push(row("lost", lost));
    }
    table(&rows)
}
