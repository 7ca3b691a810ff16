//! Three hundred megabytes to a registry on loopback that has nothing yet.

use crate::bulk::write_bulk;
use crate::image::Bench;
use crate::server::Server;
use crate::timed::timed;
use crate::warm::sum;
use xtask::error::Result;
use xtask_core::check::bench::{Case, Peer, Runs, Unit};
use xtask_core::command::Command;

pub(crate) fn measure(bench: &mut Bench<'_>) -> Result<Vec<Case>> {
    if !bench.has("pushing", &["docker-registry"]) {
        return Ok(Vec::new());
    }
    let phase = bench.world.report.phase("push");
    let (world, has_skopeo) = (bench.world, bench.has("skopeo copy", &["skopeo"]));
    phase.doing("building an image of 300 MB");
    write_bulk(&bench.scratch.root())?;
    let build = bench.scratch.ours(["image", "build", "bulk", "--platform", "linux/amd64"]);
    timed(&world.shell, &build)?;
    let has_docker = into_docker(bench)?;
    let (mut ours, mut memory) = (Runs::default(), Runs::default());
    let (mut skopeo, mut docker) = (Runs::default(), Runs::default());
    for round in 1..=bench.repeat {
        phase.doing(&format!("round {round} of {}", bench.repeat));
        let run = push(bench)?;
        ours.0.push(sum(&run.stdout, "seconds")?);
        memory.0.push(run.peak_megabytes);
        if has_skopeo {
            skopeo.0.push(with_skopeo(bench)?);
        }
        if has_docker {
            docker.0.push(with_docker(bench)?);
        }
    }
    if has_docker {
        world.shell.observe(&Command::new("docker").args(["image", "rm", LOCAL]))?;
    }
    phase.done(&format!("{:.2} s at best", ours.min()));
    let peer = |name: &str, runs| Peer { name: name.to_owned(), runs, most: Some(0.6) };
    let peers = [peer("skopeo copy", skopeo), peer("docker push", docker)];
    let peers = peers.into_iter().filter(|peer| !peer.runs.0.is_empty()).collect();
    let name = "push of 300 MB to a registry on loopback".to_owned();
    let time = Case { name, unit: Unit::Seconds, ours, most: None, peers };
    Ok(vec![time, Case::alone("peak memory of that push", Unit::Megabytes, memory, 96.0)])
}

/// What the image is called in Docker's engine.
const LOCAL: &str = "nutri-bench/bulk:bench";

fn server(bench: &Bench<'_>) -> Result<Server> {
    Server::start(bench.world, bench.scratch.beside("registry"))
}

fn push(bench: &Bench<'_>) -> Result<crate::timed::Timed> {
    let server = server(bench)?;
    push_to(bench, &server)
}

fn push_to(bench: &Bench<'_>, server: &Server) -> Result<crate::timed::Timed> {
    let to = format!("{}/bench", server.host);
    let args =
        ["image", "push", "bulk", "--platform", "linux/amd64", "--tag", "bench", "--to", &to];
    timed(&bench.world.shell, &bench.scratch.ours(args))
}

/// Copies the image from the same layout; the whole process is timed, it does nothing else.
fn with_skopeo(bench: &Bench<'_>) -> Result<f64> {
    let server = server(bench)?;
    let source = format!("oci:{}:bulk", bench.scratch.root().join("target/images").display());
    let args = ["--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests"];
    let command = Command::new("skopeo").args(args).args(["--dest-tls-verify=false", &source]);
    let command = command.arg(format!("docker://{}/bench/bulk:bench", server.host));
    Ok(timed(&bench.world.shell, &command)?.seconds)
}

/// Gives the image to Docker's engine by way of a registry; `false` where no engine answers.
fn into_docker(bench: &mut Bench<'_>) -> Result<bool> {
    let shell = &bench.world.shell;
    if shell.find("docker").is_none()
        || !shell.observe(&Command::new("docker").args(["version"]))?.succeeded()
    {
        bench.missing.push("docker push: no engine answers".to_owned());
        return Ok(false);
    }
    let server = server(bench)?;
    push_to(bench, &server)?;
    let remote = format!("{}/bench/bulk:bench", server.host);
    for args in [&["pull", "--quiet", &remote][..], &["tag", &remote, LOCAL], &["rmi", &remote]] {
        shell.run(&Command::new("docker").args(args.iter().copied()))?;
    }
    Ok(true)
}

fn with_docker(bench: &Bench<'_>) -> Result<f64> {
    let (server, shell) = (server(bench)?, &bench.world.shell);
    let remote = format!("{}/bench/bulk:bench", server.host);
    shell.run(&Command::new("docker").args(["tag", LOCAL, &remote]))?;
    let run = timed(shell, &Command::new("docker").args(["push", "--quiet", &remote]));
    shell.run(&Command::new("docker").args(["rmi", &remote]))?;
    Ok(run?.seconds)
}
