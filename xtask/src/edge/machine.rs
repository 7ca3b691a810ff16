//! How much this machine has to do.

use crate::edge::files;
use std::path::Path;
use std::thread::available_parallelism;
use xtask_core::ship::gate::is_busy;

/// Says that the machine is busy, if it tells so. Where nothing is told nothing is said.
pub fn busy() -> Option<String> {
    let text = files::read_if_there(Path::new("/proc/loadavg")).ok().flatten()?;
    let load: f64 = text.split_whitespace().next()?.parse().ok()?;
    let processors = available_parallelism().ok()?.get();
    is_busy(load, processors)
        .then(|| format!("this machine is busy (load {load:.0} on {processors} processors)"))
}
