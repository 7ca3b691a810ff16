//! The repository of an environment: where it is, opened for one purpose.

use crate::edge::postgres::Database;
use crate::edge::restic::{Found, Opening, Restic};
use crate::edge::{files, secrets};
use crate::error::code::Code;
use crate::error::{Failure, Result, code};
use crate::world::World;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xtask_core::backup::manifest::{self, Manifest};
use xtask_core::backup::snapshot::{self, Backup as Whole, Contents, OURS};
use xtask_core::deploy::{Backup, BackupAccess, BackupRepository, SecretSource, TargetKind};
use xtask_core::plan::Count;
use xtask_core::secret::Secret;
use xtask_core::ship::database::Address;

/// What a repository is opened for; each has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To add to it and to read it.
    Add,
    /// To delete from it.
    Prune,
}

/// The repository of an environment.
pub struct Home<'a> {
    pub world: &'a World<'a>,
    pub name: &'a str,
    pub policy: Backup,
    pub restic: Restic<'a>,
    /// The key of its bucket.
    pub access: Option<(Secret, Secret)>,
    /// Whether it is the one of this machine that nobody had to ask for.
    pub is_own: bool,
}

const LOOK: &str =
    "look at `repository`, `password`, `key` and `secret` of its table in `deploy.toml`";

/// The folders of a repository.
const LAYOUT: [&str; 5] = ["data", "index", "keys", "locks", "snapshots"];

/// Those of them that are empty until something is stored.
const STORED: [&str; 2] = ["index", "snapshots"];

/// The file beside the repository of this machine that opens it.
const PASSWORD: &str = "password";

impl<'a> Home<'a> {
    /// Opens it; an environment without one is refused.
    pub fn open(world: &'a World<'a>, name: &'a str, purpose: Purpose) -> Result<Self> {
        Self::find(world, name, purpose)?.ok_or_else(|| {
            Failure::refused(format!("cannot back up `{name}`: it has no repository"))
                .code(&code::BACKUP_NONE)
                .hint(format!("write `[environments.{name}.backup]` into `deploy.toml`"))
        })
    }

    /// The same where having none is no mistake.
    pub fn find(world: &'a World<'a>, name: &'a str, purpose: Purpose) -> Result<Option<Self>> {
        let environment = world.environment(name)?;
        let is_own = environment.backup.is_none() && environment.target == TargetKind::Docker;
        let policy = match &environment.backup {
            Some(backup) => backup.clone(),
            None if is_own => of_this_machine(&folder(world, name)),
            None => return Ok(None),
        };
        if is_own {
            make_password(&folder(world, name))?;
        }
        let access = chosen(&policy, purpose, name)?;
        let mut sources = BTreeMap::from([("backup.password".to_owned(), policy.password.clone())]);
        if let Some(BackupAccess { key, secret }) = access {
            sources.insert("backup.key".to_owned(), key.clone());
            sources.insert("backup.secret".to_owned(), secret.clone());
        }
        let mut given = secrets::given(&sources)?;
        let mut take = |name: &str| given.remove(name);
        let access = take("backup.key").zip(take("backup.secret"));
        let password = take("backup.password").expect("it was asked for");
        let cache = world.places.cache.join("restic");
        files::make_private_folder(&cache)?;
        let opening = Opening {
            repository: policy.repository.name(),
            password,
            access: access.clone(),
            host: world.deploy.project.clone(),
            cache: cache.display().to_string(),
        };
        let restic = Restic::new(&world.shell, opening);
        Ok(Some(Self { world, name, policy, restic, access, is_own }))
    }

    /// Sees to it that it opens. One that is not there is made if somebody said so; the one of this
    /// machine needs no word. Tells how many locks it has, whoever has them.
    pub fn ready(&self, may_make: bool) -> Result<usize> {
        match self.look()? {
            Found::Open { locks } => Ok(locks),
            Found::Absent if may_make || self.is_own => {
                self.world.report.status(&format!("making repository `{}`", self.shown()));
                self.make().map(|()| 0)
            }
            Found::CutOff => Err(self
                .unopened("making it was cut off: it has no `config`, and nothing was stored in it")
                .hint(format!("`rm -r {}`, then run the same again", self.shown()))),
            Found::Absent => Err(self
                .unopened("there is none")
                .hint(format!("`cargo xtask backup run {} --init` makes one", self.name))),
            Found::WrongPassword => Err(self.unopened("another password opens it").hint(LOOK)),
            // Versions before 0.17 do not tell why. restic makes none where one is.
            Found::Unknown(words) if may_make => {
                self.make().map(|()| 0).map_err(|failure| failure.reason(words))
            }
            Found::Unknown(words) => Err(self.unopened(&words).hint(LOOK)),
        }
    }

