//! A fresh database for one run, in the cluster of another one; gone when the run ends.
//!
//! What a killed run has left is found by its name at the next making of one, and removed.

use crate::edge::postgres::Database;
use crate::error::{Context as _, Result};
use xtask_core::database::scratch::Name;
use xtask_core::ship::database::Address;

/// A database of our own, for as long as this value lives.
pub struct Scratch {
    name: Name,
    cluster: Address,
    /// Who is connected to it says that it is in use; let go before it is dropped.
    keeper: Option<Database>,
    is_gone: bool,
}

impl Scratch {
    /// Makes an empty one in the cluster of `beside`, with its encoding and collation, and removes
    /// what runs before this one have left there.
    pub fn make(beside: &Address, purpose: &str) -> Result<Self> {
        let cluster = Database::connect(beside)?;
        sweep(&cluster)?;
        let name = Name::new(purpose, cluster.seconds()?, random()?);
        cluster.make_scratch(&name)?;
        let address = beside.with_database(name.as_str());
        let mut scratch = Self { name, cluster: beside.clone(), keeper: None, is_gone: false };
        // From here on it goes with `scratch`, whatever fails.
        scratch.keeper = Some(Database::connect(&address)?);
        Ok(scratch)
    }

    /// How it is reached.
    pub fn address(&self) -> Address {
        self.cluster.with_database(self.name.as_str())
    }

    /// Its name on the server.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Removes it, whoever is connected to it. Dropping the value does the same and says nothing
    /// if it fails; then it is found by the next run.
    pub fn remove(mut self) -> Result<()> {
        self.let_go()
    }

    fn let_go(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.is_gone, true) {
            return Ok(());
        }
        drop(self.keeper.take());
        Database::connect(&self.cluster)?.drop_database(self.name.as_str())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It cannot be said here; the next run finds it.
        let _left = self.let_go();
    }
}

/// Removes the scratch databases of runs that were killed, and returns their names.
pub fn sweep(cluster: &Database) -> Result<Vec<Name>> {
    let now = cluster.seconds()?;
    let found = cluster.scratch_databases()?.into_iter();
    let left: Vec<Name> =
        found.filter(|(name, used)| name.is_left(now, *used)).map(|(name, _)| name).collect();
    let mut removed = Vec::new();
    for name in left {
        // Somebody may have connected meanwhile: it is theirs then, and stays.
        if cluster.drop_unused(&name)? {
            removed.push(name);
        }
    }
    Ok(removed)
}

fn random() -> Result<u32> {
    let bytes = crate::edge::secrets::generate()?;
    u32::from_str_radix(&bytes[..8], 16).or_outside(|| "failed to read randomness".to_owned())
}
