//! Restores a back-up into an empty database, and holds what came back against its manifest.

use super::home::Home;
use super::pipe;
use crate::edge::pg_dump::{self, Owners};
use crate::edge::postgres::Database;
use crate::error::{Context as _, Failure, Result, code};
use crate::report::{Phase, Report};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use xtask_core::backup::archive::without_schemas;
use xtask_core::backup::facts::Facts;
use xtask_core::backup::manifest::{DUMP, Manifest};
use xtask_core::backup::verify;
use xtask_core::ship::database::Address;
use xtask_core::trust::attestation::record::DrillCheck;

/// What becomes of roles that the back-up names and the cluster does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles<'r> {
    /// They must be there: a person makes them.
    Wanted,
    /// They are made, without a way to log in: the cluster is one's own.
    Made,
    /// They are made for the scratch database of this name, and go after it.
    Scratch(&'r str),
}

/// As whose a back-up comes back.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'r> {
    pub roles: Roles<'r>,
    pub owners: Owners,
}

/// What came back.
pub struct Restored {
    pub facts: Facts,
    pub checks: Vec<DrillCheck>,
}

/// Refuses a database that holds anything in the schemas of the back-up, and the one it came from
/// unless `same` names its environment once more.
pub fn refuse_unfit(
    home: &Home<'_>,
    manifest: &Manifest,
    address: &Address,
    same: Option<&str>,
) -> Result<()> {
    let refused = || {
        Failure::refused(format!("cannot restore into `{}`", address.place()))
            .code(&code::RESTORE_REFUSED)
    };
    let database = Database::connect(address)?;
    let objects = database.object_count(Some(&manifest.schemas))?;
    if objects > 0 {
        let schemas = manifest.schemas.join("`, `");
        return Err(refused()
            .reason(format!("it is not empty: {objects} objects in `{schemas}`"))
            .hint("make a database, restore into that one, and look at it before anything else"));
    }
    let is_source = database.system_identifier()? == manifest.facts.system_identifier
        && address.database == manifest.facts.database;
    let name = home.name;
    match (is_source, same) {
        (true, Some(said)) if said == name => Ok(()),
        (true, _) => Err(refused()
            .reason("it is the database that the back-up came from")
            .hint(format!("if that is meant, say it twice: `--same-database {name}`"))),
        (false, Some(_)) => {
            Err(refused().reason("`--same-database` was said, and it is another database"))
        }
        (false, None) => Ok(()),
    }
}

/// Restores it, in one transaction, and looks at what came back.
pub fn restore(
    home: &Home<'_>,
    manifest: &Manifest,
    address: &Address,
    whose: Whose<'_>,
    phase: &Phase<'_>,
) -> Result<Restored> {
    let world = home.world;
    let mut database = Database::connect(address)?;
    pg_dump::restoring(&world.shell, database.server_version()?, manifest.facts.server_version)?;
    phase.doing("reading what is in it");
    let list = list(home, manifest)?;
    let found = database.schemas_among(&manifest.schemas)?;
    let owners = owners_of(manifest, whose.owners, world.report);
    let wanted = wanted(&manifest.facts, owners, &found);
    prepare(&database, &wanted, whose.roles, address)?;
    // An extension may have brought one of them.
    let there = database.schemas_among(&manifest.schemas)?;
    let brought = there.iter().filter(|it| !found.contains(it));
    brought
        .filter_map(|it| Some((it, owner_of_schema(&wanted, it)?)))
        .try_for_each(|(schema, owner)| database.give_schema(schema, owner))?;
    let list = List::keep(&without_schemas(&list, &there, &found))?;
    phase.doing("restoring");
    pour(home, manifest, address, (&list, owners))?;
    phase.doing("comparing");
    world.cancel.check()?;
    database.analyze()?;
    // Another connection: the limits of this one are gone.
    database = Database::connect(address)?;
    let facts = database.facts(&manifest.schemas, &world.cancel)?;
    let checks = verify::compare(&wanted, &facts);
    Ok(Restored { facts, checks })
}

/// Refuses what came back if it is not what was backed up.
pub fn hold(restored: &Restored, address: &Address) -> Result<()> {
    let doubts = verify::doubts(&restored.checks);
    if doubts.is_empty() {
        return Ok(());
    }
    let failure = Failure::outside(format!("failed to restore into `{}`", address.place()))
        .code(&code::RESTORE_FAILED)
        .partly()
        .reason("what came back is not what was backed up");
    Err(doubts.into_iter().fold(failure, Failure::reason))
}

/// What is restored, for `pg_restore` to read: a file without a name, which goes with its value,
/// also where this process is killed.
struct List(File);

impl List {
    fn keep(text: &str) -> Result<Self> {
        let failed = || "failed to keep the list of what is restored".to_owned();
        let mut file = tempfile::tempfile().or_outside(failed)?;
        file.write_all(text.as_bytes()).or_outside(failed)?;
        Ok(Self(file))
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd()))
    }
}

/// What the dump holds, an entry a line.
fn list(home: &Home<'_>, manifest: &Manifest) -> Result<String> {
    let shell = &home.world.shell;
    let start = Box::new(|stdin| pg_dump::start_list(shell, stdin));
    let poured = pipe::pour(&home.restic, shell, (&manifest.dump, DUMP), start)?;
    if !poured.taken.succeeded() {
        return Err(unread(home, manifest, &poured));
    }
    Ok(poured.taken.text())
}

