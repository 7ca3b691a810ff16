//! Docker's registry on loopback, empty, for as long as the value lives.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;
use xtask::edge::clock::wait_for;
use xtask::edge::files;
use xtask::edge::shell::{Job, Streams};
use xtask::error::{Context as _, Failure, Result};
use xtask::runtime;
use xtask::world::World;
use xtask_core::command::Command;
use xtask_registry::{Registry, RetryPolicy};

/// A registry without a password.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) host: String,
    /// Ends with this value.
    _job: Job,
    storage: PathBuf,
}

impl Server {
    /// Starts one that keeps its blobs in `storage`.
    pub(crate) fn start(world: &World<'_>, storage: PathBuf) -> Result<Self> {
        let failed = || "failed to start `docker-registry`".to_owned();
        files::remove_folder(&storage)?;
        files::make_folder(&storage)?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let host = free.or_outside(failed)?.to_string();
        let settings = storage.join("settings.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: \
             {{filesystem: {{rootdirectory: {}/blobs}}}}\nhttp: {{addr: \"{host}\"}}\n",
            storage.display()
        );
        files::write(&settings, text.as_bytes())?;
        let command = Command::new("docker-registry").arg("serve");
        let command = command.arg(settings.display().to_string());
        let job = world.shell.start(&command, Streams::unheard())?;
        let server = Self { host, _job: job, storage };
        let registry = Registry::new(&server.host, None);
        let registry =
            registry.with_retry_policy(RetryPolicy { tries: 1, ..RetryPolicy::default() });
        let (limit, every) = (Duration::from_secs(20), Duration::from_millis(20));
        let up = wait_for(limit, every, || runtime::wait(registry.ping()));
        up.map_err(|error| Failure::outside(failed()).because(&error))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _debris = files::remove_folder(&self.storage);
    }
}
