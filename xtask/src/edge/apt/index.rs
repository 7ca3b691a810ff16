//! The signed indexes of Debian, fetched and checked by apt into a folder of our own.

use super::sources::Archives;
use crate::edge::shell::{Shell, last_lines};
use crate::edge::{clock, files};
use crate::error::{Context as _, Failure, Result, code};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::image::debian::{Fault, Index, refusals};
use xtask_core::platform::Platform;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The same keys for the suite of our images, for machines that are no Debian.
const OWN_KEYRING: &str = "keys/debian-bookworm.gpg";

/// What Debian holds now, by platform, and when that was signed.
pub struct Indexes {
    /// The newest packages of each platform.
    pub platforms: BTreeMap<Platform, Index>,
    /// When the newest of the indexes was signed, in seconds since 1970.
    pub signed_at: u64,
}

/// Fetches the indexes of `suite` and its security archive. apt checks their signatures with
/// Debian's keyring, that of the machine or else ours, or the one that `XTASK_DEBIAN_KEYRING`
/// names, and refuses what does not verify; there is no setting with which it would not.
pub fn indexes(shell: &Shell, cache: &Path, suite: &str) -> Result<Indexes> {
    let folder = cache.join("apt").join(suite);
    let archives = Archives::newest(clock::moment())?;
    prepare(&folder, suite, &archives, &keyring(shell.root())?)?;
    let output = shell.observe(&update(&folder))?;
    if !output.succeeded() {
        return Err(refused(&output.stderr, suite, &archives));
    }
    let mut platforms = BTreeMap::new();
    for platform in Platform::ALL {
        platforms.insert(platform, read_index(&folder, suite, platform)?);
    }
    Ok(Indexes { platforms, signed_at: signed_at(&folder)? })
}

/// The archives that apt refused, with its own words for each; all of its last words if it named
/// none of them.
fn refused(output: &str, suite: &str, archives: &Archives) -> Failure {
    let address = |(name, _): (&str, String)| Some((name.to_owned(), archives.address(name)?));
    let addresses: Vec<_> = suites(suite).into_iter().filter_map(address).collect();
    let refusals = refusals(output, &addresses);
    let Some(first) = refusals.first() else {
        return Failure::outside("failed to fetch Debian's indexes")
            .code(&code::ARCHIVE_REFUSED)
            .reason(format!("apt said: {}", last_lines(output, 4)))
            .hint(Fault::Other.next_step());
    };
    let names: Vec<String> = refusals.iter().map(|it| format!("`{}`", it.archive)).collect();
    let hint = first.fault.next_step();
    let failure = Failure::outside(format!("failed to fetch the index of {}", names.join(", ")));
    let failure = refusals.iter().fold(failure, |failure, it| {
        failure
            .reason(format!("`{}`: {}", it.archive, it.fault))
            .reason(format!("apt said: {}", it.words))
    });
    failure.code(&code::ARCHIVE_REFUSED).hint(hint)
}

