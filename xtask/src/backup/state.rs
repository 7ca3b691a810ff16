//! The state of a server, gathered from its files and database, and brought back.

use crate::edge::postgres::Database;
use crate::edge::{clock, files, pg_dump, secrets};
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use crate::world::World;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use xtask_core::backup::state::{DATABASE, FOLDERS, FORMAT, Of, Piece, State};
use xtask_core::digest::Digest;
use xtask_core::ship::database::Address;

/// The file in our own state that names what was restored, and where.
const NOTE: &str = "state-restored";

/// More than this is no settings, key or certificate.
const LARGEST: u64 = 8 << 20;

/// Everything that is kept of an environment's server.
pub fn gather(world: &World<'_>, name: &str, coolify: &Path, database: &Address) -> Result<State> {
    let phase = world.report.phase("state");
    phase.doing("files");
    let mut pieces = ours(world, name)?;
    for folder in FOLDERS {
        add(coolify, folder, &mut pieces)?;
    }
    phase.doing("database");
    let server = Database::connect(database)?.server_version()?;
    pg_dump::fitting(&world.shell, "pg_dump", server)?;
    let dump = pg_dump::whole(&world.shell, database)?;
    pieces.push(Piece::new(Of::Database, DATABASE, 0o600, &dump));
    let state = State {
        format: FORMAT,
        project: world.deploy.project.clone(),
        environment: name.to_owned(),
        made_at: clock::now(),
        pieces,
    };
    state.check().or_refused(refused_line).coded(&code::STATE_REFUSED)?;
    phase.done(&format!("{} pieces", state.pieces.len()));
    Ok(state)
}

fn refused_line() -> String {
    "cannot keep the state of the server".to_owned()
}

/// What only this machine has of the environment.
fn ours(world: &World<'_>, name: &str) -> Result<Vec<Piece>> {
    let folder = world.state(name);
    let kept = [secrets::file(&folder), folder.join("backups/password")];
    let mut pieces = Vec::new();
    for path in kept {
        if let Some(bytes) = files::bytes_if_there(&path)? {
            let path = path.strip_prefix(&folder).expect("it is below it").display().to_string();
            pieces.push(Piece::new(Of::Ours, &path, 0o600, &bytes));
        }
    }
    Ok(pieces)
}

/// Every file below `path` of `root`. What is neither file nor folder is refused: it could not be
/// brought back as it is.
fn add(root: &Path, path: &str, pieces: &mut Vec<Piece>) -> Result<()> {
    let place = root.join(path);
    let failed = || format!("failed to look at `{}`", place.display());
    let found = match std::fs::symlink_metadata(&place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(refused(&format!("`{}` is not there", place.display())));
        }
        found => found.or_outside(failed)?,
    };
    if found.is_dir() {
        let mut names = files::names(&place)?;
        names.sort();
        return names.iter().try_for_each(|name| add(root, &format!("{path}/{name}"), pieces));
    }
    if found.is_symlink() || !found.is_file() {
        return Err(refused(&format!("`{}` is no plain file", place.display())));
    }
    if found.len() > LARGEST {
        return Err(refused(&format!("`{}` is larger than 8 MiB", place.display())));
    }
    let bytes = std::fs::read(&place).or_outside(failed)?;
    pieces.push(Piece::new(Of::Coolify, path, found.permissions().mode(), &bytes));
    Ok(())
}

fn refused(why: &str) -> Failure {
    Failure::refused(refused_line()).code(&code::STATE_REFUSED).reason(why)
}

/// What is left to be brought back.
pub struct Left<'s> {
    /// Files of Coolify that are not there yet.
    files: Vec<&'s Piece>,
    database: bool,
}

impl Left<'_> {
    pub fn is_nothing(&self) -> bool {
        self.files.is_empty() && !self.database
    }
}

/// Looks at the places that it goes to, and refuses those that hold something else: nothing is
/// written over. What an earlier run has brought back is left as it is.
pub fn left<'s>(
    world: &World<'_>,
    state: &'s State,
    coolify: &Path,
    address: &Address,
) -> Result<Left<'s>> {
    let cannot = |why: String| {
        Failure::refused("cannot restore the state of the server")
            .code(&code::STATE_REFUSED)
            .reason(why)
            .hint("restore on a fresh server, before Coolify is installed there")
    };
    let kept: BTreeSet<&str> = state.of(Of::Coolify).map(|it| it.path.as_str()).collect();
    if let Some(strange) = strange(coolify, "", &kept)? {
        return Err(cannot(format!(
            "`{}` is there, and is no part of the state",
            coolify.join(strange).display()
        )));
    }
    let mut missing = Vec::new();
    for piece in state.of(Of::Coolify) {
        let path = coolify.join(&piece.path);
        match files::bytes_if_there(&path)? {
            None => missing.push(piece),
            Some(found) if found == bytes(piece)? && is_of_mode(&path, piece.mode)? => {}
            // The mode is what was left to be done.
            Some(found) if found == bytes(piece)? => missing.push(piece),
            Some(_) => {
                return Err(cannot(format!("`{}` is there already", path.display())));
            }
        }
    }
    let database = Database::connect(address)?;
    let is_ours =
        || Ok::<_, Failure>(noted(world, state)? == Some(mark(state, &database, address)?));
    match database.object_count(None)? {
        0 => Ok(Left { files: missing, database: true }),
        _ if is_ours()? => Ok(Left { files: missing, database: false }),
        objects => Err(cannot(format!("`{}` holds {objects} objects", address.place()))),
    }
}

