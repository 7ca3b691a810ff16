//! Runs a program to its end: how long it took, and how much memory it held at its peak.

use std::io::{Read as _, Seek as _};
use std::process::Stdio;
use std::time::{Duration, Instant};
use xtask::edge::shell::{Shell, Streams, Talk, last_lines};
use xtask::error::{Context as _, Failure, Result};
use xtask_core::command::Command;

/// How often the kernel is asked for the peak, which it keeps itself: only the last growth of a
/// program that ends can be missed.
const LOOK: Duration = Duration::from_millis(2);

/// What is measured takes minutes at most, also where others use the machine.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

/// What a run cost, and what it gave.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    pub(crate) seconds: f64,
    /// Processor time, its children included: what other work on the machine does not stretch.
    pub(crate) cpu_seconds: f64,
    /// The most resident memory of the program itself, its children left out.
    pub(crate) peak_megabytes: f64,
    /// Its standard output.
    pub(crate) stdout: String,
}

/// Runs `command`, which must succeed.
pub(crate) fn timed(shell: &Shell, command: &Command) -> Result<Timed> {
    let failed = || format!("failed to run `{command}`");
    let (mut out, mut err) =
        (tempfile::tempfile().or_outside(failed)?, tempfile::tempfile().or_outside(failed)?);
    let (began, cpu_before) = (Instant::now(), cpu_of_children());
    let streams = Streams {
        stdin: Stdio::null(),
        stdout: out.try_clone().or_outside(failed)?.into(),
        stderr: err.try_clone().or_outside(failed)?.into(),
    };
    let job = shell.start(command, streams)?;
    let (id, bounds) = (job.id(), shell.bounds(command).limit(RUN_LIMIT));
    let attended = xtask::runtime::spawn(job.attend(Talk::default(), bounds));
    let mut peak = 0;
    while !attended.is_finished() {
        peak = peak.max(peak_of(id).unwrap_or(0));
        std::thread::sleep(LOOK);
    }
    let seconds = began.elapsed().as_secs_f64();
    let ended = xtask::runtime::wait(attended).expect("attending a program does not panic");
    let status = shell.ended(command, ended)?;
    let cpu_seconds = cpu_of_children() - cpu_before;
    let read = |file: &mut std::fs::File| -> Result<String> {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).or_outside(failed)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    if !status.succeeded() {
        let message = read(&mut err)?;
        return Err(Failure::outside(failed())
            .reason(format!("it ended badly: {}", last_lines(&message, 12))));
    }
    let peak_megabytes = peak as f64 * 1024.0 / 1e6;
    Ok(Timed { seconds, cpu_seconds, peak_megabytes, stdout: read(&mut out)? })
}

/// The processor time of all children that have ended, and of theirs. The kernel counts it in
/// hundredths of a second for everybody, whatever its own clock.
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(13).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The peak of a process that lives, in KiB.
fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_timed_heard_and_weighed() {
        let (root, cancel) = (std::path::Path::new("/"), xtask::cancel::Cancel::new());
        let shell = Shell::new(root, std::path::Path::new("/nothing"), &cancel).unwrap();
        let script = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo ${#x}; sleep 0.1";
        let run = timed(&shell, &Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(run.stdout, "20000000\n");
        assert!(run.seconds >= 0.1 && run.peak_megabytes > 15.0, "{run:?}");
        assert!((0.01..60.0).contains(&run.cpu_seconds), "{run:?}");
        let failure = timed(&shell, &Command::new("sh").args(["-c", "echo no >&2; exit 3"]));
        assert!(failure.unwrap_err().to_string().contains("no"));
    }
}
