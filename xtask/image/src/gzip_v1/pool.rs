//! Threads that compress blocks. Block n goes to thread n modulo their number and is taken
//! back in the same order, so that nothing needs sorting and memory is bounded by design.

use super::Level;
use super::block::{self, Job};
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Blocks that a thread may hold, waiting, in work or done: two, so that it never waits.
const BLOCKS_PER_THREAD: usize = 2;

#[derive(Debug)]
struct Worker {
    jobs: SyncSender<Job>,
    results: Receiver<io::Result<Vec<u8>>>,
}

/// Compresses blocks side by side and returns them in the order of sending.
#[derive(Debug)]
pub(super) struct Pool {
    workers: Vec<Worker>,
    next: usize,
    /// Which worker has each block that is under way, oldest first.
    pending: VecDeque<usize>,
}

impl Pool {
    /// Starts `threads` threads; they end when the pool is dropped.
    pub(super) fn new(level: Level, threads: usize) -> Self {
        let workers = (0..threads).map(|_| start(level)).collect();
        Self { workers, next: 0, pending: VecDeque::new() }
    }

    /// Whether another block must not be sent before one is received.
    pub(super) fn is_full(&self) -> bool {
        self.pending.len() == self.workers.len() * BLOCKS_PER_THREAD
    }

    /// Hands over a block. Never waits while the pool is not full.
    pub(super) fn send(&mut self, job: Job) -> io::Result<()> {
        self.workers[self.next].jobs.send(job).map_err(|_| died())?;
        self.pending.push_back(self.next);
        self.next = (self.next + 1) % self.workers.len();
        Ok(())
    }

    /// Waits for the oldest block that is under way; none if there is none.
    pub(super) fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(worker) = self.pending.pop_front() else {
            return Ok(None);
        };
        self.workers[worker].results.recv().map_err(|_| died())?.map(Some)
    }
}

fn start(level: Level) -> Worker {
    let (jobs, inbox) = sync_channel::<Job>(BLOCKS_PER_THREAD);
    let (outbox, results) = sync_channel(BLOCKS_PER_THREAD);
    std::thread::spawn(move || {
        let mut room = Vec::new();
        for job in inbox {
            if outbox.send(block::compress(&job, level, &mut room)).is_err() {
                return; // Nobody waits for the stream any more.
            }
        }
    });
    Worker { jobs, results }
}

fn died() -> io::Error {
    io::Error::other("a compressing thread died")
}