/// The first thing below `path` of `root` that is no folder and is not in `kept`.
fn strange(root: &Path, path: &str, kept: &BTreeSet<&str>) -> Result<Option<String>> {
    let place = root.join(path);
    if !files::is_there(&place)? {
        return Ok(None);
    }
    let mut names = files::names(&place)?;
    names.sort();
    // What was killed while it wrote has left a file of that name.
    names.retain(|name| !name.starts_with(".aside"));
    for name in names {
        let below = if path.is_empty() { name } else { format!("{path}/{name}") };
        let place = root.join(&below);
        let found = std::fs::symlink_metadata(&place);
        let found = found.or_outside(|| format!("failed to look at `{}`", place.display()))?;
        let strange = match found.is_dir() {
            true => strange(root, &below, kept)?,
            false => (!kept.contains(below.as_str())).then_some(below),
        };
        if strange.is_some() {
            return Ok(strange);
        }
    }
    Ok(None)
}

fn is_of_mode(path: &Path, mode: u32) -> Result<bool> {
    let found = std::fs::metadata(path);
    let found = found.or_outside(|| format!("failed to look at `{}`", path.display()))?;
    Ok(found.permissions().mode() & 0o777 == mode & 0o777)
}

/// This state in this database. It is noted before an empty one is restored into, which is done in
/// one transaction: where it is noted and the database is not empty, all of it is there.
fn mark(state: &State, database: &Database, address: &Address) -> Result<String> {
    let place = format!("{} {}", database.system_identifier()?, address.database);
    Ok(Digest::of(format!("{place}\n{}", state.text()).as_bytes()).to_string())
}

fn noted(world: &World<'_>, state: &State) -> Result<Option<String>> {
    let text = files::read_if_there(&world.state(&state.environment).join(NOTE))?;
    Ok(text.map(|it| it.trim().to_owned()))
}

/// Brings back what is left, in the order in which it is needed. A secret that is there already must
/// be the same.
pub fn bring_back(
    world: &World<'_>,
    state: &State,
    left: &Left<'_>,
    coolify: &Path,
    database: &Address,
) -> Result<()> {
    // Before anything is brought back.
    if left.database {
        let server = Database::connect(database)?.server_version()?;
        pg_dump::restoring(&world.shell, server, server)?;
    }
    let phase = world.report.phase("state");
    phase.doing("secrets");
    let own = world.state(&state.environment);
    for piece in state.of(Of::Ours) {
        put_ours(&own.join(&piece.path), &bytes(piece)?)?;
    }
    phase.doing("files");
    for piece in &left.files {
        put(&coolify.join(&piece.path), piece)?;
    }
    phase.doing("database");
    for piece in state.of(Of::Database).filter(|_| left.database) {
        files::make_private_folder(&own)?;
        let mark = mark(state, &Database::connect(database)?, database)?;
        files::write_private(&own.join(NOTE), mark.as_bytes())?;
        // One transaction: where it failed nothing is there, and what comes in is of others.
        restore(world, &own, database, &bytes(piece)?).or_else(|failure| {
            let is_empty = Database::connect(database).and_then(|it| it.object_count(None));
            if is_empty.is_ok_and(|objects| objects == 0) {
                files::remove_file(&own.join(NOTE))?;
            }
            Err(failure)
        })?;
    }
    phase.done(&format!("{} pieces", state.pieces.len()));
    Ok(())
}

fn bytes(piece: &Piece) -> Result<Vec<u8>> {
    piece.bytes().or_refused(|| "cannot use the state".to_owned()).coded(&code::STATE_REFUSED)
}

fn put_ours(path: &Path, bytes: &[u8]) -> Result<()> {
    match files::bytes_if_there(path)? {
        Some(found) if found == bytes => Ok(()),
        Some(_) => Err(Failure::refused("cannot restore the state of the server")
            .code(&code::STATE_REFUSED)
            .reason(format!("`{}` is there, with other secrets", path.display()))
            .hint("move it away if it is the other one that counts")),
        None => {
            files::make_private_folder(path.parent().expect("it is in a folder"))?;
            files::write_private(path, bytes)
        }
    }
}

fn put(path: &Path, piece: &Piece) -> Result<()> {
    files::make_private_folder(path.parent().expect("it is in a folder"))?;
    files::write_private(path, &bytes(piece)?)?;
    let mode = std::fs::Permissions::from_mode(piece.mode);
    let set = std::fs::set_permissions(path, mode);
    set.or_outside(|| format!("failed to set the mode of `{}`", path.display()))
}

/// By way of a private file, which goes whatever comes of it.
fn restore(world: &World<'_>, folder: &Path, database: &Address, dump: &[u8]) -> Result<()> {
    files::make_private_folder(folder)?;
    let path = folder.join(DATABASE);
    files::write_private(&path, dump)?;
    let restored = pg_dump::restore_whole(&world.shell, database, &path);
    files::remove_file(&path)?;
    restored.map_err(|failure| failure.code(&code::RESTORE_FAILED).partly())
}
