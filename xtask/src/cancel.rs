//! One word that ends a run: Ctrl-C, SIGTERM, SIGHUP, or that its lease is lost.
//!
//! The first signal is looked at between the steps of a change, and ends at once what only reads
//! or waits. The second kills what runs and ends this program.

use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::report::Speaker;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};
use tokio_util::sync::CancellationToken;

/// What looks at nothing for so long after the first signal, such as a question to a person or a
/// long calculation, is ended where it stands: it changes nothing.
const UNHEARD: Duration = Duration::from_secs(2);

/// How long a program may take to hand a second signal on.
const LAST_WORD: Duration = Duration::from_millis(100);

/// Whether this run is to end, and what must not be cut off.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    token: CancellationToken,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The signal that came first; 0 if none did.
    signal: AtomicU8,
    /// Why the lease is lost, if it is.
    lost: OnceLock<String>,
    /// Whether something was left undone because of it.
    heeded: AtomicBool,
    /// How much is under way that runs to its end.
    whole: AtomicUsize,
    /// The groups of the programs that run.
    groups: Mutex<BTreeSet<i32>>,
}

/// Something that runs to its end, as long as this value lives.
#[derive(Debug)]
#[must_use]
pub struct Whole(Arc<State>);

/// A program's group, among those that a second signal kills, as long as this value lives.
#[derive(Debug)]
#[must_use]
pub struct Listed(Arc<State>, i32);

impl Cancel {
    /// One that no signal has reached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to signals from now on; `speaker` tells the person what became of theirs.
    pub fn listen(&self, speaker: Speaker) {
        let cancel = self.clone();
        crate::runtime::wait(async move {
            let signals = signals();
            tokio::spawn(async move { cancel.heed(signals, &speaker).await });
        });
    }

    async fn heed(&self, mut signals: Receiver<u8>, speaker: &Speaker) {
        let Some(first) = signals.recv().await else { return };
        self.cancel(first);
        let waits = self.is_whole();
        let end = if waits { "ends after this step" } else { "ends" };
        speaker.say(&format!("{}: this run {end}; once more ends it at once", name(first)));
        let again = tokio::select! {
            again = signals.recv() => again.unwrap_or(first),
            () = self.unheard() => first,
        };
        self.kill_all().await;
        let (failure, exit) = (ended_by(again), Exit::Signalled(again).code());
        speaker.failure(&failure);
        tracing::info!(exit, error = failure.first_line(), "ends");
        std::process::exit(i32::from(exit));
    }

    /// Says the word, as if `signal` had come.
    pub fn cancel(&self, signal: u8) {
        self.state.signal.store(signal, Ordering::SeqCst);
        self.token.cancel();
    }

    /// Says the word because the lease of this run is lost, and why.
    pub fn lose(&self, why: &str) {
        // Whatever was lost first is what ends the run.
        let _known = self.state.lost.set(why.to_owned());
        self.token.cancel();
    }

    /// Whether the word was said.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Refuses to go on when the word was said, unless it is to be finished first.
    pub fn check(&self) -> Result<()> {
        if self.token.is_cancelled() && !self.is_whole() { Err(self.failure()) } else { Ok(()) }
    }

    /// Keeps everything that begins from now on whole, until the value is dropped.
    pub fn whole(&self) -> Whole {
        self.state.whole.fetch_add(1, Ordering::SeqCst);
        Whole(self.state.clone())
    }

    /// Whether something is under way that runs to its end.
    pub fn is_whole(&self) -> bool {
        self.state.whole.load(Ordering::SeqCst) > 0
    }

    /// Waits until the word is said.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Waits for `duration`, or until the word is said.
    pub fn sleep(&self, duration: Duration) -> Result<()> {
        let whole = self.is_whole();
        crate::runtime::wait(async {
            tokio::select! {
                () = tokio::time::sleep(duration) => {}
                () = self.token.cancelled(), if !whole => {}
            }
        });
        self.check()
    }

    /// Why this run ends.
    pub fn failure(&self) -> Failure {
        self.state.heeded.store(true, Ordering::SeqCst);
        let signal = self.state.signal.load(Ordering::SeqCst);
        match self.state.lost.get() {
            Some(why) if signal == 0 => lost(why),
            _ => ended_by(signal),
        }
    }

