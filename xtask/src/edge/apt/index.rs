//! The signed indexes of Debian, fetched and checked by apt into a folder of our own.

use super::sources::Archives;
use crate::edge::files;
use crate::edge::shell::Shell;
use crate::error::{Context as _, Failure, Result};
use std::collections::BTreeMap;
use std::path::Path;
use xtask_core::command::Command;
use xtask_core::debian::Index;
use xtask_core::platform::Platform;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What Debian holds now, by platform, and when that was signed.
pub struct Indexes {
    /// The newest packages of each platform.
    pub platforms: BTreeMap<Platform, Index>,
    /// When the newest of the indexes was signed, in seconds since 1970.
    pub signed_at: u64,
}

/// Fetches the indexes of `suite` and its security archive. apt checks their signatures with
/// Debian's keyring and refuses what does not verify.
pub fn indexes(shell: &Shell, cache: &Path, suite: &str) -> Result<Indexes> {
    let folder = cache.join("apt").join(suite);
    prepare(&folder, suite)?;
    shell.run(&update(&folder)).map_err(|failure| {
        failure
            .during("failed to fetch Debian's indexes")
            .hint("is the mirror reachable? try `apt-get update`")
    })?;
    let mut platforms = BTreeMap::new();
    for platform in Platform::ALL {
        platforms.insert(platform, read_index(&folder, suite, platform)?);
    }
    Ok(Indexes { platforms, signed_at: signed_at(&folder)? })
}

fn suites(suite: &str) -> [(&'static str, String); 2] {
    [("debian", suite.to_owned()), ("debian-security", format!("{suite}-security"))]
}

fn prepare(folder: &Path, suite: &str) -> Result<()> {
    let archives = Archives::of_this_machine()?;
    for part in ["lists/partial", "cache/archives/partial"] {
        files::make_folder(&folder.join(part))?;
    }
    let mut sources = String::new();
    for (archive, suite) in suites(suite) {
        let address = archives.address(archive).unwrap_or_default();
        sources.push_str(&format!(
            "deb [signed-by={KEYRING} arch=amd64,arm64] {address} {suite} main\n"
        ));
    }
    files::write(&folder.join("sources.list"), sources.as_bytes())?;
    files::write(&folder.join("status"), b"")
}

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
        option("APT::Update::Error-Mode", "any"),
    ];
    Command::new("apt-get").args(options.concat()).args(["update", "--quiet"])
}

fn list_files(folder: &Path, ending: &str) -> Result<Vec<std::path::PathBuf>> {
    let lists = folder.join("lists");
    let entries =
        std::fs::read_dir(&lists).or_outside(|| format!("failed to read `{}`", lists.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    Ok(paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect())
}

fn read_index(folder: &Path, suite: &str, platform: Platform) -> Result<Index> {
    let mut index = Index::default();
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
