//! A map on disk, one JSON pair a line. It is replaced as a whole and under a lock, so it may
//! be killed at any point; a line that does not parse is forgotten.

use crate::blob::write_aside;
use crate::error::{Error, Result};
use crate::json_v1;
use crate::layout::lock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Beyond this, entries that this build did not use go: they are of trees long gone.
const ENTRIES_MAX: usize = 200_000;

/// A persistent map from `K` to `V`.
#[derive(Debug)]
pub(super) struct Store<K, V> {
    path: PathBuf,
    entries: BTreeMap<K, V>,
    used: BTreeSet<K>,
    changed: bool,
}

impl<K, V> Store<K, V>
where
    K: Copy + Ord + Serialize + DeserializeOwned,
    V: Clone + Serialize + DeserializeOwned,
{
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let entries = read(&path)?;
        Ok(Self { path, entries, used: BTreeSet::new(), changed: false })
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let value = self.entries.get(key).cloned()?;
        self.used.insert(*key);
        Some(value)
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        self.used.insert(key);
        self.entries.insert(key, value);
        self.changed = true;
    }

    /// Adds what this build learnt to what is on disk by now.
    pub(super) fn save(&mut self) -> Result<()> {
        if !self.changed {
            return Ok(());
        }
        let dir = self.path.parent().expect("the file is in the cache's directory");
        let _lock = lock(dir)?;
        for (key, value) in read(&self.path)? {
            self.entries.entry(key).or_insert(value);
        }
        if self.entries.len() > ENTRIES_MAX {
            self.entries.retain(|key, _| self.used.contains(key));
        }
        write_aside(&self.path, &lines(&self.entries)?)?;
        self.changed = false;
        Ok(())
    }
}

fn lines<K: Serialize, V: Serialize>(entries: &BTreeMap<K, V>) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for pair in entries {
        text.extend_from_slice(&json_v1::to_bytes(&pair)?);
        text.push(b'\n');
    }
    Ok(text)
}

fn read<K: Ord + DeserializeOwned, V: DeserializeOwned>(path: &Path) -> Result<BTreeMap<K, V>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::disk("read", path)(error)),
    };
    let lines = text.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
}
