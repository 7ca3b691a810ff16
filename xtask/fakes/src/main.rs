//! The doubles, each alone: one starts on a free port of loopback, prints one JSON line with its
//! address and its tokens, and runs until its input is closed or it is told to end.

mod door;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

const USAGE: &str = "usage: xtask-fakes coolify [--version 4.3.11] [--docker] [--network NAME] \
                     [--proxy-port N] [--scale 0.1] [--registry HOST] [--seed FILE]\n       \
                     xtask-fakes archive | discord | github | hetzner | registry | sentry | slack\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match door::open(&arguments) {
        Ok(door) => serve(&door).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Err(refusal) => {
            // Nobody is left to be told when this fails as well.
            write!(std::io::stderr(), "error: {refusal}\n{USAGE}").unwrap_or_default();
            ExitCode::from(2)
        }
    }
}

/// Says where it is, and waits for the end. What runs ends with the door.
fn serve(door: &door::Door) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Whoever has read the card may tell it to end at once.
        let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut out = std::io::stdout();
        writeln!(out, "{}", door.card)?;
        out.flush()?;
        end(signals).await;
        Ok(())
    })
}

async fn end((mut terminated, mut interrupted): (Signal, Signal)) {
    let (closed, input) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Whatever ends the input, it is over.
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap_or_default();
        closed.send(()).unwrap_or_default();
    });
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        _ = input => {}
    }
}