/// restic's reason first: without its data nobody can restore anything.
fn unread(home: &Home<'_>, manifest: &Manifest, poured: &pipe::Poured) -> Failure {
    let failure = Failure::outside(format!("failed to read back-up `{}`", manifest.run))
        .code(&code::RESTORE_FAILED);
    let words = [&poured.given, &poured.taken].map(|it| it.last_words());
    let failure = words.into_iter().filter(|it| !it.is_empty()).fold(failure, Failure::reason);
    // That it could not be read says something of it only where it lies there for us alone.
    let hindrance = if poured.given.succeeded() { None } else { home.hindrance() };
    if let Some((code, why)) = hindrance {
        return failure.relabel(code).reason(why).hint("run it again when that is over");
    }
    failure.hint(format!("`cargo xtask backup check {} --read-data` looks at all of it", home.name))
}

/// A back-up from before owners were kept does not say which roles it needs.
fn owners_of(manifest: &Manifest, wanted: Owners, report: &Report) -> Owners {
    if manifest.facts.owners.is_some() || wanted == Owners::Loader {
        return wanted;
    }
    let line = "the back-up is of a version that kept no owners: who restores owns all of it";
    report.warning(line);
    Owners::Loader
}

/// What is to come back. Schemas that were `found` are somebody's, and keep their owners.
fn wanted(backed_up: &Facts, owners: Owners, found: &[String]) -> Facts {
    let mut wanted = backed_up.clone();
    if owners == Owners::Loader {
        wanted.owners = None;
    }
    if let Some(owners) = &mut wanted.owners {
        owners.retain(|object, _| schema_of(object).is_none_or(|it| !found.contains(&it)));
    }
    wanted
}

fn owner_of_schema<'f>(facts: &'f Facts, schema: &str) -> Option<&'f str> {
    let mut all = facts.owners.iter().flatten();
    let found = all.find(|(object, _)| schema_of(object).as_deref() == Some(schema));
    found.map(|(_, owner)| owner.as_str())
}

/// The schema that an object is: `schema "my app"`.
fn schema_of(object: &str) -> Option<String> {
    let name = object.strip_prefix("schema ")?;
    let inner = name.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    Some(inner.map_or_else(|| name.to_owned(), |it| it.replace("\"\"", "\"")))
}

/// Extensions and roles that it needs; `pg_dump` leaves both to whoever restores.
fn prepare(database: &Database, wanted: &Facts, roles: Roles<'_>, address: &Address) -> Result<()> {
    let owning = wanted.owning();
    let named: BTreeSet<&String> = wanted.roles.iter().chain(&owning).collect();
    let named: Vec<String> = named.into_iter().cloned().collect();
    let missing = database.missing_roles(&named)?;
    if roles == Roles::Wanted && !missing.is_empty() {
        let made: Vec<String> =
            missing.iter().map(|it| format!("CREATE ROLE \"{it}\" NOLOGIN;")).collect();
        let what = "roles that own something or are granted something";
        return Err(lacks(what, &missing).hint(made.join(" ")));
    }
    let not_givable = database.not_givable(&owning)?;
    if !not_givable.is_empty() {
        return Err(not_owners(&not_givable, address));
    }
    let extensions = database.plan_extensions(&wanted.extensions)?;
    if !extensions.missing.is_empty() {
        return Err(lacks("extensions that it uses", &extensions.missing)
            .hint("install their files on that server, or restore into one that has them"));
    }
    let mark = match roles {
        Roles::Scratch(mark) => Some(mark),
        Roles::Wanted | Roles::Made => None,
    };
    missing.iter().try_for_each(|role| database.make_role(role, mark))?;
    let mut made = extensions.made.iter();
    made.try_for_each(|(name, schema)| database.make_extension(name, schema))
}

/// A view shows what its owner may see: with another owner it may show all rows to everybody.
fn not_owners(owners: &[String], address: &Address) -> Failure {
    let (names, user) = (owners.join("`, `"), &address.user);
    let granted: Vec<String> =
        owners.iter().map(|it| format!("GRANT \"{it}\" TO \"{user}\";")).collect();
    Failure::refused(format!("cannot restore into `{}`", address.place()))
        .code(&code::RESTORE_REFUSED)
        .reason(format!("`{user}` may not make `{names}` the owner of what is theirs"))
        .hint(format!(
            "restore as a superuser; or let it: `{}`; or say `--without-owners`, and `{user}` owns \
             all: then a view and a SECURITY DEFINER function may do what `{user}` may",
            granted.join(" ")
        ))
}

fn lacks(what: &str, missing: &[String]) -> Failure {
    Failure::refused(format!("cannot restore: the cluster lacks {what}"))
        .code(&code::RESTORE_REFUSED)
        .reason(format!("missing: {}", missing.join(", ")))
}

fn pour(
    home: &Home<'_>,
    manifest: &Manifest,
    address: &Address,
    (list, owners): (&List, Owners),
) -> Result<()> {
    let shell = &home.world.shell;
    let path = list.path();
    let list = (path.as_path(), owners);
    let start = Box::new(|stdin| pg_dump::start_restore(shell, address, list, stdin));
    let poured = pipe::pour(&home.restic, shell, (&manifest.dump, DUMP), start)?;
    if poured.taken.succeeded() && poured.given.succeeded() {
        return Ok(());
    }
    // In one transaction: where `pg_restore` did not end well, nothing of it was kept.
    let kept = if poured.taken.succeeded() { "all of it" } else { "nothing of it" };
    let line = format!("failed to restore into `{}`; {kept} was kept", address.place());
    if !poured.given.succeeded() {
        return Err(unread(home, manifest, &poured).during(line));
    }
    Err(Failure::outside(line)
        .code(&code::RESTORE_FAILED)
        .reason(poured.taken.last_words())
        .reason("roles and extensions that were made for it stay"))
}
