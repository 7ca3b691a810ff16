//! restic: encrypted snapshots in a folder or a bucket. Passwords and keys reach it in variables of
//! its own process, which only its user can read.

use crate::edge::shell::{Job, Output, Shell, Streams};
use crate::edge::{clock, files, machine};
use crate::error::{Context as _, Failure, Result, code};
use serde::Deserialize;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use xtask_core::backup::exit::{Meaning, meaning};
use xtask_core::backup::lock::Lock;
use xtask_core::backup::snapshot::Snapshot;
use xtask_core::backup::tools;
use xtask_core::command::Command;
use xtask_core::secret::Secret;

/// Hundreds of gigabytes over a thin line; whoever hangs is ended all the same.
pub const LONG: Duration = Duration::from_secs(6 * 3600);
/// How long is waited for an answer that needs no data to be moved.
const SHORT: Duration = Duration::from_secs(300);

/// What would lead restic, or its client of S3, elsewhere than it was told.
const LEADING: [&str; 17] = [
    "RESTIC_REPOSITORY",
    "RESTIC_REPOSITORY_FILE",
    "RESTIC_PASSWORD",
    "RESTIC_PASSWORD_FILE",
    "RESTIC_PASSWORD_COMMAND",
    "RESTIC_KEY_HINT",
    "RESTIC_HOST",
    "RESTIC_TLS_CLIENT_CERT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
];

/// How restic 0.16 and newer refuse to make a repository where keys are and no `config` is.
const KEYS_ONLY: &str = "already contains keys";

/// Where a repository is and how it is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// As restic names it; it holds no secret.
    pub repository: String,
    pub password: Secret,
    /// The key of a bucket and its secret half.
    pub access: Option<(Secret, Secret)>,
    /// Whose snapshots they are: machines of CI have another name each time.
    pub host: String,
    /// Where restic keeps what it has read.
    pub cache: String,
}

/// restic on one repository.
#[derive(Clone, Debug)]
pub struct Restic<'a> {
    shell: &'a Shell,
    opening: Opening,
}

/// How a repository was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there, and the password opens it; so many locks are in it, whoever has them.
    Open { locks: usize },
    /// There is none.
    Absent,
    /// It is there and the password does not open it.
    WrongPassword,
    /// Making it was cut off: what it begins with is there, and nothing was ever stored in it.
    CutOff,
    /// It cannot be told: restic's own words.
    Unknown(String),
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    message_type: String,
    #[serde(default)]
    total_bytes_processed: u64,
    #[serde(default)]
    snapshot_id: String,
}

/// What restic says of a snapshot that it has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name, which older versions shorten.
    pub snapshot: String,
    pub bytes: u64,
}

impl<'a> Restic<'a> {
    pub fn new(shell: &'a Shell, opening: Opening) -> Self {
        Self { shell, opening }
    }

    /// Where it is, without secrets.
    pub fn repository(&self) -> &str {
        &self.opening.repository
    }

    /// Which version it is, as it prints it. One that is too old is refused.
    pub fn version(&self) -> Result<String> {
        let output = self.shell.run(&Command::new("restic").arg("version"))?;
        let text = output.text();
        let line = text.lines().next().unwrap_or_default().to_owned();
        match tools::restic_version(&line) {
            Some(version) if version >= tools::RESTIC_MIN => Ok(format!("restic {version}")),
            _ => Err(Failure::refused(format!("cannot use `{line}`"))
                .code(&code::BACKUP_TOOL)
                .reason(format!("wanted restic {} or newer", tools::RESTIC_MIN))
                .hint("`./x doctor` lists every tool and how to get it")),
        }
    }

    /// Whether it opens, by a question that is asked anyway: each opening takes half a second. Versions
    /// before 0.17 end alike whatever is the matter.
    pub fn look(&self) -> Result<Found> {
        let output = self.observe(&self.command(["list", "locks", "--no-lock"], SHORT))?;
        Ok(match meaning(output.code) {
            Meaning::Done => Found::Open { locks: output.text().lines().count() },
            Meaning::NoRepository => Found::Absent,
            Meaning::WrongPassword => Found::WrongPassword,
            _ => Found::Unknown(output.last_words().to_owned()),
        })
    }