    fn make(&self) -> Result<()> {
        match &self.policy.repository {
            BackupRepository::Folder(path) => self.restic.init_folder(Path::new(path)),
            BackupRepository::Bucket(_) => self.restic.init(),
        }
    }

    /// Whether it opens. In a folder it can be seen whether a repository is there at all.
    pub fn look(&self) -> Result<Found> {
        if let BackupRepository::Folder(path) = &self.policy.repository {
            let path = Path::new(path);
            if !files::is_file(&path.join("config"))? {
                return without_config(path);
            }
        }
        self.restic.look()
    }

    /// Why restic's word that something is wrong says nothing of what is kept: the repository is away,
    /// or somebody may be at work in it. `None` where nothing of that kind is seen.
    pub fn hindrance(&self) -> Option<(&'static Code, String)> {
        let away =
            |why: &str| Some((&code::BACKUP_REPOSITORY, format!("it cannot be opened: {why}")));
        match self.look() {
            Ok(Found::Open { .. }) => {}
            Ok(Found::Absent | Found::CutOff) => return away("there is none"),
            Ok(Found::WrongPassword) => return away("another password opens it"),
            Ok(Found::Unknown(words)) => return away(&words),
            Err(failure) => return away(failure.innermost_line()),
        }
        match self.restic.live_locks() {
            Ok(0) => None,
            Ok(locks) => {
                let why = format!("somebody may be at work in it: {}", Count(locks, "lock"));
                Some((&code::BACKUP_LOCKED, why))
            }
            Err(failure) => away(failure.innermost_line()),
        }
    }

    fn unopened(&self, why: &str) -> Failure {
        Failure::refused(format!("cannot open repository `{}`", self.shown()))
            .code(&code::BACKUP_REPOSITORY)
            .reason(why)
    }

    /// The schemas that are backed up: those that are named, or all that hold something, and the one
    /// that the services use. A back-up without one that nobody knows of would look whole.
    pub fn schemas(&self, address: &Address, database: &Database) -> Result<Vec<String>> {
        let Backup { schemas: named, without_schemas: without, .. } = &self.policy;
        let mut rest = database.schemas_of_people()?;
        rest.retain(|it| !named.contains(it) && !without.contains(it) && *it != address.schema);
        let mut schemas = named.clone();
        if !schemas.contains(&address.schema) {
            schemas.push(address.schema.clone());
        }
        match named.is_empty() {
            true => schemas.extend(rest),
            false if rest.is_empty() => {}
            false => return Err(self.unnamed(&rest)),
        }
        Ok(schemas)
    }

    fn unnamed(&self, schemas: &[String]) -> Failure {
        Failure::refused(format!("cannot back up `{}`: it would not be whole", self.name))
            .code(&code::BACKUP_DATABASE)
            .reason(format!("no list names schema `{}`", schemas.join("`, `")))
            .hint(
                "add it to `schemas` of its table `backup` in `deploy.toml`, or leave `schemas` out \
                 and all are kept; what is not to be kept stands in `without_schemas`",
            )
    }

    /// Where it is, for people.
    pub fn shown(&self) -> &str {
        self.restic.repository()
    }

    /// Everything of the environment that it holds.
    pub fn contents(&self) -> Result<Contents> {
        let tags = format!("{OURS},env:{}", self.name);
        let mut all = self.restic.snapshots(&tags)?;
        // Another project may have the same name for an environment, and the same repository.
        all.retain(|it| it.hostname == self.world.deploy.project);
        Ok(snapshot::contents(&all, self.name))
    }

