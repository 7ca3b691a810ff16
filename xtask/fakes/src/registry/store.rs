//! What a registry holds.

use super::access::{Access, Tokens};
use super::{Fault, Logged};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) access: Access,
    pub(super) tokens: Tokens,
    pub(super) faults: Vec<Fault>,
    pub(super) repositories: BTreeMap<String, Repository>,
    pub(super) uploads: BTreeMap<String, Upload>,
    pub(super) uploads_begun: u32,
    pub(super) log: Vec<Logged>,
}

#[derive(Debug, Default)]
pub(super) struct Repository {
    pub(super) blobs: BTreeMap<String, Vec<u8>>,
    /// Media type and bytes by digest.
    pub(super) manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub(super) tags: BTreeMap<String, String>,
}

/// An upload session. Its `turn` is in the location's query: only the newest one is good.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) repository: String,
    pub(super) bytes: Vec<u8>,
    pub(super) turn: u32,
}

impl State {
    pub(super) fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    /// The first fault that `find` makes something of, one time less of it.
    pub(super) fn take_fault<T>(&mut self, find: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        for fault in &mut self.faults {
            if fault.times().is_some_and(|times| *times == 0) {
                continue;
            }
            if let Some(found) = find(fault) {
                if let Some(times) = fault.times() {
                    *times -= 1;
                }
                return Some(found);
            }
        }
        None
    }

    pub(super) fn has_fault(&self, is_it: impl Fn(&Fault) -> bool) -> bool {
        self.faults.iter().any(is_it)
    }
}

pub(super) fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}
