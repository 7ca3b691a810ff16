//! The private keys of whoever runs us: a file as `age-keygen` writes it, under a passphrase or not.

use crate::edge::{encrypted, files, passphrase};
use crate::error::{Context as _, Failure, Result, code};
use age::x25519;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use xtask_core::secret::Secret;

/// The variable that names the file.
const VARIABLE: &str = "XTASK_AGE_IDENTITY";
const IN_CONFIG: &str = "nutri/age.txt";
const MAKE: &str = "`age-keygen -o FILE` makes one";

/// What was opened with a passphrase is opened once in a run.
static OPENED: Mutex<Option<(PathBuf, Secret)>> = Mutex::new(None);

/// Keys that open files.
pub(super) struct Identity {
    /// Where they are.
    pub(super) path: String,
    keys: Vec<x25519::Identity>,
}

impl Identity {
    /// Those of whoever runs us.
    pub(super) fn find() -> Result<Self> {
        let path = place().ok_or_else(|| {
            Failure::refused("cannot find your age identity: `HOME` is not set")
                .code(&code::AGE_IDENTITY)
                .hint(format!("set `{VARIABLE}` to its file"))
        })?;
        let shown = path.display().to_string();
        let keys = parse(&shown, &text(&path, &shown)?)?;
        Ok(Self { path: shown, keys })
    }

    /// Each as what opens.
    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.keys.iter().map(|key| key as &dyn age::Identity)
    }

    /// The public half of each.
    pub(super) fn public(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.to_public().to_string()).collect()
    }
}

fn place() -> Option<PathBuf> {
    let variable =
        |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let config = || variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    variable(VARIABLE).or_else(|| Some(config()?.join(IN_CONFIG)))
}

fn text(path: &Path, shown: &str) -> Result<Secret> {
    let Some(bytes) = files::bytes_if_there(path)? else {
        return Err(Failure::refused(format!(
            "cannot find your age identity: `{shown}` is not there"
        ))
        .code(&code::AGE_IDENTITY)
        .hint(format!("{MAKE}; `{VARIABLE}` says where it is")));
    };
    refuse_open(path, shown)?;
    if encrypted::is_age(&bytes) {
        return opened(path, shown, &bytes);
    }
    let text = String::from_utf8(bytes).map_err(|_| unusable(shown, "it is no text"))?;
    Ok(Secret::new(text))
}

fn opened(path: &Path, shown: &str, bytes: &[u8]) -> Result<Secret> {
    let mut before = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, text)) = before.as_ref().filter(|(of, _)| of == path) {
        return Ok(text.clone());
    }
    let passphrase = passphrase::ask_person(&format!("your age identity `{shown}`"))
        .map_err(|failure| failure.code(&code::AGE_IDENTITY))?;
    let text = encrypted::open_bytes(shown, bytes, &passphrase)?;
    *before = Some((path.to_owned(), text.clone()));
    Ok(text)
}

/// Who else can read it can open everything.
fn refuse_open(path: &Path, shown: &str) -> Result<()> {
    let found = std::fs::metadata(path).or_outside(|| format!("failed to look at `{shown}`"))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(unusable(shown, &format!("others may read it: its mode is {mode:o}"))
        .hint(format!("chmod 600 {shown}")))
}

fn parse(shown: &str, text: &Secret) -> Result<Vec<x25519::Identity>> {
    let lines = text.expose().lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let key = |(at, line): (usize, &str)| {
        line.parse().map_err(|_| {
            let why = format!("line {} is no `AGE-SECRET-KEY-1…`", at + 1);
            unusable(shown, &why).hint(MAKE)
        })
    };
    let keys = lines.map(key).collect::<Result<Vec<_>>>()?;
    if keys.is_empty() { Err(unusable(shown, "it holds no key").hint(MAKE)) } else { Ok(keys) }
}

fn unusable(shown: &str, why: &str) -> Failure {
    Failure::refused(format!("cannot use your age identity `{shown}`: {why}"))
        .code(&code::AGE_IDENTITY)
}
