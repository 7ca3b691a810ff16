//! One large `node_modules` becomes a layer, with nothing remembered but what npm installed.

use crate::image::Bench;
use crate::peers::{made, packers};
use crate::rates::{measure as measure_rates, tar_size};
use crate::timed::timed;
use serde_json::Value;
use xtask::edge::files;
use xtask::error::{Context as _, Failure, Result};
use xtask_core::check::bench::{Case, Input, Peer, Rates, Runs, Unit};

pub(crate) struct Cold {
    pub(crate) input: Input,
    pub(crate) rates: Rates,
    pub(crate) time: Case,
    pub(crate) cpu: Case,
    pub(crate) memory: Case,
    pub(crate) size: Case,
}

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Cold> {
    let phase = bench.world.report.phase("cold");
    let build = ["image", "build", "modules", "--platform", "linux/amd64"];
    let ours = bench.scratch.ours(build);
    phase.doing("npm installs the input");
    timed(&bench.world.shell, &ours)?;
    let modules = bench.scratch.modules()?;
    let input = input(bench, &modules)?;
    let packers: Vec<_> =
        packers().into_iter().filter(|packer| bench.has(packer.name, packer.needs)).collect();
    let mut peers = vec![Peer { name: "the model".into(), runs: Runs::default(), most: Some(1.2) }];
    peers.extend(packers.iter().map(|packer| Peer {
        name: packer.name.to_owned(),
        runs: Runs::default(),
        most: packer.most,
    }));
    let mut cpu_peers: Vec<Peer> =
        peers[1..].iter().map(|peer| Peer { most: None, ..peer.clone() }).collect();
    let mut size_peers = cpu_peers.clone();
    let size = Runs(vec![input.compressed as f64 / 1e6; bench.repeat]);
    let (mut time, mut cpu, mut memory) = (Runs::default(), Runs::default(), Runs::default());
    let mut rates = Vec::new();
    for round in 1..=bench.repeat {
        phase.doing(&format!("round {round} of {}", bench.repeat));
        let now = measure_rates(&modules, &bench.scratch.beside("cache"))?;
        peers[0].runs.0.push(now.cold(&input));
        rates.push(now);
        bench.scratch.forget()?;
        let run = timed(&bench.world.shell, &ours)?;
        time.0.push(run.seconds);
        cpu.0.push(run.cpu_seconds);
        memory.0.push(run.peak_megabytes);
        for (at, packer) in packers.iter().enumerate() {
            let work = bench.scratch.beside("work");
            files::remove_folder(&work)?;
            files::make_folder(&work)?;
            let run = timed(&bench.world.shell, &packer.command(&modules, &work))?;
            peers[at + 1].runs.0.push(run.seconds);
            cpu_peers[at].runs.0.push(run.cpu_seconds);
            size_peers[at].runs.0.push(made(&work)?);
        }
    }
    files::remove_folder(&bench.scratch.beside("work"))?;
    phase.done(&format!("{:.2} s at best", time.min()));
    let name = "cold layer of `node_modules`".to_owned();
    let time = Case { name, unit: Unit::Seconds, ours: time, most: None, peers };
    let name = "processor time of that".to_owned();
    let cpu = Case { name, unit: Unit::Seconds, ours: cpu, most: None, peers: cpu_peers };
    let memory = Case::alone("peak memory of that build", Unit::Megabytes, memory, 96.0);
    let name = "size of the layers".to_owned();
    let size = Case { name, unit: Unit::Megabytes, ours: size, most: None, peers: size_peers };
    Ok(Cold { input, rates: Rates::median(&rates), time, cpu, memory, size })
}

/// What is packed, and how large its layers are together: what is the same on both platforms is a
/// layer of its own.
fn input(bench: &Bench<'_>, modules: &std::path::Path) -> Result<Input> {
    let (files, bytes) = tar_size(modules)?;
    let inspect = bench.scratch.ours(["image", "inspect", "modules"]);
    let output = timed(&bench.world.shell, &inspect)?.stdout;
    let report: Value =
        serde_json::from_str(&output).or_outside(|| "failed to read JSON".to_owned())?;
    let layers = report["platforms"][0]["layers"].as_array();
    let layers = layers.ok_or_else(|| Failure::outside("`image inspect` gave no layers"))?;
    let compressed = layers.iter().filter_map(|it| it["size"].as_u64()).sum();
    Ok(Input { files, bytes, compressed })
}