    /// How this run ends, if something was left undone because of a signal or a lost lease.
    pub fn exit(&self) -> Option<Exit> {
        let signal = self.state.signal.load(Ordering::SeqCst);
        let exit = if signal == 0 { Exit::Refused } else { Exit::Signalled(signal) };
        self.state.heeded.load(Ordering::SeqCst).then_some(exit)
    }

    /// Puts a group on the list of those that a second signal kills.
    pub fn list(&self, group: i32) -> Listed {
        self.groups().insert(group);
        Listed(self.state.clone(), group)
    }

    /// Kills every program that runs, with all that it started. Asked twice first: our own program
    /// takes the second time for this very word, and has groups of its own to kill.
    async fn kill_all(&self) {
        for signal in [Signal::TERM, Signal::TERM, Signal::KILL] {
            for group in self.groups().iter().filter_map(|group| Pid::from_raw(*group)) {
                // One that has ended meanwhile is what was wanted.
                let _ended = kill_process_group(group, signal);
            }
            if !self.groups().is_empty() && signal != Signal::KILL {
                tokio::time::sleep(LAST_WORD).await;
            }
        }
    }

    fn groups(&self) -> std::sync::MutexGuard<'_, BTreeSet<i32>> {
        self.state.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing has run for a while, and nothing that is to be finished.
    async fn unheard(&self) {
        let mut quiet_since = Instant::now();
        while quiet_since.elapsed() < UNHEARD {
            if self.is_whole() || !self.groups().is_empty() {
                quiet_since = Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.0.whole.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Every signal that ends us, as it comes. One that whoever started us has switched off, as `nohup`
/// does, stays so.
fn signals() -> Receiver<u8> {
    let (sender, receiver) = channel(8);
    let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    for kind in kinds {
        let number = u8::try_from(kind.as_raw_value()).unwrap_or(0);
        if ignored >> (number - 1) & 1 == 1 {
            continue;
        }
        // Where it cannot be listened to, it ends us as it always did.
        let Ok(mut stream) = signal(kind) else { continue };
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() && sender.send(number).await.is_ok() {}
        });
    }
    receiver
}

/// The signals that are ignored, as the kernel tells it in `/proc/self/status`.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn ended_by(signal: u8) -> Failure {
    Failure::signalled(signal, format!("ended by {}", name(signal)))
        .hint("the same command goes on where this run stopped")
}

/// The failure of a run whose lease is lost.
fn lost(why: &str) -> Failure {
    Failure::refused("cannot go on: the lease of the environment is lost")
        .code(&code::LEASE_LOST)
        .reason(why)
        .hint("`cargo xtask status` tells what serves; then the same command goes on")
}

/// A signal's name, for people.
fn name(signal: u8) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "Ctrl-C",
        _ => "SIGTERM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_finished_does_not_hear_the_word_and_what_follows_does() {
        let cancel = Cancel::new();
        cancel.check().unwrap();
        let whole = cancel.whole();
        cancel.cancel(2);
        cancel.check().unwrap();
        assert_eq!(cancel.exit(), None);
        drop(whole);
        let failure = cancel.check().unwrap_err();
        assert_eq!(failure.exit().code(), 130);
        assert_eq!(cancel.exit().map(Exit::code), Some(130));
        assert!(failure.to_string().starts_with("error: ended by Ctrl-C\n"), "{failure}");
    }

    #[test]
    fn a_lost_lease_ends_what_waits_and_says_why() {
        let cancel = Cancel::new();
        cancel.lose("somebody else has taken it");
        let failure = cancel.sleep(Duration::from_secs(3600)).unwrap_err();
        insta::assert_snapshot!(failure.to_string(), @"
        error: cannot go on: the lease of the environment is lost
          caused by: somebody else has taken it
          hint: `cargo xtask status` tells what serves; then the same command goes on
          code: E-lease-lost
        ");
        assert_eq!(cancel.exit(), Some(Exit::Refused));
        cancel.cancel(2);
        assert_eq!(cancel.exit().map(Exit::code), Some(130), "whoever is told to end says so");
    }

    #[test]
    fn signals_that_are_switched_off_are_read_from_the_mask() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001001\n"), 0x1001);
        assert_eq!(ignored(""), 0);
    }
}