    /// The back-up that `name` means, with its manifest.
    pub fn backup(&self, name: &str) -> Result<(Whole, Manifest)> {
        let contents = self.contents()?;
        let found = contents.find(name).map_err(|error| {
            Failure::refused(format!("cannot find a back-up of `{}`: {error}", self.name))
                .code(&code::BACKUP_NONE)
                .hint(format!("cargo xtask backup list {}", self.name))
        })?;
        Ok((found.clone(), self.manifest(found)?))
    }

    fn manifest(&self, backup: &Whole) -> Result<Manifest> {
        let refused = |why: &str| {
            Failure::refused(format!("cannot use back-up `{}`", backup.id))
                .code(&code::BACKUP_NONE)
                .reason(why)
        };
        let bytes = self.restic.read(&backup.id, manifest::FILE)?;
        let manifest = Manifest::parse(&bytes).map_err(|error| refused(&error.to_string()))?;
        // Tags can be written by whoever may add; what the manifest itself says is what counts.
        let is_of_others = manifest.project != self.world.deploy.project;
        if is_of_others || manifest.environment != self.name || manifest.dump != backup.dump {
            return Err(refused("its manifest is of another back-up"));
        }
        Ok(manifest)
    }
}

/// What a folder without a `config` is. restic writes that last, so one that was cut off has a key
/// at most; one that lost it holds back-ups, and is nothing to be made anew.
fn without_config(path: &Path) -> Result<Found> {
    let names = if files::is_there(path)? { files::names(path)? } else { Vec::new() };
    if names.is_empty() {
        return Ok(Found::Absent);
    }
    let is_foreign = names.iter().any(|name| !LAYOUT.contains(&name.as_str()));
    let mut is_stored = false;
    for name in names.iter().filter(|name| STORED.contains(&name.as_str())) {
        is_stored |= !files::names(&path.join(name))?.is_empty();
    }
    Ok(match (is_foreign, is_stored) {
        (false, false) => Found::CutOff,
        (false, true) => Found::Unknown("it holds back-ups, and its `config` is gone".to_owned()),
        (true, _) => Found::Unknown("the folder holds something that is no repository".to_owned()),
    })
}

/// The key for the purpose. Deleting takes a key of its own, where keys there are.
fn chosen<'p>(
    policy: &'p Backup,
    purpose: Purpose,
    name: &str,
) -> Result<Option<&'p BackupAccess>> {
    match (purpose, &policy.prune, &policy.access) {
        (Purpose::Prune, Some(prune), _) => Ok(Some(prune)),
        (Purpose::Prune, None, Some(_)) => {
            Err(Failure::refused(format!("cannot prune back-ups of `{name}`: no key may delete"))
                .code(&code::BACKUP_REPOSITORY)
                .hint(format!("name another key below `[environments.{name}.backup.prune]`")))
        }
        (_, _, access) => Ok(access.as_ref()),
    }
}

/// Where the back-ups of an environment of this machine are, where `deploy.toml` says nothing.
fn folder(world: &World<'_>, name: &str) -> PathBuf {
    world.state(name).join("backups")
}

fn of_this_machine(folder: &Path) -> Backup {
    Backup {
        repository: BackupRepository::Folder(folder.join("repository").display().to_string()),
        password: SecretSource::File(folder.join(PASSWORD).display().to_string()),
        access: None,
        prune: None,
        schemas: Vec::new(),
        without_schemas: Vec::new(),
        keep: Default::default(),
        alarm: Default::default(),
        heartbeat: None,
        drill_heartbeat: None,
        drill_asks: None,
    }
}

/// Made once, and never where a repository is that another one opens.
fn make_password(folder: &Path) -> Result<()> {
    let (password, repository) = (folder.join(PASSWORD), folder.join("repository/config"));
    if files::is_there(&password)? {
        return Ok(());
    }
    if files::is_there(&repository)? {
        return Err(Failure::refused("cannot open the back-ups of this machine: no password")
            .code(&code::BACKUP_REPOSITORY)
            .reason(format!("`{}` is not there", password.display()))
            .hint("bring that file back; without it nobody opens them"));
    }
    files::make_private_folder(folder)?;
    files::write_private(&password, secrets::generate()?.as_bytes())
}