    /// Makes the repository. restic refuses where one is.
    pub fn init(&self) -> Result<()> {
        let made = self.run("make the repository", &self.command(["init"], SHORT).finishes());
        made.map(drop).map_err(|failure| match failure.innermost_line().contains(KEYS_ONLY) {
            true => failure.relabel(&code::BACKUP_REPOSITORY).hint(format!(
                "making it was cut off: remove `keys/` below `{}`, where nothing else is, and run \
                 the same again",
                self.repository()
            )),
            false => failure,
        })
    }

    /// Makes it in a folder, aside: what is cut off is no repository, and is in nobody's way.
    pub fn init_folder(&self, place: &Path) -> Result<()> {
        let aside = files::make_aside(place)?;
        let opening = Opening { repository: aside.display().to_string(), ..self.opening.clone() };
        let made = Self { shell: self.shell, opening }.init();
        if let Err(failure) = made {
            files::remove_folder(&aside)?;
            return Err(failure);
        }
        files::settle_folder(&aside, place)
    }

    /// Every snapshot that carries all of `tags`.
    pub fn snapshots(&self, tags: &str) -> Result<Vec<Snapshot>> {
        let command = self.command(["snapshots", "--json", "--no-lock", "--tag", tags], SHORT);
        let output = self.run("list the repository", &command)?;
        // An empty list is `null` in some versions.
        let listed: Option<Vec<Snapshot>> = serde_json::from_slice(&output.stdout)
            .or_outside(|| "failed to read restic's list".to_owned())?;
        Ok(listed.unwrap_or_default())
    }

    /// Stores a small file that is all there already.
    pub fn store(&self, file: &str, text: &str, tags: &str) -> Result<Stored> {
        let command = self.backup(file, tags).input(Secret::new(text)).limit(SHORT);
        let output = self.run(&format!("store `{file}`"), &command)?;
        stored(&output)
    }

    /// Starts to store what comes by `stdin`. Nothing is stored before its end is seen.
    pub fn start_backup(&self, stdin: Stdio, file: &str, tags: &str) -> Result<(Command, Job)> {
        let command = self.backup(file, tags);
        let streams = Streams { stdin, ..Streams::heard() };
        let job = self.shell.start_as(&command, streams, |it| self.dress(it))?;
        Ok((command, job))
    }

    fn backup(&self, file: &str, tags: &str) -> Command {
        let command = self.command(["backup", "--quiet", "--json", "--stdin"], LONG);
        command.args(["--stdin-filename", file, "--host", &self.opening.host, "--tag", tags])
    }

    /// The whole of a small file.
    pub fn read(&self, snapshot: &str, file: &str) -> Result<Vec<u8>> {
        let command = self.command(["dump", "--no-lock", snapshot, &format!("/{file}")], SHORT);
        Ok(self.run(&format!("read `{file}`"), &command)?.stdout)
    }

    /// Starts to write a file to `stdout`.
    pub fn start_read(&self, snapshot: &str, file: &str, stdout: Stdio) -> Result<(Command, Job)> {
        let command = self.command(["dump", "--no-lock", snapshot, &format!("/{file}")], LONG);
        let streams = Streams { stdout, ..Streams::heard() };
        let job = self.shell.start_as(&command, streams, |it| self.dress(it))?;
        Ok((command, job))
    }

    /// How many locks there are, whoever has them.
    pub fn locks(&self) -> Result<usize> {
        self.names_of_locks().map(|it| it.len())
    }

    fn names_of_locks(&self) -> Result<Vec<String>> {
        let command = self.command(["list", "locks", "--no-lock"], SHORT);
        let output = self.observe(&command)?;
        match meaning(output.code) {
            Meaning::Done => Ok(output.text().lines().map(ToOwned::to_owned).collect()),
            other => Err(self.refused("list the locks of", other, &output)),
        }
    }

    /// How many locks there are whose holders may be at work. One that goes while it is looked at was
    /// somebody's too.
    pub fn live_locks(&self) -> Result<usize> {
        let (now, here) = (clock::moment(), machine::name()?);
        let runs = |process| machine::runs(process).unwrap_or(true);
        let mut live = 0;
        for name in self.names_of_locks()? {
            let output = self.observe(&self.command(["cat", "lock", &name, "--no-lock"], SHORT))?;
            let read = serde_json::from_slice::<Lock>(&output.stdout);
            let may_live = read.map_or(true, |it| it.may_live(now, &here, runs));
            live += usize::from(may_live);
        }
        Ok(live)
    }

