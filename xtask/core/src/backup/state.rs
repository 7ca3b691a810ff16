//! The state of a server: what Coolify is lost without, and the secrets of this machine. One
//! document, which is encrypted as a whole; each piece has its digest.

use crate::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// What `format` says of this form.
pub const FORMAT: u32 = 1;
/// The folders of Coolify that are kept: its settings with `APP_KEY`, its keys, and what the proxy
/// has of certificates and routes. What it runs is in its database; the sockets of its connections,
/// in `ssh/mux`, are of the moment.
pub const FOLDERS: [&str; 3] = ["source", "ssh/keys", "proxy"];
/// The file with the key that Coolify's database is encrypted with.
pub const SETTINGS: &str = "source/.env";
/// Coolify's database, among the pieces.
pub const DATABASE: &str = "database.dump";

/// In this order, because each step needs the ones before.
pub const ORDER: [&str; 4] = [
    "the secrets of this machine: without them nothing of ours can be opened",
    "Coolify's files: its `APP_KEY` and keys, before a Coolify is installed that makes its own",
    "Coolify's database, into an empty one, with the `APP_KEY` that encrypted it",
    "Coolify is started; `cargo xtask infra drift ENVIRONMENT` and `preflight ENVIRONMENT` tell what is left",
];

/// Everything that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub format: u32,
    pub project: String,
    pub environment: String,
    /// When it was gathered, RFC 3339.
    pub made_at: String,
    pub pieces: Vec<Piece>,
}

/// A file, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub of: Of,
    /// Below the folder it is from, without `..`.
    pub path: String,
    pub mode: u32,
    pub digest: String,
    /// Its bytes, in base64.
    data: String,
}

/// What a piece is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// A file of this machine's state.
    Ours,
    Coolify,
    /// The dump of Coolify's own database.
    Database,
}

/// It is not what it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum StateError {
    #[error("it is no state of a server")]
    Form,
    #[error("it is of form {0}, and this program knows {FORMAT}")]
    Format(u32),
    #[error("`{0}` would be written outside its folder")]
    Path(String),
    #[error("`{0}` is not as it was written")]
    Damaged(String),
    #[error("`{SETTINGS}` has no `APP_KEY`: without it nobody reads Coolify's database")]
    NoKey,
    #[error("there is no `{0}`")]
    Missing(&'static str),
}

impl Piece {
    pub fn new(of: Of, path: &str, mode: u32, bytes: &[u8]) -> Self {
        let digest = Digest::of(bytes).to_string();
        Self { of, path: path.to_owned(), mode: mode & 0o777, digest, data: STANDARD.encode(bytes) }
    }

    /// What was kept, if that is what is there.
    pub fn bytes(&self) -> Result<Vec<u8>, StateError> {
        let damaged = || StateError::Damaged(self.path.clone());
        let bytes = STANDARD.decode(&self.data).map_err(|_| damaged())?;
        if Digest::of(&bytes).to_string() == self.digest { Ok(bytes) } else { Err(damaged()) }
    }

    fn is_plain(&self) -> bool {
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
        self.path.split('/').all(plain)
    }
}

impl State {
    /// Reads what `text` wrote, and looks at every piece.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        let state: Self = serde_json::from_slice(bytes).map_err(|_| StateError::Form)?;
        if state.format != FORMAT {
            return Err(StateError::Format(state.format));
        }
        state.check()?;
        Ok(state)
    }

    /// Refuses what could not be brought back, or would be of no use.
    pub fn check(&self) -> Result<(), StateError> {
        for piece in &self.pieces {
            if !piece.is_plain() {
                return Err(StateError::Path(piece.path.clone()));
            }
            piece.bytes()?;
        }
        let settings = self.pieces.iter().find(|it| it.of == Of::Coolify && it.path == SETTINGS);
        let settings = settings.ok_or(StateError::Missing(SETTINGS))?.bytes()?;
        if !has_key(&String::from_utf8_lossy(&settings)) {
            return Err(StateError::NoKey);
        }
        match self.pieces.iter().any(|it| it.of == Of::Database) {
            true => Ok(()),
            false => Err(StateError::Missing(DATABASE)),
        }
    }

    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON") + "\n"
    }

    pub fn of(&self, of: Of) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(move |it| it.of == of)
    }
}

fn has_key(settings: &str) -> bool {
    let value = settings.lines().find_map(|line| line.trim().strip_prefix("APP_KEY="));
    value.is_some_and(|it| !it.trim_matches(['"', '\'', ' ']).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            format: FORMAT,
            project: "nutri".into(),
            environment: "production".into(),
            made_at: "2026-11-27T03:00:00Z".into(),
            pieces: vec![
                Piece::new(Of::Coolify, SETTINGS, 0o600, b"APP_ID=1\nAPP_KEY=base64:AAAA\n"),
                Piece::new(Of::Database, DATABASE, 0o600, b"PGDMP\0\xff"),
            ],
        }
    }

    #[test]
    fn a_state_reads_back_byte_for_byte() {
        let read = State::parse(state().text().as_bytes()).unwrap();
        assert_eq!(read, state());
        assert_eq!(read.pieces[1].bytes().unwrap(), b"PGDMP\0\xff");
    }

    #[test]
    fn a_state_that_would_not_help_is_refused_when_it_is_made_and_when_it_is_read() {
        let changed = |change: fn(&mut State)| {
            let mut state = state();
            change(&mut state);
            assert_eq!(State::parse(state.text().as_bytes()).is_ok(), state.check().is_ok());
            state.check().unwrap_err()
        };
        let no_key =
            |it: &mut State| it.pieces[0] = Piece::new(Of::Coolify, SETTINGS, 0o600, b"APP_KEY=\n");
        assert_eq!(changed(no_key), StateError::NoKey);
        assert_eq!(changed(|it| drop(it.pieces.remove(0))), StateError::Missing(SETTINGS));
        assert_eq!(changed(|it| drop(it.pieces.pop())), StateError::Missing(DATABASE));
        for path in ["../x", "/etc/passwd", "a//b", "a/./b", ""] {
            let mut state = state();
            state.pieces[1].path = path.into();
            assert_eq!(state.check(), Err(StateError::Path(path.into())));
        }
        assert_eq!(
            changed(|it| it.pieces[1].data = "AAAA".into()),
            StateError::Damaged(DATABASE.into())
        );
        assert_eq!(State::parse(b"{}"), Err(StateError::Form));
    }
}