fn suites(suite: &str) -> [(&'static str, String); 2] {
    [("debian", suite.to_owned()), ("debian-security", format!("{suite}-security"))]
}

fn prepare(folder: &Path, suite: &str, archives: &Archives, keyring: &str) -> Result<()> {
    for part in ["lists/partial", "cache/archives/partial"] {
        files::make_folder(&folder.join(part))?;
    }
    let keyring = keys(folder, Path::new(keyring))?;
    let mut sources = String::new();
    for (archive, suite) in suites(suite) {
        let address = archives.address(archive).unwrap_or_default();
        sources.push_str(&format!(
            "deb [signed-by={keyring} arch=amd64,arm64] {address} {suite} main\n"
        ));
    }
    files::write(&folder.join("sources.list"), sources.as_bytes())?;
    files::write(&folder.join("status"), b"")
}

/// A copy of the keys under a name that `sources.list` can hold: the path of a checkout may have
/// blanks and brackets.
fn keys(folder: &Path, keyring: &Path) -> Result<String> {
    let bytes = files::bytes_if_there(keyring)?.ok_or_else(|| {
        Failure::usage(format!("cannot use the keyring `{}`: it is not there", keyring.display()))
            .hint("XTASK_DEBIAN_KEYRING names another one")
    })?;
    // By its ending apt tells keys in bytes from keys in letters.
    let ending = keyring.extension().map_or_else(|| "gpg".into(), |it| it.to_string_lossy());
    let copy = folder.join(format!("keys.{ending}"));
    files::write(&copy, &bytes)?;
    Ok(copy.display().to_string())
}

/// The keys that the indexes must be signed with: Debian's, or those of a mirror that signs anew.
fn keyring(root: &Path) -> Result<String> {
    match std::env::var("XTASK_DEBIAN_KEYRING") {
        Ok(named) => Ok(named),
        Err(_) => keyring_of(Path::new(KEYRING), root),
    }
}

/// The machine's own follows Debian when keys change.
fn keyring_of(machine: &Path, root: &Path) -> Result<String> {
    let own = || root.join(OWN_KEYRING);
    let keyring = if files::is_file(machine)? { machine.to_owned() } else { own() };
    Ok(keyring.display().to_string())
}

/// What the machine's settings of apt may say otherwise: nothing unsigned, nothing out of date,
/// and no index of a mirror that is not asked any more.
const STRICT: [(&str, &str); 8] = [
    ("APT::Get::AllowUnauthenticated", "false"),
    ("APT::Get::List-Cleanup", "true"),
    ("APT::Update::Error-Mode", "any"),
    ("Acquire::AllowDowngradeToInsecureRepositories", "false"),
    ("Acquire::AllowInsecureRepositories", "false"),
    ("Acquire::AllowWeakRepositories", "false"),
    ("Acquire::Check-Date", "true"),
    ("Acquire::Check-Valid-Until", "true"),
];

/// Indexes are tens of megabytes.
const UPDATE_LIMIT: Duration = Duration::from_secs(900);

fn update(folder: &Path) -> Command {
    let option = |name: &str, value: &str| ["-o".to_owned(), format!("{name}={value}")];
    let within = |part: &str| folder.join(part).display().to_string();
    let options = [
        option("Dir::Etc::sourcelist", &within("sources.list")),
        option("Dir::Etc::sourceparts", "-"),
        option("Dir::State::lists", &within("lists")),
        option("Dir::State::status", &within("status")),
        option("Dir::Cache", &within("cache")),
        option("APT::Sandbox::User", "root"),
        option("Acquire::Languages", "none"),
        option("Acquire::GzipIndexes", "false"),
        option("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false"),
    ];
    let strict = STRICT.map(|(name, value)| option(name, value));
    let command = Command::new("apt-get").args(options.concat()).args(strict.concat());
    // The libraries that a Nix shell has for wheels are not those of this apt.
    let command = command.without(["LD_LIBRARY_PATH"]);
    command.args(["update", "--quiet"]).env("LC_ALL", "C").limit(UPDATE_LIMIT)
}

fn list_files(folder: &Path, ending: &str) -> Result<Vec<std::path::PathBuf>> {
    let lists = folder.join("lists");
    let paths = files::names(&lists)?.into_iter().map(|name| lists.join(name));
    Ok(paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect())
}

fn read_index(folder: &Path, suite: &str, platform: Platform) -> Result<Index> {
    let mut index = Index::new(platform);
    for (archive, suite) in suites(suite) {
        let ending = format!("_{suite}_main_binary-{}_Packages", platform.architecture());
        let found = list_files(folder, &ending)?;
        let path = found.first().ok_or_else(|| {
            Failure::outside(format!("failed to find the index of `{suite}` for {platform}"))
        })?;
        index
            .read(archive, &files::read(path)?)
            .or_outside(|| "failed to read an index".to_owned())?;
    }
    Ok(index)
}

fn signed_at(folder: &Path) -> Result<u64> {
    let mut newest = 0;
    for path in list_files(folder, "_InRelease")? {
        let text = files::read(&path)?;
        let date = text.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap_or_default();
        let time = httpdate::parse_http_date(&date.replace("UTC", "GMT")).ok();
        let since = time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        newest = newest.max(since.map_or(0, |since| since.as_secs()));
    }
    if newest == 0 {
        return Err(Failure::outside("failed to read when Debian's indexes were signed"));
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_debians_keys_takes_ours() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let own = keyring_of(Path::new("/nowhere/keys.gpg"), &root).unwrap();
        // Debian's, as `keys/README.md` says whence they are.
        let digest = xtask_core::digest::Digest::of(&std::fs::read(&own).unwrap());
        let known = "1f718b5fc4a31e387aa76abd332a6571027687f203523b9c6aea69af1af66553";
        assert_eq!(digest.to_string(), format!("sha256:{known}"));
        let there = root.join("Cargo.toml");
        assert_eq!(keyring_of(&there, &root).unwrap(), there.display().to_string());
    }
}
