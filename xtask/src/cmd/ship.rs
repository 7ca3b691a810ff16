//! `ship`: the whole pipeline, from the working commit to verified services.

mod vouch;

use super::rollout;
use crate::edge::git::{self, Checkout};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{Moving, Reviewed, Ship};
use crate::image::Built;
use crate::report::table;
use crate::ship::rollout::{Done, Mode, Rolled, to};
use crate::ship::site::Site;
use crate::ship::{build, migrate, push, release, scan};
use crate::target;
use crate::world::{World, this_platform};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;
use vouch::Voucher;
use xtask_core::platform::Platform;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::release::{Release, tag_of};

/// What a person wants shipped, and how.
pub(super) struct Order<'f> {
    pub(super) verb: &'static str,
    pub(super) environment: &'f str,
    pub(super) reviewed: &'f Reviewed,
    pub(super) moving: &'f Moving,
    pub(super) allow_dirty: bool,
}

pub(super) fn run(flags: &Ship, world: &World<'_>) -> Result<Exit> {
    let Ship { environment, allow_dirty, reviewed, moving } = flags;
    let allow_dirty = *allow_dirty;
    pipeline(world, &Order { verb: "ship", environment, reviewed, moving, allow_dirty })
}

/// The pipeline to any environment: there is one.
pub(super) fn pipeline(world: &World<'_>, order: &Order<'_>) -> Result<Exit> {
    let began = Instant::now();
    let Order { environment, reviewed, .. } = order;
    target::check(world, environment)?;
    let Some(machine) = rollout::of_machine(world, environment, order.verb, reviewed)? else {
        return shown(world, order);
    };
    let checkout = checkout(world, order)?;
    let site = open(world, environment)?;
    site.target.preflight()?;
    if site.environment.has_users() {
        crate::ship::lease::refuse_early(&site, reviewed.limit())?;
    }
    let voucher = Voucher::of(&site)?;
    let built = prepare(&site)?;
    world.cancel.check()?;
    migrate::obstacles::refuse_foreign(&site, &migrate::files(world)?)?;
    let release = publish(&site, &checkout, &built)?;
    if let Some(voucher) = voucher {
        voucher.release(&site, &release, &platforms(&site)?)?;
        world.cancel.check()?;
    }
    let lease = crate::ship::lease::Lease::take(&site, &machine, reviewed.limit())?;
    let wish = rollout::wish(&release, Action::Rollout, order.moving);
    let rolled = to(&site, wish, Mode::Apply(&lease, reviewed.plan.as_ref()))?;
    say(&site, &release, &rolled, began);
    Ok(Exit::Done)
}

fn open<'a>(world: &'a World<'a>, environment: &'a str) -> Result<Site<'a>> {
    let phase = world.report.phase("engine");
    let site = Site::open(world, environment)?;
    phase.done(&site.target.describe());
    Ok(site)
}

/// What others use is made of commits only, unless somebody says otherwise.
fn checkout(world: &World<'_>, order: &Order<'_>) -> Result<Checkout> {
    let checkout = git::checkout(&world.shell)?;
    let has_users = world.environment(order.environment)?.has_users();
    if has_users && checkout.dirty_tree.is_some() && !order.allow_dirty {
        let environment = order.environment;
        return Err(Failure::refused(format!("cannot ship to `{environment}`: the tree is dirty"))
            .code(&code::TREE_DIRTY)
            .reason("it holds what no commit has, so nobody else could make this release again")
            .hint("commit or stash it; or `--allow-dirty`, and the release says so"));
    }
    Ok(checkout)
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
    let platforms = platforms(site)?;
    std::thread::scope(|scope| {
        let backing = scope.spawn(|| site.target.prepare());
        let built = build::services(site.world, &platforms);
        backing.join().expect("bringing up the backing does not panic")?;
        built
    })
}

/// Whoever else runs it may do so on any platform of an image: none is named then.
fn platforms(site: &Site<'_>) -> Result<Vec<Platform>> {
    match site.environment.has_users() {
        true => Ok(Vec::new()),
        false => Ok(vec![this_platform()?]),
    }
}

/// From built images to a release in the registry.
pub(super) fn publish(
    site: &Site<'_>,
    checkout: &Checkout,
    built: &BTreeMap<String, Built>,
) -> Result<Release> {
    let world = site.world;
    refuse_changed_tree(world, checkout)?;
    let scans = scan::services(world, built)?;
    world.cancel.check()?;
    let version = tag_of(&release::version(checkout)).expect("a version is made of hex digits");
    let services = push::services(site, built, &version)?;
    let migrations = migrate::files(world)?;
    world.cancel.check()?;
    release::ensure(site, release::Parts { checkout, services, migrations: &migrations, scans })
}

/// What would be done. A release that was made already is planned to its end; one that was not is
/// planned once it is.
fn shown(world: &World<'_>, order: &Order<'_>) -> Result<Exit> {
    let checkout = checkout(world, order)?;
    let site = Site::look(world, order.environment)?;
    let version = release::version(&checkout);
    let Some(release) = release::find(&site, &version)? else {
        return Ok(to_be_made(&site, &version));
    };
    match to(&site, rollout::wish(&release, Action::Rollout, order.moving), Mode::Show)? {
        Rolled::Shown(plan, digest) => Ok(rollout::show(&site, &plan, &digest)),
        Rolled::AlreadySo | Rolled::Done(_) => Ok(Exit::Done),
    }
}

fn to_be_made(site: &Site<'_>, version: &str) -> Exit {
    let name = site.name;
    let steps = [
        "build the images of every service".to_owned(),
        "scan them; what must not be shipped ends it here".to_owned(),
        format!("push them, and release `{version}`: the registry does not have it yet"),
        format!(
            "then, as `cargo xtask rollout {name} {version} --dry-run` says once it is there: \
                 lease, back up if the schema changes, migrate, roll out, verify, record"
        ),
    ];
    let lines: Vec<String> = steps.iter().map(|it| format!("  {it}")).collect();
    let value = json!({ "release": version, "steps": steps });
    site.world.report.data(&value, &format!("would do:\n{}", lines.join("\n")));
    Exit::Planned
}

/// The short table at the end.
fn say(site: &Site<'_>, release: &Release, rolled: &Rolled, began: Instant) {
    let world = site.world;
    let done = match rolled {
        Rolled::AlreadySo => {
            world.report.status("nothing to roll out: this release runs already");
            None
        }
        Rolled::Done(done) => Some(done),
        Rolled::Shown(..) => None,
    };
    let value = json!({
        "release": release, "url": site.environment.url, "phases": world.report.phases(),
        "changed": matches!(rolled, Rolled::Done(_)), "probe": done.and_then(|it| it.proof.count()), "proof": done.map(|it| &it.proof),
        "report": done.and_then(|it| it.report.as_ref()),
    });
    world.report.data(&value, &summary(site, release, done, began));
}

fn summary(site: &Site<'_>, release: &Release, done: Option<&Done>, began: Instant) -> String {
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
    let proven = done.into_iter().flat_map(|it| it.proof.rows());
    rows.extend(proven.map(|(name, value)| row(name, value)));
    let report = done.and_then(|it| it.report.as_ref());
    rows.extend(report.map(|path| row("report", path.display().to_string())));
    table(&rows)
}