    /// Removes locks of processes that are gone, and no others.
    pub fn unlock(&self) -> Result<()> {
        self.run("remove stale locks", &self.command(["unlock"], SHORT)).map(drop)
    }

    /// Forgets these snapshots, by their whole names.
    pub fn forget(&self, snapshots: &[String]) -> Result<()> {
        let command = self.command(["forget"], SHORT).args(snapshots.iter()).finishes();
        self.run("forget snapshots", &command).map(drop)
    }

    /// Removes data that no snapshot needs.
    pub fn prune(&self) -> Result<()> {
        self.run("prune the repository", &self.command(["prune"], LONG).finishes()).map(drop)
    }

    /// Checks that it is whole; with `part` such as `3/7` or `100%`, data of that part too. `Err`
    /// holds restic's words where it is not; what hinders the check is a failure.
    pub fn check(&self, part: Option<&str>) -> Result<std::result::Result<(), String>> {
        // Like every reader, without a lock: a key that may delete nothing leaves locks for ever.
        let mut command = self.command(["check", "--no-cache", "--no-lock"], LONG);
        command.args.extend(part.map(|part| format!("--read-data-subset={part}")));
        let output = self.observe(&command)?;
        match meaning(output.code) {
            Meaning::Done => Ok(Ok(())),
            Meaning::Failed => Ok(Err(output.last_words().to_owned())),
            other => Err(self.refused("check the repository", other, &output)),
        }
    }

    fn command<const N: usize>(&self, args: [&str; N], limit: Duration) -> Command {
        Command::new("restic").args(args).without(LEADING).limit(limit)
    }

    /// Gives the secrets to the process that will be started.
    fn dress(&self, command: &mut std::process::Command) {
        let Opening { repository, password, access, cache, .. } = &self.opening;
        command.env("RESTIC_REPOSITORY", repository).env("RESTIC_PASSWORD", password.expose());
        command.env("RESTIC_CACHE_DIR", cache);
        if let Some((key, secret)) = access {
            command.env("AWS_ACCESS_KEY_ID", key.expose());
            command.env("AWS_SECRET_ACCESS_KEY", secret.expose());
        }
    }

    fn observe(&self, command: &Command) -> Result<Output> {
        self.shell.observe_as(command, |it| self.dress(it))
    }

    fn run(&self, what: &str, command: &Command) -> Result<Output> {
        let output = self.observe(command)?;
        match meaning(output.code) {
            Meaning::Done => Ok(output),
            other => Err(self.with_locks(self.refused(what, other, &output))),
        }
    }

    /// Versions before 0.17 do not tell a lock from anything else; so it is asked for.
    pub fn with_locks(&self, failure: Failure) -> Failure {
        match self.locks() {
            Ok(locks) if locks > 0 => failure
                .relabel(&code::BACKUP_LOCKED)
                .reason(format!("locks in the repository: {locks}"))
                .hint("wait for whoever holds them; those of dead processes go by themselves"),
            _ => failure,
        }
    }

    /// That restic did not do what it was asked, by what its end means and in its own words.
    pub fn refused(&self, what: &str, meaning: Meaning, output: &Output) -> Failure {
        let failure = Failure::outside(format!("failed to {what} `{}`", self.repository()));
        let words = output.last_words();
        let failure = match meaning {
            Meaning::NoRepository => failure.code(&code::BACKUP_REPOSITORY).reason("there is none"),
            Meaning::Locked => failure.code(&code::BACKUP_LOCKED).reason("somebody has locked it"),
            Meaning::WrongPassword => {
                failure.code(&code::BACKUP_REPOSITORY).reason("another password opens it")
            }
            Meaning::Interrupted => {
                failure.code(&code::TOOL_FAILED).reason("`restic` ended with a signal")
            }
            _ => failure.code(&code::TOOL_FAILED),
        };
        if words.is_empty() { failure } else { failure.reason(words) }
    }
}

/// What restic says at the end of storing something.
pub fn stored(output: &Output) -> Result<Stored> {
    let text = output.text();
    let mut lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let summary = lines.find(|line| line.message_type == "summary");
    let failed = || Failure::outside("failed to read what restic said of the snapshot");
    let summary = summary.filter(|it| !it.snapshot_id.is_empty()).ok_or_else(failed)?;
    Ok(Stored { snapshot: summary.snapshot_id, bytes: summary.total_bytes_processed })
}
