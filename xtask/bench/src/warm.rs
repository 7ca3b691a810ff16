//! Both services, for both platforms: after one changed source file, and with nothing changed.

use crate::image::Bench;
use crate::server::Server;
use crate::timed::timed;
use serde_json::Value;
use xtask::edge::files;
use xtask::error::{Context as _, Result};
use xtask_core::check::bench::{Case, Runs, Unit};

/// A source file of the service whose sources are a layer as they are.
const SOURCE: &str = "services/ml-service/src/nutri_ml/app.py";

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Vec<Case>> {
    let phase = bench.world.report.phase("warm");
    let shell = &bench.world.shell;
    phase.doing("building both services in a clone");
    bench.scratch.clone_ours(bench.world)?;
    let build = bench.scratch.cloned(["image", "build"]);
    timed(shell, &build)?;
    let source = bench.scratch.clone_root().join(SOURCE);
    let text = files::read(&source)?;
    let (mut changed, mut made) = (Runs::default(), Runs::default());
    for round in 1..=bench.repeat {
        phase.doing(&format!("round {round} of {}", bench.repeat));
        // What no earlier run has seen, so that no memory of the user's cache answers.
        let now = xtask::edge::clock::now();
        files::write(&source, format!("{text}\n# {now}, round {round}\n").as_bytes())?;
        let run = timed(shell, &build)?;
        changed.0.push(run.seconds);
        made.0.push(sum(&run.stdout, "made")?);
    }
    let mut cases = vec![
        Case::alone("one changed source file, both platforms", Unit::Seconds, changed, 0.5),
        Case::alone("layers made for it", Unit::Count, made, 1.0),
    ];
    if bench.has("build and push with nothing changed", &["docker-registry"]) {
        cases.extend(unchanged(bench)?);
    }
    phase.done(&format!("{} rounds", bench.repeat));
    Ok(cases)
}

/// Build and push of what is there: the round trips are the requests of one image after another,
/// those of an image's tags side by side.
fn unchanged(bench: &Bench<'_>) -> Result<[Case; 2]> {
    let server = Server::start(bench.world, bench.scratch.beside("registry"))?;
    let to = format!("{}/bench", server.host);
    let push = bench.scratch.cloned(["image", "push", "--to", &to, "--tag", "bench"]);
    timed(&bench.world.shell, &push)?;
    let (mut seconds, mut requests) = (Runs::default(), Runs::default());
    for _ in 0..bench.repeat {
        let run = timed(&bench.world.shell, &push)?;
        seconds.0.push(run.seconds);
        requests.0.push(sum(&run.stdout, "requests")?);
    }
    Ok([
        Case::alone("build and push, nothing changed", Unit::Seconds, seconds, 0.1),
        Case::alone("round trips of that", Unit::Count, requests, 3.0),
    ])
}

/// The sum of a number over all images.
pub(crate) fn sum(stdout: &str, key: &str) -> Result<f64> {
    let value: Value =
        serde_json::from_str(stdout).or_outside(|| "failed to read our own JSON".to_owned())?;
    let images = value["images"].as_array().into_iter().flatten();
    Ok(images.filter_map(|image| image[key].as_f64()).sum())
}
