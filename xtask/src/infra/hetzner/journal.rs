//! What was about to be bought. It is written before the request goes out, so that whoever comes
//! after a killed run knows that a server may be on its way, and looks for it before buying one.

use crate::edge::files;
use crate::error::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const FILE: &str = "hetzner-intent.json";
/// What was bought beyond the budget, one a line.
const OVER_BUDGET: &str = "hetzner-over-budget.jsonl";

/// A server that was about to be bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub location: String,
    /// A month, with tax.
    pub price: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why it may cost more than the budget allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_budget: Option<String>,
}

/// Where the intent of an environment stands.
pub struct Journal {
    folder: PathBuf,
    /// Why what is bought may cost more than the budget allows.
    pub over_budget: Option<String>,
}

impl Journal {
    /// That of the environment whose state is in `folder`.
    pub fn new(folder: &Path, over_budget: Option<String>) -> Self {
        Self { folder: folder.to_owned(), over_budget }
    }

    /// What was begun and has no end yet.
    pub fn open(&self) -> Result<Option<Intent>> {
        let path = self.path();
        let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
        let cannot = || format!("cannot use `{}`: it is damaged", path.display());
        serde_json::from_str(&text).or_refused(cannot).map(Some)
    }

    /// Notes what is about to be bought; it is on the disk when this returns.
    pub fn begin(&self, intent: &Intent) -> Result<()> {
        files::make_private_folder(&self.folder)?;
        let text = serde_json::to_string(intent).expect("texts only");
        files::write(&self.path(), text.as_bytes())
    }

    /// It was bought. Why it costs more than the budget allows stays on record.
    pub fn bought(&self) -> Result<()> {
        if let Some(intent) = self.open()?.filter(|it| it.over_budget.is_some()) {
            let path = self.folder.join(OVER_BUDGET);
            let line = serde_json::to_string(&intent).expect("texts only") + "\n";
            let before = files::read_if_there(&path)?.unwrap_or_default();
            // Killed between this and the next line, it is bought once and noted once.
            if !before.ends_with(&line) {
                files::write(&path, (before + &line).as_bytes())?;
            }
        }
        self.end()
    }

    /// It has an end.
    pub fn end(&self) -> Result<()> {
        files::remove_file(&self.path())
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}
