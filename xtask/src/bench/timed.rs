//! Runs a program to its end: how long it took, and how much memory it held at its peak.

use crate::edge::shell::{Shell, last_lines};
use crate::error::{Context as _, Failure, Result};
use std::io::{Read as _, Seek as _};
use std::time::{Duration, Instant};
use xtask_core::command::Command;

/// How often the kernel is asked for the peak, which it keeps itself: only the last growth of a
/// program that ends can be missed.
const LOOK: Duration = Duration::from_millis(2);

/// What a run cost, and what it gave.
#[derive(Clone, Debug)]
pub struct Timed {
    /// Wall time.
    pub seconds: f64,
    /// The most resident memory of the program itself, its children left out.
    pub peak_megabytes: f64,
    /// Its standard output.
    pub stdout: String,
}

/// Runs `command`, which must succeed.
pub fn timed(shell: &Shell, command: &Command) -> Result<Timed> {
    let failed = || format!("failed to run `{command}`");
    let (mut out, mut err) =
        (tempfile::tempfile().or_outside(failed)?, tempfile::tempfile().or_outside(failed)?);
    let began = Instant::now();
    let mut child = shell
        .prepare(command)
        .stdin(std::process::Stdio::null())
        .stdout(out.try_clone().or_outside(failed)?)
        .stderr(err.try_clone().or_outside(failed)?)
        .spawn()
        .or_outside(failed)?;
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_of(child.id()).unwrap_or(0));
        match child.try_wait().or_outside(failed)? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    let read = |file: &mut std::fs::File| -> Result<String> {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).or_outside(failed)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    if !status.success() {
        let said = read(&mut err)?;
        return Err(Failure::outside(failed())
            .reason(format!("it ended with {status}: {}", last_lines(&said, 12))));
    }
    Ok(Timed { seconds, peak_megabytes: peak as f64 * 1024.0 / 1e6, stdout: read(&mut out)? })
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
        let shell = Shell::new(std::path::Path::new("/"), std::path::Path::new("/nothing"));
        let script = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo ${#x}; sleep 0.1";
        let run = timed(&shell, &Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(run.stdout, "20000000\n");
        assert!(run.seconds >= 0.1 && run.peak_megabytes > 15.0, "{run:?}");
        let failure = timed(&shell, &Command::new("sh").args(["-c", "echo no >&2; exit 3"]));
        assert!(failure.unwrap_err().to_string().contains("no"));
    }
}
